"""Disks: read-write, read-only, sizes, locks."""
from conftest import Running, guest, run


def test_read_write(disk):
    r = run("--mem", "16M", "--block", f"storage={disk}", guest("block_rw"))
    assert r.returncode == 0, r
    data = disk.read_bytes()
    assert data[4096:8192] == bytes((i * 7 + 3) & 255 for i in range(4096))
    assert data[:4096] == bytes(4096) and len(data) == 1 << 20


def test_solo5_spelling(disk):
    r = run("--mem=16", f"--block:storage={disk}", "--block-sector-size:storage=512",
            guest("block_rw"))
    assert r.returncode == 0, r


def test_read_only(disk):
    disk.chmod(0o444)
    before = disk.read_bytes()
    r = run("--mem", "16M", "--block", f"storage={disk}:ro", guest("block_ro"))
    assert r.returncode == 0, r
    assert disk.read_bytes() == before


def test_sector_size_does_not_divide(disk):
    disk.write_bytes(bytes(1000))
    r = run("--block", f"storage={disk}", guest("block_rw"))
    assert r.returncode == 65
    assert "storage" in r.stderr and "multiple of the sector size 512" in r.stderr


def test_bigger_sectors_refuse_small_requests(disk):
    r = run("--mem", "16M", "--block", f"storage={disk}", "--block-sector-size",
            "storage=4096", guest("block_ro"))
    assert r.returncode == 2, r


def test_too_small(disk):
    disk.write_bytes(b"")
    r = run("--block", f"storage={disk}", guest("block_rw"))
    assert r.returncode == 65 and "storage" in r.stderr


def test_two_writers(disk, tmp_path):
    with open(disk, "rb") as f:
        import fcntl
        fcntl.flock(f, fcntl.LOCK_SH)
        r = run("--block", f"storage={disk}", guest("block_rw"))
    assert r.returncode == 71 and "in use by another monitor" in r.stderr
