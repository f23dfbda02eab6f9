/*
 * int3.c - a breakpoint that nobody has set, with no handler: a fault.
 */
#include <coracle.h>

COR_MANIFEST();

int cor_main(const char *cmdline)
{
    (void)cmdline;
    __asm__ volatile("int3" : : : "rax", "rcx", "rdx", "memory");
    return 1;
}
