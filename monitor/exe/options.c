/*
 * options.c - the option table and the functions that store each option's value.
 *
 * The walk over the command line is in options_parse.c. A setter gets the value's text
 * and complains without naming the option: the walk puts that in front.
 */
#include "options.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include <cor/base/cleanup.h>
#include <cor/base/num.h>

#include "options_parse.h"

#define MEM_STEP         (2ULL << 20)
#define MEM_MAX          (4ULL << 30)
#define TAP_NAME_MAX     15u
#define SECTOR_MIN       512u
#define SECTOR_MAX       32768u
#define SECONDS_MAX      (24ULL * 60 * 60)
#define FIRST_INHERITED  3 /* 0, 1 and 2 have a use already */
#define NAME_RULE        "1 to 67 letters and digits"
#define DEV_VALUE(extra) "NAME=" extra

static void *target_of(struct mon_parse *p, const struct mon_option *opt)
{
    return (char *)p->ret + opt->target;
}

static int set_flag(struct mon_parse *p, const struct mon_option *opt, const char *text,
                    struct cor_err *err)
{
    (void)text;
    (void)err;
    *(bool *)target_of(p, opt) = true;
    return 0;
}

static int set_text(struct mon_parse *p, const struct mon_option *opt, const char *text,
                    struct cor_err *err)
{
    (void)err;
    *(const char **)target_of(p, opt) = text;
    return 0;
}

static int set_mode(struct mon_parse *p, const struct mon_option *opt, const char *text,
                    struct cor_err *err)
{
    (void)text;
    enum mon_mode mode = (enum mon_mode)opt->target;
    bool last_word =
        mode == MON_HELP || mode == MON_VERSION || mode == MON_LIST_OPTIONS;
    if (!last_word && p->ret->mode != MON_RUN && p->ret->mode != mode)
        return cor_err_set(err, EINVAL, "cannot be combined with %s", p->mode_word);
    p->ret->mode = mode;
    p->mode_word = mode == MON_INSPECT ? "--inspect" : "--dry-run";
    p->finished = last_word;
    return 0;
}

static int set_mem(struct mon_parse *p, const struct mon_option *opt, const char *text,
                   struct cor_err *err)
{
    (void)opt;
    uint64_t size;
    int r = cor_num_size(text, 1ULL << 20, &size, err);
    if (r < 0)
        return r;
    if (size < MEM_STEP || size > MEM_MAX)
        return cor_err_set(err, ERANGE, "'%s' is outside 2 MiB..4 GiB", text);
    p->ret->mem_size = size - size % MEM_STEP;
    p->ret->mem_adjusted = p->ret->mem_size != size;
    return 0;
}

/* Splits "NAME=VALUE" and finds or adds the device NAME. */
static int find_dev(struct mon_parse *p, const char *text, struct mon_parse_dev **ret,
                    const char **value, struct cor_err *err)
{
    const char *eq = strchr(text, '=');
    if (!eq)
        return cor_err_set(err, EINVAL, "'%s' is not of the form NAME=VALUE", text);
    size_t len = (size_t)(eq - text);
    size_t good = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                               "0123456789");
    if (len == 0 || len >= MON_NAME_SIZE || good != len)
        return cor_err_set(err, EINVAL, "'%.*s' is not a device name (%s)", (int)len,
                           text, NAME_RULE);
    if (!eq[1])
        return cor_err_set(err, EINVAL, "%.*s: the value is empty", (int)len, text);
    *value = eq + 1;
    for (unsigned int i = 0; i < p->ret->ndevs; i++) {
        const char *name = p->ret->dev[i].name;
        if (strlen(name) == len && memcmp(name, text, len) == 0) {
            *ret = &p->dev[i];
            return 0;
        }
    }
    if (p->ret->ndevs == MON_MAX_DEVS)
        return cor_err_set(err, E2BIG, "%.*s: more than %u devices", (int)len, text,
                           MON_MAX_DEVS);
    unsigned int n = p->ret->ndevs++;
    p->dev[n] = (struct mon_parse_dev){.arg = &p->ret->dev[n]};
    memcpy(p->ret->dev[n].name, text, len);
    *ret = &p->dev[n];
    return 0;
}

/* Marks what was said about a device; saying the same twice would hide one of them. */
static int say(struct mon_parse_dev *d, unsigned int what, struct cor_err *err)
{
    if (d->said & what)
        return cor_err_set(err, EINVAL, "%s: given twice", d->arg->name);
    if ((d->said & MON_SAID_DEVICE) && (what & MON_SAID_DEVICE))
        return cor_err_set(err, EINVAL, "%s: is a disk and a net device", d->arg->name);
    d->said |= what;
    return 0;
}

