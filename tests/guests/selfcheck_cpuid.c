/*
 * selfcheck_cpuid.c - prints which virtualization extensions it could see.
 */
#include <coracle.h>

COR_MANIFEST();

int cor_main(const char *cmdline)
{
    (void)cmdline;
    uint32_t a = 1, b, c = 0, d, e = 0x80000001, f = 0;
    __asm__ volatile("cpuid" : "+a"(a), "=b"(b), "+c"(c), "=d"(d));
    __asm__ volatile("cpuid" : "+a"(e), "=b"(b), "+c"(f), "=d"(d));
    cor_printf("vmx=%u svm=%u hypervisor=%u\n", c >> 5 & 1, f >> 2 & 1, c >> 31);
    return 0;
}
