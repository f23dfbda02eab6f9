/*
 * err.h - one error type for the whole project, and the exit codes that it ends in.
 *
 * Functions that can fail take a struct cor_err, owned by the caller and never NULL, as
 * last parameter; they return 0 or a count, or a negative errno, and the error is set
 * exactly then. Nothing here allocates.
 */
#ifndef COR_BASE_ERR_H
#define COR_BASE_ERR_H

#define COR_ERR_TEXT 512

struct cor_err {
    int code; /* positive errno, 0 when nothing went wrong */
    char text[COR_ERR_TEXT];
};

/* What coracle-monitor itself exits with; 0..255 may also be the guest's own status. */
enum cor_exit {
    COR_EXIT_USAGE = 64,    /* command line */
    COR_EXIT_DATA = 65,     /* bad image or configuration */
    COR_EXIT_LACKS = 69,    /* the host lacks something: KVM, a device, a kernel feature */
    COR_EXIT_INTERNAL = 70, /* our own mistake */
    COR_EXIT_OS = 71,       /* an operating-system error */
    COR_EXIT_ILLEGAL = 132, /* privileged or illegal instruction in the guest */
    COR_EXIT_FAULT = 139,   /* memory or W^X fault in the guest with no handler */
    COR_EXIT_SANDBOX = 159  /* the monitor broke its own sandbox */
};

/**
 * cor_err_set() - record an error.
 * @err: the caller's error, overwritten
 * @code: positive errno
 * @fmt: printf format of the message, without a trailing newline; names the thing at
 *       fault. Text too long is cut.
 *
 * Return: -@code, so that callers can write `return cor_err_set(...)`.
 */
int cor_err_set(struct cor_err *err, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4), cold));

/**
 * cor_err_os() - record an error of a system call, with strerror(@code) appended.
 * @err: the caller's error, overwritten
 * @code: positive errno
 * @fmt: printf format of the message; ": strerror" is appended
 *
 * Return: -@code.
 */
int cor_err_os(struct cor_err *err, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4), cold));

/**
 * cor_err_wrap() - put context in front of an error that is already set.
 * @err: an error that is set
 * @fmt: printf format of the context; becomes "context: old text"
 *
 * Return: the negative errno that @err holds.
 */
int cor_err_wrap(struct cor_err *err, const char *fmt, ...)
    __attribute__((format(printf, 2, 3), cold));

#endif
