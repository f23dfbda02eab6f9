/*
 * mov_cr3.c - a privileged instruction, with no handler: a fault.
 */
#include <coracle.h>

COR_MANIFEST();

int cor_main(const char *cmdline)
{
    (void)cmdline;
    __asm__ volatile("mov %%rax, %%cr3" : : : "rax", "rcx", "rdx", "memory");
    return 1;
}
