/*
 * div0.c - a division by zero, with no handler: a fault.
 */
#include <coracle.h>

COR_MANIFEST();

int cor_main(const char *cmdline)
{
    (void)cmdline;
    __asm__ volatile("xor %%ecx, %%ecx\n\tdiv %%ecx"
                     :
                     :
                     : "rax", "rcx", "rdx", "memory");
    return 1;
}
