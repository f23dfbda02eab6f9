/*
 * exec_bootinfo.c - jumps into boot information: a fault.
 */
#include <coracle.h>

COR_MANIFEST();

int cor_main(const char *cmdline)
{
    (void)cmdline;
    __asm__ volatile("call *%0" : : "r"(COR_HVT_BOOT_GPA) : "memory");
    return 1;
}
