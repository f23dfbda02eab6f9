/*
 * timeline.c - the boot timeline. Only the main thread marks and prints.
 */
#include "timeline.h"

#include <time.h>

#include <cor/base/log.h>

#define MAX_MARKS 16u

static struct {
    const char *phase;
    uint64_t at;
} marks[MAX_MARKS];
static unsigned int count;

uint64_t mon_now(void)
{
    struct timespec ts;
    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000000000ULL + (uint64_t)ts.tv_nsec;
}

void mon_timeline_mark(const char *phase)
{
    if (count < MAX_MARKS) {
        marks[count].phase = phase;
        marks[count++].at = mon_now();
    }
}

void mon_timeline_print(void)
{
    for (unsigned int i = 1; i < count; i++) {
        uint64_t at = marks[i].at - marks[0].at, step = marks[i].at - marks[i - 1].at;
        cor_log(COR_LOG_INFO, "trace: %8llu us  (+%llu)  %s",
                (unsigned long long)at / 1000, (unsigned long long)step / 1000,
                marks[i].phase);
    }
}
