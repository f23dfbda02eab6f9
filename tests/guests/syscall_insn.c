/*
 * syscall_insn.c - a system call, with no handler: a fault.
 */
#include <coracle.h>

COR_MANIFEST();

int cor_main(const char *cmdline)
{
    (void)cmdline;
    __asm__ volatile("syscall" : : : "rax", "rcx", "rdx", "memory");
    return 1;
}
