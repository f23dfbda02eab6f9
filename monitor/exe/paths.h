/*
 * paths.h - the files that a run itself makes: sockets and the core file.
 */
#ifndef MON_PATHS_H
#define MON_PATHS_H

#include <cor/base/err.h>
#include <cor/config/config.h>

#include "options.h"

/**
 * mon_paths_open() - make the sockets and the core file that the options name.
 * @o: parsed options
 * @c: control_fd, gdb_fd and core_fd are filled in
 * @guard: write end of a pipe to the guardian, -1 when there is nothing to guard
 * @err: the caller's error
 *
 * The sandbox has no way to remove a file, and a killed process removes none. So a
 * small guardian process holds the other end of a pipe: when the monitor has ended,
 * however, it removes what was made here and ends as well. The core file stays if the
 * monitor has written MON_KEEP_CORE to the pipe before.
 *
 * Return: 0; a negative errno, and nothing is left behind.
 */
int mon_paths_open(const struct mon_options *o, struct cor_config *c, int *guard,
                   struct cor_err *err);

#define MON_KEEP_CORE 'K'

#endif
