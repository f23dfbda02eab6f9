/*
 * wrmsr_other.c - writes a model-specific register that is not FS_BASE: a fault.
 */
#include <coracle.h>

COR_MANIFEST();

int cor_main(const char *cmdline)
{
    (void)cmdline;
    __asm__ volatile("wrmsr" : : "c"(0xc0000080u), "a"(0), "d"(0) : "memory");
    return 1;
}
