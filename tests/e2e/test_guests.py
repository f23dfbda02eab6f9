"""Each guest under tests/guests, confined: what it must come to."""
import re

import pytest

from conftest import guest, run

FAULT, ILLEGAL = 139, 132

# name, arguments, exit status, pattern of stdout, pattern of stderr
ROWS = [
    ("hello", ["a", "b"], 0, r"^Hello, I am a Coracle unikernel: a b\n$", r"^$"),
    ("args", ["one", "two  three"], 0, r"^one two  three$", r"^$"),
    ("exit_status", ["0"], 0, r"^$", r"^$"),
    ("exit_status", ["42"], 42, r"^$", r"^$"),
    ("exit_status", ["255"], 255, r"^$", r"^$"),
    ("bootinfo", [], 0, r"^$", r"^$"),
    ("fpu", [], 0, r"^$", r"^$"),
    ("fs_base", [], 0, r"^$", r"^$"),
    ("sleep", [], 0, r"^slept \d+ us\n$", r"^$"),
    ("many_exits", [], 0, r"^$", r"^$"),
    ("iretq_resume", [], 0, r"^$", r"^$"),
    ("trap_reflect", ["0"], 255, r"trap: vector 14, error code 0x6", r"status 255"),
    ("trap_reflect", ["1"], 255, r"trap: vector 14, error code 0x6", r"status 255"),
    ("null_read", [], FAULT, r"^$", r"read of no page at 0x0 \(the null page\)"),
    ("null_write", [], FAULT, r"^$", r"write to no page at 0x8 \(the null page\)"),
    ("above_mem", [], FAULT, r"^$", r"no page at 0x1000000 \(past the end of memory\)"),
    ("read_monitor", [], FAULT, r"^$", r"no page at 0x100000000"),
    ("write_text", [], FAULT, r"^$", r"read-only page at 0x100000 \(segment 0, r-x\)"),
    ("write_rodata", [], FAULT, r"^$", r"read-only page at .* \(segment 1, r--\)"),
    ("write_bootinfo", [], FAULT, r"^$", r"read-only page at 0x10000 \(boot info"),
    ("exec_data", [], FAULT, r"^$", r"jump to a page that is not executable .*segment 2"),
    ("exec_stack", [], FAULT, r"^$", r"jump to a page that is not executable .*stack"),
    ("div0", [], FAULT, r"^$", r"division error"),
    ("int3", [], FAULT, r"^$", r"breakpoint"),
    ("idt_lies", [], FAULT, r"^$", r"triple fault"),
    ("syscall_insn", [], (FAULT, ILLEGAL), r"^$", r"no page at|illegal instruction"),
    ("sysenter_insn", [], (FAULT, ILLEGAL), r"^$", r"illegal instr|general prot|no page"),
    ("int80", [], (FAULT, ILLEGAL), r"^$", r"illegal instruction|general protection"),
    ("ud2", [], ILLEGAL, r"^$", r"illegal instruction, rip 0x\w+ cor_main\+0x"),
    ("hlt", [], ILLEGAL, r"^$", r"privileged instruction hlt"),
    ("mov_cr3", [], ILLEGAL, r"^$", r"privileged instruction mov to a control register"),
    ("wrmsr_other", [], ILLEGAL, r"^$", r"privileged instruction wrmsr"),
    ("in_port", [], ILLEGAL, r"^$", r"privileged instruction in"),
    ("out_port", [], ILLEGAL, r"^$", r"privileged instruction out"),
    ("out_size1", [], ILLEGAL, r"^$", r"privileged instruction out: port 0x502"),
]


@pytest.mark.parametrize("name,args,status,out,err", ROWS,
                         ids=[f"{r[0]}-{'-'.join(r[1])}" for r in ROWS])
def test_guest(name, args, status, out, err):
    r = run("--mem", "16M", guest(name), *args)
    assert re.search(out, r.stdout), r
    assert re.search(err, r.stderr), r
    assert r.stderr.count("\n") <= 1, r.stderr
    want = status if isinstance(status, tuple) else (status,)
    assert r.returncode in want, r


def test_puts_big():
    r = run("--mem", "16M", guest("puts_big"))
    assert r.returncode == 0
    assert len(r.stdout) == 1 << 20
    assert r.stdout[:26] == "abcdefghijklmnopqrstuvwxyz"


def test_walltime():
    import time
    r = run("--mem", "16M", guest("walltime"))
    assert abs(int(r.stdout) / 1e9 - time.time()) < 5


def test_privileged_guest():
    r = run("--mem", "16M", "--privileged-guest", guest("exit_status"), "7")
    assert r.returncode == 7, r
    r = run("--mem", "16M", "--privileged-guest", guest("null_write"))
    assert r.returncode == FAULT
    assert "triple fault" in r.stderr
