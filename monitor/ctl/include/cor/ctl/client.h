/*
 * client.h - the other half of the control protocol: what runtime and daemon use.
 *
 * A connection is a file descriptor; close() ends it. Functions with a @timeout_ms wait
 * at most that long, -1 for ever, and may be called from any thread as long as one
 * connection has one caller at a time.
 *
 * Errors that all requests share: a positive errno that the monitor answered, negated,
 * its text in @err; -ETIMEDOUT (the request may still happen; use a new connection);
 * -ECONNRESET when the monitor has hung up; -EPROTO for an answer that is not one;
 * -EPROTONOSUPPORT when the two sides have no version in common.
 */
#ifndef COR_CTL_CLIENT_H
#define COR_CTL_CLIENT_H

#include <cor/ctl/proto.h>

/**
 * cor_ctl_listen() - make a control socket, for its owner alone (mode 0600 and umask).
 * @path: where; longer than sun_path is fine, only its last component may not be. Must
 *        not exist.
 * @err: the caller's error
 *
 * Context: before a sandbox closes.
 * Return: a listening, non-blocking, close-on-exec descriptor; -EADDRINUSE when @path
 * exists; -ENAMETOOLONG; another negative errno.
 */
int cor_ctl_listen(const char *path, struct cor_err *err);

/**
 * cor_ctl_connect() - connect to a monitor.
 * @path: its control socket; longer than sun_path is fine, only its last component may
 *        not be
 * @err: the caller's error
 *
 * Waits at most five seconds for a monitor that does not accept.
 *
 * Return: a close-on-exec descriptor; -ENOENT or -ECONNREFUSED without a monitor;
 * -EAGAIN when it does not accept; another negative errno.
 */
int cor_ctl_connect(const char *path, struct cor_err *err);

/**
 * cor_ctl_request() - send a request and wait for its answer.
 * @fd: a connection
 * @type: one of the requests
 * @payload: bytes behind the header, may be NULL when @len is 0
 * @len: their number
 * @ret: the answer, written only on success. Its type and length fit @type.
 * @timeout_ms: see above
 * @err: the caller's error
 *
 * Console output that arrives meanwhile is dropped: an attached connection is for
 * cor_ctl_read_console() alone.
 *
 * Return: 0; see above for errors.
 */
int cor_ctl_request(int fd, enum cor_ctl_type type, const void *payload, size_t len,
                    struct cor_ctl_message *ret, int timeout_ms, struct cor_err *err);

/**
 * cor_ctl_status() - what the machine is doing.
 * @fd: a connection
 * @ret: written only on success; state is one of enum cor_ctl_state
 * @timeout_ms: see above
 * @err: the caller's error
 *
 * Return: 0; see above for errors.
 */
int cor_ctl_status(int fd, struct cor_ctl_status *ret, int timeout_ms,
                   struct cor_err *err);

/**
 * cor_ctl_stats() - counters since the machine's start.
 * @fd: a connection
 * @ret: written only on success; devices is at most COR_CTL_DEVICES_MAX
 * @timeout_ms: see above
 * @err: the caller's error
 *
 * Return: 0; see above for errors.
 */
int cor_ctl_stats(int fd, struct cor_ctl_stats *ret, int timeout_ms,
                  struct cor_err *err);

/**
 * cor_ctl_pause() - stop executing the guest.
 * @fd: a connection
 * @timeout_ms: see above
 * @err: the caller's error
 *
 * Return: 0 when the vCPU stands still; see above for errors.
 */
int cor_ctl_pause(int fd, int timeout_ms, struct cor_err *err);

/**
 * cor_ctl_resume() - continue after a pause.
 * @fd: a connection
 * @timeout_ms: see above
 * @err: the caller's error
 *
 * Return: 0; see above for errors.
 */
int cor_ctl_resume(int fd, int timeout_ms, struct cor_err *err);

/**
 * cor_ctl_stop() - end the machine.
 * @fd: a connection
 * @stop_ms: how long the guest may take, COR_CTL_STOP_NOW or COR_CTL_STOP_DEFAULT
 * @timeout_ms: see above; for the answer, not for the end of the machine
 * @err: the caller's error
 *
 * Return: 0 when the request was accepted; see above for errors.
 */
int cor_ctl_stop(int fd, uint32_t stop_ms, int timeout_ms, struct cor_err *err);

/**
 * cor_ctl_attach() - receive the console, first what the monitor still holds.
 * @fd: a connection, from now on for cor_ctl_read_console() only
 * @timeout_ms: see above
 * @err: the caller's error
 *
 * Return: 0; -EALREADY when it is attached; see above for errors.
 */
int cor_ctl_attach(int fd, int timeout_ms, struct cor_err *err);

/**
 * cor_ctl_detach() - receive the console no longer.
 * @fd: an attached connection; output under way is dropped
 * @timeout_ms: see above
 * @err: the caller's error
 *
 * Return: 0; -ENOTCONN when it is not attached; see above for errors.
 */
int cor_ctl_detach(int fd, int timeout_ms, struct cor_err *err);

/**
 * cor_ctl_read_console() - wait for console output.
 * @fd: an attached connection
 * @ret: written only when the result is positive
 * @timeout_ms: see above
 * @err: the caller's error
 *
 * Return: bytes of @ret->data; 0 when the monitor has hung up; -ETIMEDOUT, after which
 * it may be called again; see above for other errors.
 */
int cor_ctl_read_console(int fd, struct cor_ctl_console *ret, int timeout_ms,
                         struct cor_err *err);

#endif
