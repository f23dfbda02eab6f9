"""Ending a machine from outside."""
import os
import signal
import subprocess
import time

import pytest

from conftest import MONITOR, Running, guest


@pytest.mark.parametrize("name", ["endless_loop", "endless_poll"])
@pytest.mark.parametrize("sig", [signal.SIGTERM, signal.SIGINT, signal.SIGQUIT])
def test_signal(name, sig):
    with Running("--mem", "16M", guest(name)) as m:
        assert m.line().endswith("ing\n")
        start = time.monotonic()
        m.p.send_signal(sig)
        code, _, err = m.end()
        assert code == 128 + sig, err
        assert "signal" in err
        assert time.monotonic() - start < 5


def test_kill_leaves_nothing(tmp_path):
    before = set(os.listdir(tmp_path))
    with Running("--mem", "16M", guest("endless_loop"), cwd=tmp_path) as m:
        m.line()
        m.p.kill()
        assert m.end()[0] == -signal.SIGKILL
    assert set(os.listdir(tmp_path)) == before


def test_counters_on_usr1():
    with Running("--mem", "16M", guest("endless_poll")) as m:
        m.line()
        m.p.send_signal(signal.SIGUSR1)
        assert "exits" in m.p.stderr.readline()
        m.p.send_signal(signal.SIGTERM)
        assert m.end()[0] == 143


def test_slow_reader_is_given_up(tmp_path):
    """A reader that never reads stalls the guest only as long as it is told."""
    r, w = os.pipe()
    start = time.monotonic()
    p = subprocess.Popen([MONITOR, "--mem", "16M", "--console-stall", "1", "--trace",
                          guest("puts_big")], stdout=w, stderr=subprocess.PIPE, text=True)
    os.close(w)
    _, err = p.communicate(timeout=30)
    took = time.monotonic() - start
    os.close(r)
    assert p.returncode == 0, err
    assert 0.9 < took < 10
    assert "bytes of console output dropped" in err


def test_slow_reader_loses_nothing():
    """One that is late but within the time gets every byte."""
    p = subprocess.Popen([MONITOR, "--mem", "16M", "--console-stall", "20",
                          guest("puts_big")], stdout=subprocess.PIPE)
    total = 0
    while True:
        chunk = os.read(p.stdout.fileno(), 1000 if total < 20000 else 65536)
        if not chunk:
            break
        total += len(chunk)
    assert p.wait(10) == 0
    assert total == 1 << 20


def test_sandbox_is_closed():
    with Running("--mem", "16M", guest("endless_poll")) as m:
        m.line()
        tasks = os.listdir(f"/proc/{m.p.pid}/task")
        ours = 0
        for t in tasks:
            text = open(f"/proc/{m.p.pid}/task/{t}/status").read()
            s = dict(x.split(":\t", 1) for x in text.splitlines() if ":\t" in x)
            if s["Name"].startswith("kvm-"):
                continue  # KVM's own kernel thread, shown as a task of its user
            ours += 1
            assert s["Seccomp"] == "2"
            assert s["NoNewPrivs"] == "1"
            for caps in ("CapEff", "CapPrm", "CapInh", "CapAmb"):
                assert int(s[caps], 16) == 0
        assert ours == 2
        fds = {int(x) for x in os.listdir(f"/proc/{m.p.pid}/fd")}
        assert fds <= {0, 1, 2, 3, 6, 7, 8, 12, 13}, fds
        m.p.terminate()
        assert m.end()[0] == 143
