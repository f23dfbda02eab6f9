"""What the end-to-end tests share: the program, the guests, disks."""
import os
import pathlib
import subprocess

import pytest

BUILD = pathlib.Path(os.environ.get("COR_BUILD", "build/release")).resolve()
MONITOR = str(BUILD / "monitor/exe/coracle-monitor")


def guest(name):
    for folder in ("tests/guests", "images"):
        path = BUILD / folder / f"{name}.hvt"
        if path.exists():
            return str(path)
    raise FileNotFoundError(name)


def run(*args, timeout=20, **kw):
    """Runs the monitor to its end; stdout and stderr as text."""
    return subprocess.run([MONITOR, *map(str, args)], capture_output=True, text=True,
                          timeout=timeout, check=False, **kw)


class Running:
    """A monitor that runs on until it is told to end; killed at the end in any case."""

    def __init__(self, *args, **kw):
        self.p = subprocess.Popen([MONITOR, *map(str, args)], stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True, bufsize=1, **kw)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        if self.p.poll() is None:
            self.p.kill()
        self.p.communicate(timeout=10)

    def line(self):
        return self.p.stdout.readline()

    def end(self, timeout=20):
        out, err = self.p.communicate(timeout=timeout)
        return self.p.returncode, out, err


@pytest.fixture
def disk(tmp_path):
    path = tmp_path / "disk"
    path.write_bytes(bytes(1 << 20))
    return path
