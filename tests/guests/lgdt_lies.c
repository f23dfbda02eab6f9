/*
 * lgdt_lies.c - loads a GDT pointer from where nothing is: a fault.
 */
#include <coracle.h>

COR_MANIFEST();

int cor_main(const char *cmdline)
{
    (void)cmdline;
    __asm__ volatile("lgdt (%0)" : : "r"(cor_boot_info()->mem_size - 4) : "memory");
    return 1;
}