static int set_block(struct mon_parse *p, const struct mon_option *opt,
                     const char *text, struct cor_err *err)
{
    (void)opt;
    struct mon_parse_dev *d;
    const char *value;
    int r = find_dev(p, text, &d, &value, err);
    if (r < 0 || (r = say(d, MON_SAID_BLOCK, err)) < 0)
        return r;
    size_t len = strlen(value);
    d->arg->readonly = len >= 3 && strcmp(value + len - 3, ":ro") == 0;
    d->arg->value = value;
    d->arg->value_len = d->arg->readonly ? len - 3 : len;
    if (d->arg->value_len == 0)
        return cor_err_set(err, EINVAL, "%s: the path is empty", d->arg->name);
    return 0;
}

static int set_sector_size(struct mon_parse *p, const struct mon_option *opt,
                           const char *text, struct cor_err *err)
{
    (void)opt;
    struct mon_parse_dev *d;
    const char *value;
    uint64_t n;
    int r = find_dev(p, text, &d, &value, err);
    if (r < 0 || (r = say(d, MON_SAID_SECTOR_SIZE, err)) < 0)
        return r;
    r = cor_num_u64(value, 0, UINT64_MAX, &n, err);
    if (r == 0 && (n < SECTOR_MIN || n > SECTOR_MAX || (n & (n - 1))))
        r = cor_err_set(err, EINVAL, "'%s' is not a power of two in %u..%u", value,
                        SECTOR_MIN, SECTOR_MAX);
    if (r < 0)
        return cor_err_wrap(err, "%s", d->arg->name);
    d->arg->sector_size = (uint32_t)n;
    return 0;
}

static int check_fd(const char *value, int lowest, struct cor_err *err)
{
    uint64_t n;
    return cor_num_u64(value, (uint64_t)lowest, INT_MAX, &n, err);
}

static int set_net(struct mon_parse *p, const struct mon_option *opt, const char *text,
                   struct cor_err *err)
{
    (void)opt;
    struct mon_parse_dev *d;
    const char *value;
    int r = find_dev(p, text, &d, &value, err);
    if (r < 0 || (r = say(d, MON_SAID_NET, err)) < 0)
        return r;
    if (value[0] == '@')
        r = check_fd(value + 1, FIRST_INHERITED, err);
    else if (strlen(value) > TAP_NAME_MAX)
        r = cor_err_set(err, EINVAL, "'%s' is too long for an interface (max=%u)",
                        value, TAP_NAME_MAX);
    if (r < 0)
        return cor_err_wrap(err, "%s", d->arg->name);
    d->arg->net = true;
    d->arg->value = value;
    return 0;
}

static int set_net_mac(struct mon_parse *p, const struct mon_option *opt,
                       const char *text, struct cor_err *err)
{
    (void)opt;
    struct mon_parse_dev *d;
    const char *value;
    int r = find_dev(p, text, &d, &value, err);
    if (r < 0 || (r = say(d, MON_SAID_MAC, err)) < 0)
        return r;
    if (cor_num_mac(value, d->arg->mac, err) < 0)
        return cor_err_wrap(err, "%s", d->arg->name);
    d->arg->has_mac = true;
    return 0;
}

static int set_config(struct mon_parse *p, const struct mon_option *opt,
                      const char *text, struct cor_err *err)
{
    int r = text[0] == '@' ? check_fd(text + 1, 0, err) : 0;
    return r < 0 ? r : set_text(p, opt, text, err);
}

static int set_gdb(struct mon_parse *p, const struct mon_option *opt, const char *text,
                   struct cor_err *err)
{
    bool ipv6;
    uint16_t port;
    int r = mon_option_tcp(text, &ipv6, &port, err);
    return r < 0 ? r : set_text(p, opt, text, err);
}

static int set_exit_fd(struct mon_parse *p, const struct mon_option *opt,
                       const char *text, struct cor_err *err)
{
    (void)opt;
    uint64_t n;
    int r = cor_num_u64(text, FIRST_INHERITED, INT_MAX, &n, err);
    if (r == 0)
        p->ret->exit_fd = (int)n;
    return r;
}

static int set_console_stall(struct mon_parse *p, const struct mon_option *opt,
                             const char *text, struct cor_err *err)
{
    (void)opt;
    uint64_t n;
    if (strcmp(text, "block") == 0) {
        p->ret->console_stall_ms = MON_STALL_BLOCK;
    } else if (strcmp(text, "drop") == 0) {
        p->ret->console_stall_ms = MON_STALL_DROP;
    } else {
        int r = cor_num_u64(text, 1, SECONDS_MAX, &n, err);
        if (r == -EINVAL)
            return cor_err_set(err, EINVAL, "'%s' is not block, drop or seconds", text);
        if (r < 0)
            return r;
        p->ret->console_stall_ms = (int64_t)n * 1000;
    }
    return 0;
}

static int set_stop_timeout(struct mon_parse *p, const struct mon_option *opt,
                            const char *text, struct cor_err *err)
{
    (void)opt;
    uint64_t n;
    int r = cor_num_u64(text, 0, SECONDS_MAX, &n, err);
    if (r == 0)
        p->ret->stop_timeout_ms = (uint32_t)n * 1000;
    return r;
}

