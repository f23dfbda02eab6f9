/*
 * log.h - one line on stderr for each thing worth telling.
 */
#ifndef COR_BASE_LOG_H
#define COR_BASE_LOG_H

enum cor_log_level { COR_LOG_ERROR, COR_LOG_WARN, COR_LOG_INFO, COR_LOG_DEBUG };

/**
 * cor_log_init() - name the program and choose what is printed.
 * @program: prefix of each line, a string that lives on
 * @level: most detailed level printed
 */
void cor_log_init(const char *program, enum cor_log_level level);

/**
 * cor_log_parse_level() - a level from its name.
 * @name: "error", "warn", "info" or "debug"
 * @ret: written only on success
 *
 * Return: 0; -EINVAL.
 */
int cor_log_parse_level(const char *name, enum cor_log_level *ret);

/**
 * cor_log() - print one line "program: message" to stderr with a single write.
 * @level: how important
 * @fmt: printf format, no trailing newline; control characters in the result are
 *       replaced by '?'
 *
 * Context: any thread; allocates nothing, so it may run inside the sandbox.
 */
void cor_log(enum cor_log_level level, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

#endif
