/*
 * out_port.c - writes a port that is no hypercall, with no handler: a fault.
 */
#include <coracle.h>

COR_MANIFEST();

int cor_main(const char *cmdline)
{
    (void)cmdline;
    __asm__ volatile("out %%al, $0x80" : : : "rax", "rcx", "rdx", "memory");
    return 1;
}
