/*
 * sleep.c - sleeps 200 ms by poll and measures it.
 */
#include <coracle.h>

COR_MANIFEST();

int cor_main(const char *cmdline)
{
    (void)cmdline;
    uint64_t start = cor_clock_monotonic();
    cor_sleep(200 * COR_NSEC_PER_MSEC);
    uint64_t took = cor_clock_monotonic() - start;
    cor_printf("slept %lu us\n", took / 1000);
    return took >= 200 * COR_NSEC_PER_MSEC && took < 2 * COR_NSEC_PER_SEC ? 0 : 1;
}
