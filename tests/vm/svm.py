#!/usr/bin/env python3
"""svm.py - the guest tests on a second KVM host: kvm-amd on QEMU's emulated SVM.

svm.py MONITOR GUEST-DIRECTORY [--time] boots Debian's kernel under QEMU TCG with an
initramfs that holds the monitor, the guests and busybox, runs every row of
tests/guests/expect.tsv that needs no tap, confined, and a few at ring 0, and compares
here. Needs no privileges and no network; bounded by DEADLINE.
"""
import base64
import os
import pathlib
import re
import shlex
import subprocess
import sys
import tempfile
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(HERE.parent / "guests"))
import expect  # noqa: E402  (beside the table that it reads)

DEADLINE = 300
HOST = "SVM (QEMU TCG)"
MODULES = ["virt/lib/irqbypass", "drivers/crypto/ccp/ccp", "arch/x86/kvm/kvm",
           "arch/x86/kvm/kvm-amd"]
RING0 = [["exit_status", "7", "--privileged-guest", "7", "", ""],
         ["fpu", "", "--privileged-guest", "0", "", ""],
         ["trap_reflect", "-", "--privileged-guest", "255", "trap: vector 14", "status"],
         ["null_write", "", "--privileged-guest", "139", "", "triple fault"]]

INIT = """#!/bin/busybox sh
/bin/busybox --install -s /bin
mount -t devtmpfs none /dev; mount -t proc none /proc; mount -t sysfs none /sys
for m in {modules}; do insmod /$m.ko || echo "BROKEN insmod $m"; done
[ -e /dev/kvm ] || echo "BROKEN no /dev/kvm"
echo READY
. /rows
echo FINISHED
poweroff -f
"""

ROW = """dd if=/dev/zero of=/disk bs=1M count=1 2>/dev/null; cp /disk /disk2; rm -f /out /err
{run}
echo "ROW {n} $status $(base64 -w0 /out) . $(base64 -w0 /err)"
"""


def kernel():
    """The newest Debian kernel whose modules are here."""
    for k in sorted(pathlib.Path("/boot").glob("vmlinuz-*"), reverse=True):
        modules = pathlib.Path("/lib/modules") / k.name.removeprefix("vmlinuz-")
        if all((modules / "kernel" / f"{m}.ko").exists() for m in MODULES):
            return k, modules
    sys.exit("svm.py: no kernel with KVM's modules: install linux-image-amd64")


def rows(extra):
    table = [r for r in expect.rows() if "{tap}" not in r[2]]
    return table + RING0 if not extra else table


def command(row):
    name, args, options = row[:3]
    options = options.format(disk="/disk", disk2="/disk2")
    if "--mem" not in options:
        options += " --mem 16"
    line = ["/monitor", *shlex.split(options), f"/guests/{name}.hvt"]
    line += args.split(" ") if args not in ("", "-") else []
    return " ".join(shlex.quote(x) for x in line)


def script(table):
    out = []
    for n, row in enumerate(table):
        if row[3] == "stop":
            run = (f"{command(row)} >/out 2>/err & p=$!; "
                   "until [ -s /out ]; do sleep 0.05; done; kill -TERM $p; "
                   "wait $p; status=$?")
        else:
            run = f"{command(row)} >/out 2>/err; status=$?"
        out.append(ROW.format(n=n, run=run))
    return "".join(out)


def initramfs(folder, monitor, guests, table):
    root = folder / "root"
    for d in ("bin", "dev", "proc", "sys", "guests", "tmp"):
        (root / d).mkdir(parents=True)
    subprocess.run(["strip", "-o", root / "monitor", monitor], check=True)
    for row in table:
        target = root / "guests" / f"{row[0]}.hvt"
        if not target.exists():
            source = guests / f"{row[0]}.hvt"
            subprocess.run(["strip", "-g", "-o", target, source], check=True)
    _, modules = kernel()
    for m in MODULES:
        (root / pathlib.Path(m).name).with_suffix(".ko").write_bytes(
            (modules / "kernel" / f"{m}.ko").read_bytes())
    (root / "bin/busybox").write_bytes(pathlib.Path("/bin/busybox").read_bytes())
    (root / "bin/busybox").chmod(0o755)
    names = " ".join(pathlib.Path(m).name for m in MODULES)
    (root / "init").write_text(INIT.format(modules=names))
    (root / "init").chmod(0o755)
    (root / "rows").write_text(script(table))
    image = folder / "initramfs"
    files = sorted(str(p.relative_to(root)) for p in root.rglob("*"))
    with open(image, "wb") as out:
        subprocess.run(["cpio", "-o", "-H", "newc", "--quiet"], cwd=root, check=True,
                       input="\n".join(files).encode(), stdout=out)
    return image


def boot(image):
    """Everything that the machine prints on its serial console."""
    k, _ = kernel()
    line = ["qemu-system-x86_64", "-accel", "tcg", "-cpu", "max,+svm,+npt", "-m", "768",
            "-display", "none", "-serial", "stdio", "-monitor", "none", "-no-reboot",
            "-nic", "none", "-kernel", str(k), "-initrd", str(image), "-append",
            "console=ttyS0 quiet panic=-1 nokaslr mitigations=off"]
    try:
        r = subprocess.run(line, stdin=subprocess.DEVNULL, capture_output=True,
                           timeout=DEADLINE, check=False)
    except subprocess.TimeoutExpired as e:
        return (e.stdout or b"").decode(errors="replace")
    return (r.stdout + r.stderr).decode(errors="replace")


def main():
    monitor, guests = sys.argv[1], pathlib.Path(sys.argv[2])
    table = rows(False)
    start = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        text = boot(initramfs(pathlib.Path(folder), monitor, guests, table))
    got = {int(m[1]): m for m in re.finditer(
        r"^ROW (\d+) (\d+) (\S*) \. (\S*)\s*$", text, re.M)}
    failed = 0
    for n, row in enumerate(table):
        what = " ".join(row[:3]).strip()
        if n not in got:
            why = "no result"
        else:
            m = got[n]
            why = expect.compare(row, int(m[2]), base64.b64decode(m[3]),
                                 base64.b64decode(m[4]))
        if why:
            failed += 1
            print(f"{HOST}: {what}: {why}")
    if "BROKEN" in text or not got:
        failed += 1
        print(text[-3000:])
    print(f"{HOST}: {len(got)} rows, {failed} failed, "
          f"{time.monotonic() - start:.0f} s with boot and power-off")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
