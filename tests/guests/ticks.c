/*
 * ticks.c - prints a line with its clocks every 20 ms.
 */
#include <coracle.h>

COR_MANIFEST();

int cor_main(const char *cmdline)
{
    (void)cmdline;
    for (;;) {
        cor_printf("tick %lu %lu\n", cor_clock_monotonic(), cor_clock_wall());
        cor_sleep(20 * COR_NSEC_PER_MSEC);
    }
}
