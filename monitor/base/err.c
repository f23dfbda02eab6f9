/*
 * err.c - setting and wrapping errors in the caller's buffer.
 */
#include <cor/base/err.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void set_text(struct cor_err *err, const char *fmt, va_list ap)
    __attribute__((format(printf, 2, 0)));

static void set_text(struct cor_err *err, const char *fmt, va_list ap)
{
    if (vsnprintf(err->text, sizeof(err->text), fmt, ap) < 0)
        err->text[0] = '\0';
}

/* Appends ": tail", cutting what does not fit. */
static void append(struct cor_err *err, const char *tail)
{
    size_t used = strlen(err->text);
    (void)snprintf(err->text + used, sizeof(err->text) - used, ": %s", tail);
}

int cor_err_set(struct cor_err *err, int code, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    set_text(err, fmt, ap);
    va_end(ap);
    err->code = code;
    return -code;
}

int cor_err_os(struct cor_err *err, int code, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    set_text(err, fmt, ap);
    va_end(ap);
    append(err, strerror(code));
    err->code = code;
    return -code;
}

int cor_err_wrap(struct cor_err *err, const char *fmt, ...)
{
    char old[COR_ERR_TEXT];
    memcpy(old, err->text, sizeof(old));
    va_list ap;
    va_start(ap, fmt);
    set_text(err, fmt, ap);
    va_end(ap);
    append(err, old);
    return -err->code;
}
