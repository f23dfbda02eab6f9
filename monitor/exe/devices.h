/*
 * devices.h - everything that the command line names by path, opened.
 */
#ifndef MON_DEVICES_H
#define MON_DEVICES_H

#include <cor/base/err.h>
#include <cor/config/config.h>

#include "options.h"

/**
 * mon_devices_open() - open image, disks and taps; fill in a configuration.
 * @o: parsed options of a run
 * @c: initialised configuration; on failure it may hold descriptors, which the process
 *     that is about to exit closes
 * @err: the caller's error, names the option or path at fault
 *
 * A writable disk is locked for us alone, a read-only one against writers, so that two
 * monitors never share a disk that one of them writes. A tap must exist and be up:
 * nothing is made here that would have to be removed.
 *
 * Return: 0; a negative errno, -EINVAL or -ENOEXEC when what was named cannot be it.
 */
int mon_devices_open(const struct mon_options *o, struct cor_config *c,
                     struct cor_err *err);

#endif
