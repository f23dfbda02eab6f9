/*
 * int80.c - a software interrupt, with no handler: a fault.
 */
#include <coracle.h>

COR_MANIFEST();

int cor_main(const char *cmdline)
{
    (void)cmdline;
    __asm__ volatile("int $0x80" : : : "rax", "rcx", "rdx", "memory");
    return 1;
}
