"""The control socket: what a client asks for, and what a bad one gets."""
import os
import socket
import struct
import time

import pytest

from conftest import Running, guest

MAGIC, VERSION, ANSWER, ERROR, CONSOLE = 0x4c544343, 1, 0x8000, 0xffff, 0x4000
STATUS, PAUSE, RESUME, STOP, STATS, ATTACH, DETACH = range(1, 8)
HEADER = struct.Struct("<IHHII")
RUNNING, PAUSED = "running", "paused"


class Client:
    def __init__(self, path):
        self.s = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.s.settimeout(10)
        self.s.connect(str(path))
        self.id = 0

    def send(self, kind, payload=b"", version=VERSION):
        self.id += 1
        self.s.send(HEADER.pack(MAGIC, version, kind, HEADER.size + len(payload), self.id)
                    + payload)

    def receive(self):
        data = self.s.recv(8192)
        if not data:
            return None, b""
        magic, _, kind, length, ident = HEADER.unpack(data[:HEADER.size])
        assert magic == MAGIC and length == len(data)
        assert kind == CONSOLE or ident in (self.id, 0)
        return kind, data[HEADER.size:]

    def ask(self, kind, payload=b""):
        self.send(kind, payload)
        answer, data = self.receive()
        assert answer == kind | ANSWER, data
        return data

    def status(self):
        state, pid, uptime, mem, code, abi, flags, _ = struct.unpack(
            "<IIQQIIII", self.ask(STATUS))
        return {"state": state, "pid": pid, "uptime": uptime, "mem": mem, "abi": abi,
                "confined": flags & 1}


@pytest.fixture
def machine(tmp_path):
    path = tmp_path / "m.sock"
    with Running("--mem", "16M", "--control", path, guest("ticks")) as m:
        assert m.line().startswith("tick ")
        m.path = path
        yield m


def tick(m):
    return [int(x) for x in m.line().split()[1:]]


def test_status_and_stats(machine):
    c = Client(machine.path)
    s = c.status()
    assert s["pid"] == machine.p.pid
    assert (s["mem"], s["abi"], s["confined"]) == (16 << 20, 2, 1)
    data = c.ask(STATS)
    exits = struct.unpack("<16Q", data[:128])
    console, dropped, mem, resident, vcpu, _ = struct.unpack("<6Q", data[128:176])
    assert exits[2] >= 1 and exits[3] >= 1 and exits[5] == 0
    assert console > 0 and dropped == 0 and mem == 16 << 20
    assert 4096 <= resident <= mem and vcpu > 0


def test_pause_and_resume(machine):
    c = Client(machine.path)
    running = c.status()["state"]
    c.ask(PAUSE)
    paused = c.status()["state"]
    assert paused != running
    before = c.ask(STATS)[:128]
    time.sleep(0.3)  # this is the pause itself, not a wait for something
    assert c.ask(STATS)[:128] == before
    c.ask(RESUME)
    assert c.status()["state"] == running
    mono, wall = [], []
    for _ in range(40):
        a, b = tick(machine)
        mono.append(a)
        wall.append(b)
    assert mono == sorted(mono)
    # Monotonic time includes the pause, so it keeps pace with the wall clock.
    assert abs((mono[-1] - mono[0]) - (wall[-1] - wall[0])) < 50e6


@pytest.mark.parametrize("timeout,code", [(5000, 143), (0, 137), (0xffffffff, 143)])
def test_stop(machine, timeout, code):
    c = Client(machine.path)
    c.ask(STOP, struct.pack("<II", timeout, 0))
    assert machine.end()[0] == code
    deadline = time.monotonic() + 5
    while machine.path.exists():  # the guardian removes it
        assert time.monotonic() < deadline


def test_stop_while_paused(machine):
    c = Client(machine.path)
    c.ask(PAUSE)
    c.ask(STOP, struct.pack("<II", 5000, 0))
    assert machine.end()[0] == 143


def test_kill_removes_the_socket(machine):
    machine.p.kill()
    machine.end()
    deadline = time.monotonic() + 5
    while machine.path.exists():
        assert time.monotonic() < deadline


def test_attach(machine):
    c = Client(machine.path)
    c.ask(ATTACH)
    text, expected = b"", 0
    while text.count(b"\n") < 10:
        kind, data = c.receive()
        assert kind == CONSOLE
        offset, lost = struct.unpack("<QQ", data[:16])
        assert (offset, lost) == (expected, 0)
        text += data[16:]
        expected += len(data) - 16
    assert text.startswith(b"tick ")


def test_two_clients_and_a_silent_one(machine):
    clients = [Client(machine.path) for _ in range(8)]
    for c in clients:
        assert c.status()["pid"] == machine.p.pid
    ninth = Client(machine.path)
    try:
        assert ninth.receive()[0] in (None, ERROR)
    except ConnectionError:
        pass
    clients[0].s.close()
    deadline = time.monotonic() + 5
    while True:
        try:
            assert Client(machine.path).status()["pid"] == machine.p.pid
            break
        except (ConnectionError, AssertionError, struct.error):
            assert time.monotonic() < deadline


def test_bad_messages(machine):
    for data in (b"x", b"\0" * 16, os.urandom(4096), os.urandom(9000)):
        c = Client(machine.path)
        c.s.send(data)
        try:
            while c.receive()[0] is not None:
                pass
        except ConnectionError:
            pass
    c = Client(machine.path)
    c.send(STATUS, version=99)
    assert c.receive()[0] == ERROR
    c.send(0x77)
    assert c.receive()[0] == ERROR
    c.send(STOP, b"short")
    assert c.receive()[0] == ERROR
    c.ask(ATTACH)
    assert c.status()["pid"] == machine.p.pid if c.receive()[0] == CONSOLE else True


def test_mode_of_the_socket(machine):
    assert machine.path.stat().st_mode & 0o777 == 0o600
