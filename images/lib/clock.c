/*
 * clock.c - time from the time stamp counter, time of day, and waiting.
 */
#include "coracle.h"

uint64_t cor_clock_monotonic(void)
{
    static uint64_t start, scale; /* scale: ns of a cycle, as a fraction of 2^32 */
    if (!scale) {
        scale = (COR_NSEC_PER_SEC << 32) / cor_boot_info()->cpu_cycle_freq;
        start = cor_clock_tsc();
    }
    unsigned __int128 ns = (unsigned __int128)(cor_clock_tsc() - start) * scale;
    return (uint64_t)(ns >> 32);
}

uint64_t cor_clock_wall(void)
{
    struct cor_hvt_walltime arg = {0};
    cor_hypercall(COR_HVT_WALLTIME, (uint32_t)(uintptr_t)&arg);
    return arg.nsecs;
}

int cor_poll(uint64_t timeout_ns, uint64_t *ready)
{
    struct cor_hvt_poll arg = {.timeout_nsecs = timeout_ns};
    cor_hypercall(COR_HVT_POLL, (uint32_t)(uintptr_t)&arg);
    if (ready)
        *ready = arg.ready_set;
    return arg.ret;
}

void cor_sleep(uint64_t ns)
{
    uint64_t start = cor_clock_monotonic(), passed;
    while ((passed = cor_clock_monotonic() - start) < ns)
        (void)cor_poll(ns - passed, NULL);
}
