/*
 * timeline.h - the boot timeline: when each phase of start-up was over.
 */
#ifndef MON_TIMELINE_H
#define MON_TIMELINE_H

#include <stdint.h>

/**
 * mon_now() - monotonic time.
 *
 * Return: CLOCK_MONOTONIC in ns.
 */
uint64_t mon_now(void);

/**
 * mon_timeline_mark() - a phase is over.
 * @phase: its name, a string that lives on
 */
void mon_timeline_mark(const char *phase);

/**
 * mon_timeline_print() - one line for each phase, in µs since main() and since the
 * phase before, to stderr.
 */
void mon_timeline_print(void);

#endif
