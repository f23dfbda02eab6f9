/*
 * options_parse.h - what options.c (setters) and options_parse.c (the walk) share.
 */
#ifndef MON_OPTIONS_PARSE_H
#define MON_OPTIONS_PARSE_H

#include "options.h"

#define MON_SAID_BLOCK       1u
#define MON_SAID_NET         2u
#define MON_SAID_DEVICE      (MON_SAID_BLOCK | MON_SAID_NET)
#define MON_SAID_SECTOR_SIZE 4u
#define MON_SAID_MAC         8u

/* Options about one device come in any order, so what was said is judged at the end. */
struct mon_parse_dev {
    struct mon_dev_arg *arg;
    unsigned int said; /* MON_SAID_* */
};

struct mon_parse {
    struct mon_options *ret;
    bool finished;              /* --help and the like: the rest is not looked at */
    bool level_given;           /* --log-level */
    bool format_given;          /* --format */
    const char *mode_word;      /* the word that chose a mode other than MON_RUN */
    const char *machine_option; /* the first option that --config excludes */
    struct mon_parse_dev dev[MON_MAX_DEVS];
};

/**
 * mon_parse_log_level() - a log level from its name.
 * @text: the name
 * @ret: written only on success
 * @err: the caller's error
 *
 * Return: 0; -EINVAL.
 */
int mon_parse_log_level(const char *text, enum cor_log_level *ret, struct cor_err *err);

#endif
