/*
 * exitreport.h - how the machine ended, for the reader of exit.json.
 */
#ifndef MON_EXITREPORT_H
#define MON_EXITREPORT_H

#include <stddef.h>
#include <stdint.h>

#include <cor/vm/vm.h>

#define MON_EXITREPORT_SIZE 4096u

/**
 * mon_exitreport_format() - the JSON object of exit.json, with a newline behind it.
 * @e: how it ended
 * @started: CLOCK_REALTIME at the start, ns
 * @ended: CLOCK_REALTIME at the end, ns
 * @buf: where to
 * @size: of @buf; MON_EXITREPORT_SIZE is always enough
 *
 * Context: allocates nothing. Return: bytes without the NUL.
 */
size_t mon_exitreport_format(const struct cor_vm_exit *e, uint64_t started,
                             uint64_t ended, char *buf, size_t size);

#endif
