/*
 * eventloop.h - the event thread: signals, deadlines, control clients, gdb's interrupt.
 */
#ifndef MON_EVENTLOOP_H
#define MON_EVENTLOOP_H

#include <stdbool.h>

#include <cor/base/err.h>
#include <cor/config/config.h>
#include <cor/image/image.h>
#include <cor/vm/vm.h>

/* What the event thread works on; lives as long as the process. */
struct mon_machine {
    struct cor_config *config;
    const struct cor_image *image;
    struct cor_vm *vm;
    const char *program; /* path of the image, NULL when it came as a descriptor */
    bool confined;
    uint64_t started; /* CLOCK_MONOTONIC, ns */
};

/**
 * mon_event_prepare() - block the signals that the event thread reads, make its
 * descriptors.
 * @err: the caller's error
 *
 * Context: the main thread, before any other exists. Return: 0; a negative errno.
 */
int mon_event_prepare(struct cor_err *err);

/**
 * mon_event_start() - start the event thread and wait until its sandbox is closed.
 * @m: the machine
 * @err: the caller's error
 *
 * Return: 0; a negative errno.
 */
int mon_event_start(struct mon_machine *m, struct cor_err *err);

/**
 * mon_finish() - report how the machine ended and leave the process. Whichever thread
 * comes first does it; the other one waits here for the end.
 * @m: the machine
 * @e: how it ended
 *
 * Context: any thread, inside the sandbox; does not return.
 */
_Noreturn void mon_finish(struct mon_machine *m, struct cor_vm_exit *e);

#endif
