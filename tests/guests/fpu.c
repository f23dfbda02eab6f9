/*
 * fpu.c - does arithmetic with SSE.
 */
#include <coracle.h>

static volatile double a = 1.5, b = 2.25;

COR_MANIFEST();

int cor_main(const char *cmdline)
{
    (void)cmdline;
    volatile double c = a * b + a / b;
    return c > 4.04 && c < 4.05 ? 0 : 1;
}
