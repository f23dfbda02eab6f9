/*
 * log.c - log lines, built on the stack and written at once.
 */
#include <cor/base/log.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const char *log_program = "coracle";
static enum cor_log_level log_level = COR_LOG_INFO;

void cor_log_init(const char *program, enum cor_log_level level)
{
    log_program = program;
    log_level = level;
}

int cor_log_parse_level(const char *name, enum cor_log_level *ret)
{
    static const char *const names[] = {"error", "warn", "info", "debug"};
    for (unsigned int i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(name, names[i]) == 0) {
            *ret = (enum cor_log_level)i;
            return 0;
        }
    }
    return -EINVAL;
}

void cor_log(enum cor_log_level level, const char *fmt, ...)
{
    char line[1024];
    if (level > log_level)
        return;
    int n = snprintf(line, sizeof(line), "%s: %s", log_program,
                     level == COR_LOG_WARN ? "warning: " : "");
    size_t used = n < 0 ? 0 : (size_t)n;
    va_list ap;
    va_start(ap, fmt);
    n = vsnprintf(line + used, sizeof(line) - used - 1, fmt, ap);
    va_end(ap);
    if (n > 0)
        used += (size_t)n < sizeof(line) - used - 1 ? (size_t)n : sizeof(line) - used - 2;
    for (size_t i = 0; i < used; i++) {
        if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
            line[i] = '?';
    }
    line[used++] = '\n';
    /* Nobody is left to tell when stderr fails. */
    ssize_t ignored = write(STDERR_FILENO, line, used);
    (void)ignored;
}
