/*
 * control.h - what the control server asks of this machine.
 */
#ifndef MON_CONTROL_H
#define MON_CONTROL_H

#include <poll.h>

#include "eventloop.h"

/**
 * mon_control_init() - serve clients of the listening socket of the configuration.
 * @m: the machine; with no control socket nothing is served
 */
void mon_control_init(struct mon_machine *m);

/**
 * mon_control_poll() - what to wait for.
 * @pfd: where to
 * @max: room there
 *
 * Return: entries used.
 */
unsigned int mon_control_poll(struct pollfd *pfd, unsigned int max);

/**
 * mon_control_handle() - serve what the wait has found, and tell clients what has
 * changed in the machine since.
 * @pfd: as filled in by mon_control_poll(), with results
 * @n: entries
 */
void mon_control_handle(const struct pollfd *pfd, unsigned int n);

/**
 * mon_request_stop() - ask the machine to stop, and force it after a deadline.
 * @m: the machine
 * @signal: that is the reason
 * @what: COR_VM_STOP, perhaps with COR_VM_CORE
 * @timeout_ms: until the machine is ended without asking
 *
 * Context: the event thread.
 */
void mon_request_stop(struct mon_machine *m, int signal, unsigned int what,
                      uint32_t timeout_ms);

#endif
