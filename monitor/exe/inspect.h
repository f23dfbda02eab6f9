/*
 * inspect.h - what a file is, told without running it.
 */
#ifndef MON_INSPECT_H
#define MON_INSPECT_H

#include <stdbool.h>
#include <stdio.h>

#include <cor/base/err.h>

/**
 * mon_inspect_print() - print what a unikernel image is and what it needs.
 * @path: its name, for messages and the first line
 * @fd: the image, read with pread
 * @json: one JSON object instead of text
 * @out: where to
 * @err: the caller's error
 *
 * Describes images of Solo5 tenders other than hvt too, as far as they obey its rules:
 * "runnable" tells whether this monitor runs them.
 *
 * Return: 0; a negative errno of cor_image_read_any(), -ENOMEM, -EIO.
 */
int mon_inspect_print(const char *path, int fd, bool json, FILE *out,
                      struct cor_err *err);

#endif
