/*
 * hlt.c - stops the processor, with no handler: a fault.
 */
#include <coracle.h>

COR_MANIFEST();

int cor_main(const char *cmdline)
{
    (void)cmdline;
    __asm__ volatile("cli\n\thlt" : : : "rax", "rcx", "rdx", "memory");
    return 1;
}
