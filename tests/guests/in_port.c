/*
 * in_port.c - reads a port, with no handler: a fault.
 */
#include <coracle.h>

COR_MANIFEST();

int cor_main(const char *cmdline)
{
    (void)cmdline;
    __asm__ volatile("in $0x60, %%al" : : : "rax", "rcx", "rdx", "memory");
    return 1;
}
