"""httpd and echo behind a tap, in a network namespace of the test's own."""
import os
import re
import signal
import subprocess
import threading

import pytest

from conftest import MONITOR, guest

ADDRESS, GATEWAY = "10.77.0.2", "10.77.0.1"


class Net:
    def __init__(self):
        self.ns = f"cor-net-{os.getpid()}"
        self.run("ip", "netns", "add", self.ns)
        try:
            self.ip("tuntap", "add", "tap0", "mode", "tap")
            self.ip("addr", "add", f"{GATEWAY}/24", "dev", "tap0")
            self.ip("link", "set", "tap0", "up")
        except Exception:
            self.close()
            raise

    @staticmethod
    def run(*args, check=True, timeout=60):
        return subprocess.run(args, capture_output=True, check=check, timeout=timeout)

    def ip(self, *args):
        self.run("ip", "-n", self.ns, *args)

    def inside(self, *args, **kw):
        return self.run("ip", "netns", "exec", self.ns, *args, **kw)

    def close(self):
        self.run("ip", "netns", "del", self.ns)


@pytest.fixture(scope="module")
def net():
    n = Net()
    yield n
    n.close()


@pytest.fixture(params=["confined"])
def server(net, request):
    p = subprocess.Popen(["ip", "netns", "exec", net.ns, MONITOR, "--mem", "16M",
                          "--net", "service=tap0", guest("httpd"),
                          f"--ipv4={ADDRESS}/24"],
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    line = p.stdout.readline()
    assert "listening on" in line, p.communicate(timeout=5)
    yield net
    p.send_signal(signal.SIGTERM)
    _, err = p.communicate(timeout=10)
    assert p.returncode == 143, err


def curl(net, path, *args, check=True):
    return net.inside("curl", "-sS", "-m", "20", *args, f"http://{ADDRESS}{path}",
                      check=check).stdout


def test_pages(server):
    page = curl(server, "/").decode()
    assert "<html" in page and "</html>" in page
    assert curl(server, "/hello")
    code = ("-o", "/dev/null", "-w", "%{http_code}")
    assert curl(server, "/missing", *code) == b"404"
    assert curl(server, "/", "-X", "DELETE", *code) == b"405"
    head = curl(server, "/hello", "-I").decode()
    assert head.startswith("HTTP/1.1 200") and "Content-Length" in head


def test_big_is_whole(server):
    a, b = curl(server, "/big"), curl(server, "/big")
    assert len(a) == 1 << 20 and a == b


def test_keep_alive(server):
    out = server.inside("curl", "-sS", "-v", "-m", "20", f"http://{ADDRESS}/hello",
                        f"http://{ADDRESS}/hello").stderr.decode()
    assert "Re-using existing connection" in out


def test_many_at_once(server):
    want = curl(server, "/big")
    got = []

    def fetch():
        got.append(curl(server, "/big"))

    threads = [threading.Thread(target=fetch) for _ in range(16)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert len(got) == 16 and all(x == want for x in got)


def test_ping(server):
    r = server.inside("ping", "-c", "3", "-i", "0.2", "-W", "2", ADDRESS)
    assert re.search(rb" 0% packet loss", r.stdout)


def test_echo_udp(net):
    p = subprocess.Popen(["ip", "netns", "exec", net.ns, MONITOR, "--mem", "16M",
                          "--net:service=tap0", "--net-mac:service=02:00:00:00:00:07",
                          guest("echo"), f"--ipv4={ADDRESS}/24"],
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert p.stdout.readline()
        code = ("import socket; s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM);"
                "s.settimeout(5); s.sendto(b'round trip', ('%s', 7));"
                "print(s.recv(100).decode())" % ADDRESS)
        assert net.inside("/usr/bin/python3", "-c", code).stdout == b"round trip\n"
        neigh = net.run("ip", "-n", net.ns, "neigh").stdout
        assert b"02:00:00:00:00:07" in neigh
    finally:
        p.terminate()
        p.communicate(timeout=10)
    assert p.returncode == 143


def test_inherited_tap(net):
    """A tap that somebody else has opened, handed over as a descriptor."""
    script = (
        "import fcntl, os, struct, subprocess, sys\n"
        "fd = os.open('/dev/net/tun', os.O_RDWR)\n"
        "fcntl.ioctl(fd, 0x400454ca, struct.pack('16sH22s', b'tap0', 0x1002, b''))\n"
        "os.set_inheritable(fd, True)\n"
        "os.execv(sys.argv[1], [sys.argv[1], '--mem', '16M', '--net', f'service=@{fd}',"
        " sys.argv[2], sys.argv[3]])\n")
    p = subprocess.Popen(["ip", "netns", "exec", net.ns, "/usr/bin/python3", "-c", script,
                          MONITOR, guest("httpd"), f"--ipv4={ADDRESS}/24"],
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert "listening on" in p.stdout.readline()
        assert curl(net, "/hello")
    finally:
        p.terminate()
        p.communicate(timeout=10)


def test_nothing_left(net):
    """The monitor made no interface and removed none."""
    links = net.run("ip", "-n", net.ns, "-o", "link").stdout.decode()
    assert sorted(re.findall(r"^\d+: (\w+)", links, re.M)) == ["lo", "tap0"]
