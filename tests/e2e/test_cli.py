"""The command line: what is wrong is named in one line, and nothing is left behind."""
import json
import re

import pytest

from conftest import guest, run

BAD = [
    ([], 64, "IMAGE|image"),
    (["--nonsense", "x"], 64, "nonsense"),
    (["--mem", "lots", "IMAGE"], 64, "lots"),
    (["--mem", "8G", "IMAGE"], 64, "8G|mem"),
    (["--block", "storage", "IMAGE"], 64, "storage|block"),
    (["--block", "st-rage=f", "IMAGE"], 64, "st-rage"),
    (["--net-mac", "service=01:02", "IMAGE"], 64, "01:02|net-mac"),
    (["/nonexistent"], 71, "/nonexistent: No such file"),
    (["/"], 65, "image /: "),
    (["/etc/passwd"], 65, "/etc/passwd: .*not an ELF"),
    (["--block", "storage=/nonexistent", "IMAGE"], 71, "storage.*/nonexistent"),
    (["--block", "storage=/", "IMAGE"], 71, "storage.*/"),
    (["--net", "service=nosuchtap0", "IMAGE"], 69, "service.*nosuchtap0"),
    (["--net", "service=lo", "IMAGE"], 65, "service.*lo"),
    (["--net", "service=@77", "IMAGE"], 71, "service.*77"),
    (["--block", "storage=/etc/passwd:ro", "IMAGE"], 65, "storage"),
    (["--mem", "2M", "BIG"], 65, "memory|MiB"),
    (["--config", "/nonexistent"], 71, "/nonexistent"),
    (["--config", "/etc/passwd"], 65, "/etc/passwd"),
]


@pytest.mark.parametrize("args,status,pattern", BAD,
                         ids=["-".join(r[0])[:40] or "none" for r in BAD])
def test_bad(args, status, pattern):
    known = {"IMAGE": guest("hello"), "BIG": guest("puts_big")}
    args = [known.get(a, a) for a in args]
    r = run(*args)
    assert r.returncode == status, r
    lines = [x for x in r.stderr.splitlines() if not x.startswith("Try ")]
    assert len(lines) == 1, r.stderr
    assert re.search(pattern, lines[0]), r.stderr
    assert r.stdout == ""


def test_missing_device():
    r = run(guest("block_rw"))
    assert r.returncode == 65
    assert "storage" in r.stderr and "--block" in r.stderr


def test_wrong_kind_of_device(disk):
    other = disk.with_name("other")
    other.write_bytes(bytes(512))
    r = run("--block", f"service={disk}", "--block", f"storage={other}:ro",
            guest("hyper_bad_ptr"))
    assert r.returncode == 65 and "service" in r.stderr


def test_help_and_version():
    r = run("--help")
    assert r.returncode == 0 and r.stderr == ""
    for word in ("--mem", "--block", "--net", "--control", "--trace"):
        assert word in r.stdout
    r = run("--version")
    assert r.returncode == 0 and r.stdout.startswith("coracle-monitor ")


def test_dry_run():
    r = run("--dry-run", guest("hello"))
    assert (r.returncode, r.stdout) == (0, "")
    r = run("--dry-run", "--mem", "2M", guest("puts_big"))
    assert r.returncode == 65


def test_trace():
    r = run("--trace", "--mem", "16M", guest("hello"))
    assert r.returncode == 0
    assert re.search(r"trace: +\d+ us .* machine made", r.stderr)
    assert re.search(r"trace: +1 exits +halt", r.stderr)


def test_config(tmp_path):
    image = open(guest("args"), "rb")
    c = {"version": 1, "image": {"fd": image.fileno()}, "memory": "16M",
         "args": ["from", "json"]}
    path = tmp_path / "c.json"
    path.write_text(json.dumps(c))
    r = run("--config", path, pass_fds=[image.fileno()])
    assert (r.returncode, r.stdout) == (0, "from json"), r
    c["surprise"] = 1
    path.write_text(json.dumps(c))
    r = run("--config", path, pass_fds=[image.fileno()])
    assert r.returncode == 65 and "surprise" in r.stderr


def test_exit_report(tmp_path):
    for name, args, kind, code in (("exit_status", ["9"], "guest", 9),
                                   ("write_text", [], "fault", 139)):
        path = tmp_path / name
        with open(path, "w") as f:
            r = run("--mem", "16M", "--exit-fd", f.fileno(), guest(name), *args,
                    pass_fds=[f.fileno()])
        report = json.loads(path.read_text())
        assert r.returncode == code
        assert (report["kind"], report["code"]) == (kind, code)
        assert report["ended_ns"] >= report["started_ns"]
        assert ("registers" in report) == (kind == "fault")
