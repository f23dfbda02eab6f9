#!/usr/bin/env python3
"""bench.py - the monitor against a peer, interleaved; ratios, not absolute times.

bench.py start    [--peer solo5-hvt] [--rounds 40]   exec to exit of one image
bench.py exits    [--peer solo5-hvt] [--rounds 10]   100000 hypercalls
bench.py memory                                      of an idle guest's monitor
bench.py syscalls                                    before the first KVM_RUN

COR_BUILD names the build directory (build/release). --image takes any hvt image that
both sides run without devices. Never part of the tests: times belong to a machine.
"""
import argparse
import os
import pathlib
import re
import shutil
import statistics
import subprocess
import tempfile
import time

BUILD = pathlib.Path(os.environ.get("COR_BUILD", "build/release")).resolve()
MONITOR = str(BUILD / "monitor/exe/coracle-monitor")


def host():
    if os.path.exists("/sys/module/kvm_pvm"):
        return "PVM"
    for name in ("kvm_amd", "kvm_intel"):
        if os.path.exists(f"/sys/module/{name}"):
            return {"kvm_amd": "SVM", "kvm_intel": "VMX"}[name]
    return "unknown"


def once(command):
    """Seconds from posix_spawn to the exit that waitpid tells."""
    null = os.open("/dev/null", os.O_WRONLY)
    start = time.perf_counter()
    pid = os.posix_spawn(command[0], command, os.environ, file_actions=[
        (os.POSIX_SPAWN_DUP2, null, 1), (os.POSIX_SPAWN_DUP2, null, 2)])
    _, status = os.waitpid(pid, 0)
    took = time.perf_counter() - start
    os.close(null)
    if status:
        raise SystemExit(f"{command[0]}: ended with {os.waitstatus_to_exitcode(status)}")
    return took


def compare(what, ours, peer, rounds):
    """A and B in turn, the order changing every round, after two rounds to warm up."""
    a, b = [], []
    for n in range(rounds + 2):
        pair = [(ours, a), (peer, b)] if peer else [(ours, a)]
        for command, times in pair if n % 2 else reversed(pair):
            times.append(once(command))
    a, b = a[2:], b[2:]
    print(f"{'host':8} {'what':8} {'who':12} {'median ms':>10} {'p99 ms':>8} {'min ms':>8}")
    for who, t in (("coracle", a), (os.path.basename(peer[0]) if peer else "", b)):
        if t:
            p99 = sorted(t)[min(len(t) - 1, int(len(t) * 0.99))]
            print(f"{host():8} {what:8} {who:12} {statistics.median(t) * 1e3:10.2f} "
                  f"{p99 * 1e3:8.2f} {min(t) * 1e3:8.2f}")
    if b:
        ratio = statistics.median(x / y for x, y in zip(a, b))
        print(f"median of {rounds} ratios: {ratio:.3f}")


def guest(name):
    for folder in ("images", "tests/guests"):
        if (BUILD / folder / f"{name}.hvt").exists():
            return str(BUILD / folder / f"{name}.hvt")
    raise SystemExit(f"no {name}.hvt under {BUILD}")


def run_pair(args, what, name):
    image = args.image or guest(name)
    peer = shutil.which(args.peer)
    if not peer:
        print(f"{args.peer} is not to be found: ours alone")
    tail = ["--mem=64", image, *args.args]
    compare(what, [MONITOR, *tail], [peer, *tail] if peer else None, args.rounds)


def memory():
    p = subprocess.Popen([MONITOR, "--mem", "16M", guest("endless_poll")],
                         stdout=subprocess.PIPE)
    p.stdout.readline()
    print(f"{'host':8} {'what':16} {'KiB':>8}")
    for line in open(f"/proc/{p.pid}/smaps_rollup"):
        m = re.match(r"(Rss|Private_Dirty): +(\d+)", line)
        if m:
            print(f"{host():8} {m[1]:16} {m[2]:>8}")
    p.terminate()
    p.wait()


def syscalls():
    with tempfile.TemporaryDirectory() as d:
        subprocess.run(["strace", "-f", "-o", f"{d}/log", MONITOR, "--mem", "16M",
                        guest("hello")], stdout=subprocess.DEVNULL, check=True)
        lines = open(f"{d}/log").read().splitlines()
    first = next(n for n, line in enumerate(lines) if "KVM_RUN" in line)
    print(f"system calls of both threads before the first KVM_RUN: {first}")


def main():
    p = argparse.ArgumentParser(description=__doc__,
                                formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("what", choices=("start", "exits", "memory", "syscalls"))
    p.add_argument("--peer", default="solo5-hvt")
    p.add_argument("--rounds", type=int, default=40)
    p.add_argument("--image")
    p.add_argument("args", nargs="*", help="arguments of the guest")
    args = p.parse_args()
    if args.what == "start":
        run_pair(args, "start", "hello")
    elif args.what == "exits":
        run_pair(args, "exits", "many_exits")
    elif args.what == "memory":
        memory()
    else:
        syscalls()


if __name__ == "__main__":
    main()
