"""gdb, core files, inspection."""
import json
import os
import subprocess
import time

import pytest

from conftest import Running, guest, run


def gdb(image, *commands, timeout=60):
    args = ["gdb", "-q", "-batch", "-nx"]
    for c in commands:
        args += ["-ex", c]
    return subprocess.run([*args, image], capture_output=True, text=True,
                          timeout=timeout, check=False).stdout


# Where KVM interprets ring 0 it cannot run int3 there: ring 0 is for real hardware.
RING0 = [] if os.path.exists("/sys/module/kvm_pvm") else [["--privileged-guest"]]


@pytest.mark.parametrize("mode", [[], *RING0])
def test_breakpoint_step_and_memory(tmp_path, mode):
    path = tmp_path / "gdb.sock"
    with Running("--mem", "16M", "--gdb", path, *mode, guest("args"), "seen") as m:
        out = gdb(guest("args"), f"target remote {path}", "break cor_main", "continue",
                  "printf \"cmdline=%s\\n\", (char *)$rdi", "stepi", "stepi",
                  "info registers rip", "x/2xb 0x100000", "delete", "continue")
        assert "Breakpoint 1, cor_main" in out, out
        assert "cmdline=seen" in out
        assert "<cor_puts" in out or "<cor_main+" in out
        assert "0x100000 <cor_main>:" in out
        assert m.end()[:2] == (0, "seen")


def test_interrupt_of_a_running_guest(tmp_path):
    path = tmp_path / "gdb.sock"
    with Running("--mem", "16M", "--gdb", path, guest("endless_loop")) as m:
        out = gdb(guest("endless_loop"), f"target remote {path}",
                  "python import os, signal, threading",
                  "python threading.Timer(0.5, os.kill, (os.getpid(), "
                  "signal.SIGINT)).start()",
                  "continue", "info registers rip", "kill")
        assert "SIGINT" in out, out
        assert m.end()[0] == 137


def test_core_of_a_fault(tmp_path):
    r = run("--mem", "16M", "--dump-core", tmp_path, guest("write_text"))
    assert r.returncode == 139
    time.sleep(0.1)
    cores = list(tmp_path.iterdir())
    assert len(cores) == 1
    out = subprocess.run(["gdb", "-q", "-batch", "-nx", "-ex", "info registers rip",
                          guest("write_text"), cores[0]], capture_output=True, text=True,
                         check=False).stdout
    assert "cor_main" in out, out
    assert cores[0].stat().st_blocks * 512 < 4 << 20  # sparse


def test_core_is_removed_when_unused(tmp_path):
    assert run("--mem", "16M", "--dump-core", tmp_path, guest("hello")).returncode == 0
    deadline = time.monotonic() + 5
    while list(tmp_path.iterdir()):
        assert time.monotonic() < deadline


def test_no_loopback_no_gdb():
    r = run("--gdb", "0.0.0.0:1234", guest("hello"))
    assert r.returncode in (64, 65) and "0.0.0.0" in r.stderr


def test_inspect():
    r = run("--inspect", guest("hyper_bad_ptr"))
    assert r.returncode == 0 and "storage" in r.stdout and "service" in r.stdout
    r = run("--inspect", "--format", "json", guest("hyper_bad_ptr"))
    j = json.loads(r.stdout)
    assert j["machine"] == "hvt"
    assert [d["name"] for d in j["devices"]] == ["storage", "service"]
    assert len(j["segments"]) == 3
