/*
 * sysenter_insn.c - a system call of old, with no handler: a fault.
 */
#include <coracle.h>

COR_MANIFEST();

int cor_main(const char *cmdline)
{
    (void)cmdline;
    __asm__ volatile("sysenter" : : : "rax", "rcx", "rdx", "memory");
    return 1;
}
