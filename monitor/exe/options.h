/*
 * options.h - the command line of coracle-monitor.
 *
 *     coracle-monitor [OPTION...] [--] IMAGE [ARG...]
 *     coracle-monitor debug [OPTION...] [--] IMAGE [ARG...]
 *     coracle-monitor --config FILE|@FD [--dry-run]
 *
 * Options end at the first word that is none (IMAGE); what follows belongs to the
 * guest. One table, mon_options_table(), holds every option: the parser, --help and the
 * hidden
 * --list-options read it, contrib/completions/ is generated from the latter, and a test
 * holds the man page against it. Parsing opens nothing and prints nothing: it can be
 * tested, and a wrong command line has no effect.
 */
#ifndef MON_OPTIONS_H
#define MON_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cor/base/err.h>
#include <cor/base/log.h>

#define MON_MAX_DEVS     63u /* handles 1..63 */
#define MON_NAME_SIZE    68u /* of a device's name, with the NUL */
#define MON_CMDLINE_SIZE 8192u

#define MON_STALL_BLOCK (-1) /* console_stall_ms: wait for the reader for ever */
#define MON_STALL_DROP  0    /* console_stall_ms: never wait */

enum mon_mode {
    MON_RUN,
    MON_DEBUG, /* run under gdb, on a private socket that main() makes */
    MON_INSPECT,
    MON_DRY_RUN,
    MON_HELP,
    MON_VERSION,
    MON_LIST_OPTIONS
};

struct mon_dev_arg {
    bool net;
    char name[MON_NAME_SIZE];
    const char *value;    /* path of a disk; interface or "@FD" of a net device */
    size_t value_len;     /* of a disk's path, without its ":ro" */
    bool readonly;        /* disks: ":ro" was given */
    bool has_mac;         /* net: --net-mac was given */
    uint8_t mac[6];       /* net */
    uint32_t sector_size; /* disks: bytes, 512 unless told */
};

/* Strings point into argv. Strings that were not given are NULL. */
struct mon_options {
    enum mon_mode mode;
    bool json; /* --format json */
    const char *image;
    uint64_t mem_size; /* bytes, a multiple of 2 MiB */
    bool mem_adjusted; /* it was rounded: see mon_options_warn() */
    unsigned int ndevs;
    struct mon_dev_arg dev[MON_MAX_DEVS];
    const char *config; /* file name or "@FD"; then image, devices etc. are not given */
    const char *core_dir, *gdb, *control;
    int exit_fd; /* -1: none */
    int64_t
        console_stall_ms; /* longest wait for the console's reader, or MON_STALL_* */
    uint32_t stop_timeout_ms;
    bool privileged_guest, trace;
    enum cor_log_level log_level;
    char cmdline[MON_CMDLINE_SIZE]; /* the guest's arguments, joined with single spaces
                                     */
};

enum mon_option_kind {
    MON_OPT_FLAG,   /* takes no value */
    MON_OPT_TEXT,   /* a value with nothing to complete */
    MON_OPT_WORDS,  /* the value's name lists words: "a|b|REST" */
    MON_OPT_FILE,   /* a file name */
    MON_OPT_DIR,    /* a directory */
    MON_OPT_DEVICE, /* NAME=VALUE; also spelt --option:NAME=VALUE */
    MON_OPT_ALIAS   /* of the option that `value` names; takes the same value */
};

enum mon_option_group {
    MON_GROUP_MACHINE,
    MON_GROUP_RUN,
    MON_GROUP_DEBUG,
    MON_GROUP_INFO,
    MON_GROUP_HIDDEN /* not for people: in no help, man page or completion */
};

struct mon_parse; /* what the parser knows besides its result */

struct mon_option {
    const char *name; /* without the dashes */
    char letter;      /* one-letter form, 0 for none */
    enum mon_option_kind kind;
    enum mon_option_group group;
    bool machine; /* describes the machine: excludes --config */
    const char *value;
    const char *help;
    int (*set)(struct mon_parse *p, const struct mon_option *opt, const char *text,
               struct cor_err *err);
    size_t target; /* for @set: offset in struct mon_options, or an enum mon_mode */
};

/**
 * mon_options_table() - every option, in the order in which --help shows them.
 * @count: number of rows
 *
 * Return: the rows; they live as long as the program.
 */
const struct mon_option *mon_options_table(size_t *count);

/**
 * mon_options_parse() - read a command line.
 * @argc: as main() gets it
 * @argv: as main() gets it; the result points into it
 * @ret: meaningful only on success; for MON_HELP, MON_VERSION and MON_LIST_OPTIONS only
 *       its mode is
 * @err: the caller's error, one line that names the option at fault
 *
 * CORACLE_LOG in the environment is the log level where --log-level is not given.
 *
 * Return: 0; a negative errno for a usage error (exit status COR_EXIT_USAGE).
 */
int mon_options_parse(int argc, char **argv, struct mon_options *ret,
                      struct cor_err *err);

/**
 * mon_options_warn() - log what was accepted but changed.
 * @o: a parsed command line
 *
 * Context: after cor_log_init(), since parsing itself is silent.
 */
void mon_options_warn(const struct mon_options *o);

/**
 * mon_option_fd() - the number of an inherited descriptor in a value "@FD".
 * @value: a value that may be "@FD"
 *
 * Return: the descriptor's number; -1 when @value is not of that form.
 */
int mon_option_fd(const char *value);

/**
 * mon_option_tcp() - read the address of a gdb socket, loopback only.
 * @spec: "127.0.0.1:PORT", "localhost:PORT" or "[::1]:PORT"; anything with a '/' or
 *        without a ':' is the path of a unix socket
 * @ipv6: the address is ::1
 * @port: written only on success; 0 stands for a unix socket
 * @err: the caller's error
 *
 * Return: 0; -EINVAL for another address or a bad port.
 */
int mon_option_tcp(const char *spec, bool *ipv6, uint16_t *port, struct cor_err *err);

/**
 * mon_options_help() - print what --help prints.
 * @out: where to
 */
void mon_options_help(FILE *out);

/**
 * mon_options_list() - print the table for programs, one line an option.
 * @out: where to
 *
 * Fields are separated by tabs: long form, one-letter form or "-", kind ("flag",
 * "text", "words", "file", "dir", "device", "alias"), value name or "-" (an alias: the
 * option that it stands for), help. Hidden options are left out.
 */
void mon_options_list(FILE *out);

#endif
