/*
 * endless_loop.c - never ends, makes no hypercall.
 */
#include <coracle.h>

COR_MANIFEST();

int cor_main(const char *cmdline)
{
    (void)cmdline;
    cor_puts("looping\n");
    for (;;)
        __asm__ volatile("pause");
}
