/*
 * fs_noncanonical.c - sets FS_BASE to an address that no processor has: a fault.
 */
#include <coracle.h>

COR_MANIFEST();

int cor_main(const char *cmdline)
{
    (void)cmdline;
    __asm__ volatile("wrmsr"
                     :
                     : "c"(0xc0000100u), "a"(0x12345678u), "d"(0x12345678u)
                     : "memory");
    return 1;
}
