/*
 * lretq_noncanonical.c - a far return to an address that no processor has: a fault.
 */
#include <coracle.h>

COR_MANIFEST();

int cor_main(const char *cmdline)
{
    (void)cmdline;
    __asm__ volatile("push %0\n\tpush %1\n\tlretq"
                     :
                     : "r"(0x8ULL), "r"(0x1234567812345678ULL)
                     : "memory");
    return 1;
}
