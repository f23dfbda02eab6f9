"""Pointers that a guest could not use itself never reach the monitor's memory."""
import subprocess

import pytest

from conftest import guest, run


@pytest.fixture(scope="module")
def tap():
    """A network namespace of our own, with one tap, for as long as the module runs."""
    ns = f"cor-e2e-{id(object()) & 0xffff:x}"
    subprocess.run(["ip", "netns", "add", ns], check=True)
    try:
        subprocess.run(["ip", "-n", ns, "tuntap", "add", "tap0", "mode", "tap"],
                       check=True)
        subprocess.run(["ip", "-n", ns, "link", "set", "tap0", "up"], check=True)
        yield ns
    finally:
        subprocess.run(["ip", "netns", "del", ns], check=True)


def test_all_cases(tap, tmp_path):
    from conftest import MONITOR
    disk = tmp_path / "disk"
    disk.write_bytes(bytes(1 << 16))
    base = ["ip", "netns", "exec", tap, MONITOR, "--mem", "16M", "--block",
            f"storage={disk}", "--net", "service=tap0", guest("hyper_bad_ptr")]

    def case(*args):
        return subprocess.run([*base, *args], capture_output=True, text=True, timeout=20,
                              check=False)

    count = int(case().stdout)
    assert count >= 80
    for n in range(count):
        r = case(str(n))
        if r.stdout.startswith("EXPECT FAULT"):
            assert r.returncode == 139, (n, r)
            assert "guest fault: hypercall" in r.stderr, (n, r)
        else:
            assert r.stdout.startswith("EXPECT OK"), (n, r)
            assert r.returncode == 0, (n, r)
    assert disk.read_bytes()[512:] == bytes((1 << 16) - 512)