static int set_format(struct mon_parse *p, const struct mon_option *opt,
                      const char *text, struct cor_err *err)
{
    (void)opt;
    if (strcmp(text, "text") != 0 && strcmp(text, "json") != 0)
        return cor_err_set(err, EINVAL, "'%s' is not text or json", text);
    p->ret->json = text[0] == 'j';
    p->format_given = true;
    return 0;
}

static int set_log_level(struct mon_parse *p, const struct mon_option *opt,
                         const char *text, struct cor_err *err)
{
    (void)opt;
    p->level_given = true;
    return mon_parse_log_level(text, &p->ret->log_level, err);
}

#define IN(member) offsetof(struct mon_options, member)

static const struct mon_option table[] = {
    {"mem", 0, MON_OPT_TEXT, MON_GROUP_MACHINE, true, "SIZE",
     "guest memory: MiB, or with a unit (64M, 1G); default 512", set_mem, 0},
    {"block", 0, MON_OPT_DEVICE, MON_GROUP_MACHINE, true, DEV_VALUE("PATH[:ro]"),
     "attach a file or block device as disk NAME", set_block, 0},
    {"block-sector-size", 0, MON_OPT_DEVICE, MON_GROUP_MACHINE, true,
     DEV_VALUE("BYTES"), "sector size of disk NAME; default 512", set_sector_size, 0},
    {"net", 0, MON_OPT_DEVICE, MON_GROUP_MACHINE, true, DEV_VALUE("IFACE|@FD"),
     "attach a tap interface, or an inherited tap, as NAME", set_net, 0},
    {"net-mac", 0, MON_OPT_DEVICE, MON_GROUP_MACHINE, true, DEV_VALUE("MAC"),
     "Ethernet address of NAME; default random", set_net_mac, 0},
    {"config", 0, MON_OPT_FILE, MON_GROUP_MACHINE, false, "FILE|@FD",
     "read the whole machine from JSON; no IMAGE then", set_config, IN(config)},
    {"control", 0, MON_OPT_FILE, MON_GROUP_RUN, true, "SOCKET",
     "listen here for state, pause, stop and the like", set_text, IN(control)},
    {"exit-fd", 0, MON_OPT_TEXT, MON_GROUP_RUN, true, "FD",
     "write how the guest ended, as JSON, to this descriptor", set_exit_fd, 0},
    {"console-stall", 0, MON_OPT_WORDS, MON_GROUP_RUN, true, "block|drop|SECONDS",
     "when the console's reader stops reading; default block", set_console_stall, 0},
    {"stop-timeout", 0, MON_OPT_TEXT, MON_GROUP_RUN, true, "SECONDS",
     "time that a guest has for stopping; default 10", set_stop_timeout, 0},
    {"privileged-guest", 0, MON_OPT_FLAG, MON_GROUP_RUN, true, NULL,
     "run the guest in ring 0 of its machine, not confined", set_flag,
     IN(privileged_guest)},
    {"log-level", 0, MON_OPT_WORDS, MON_GROUP_RUN, false, "error|warn|info|debug",
     "messages on stderr; default $CORACLE_LOG, else info", set_log_level, 0},
    {"dump-core", 0, MON_OPT_DIR, MON_GROUP_DEBUG, true, "DIR",
     "write a core file of the guest there when it crashes", set_text, IN(core_dir)},
    {"dumpcore", 0, MON_OPT_ALIAS, MON_GROUP_DEBUG, true, "dump-core",
     "the same as --dump-core", set_text, IN(core_dir)},
    {"gdb", 0, MON_OPT_FILE, MON_GROUP_DEBUG, true, "SOCKET",
     "wait for gdb on a unix socket or 127.0.0.1:PORT", set_gdb, IN(gdb)},
    {"trace", 0, MON_OPT_FLAG, MON_GROUP_DEBUG, true, NULL, "count and time hypercalls",
     set_flag, IN(trace)},
    {"inspect", 0, MON_OPT_FLAG, MON_GROUP_INFO, false, NULL,
     "tell what IMAGE is, and run nothing", set_mode, MON_INSPECT},
    {"dry-run", 0, MON_OPT_FLAG, MON_GROUP_INFO, false, NULL,
     "check everything, and run nothing", set_mode, MON_DRY_RUN},
    {"format", 0, MON_OPT_WORDS, MON_GROUP_INFO, false, "text|json",
     "form of what --inspect and --dry-run print", set_format, 0},
    {"help", 'h', MON_OPT_FLAG, MON_GROUP_INFO, false, NULL, "print this text",
     set_mode, MON_HELP},
    {"version", 'V', MON_OPT_FLAG, MON_GROUP_INFO, false, NULL, "print the version",
     set_mode, MON_VERSION},
    {"list-options", 0, MON_OPT_FLAG, MON_GROUP_HIDDEN, false, NULL,
     "print these options for programs", set_mode, MON_LIST_OPTIONS},
};

const struct mon_option *mon_options_table(size_t *count)
{
    *count = COR_ARRAY_SIZE(table);
    return table;
}
