/*
 * config_priv.h - what the files of this library share.
 */
#ifndef CONFIG_PRIV_H
#define CONFIG_PRIV_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#include <cor/base/err.h>

#define CONFIG_FD_MIN         3 /* 0, 1 and 2 have a use already */
#define CONFIG_CONSOLE_FD_MIN 1

/*
 * Text to tree. Returns NULL with @err set; 64 KiB, COR_CONFIG_DEPTH_MAX levels, no
 * duplicates, nothing behind the value. Strings may hold NUL: the caller refuses them,
 * since it knows the member's name.
 */
json_t *config_load(const char *json, size_t len, struct cor_err *err);

#endif
