/*
 * ud2.c - an illegal instruction, with no handler: a fault.
 */
#include <coracle.h>

COR_MANIFEST();

int cor_main(const char *cmdline)
{
    (void)cmdline;
    __asm__ volatile("ud2" : : : "rax", "rcx", "rdx", "memory");
    return 1;
}
