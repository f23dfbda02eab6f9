#!/usr/bin/env python3
"""expect.py - runs every row of expect.tsv and compares.

expect.py MONITOR GUEST-DIRECTORY [NAME...]
Rows that need a tap run in a network namespace of their own, which takes root.
"""
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile

TABLE = pathlib.Path(__file__).with_name("expect.tsv")
TERM = 143
WITH_TAP = ("ip tuntap add mode tap name tap0 && ip link set tap0 up && exec \"$@\"")


def rows():
    for line in TABLE.read_text().splitlines():
        if line and not line.startswith("#"):
            yield ["" if c == "-" else c for c in line.split("\t")]


def command(monitor, guests, folder, row):
    name, args, options = row[:3]
    places = {"disk": folder / "disk", "disk2": folder / "disk2", "tap": "tap0"}
    for key in ("disk", "disk2"):
        places[key].write_bytes(bytes(1 << 20))
    options = options.format(**places)
    if "--mem" not in options:
        options += " --mem 16"
    line = [monitor, *shlex.split(options), str(guests / f"{name}.hvt"), *args.split(" ")]
    if not args:
        line.pop()
    if "tap0" in options:
        line = ["unshare", "-n", "sh", "-c", WITH_TAP, "sh", *line]
    return line


def run(line, stop):
    p = subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    first = b""
    if stop:
        first = p.stdout.readline()
        p.terminate()
    try:
        out, err = p.communicate(timeout=30)
    except subprocess.TimeoutExpired:
        p.kill()
        out, err = p.communicate()
        return None, first + out, err
    return p.returncode, first + out, err


def compare(row, status, out, err):
    want, want_out, want_err = row[3:6]
    allowed = [TERM] if want == "stop" else [int(w) for w in want.split(",")]
    if status is None:
        return "did not end"
    if status not in allowed:
        return f"status {status}, not {want}"
    if not re.search(want_out or r"^$", out.decode(errors="replace")):
        return f"stdout is {out[:200]!r}"
    if not want_err and status == 0:
        want_err = r"^$"
    if not re.search(want_err, err.decode(errors="replace")):
        return f"stderr is {err[:200]!r}"
    return None


def main():
    monitor, guests, only = sys.argv[1], pathlib.Path(sys.argv[2]), sys.argv[3:]
    failed = skipped = count = 0
    for row in rows():
        if only and row[0] not in only:
            continue
        what = " ".join(row[:2]).strip()
        if "{tap}" in row[2] and os.geteuid() != 0:
            print(f"{what}: skipped, needs root for a tap")
            skipped += 1
            continue
        with tempfile.TemporaryDirectory() as folder:
            line = command(monitor, guests, pathlib.Path(folder), row)
            why = compare(row, *run(line, row[3] == "stop"))
        count += 1
        if why:
            failed += 1
            print(f"{what}: {why}")
    for guest in sorted(TABLE.parent.glob("*.c")):
        if not only and guest.stem not in (r[0] for r in rows()):
            print(f"{guest.stem}: expect.tsv does not have it")
            failed += 1
    print(f"{count} run, {failed} failed, {skipped} skipped")
    return 1 if failed or not count else 0


if __name__ == "__main__":
    sys.exit(main())
