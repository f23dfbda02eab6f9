/*
 * out_size1.c - a hypercall of one byte, with no handler: a fault.
 */
#include <coracle.h>

COR_MANIFEST();

int cor_main(const char *cmdline)
{
    (void)cmdline;
    __asm__ volatile("mov $0x502, %%edx\n\toutb %%al, %%dx"
                     :
                     :
                     : "rax", "rcx", "rdx", "memory");
    return 1;
}
