/*
 * options_parse.c - the walk over the command line, and what must hold at its end.
 */
#include "options_parse.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <cor/base/num.h>

#define MEM_DEFAULT          (512ULL << 20)
#define SECTOR_DEFAULT       512u
#define STOP_DEFAULT_MS      10000u
#define SUGGEST_MAX_DISTANCE 3u
#define SUGGEST_MAX_LEN      32u

int mon_parse_log_level(const char *text, enum cor_log_level *ret, struct cor_err *err)
{
    if (cor_log_parse_level(text, ret) < 0)
        return cor_err_set(err, EINVAL, "'%s' is not error, warn, info or debug", text);
    return 0;
}

int mon_option_fd(const char *value)
{
    struct cor_err unused;
    uint64_t n;
    if (value[0] != '@' || cor_num_u64(value + 1, 0, INT32_MAX, &n, &unused) < 0)
        return -1;
    return (int)n;
}

int mon_option_tcp(const char *spec, bool *ipv6, uint16_t *port, struct cor_err *err)
{
    static const char *const hosts[] = {"127.0.0.1:", "localhost:", "[::1]:"};
    uint64_t n;
    if (strchr(spec, '/') || !strchr(spec, ':')) {
        *ipv6 = false;
        *port = 0;
        return 0;
    }
    for (size_t i = 0; i < sizeof(hosts) / sizeof(hosts[0]); i++) {
        size_t len = strlen(hosts[i]);
        if (strncmp(spec, hosts[i], len) != 0)
            continue;
        int r = cor_num_u64(spec + len, 1, UINT16_MAX, &n, err);
        if (r < 0)
            return cor_err_wrap(err, "port");
        *ipv6 = hosts[i][0] == '[';
        *port = (uint16_t)n;
        return 0;
    }
    return cor_err_set(
        err, EINVAL,
        "'%s' is not a loopback address (use 127.0.0.1:PORT, [::1]:PORT or "
        "the path of a unix socket)",
        spec);
}

/* Levenshtein distance of @a (of @alen characters) and @b; both are short. */
static unsigned int distance(const char *a, size_t alen, const char *b)
{
    unsigned int row[SUGGEST_MAX_LEN + 1];
    size_t blen = strlen(b);
    if (alen > SUGGEST_MAX_LEN || blen > SUGGEST_MAX_LEN)
        return UINT32_MAX;
    for (size_t j = 0; j <= blen; j++)
        row[j] = (unsigned int)j;
    for (size_t i = 1; i <= alen; i++) {
        unsigned int diagonal = row[0];
        row[0] = (unsigned int)i;
        for (size_t j = 1; j <= blen; j++) {
            unsigned int best = diagonal + (a[i - 1] != b[j - 1]);
            diagonal = row[j];
            if (row[j] + 1 < best)
                best = row[j] + 1;
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            row[j] = best;
        }
    }
    return row[blen];
}

static int unknown(const char *word, size_t len, struct cor_err *err)
{
    size_t count;
    const struct mon_option *t = mon_options_table(&count);
    const char *nearest = NULL;
    unsigned int least = SUGGEST_MAX_DISTANCE;
    for (size_t i = 0; i < count; i++) {
        unsigned int d = len > 2 ? distance(word + 2, len - 2, t[i].name) : UINT32_MAX;
        if (d < least && t[i].group != MON_GROUP_HIDDEN) {
            least = d;
            nearest = t[i].name;
        }
    }
    if (nearest)
        return cor_err_set(err, EINVAL, "unknown option '%.*s' (did you mean '--%s'?)",
                           (int)len, word, nearest);
    return cor_err_set(err, EINVAL, "unknown option '%.*s'", (int)len, word);
}

/* The option that a word starting with '-' names; @text gets a value in the same word.
 */
static const struct mon_option *lookup(const char *word, const char **text,
                                       struct cor_err *err)
{
    size_t count;
    const struct mon_option *t = mon_options_table(&count);
    size_t len = strcspn(word, "=:");
    *text = word[len] ? word + len + 1 : NULL;
    for (size_t i = 0; i < count; i++) {
        bool is_long = word[1] == '-' && strlen(t[i].name) == len - 2 &&
                       memcmp(t[i].name, word + 2, len - 2) == 0;
        bool is_short = t[i].letter && word[1] == t[i].letter && !word[2];
        if (is_short || (is_long && (word[len] != ':' || t[i].kind == MON_OPT_DEVICE)))
            return &t[i];
    }
    (void)unknown(word, word[len] == ':' ? strlen(word) : len, err);
    return NULL;
}

static const char *value_name(const struct mon_option *opt)
{
    size_t count;
    const struct mon_option *t = mon_options_table(&count);
    for (size_t i = 0; opt->kind == MON_OPT_ALIAS && i < count; i++) {
        if (strcmp(t[i].name, opt->value) == 0)
            return t[i].value;
    }
    return opt->value;
}

/* Reads the option at argv[*i] and moves *i to its last word. */
static int one_option(struct mon_parse *p, int argc, char **argv, int *i,
                      struct cor_err *err)
{
    const char *text;
    const struct mon_option *opt = lookup(argv[*i], &text, err);
    if (!opt)
        return -err->code;
    if (opt->kind == MON_OPT_FLAG && text)
        return cor_err_set(err, EINVAL, "--%s: takes no value", opt->name);
    if (opt->kind != MON_OPT_FLAG) {
        if (!text && *i + 1 < argc)
            text = argv[++*i];
        if (!text)
            return cor_err_set(err, EINVAL, "--%s: needs a value (%s)", opt->name,
                               value_name(opt));
        if (!*text)
            return cor_err_set(err, EINVAL, "--%s: the value is empty", opt->name);
    }
    if (opt->set(p, opt, text, err) < 0)
        return cor_err_wrap(err, "--%s", opt->name);
    if (opt->machine && !p->machine_option)
        p->machine_option = opt->name;
    return 0;
}

static int join_args(struct mon_options *o, int argc, char **argv, struct cor_err *err)
{
    size_t used = 0;
    for (int i = 0; i < argc; i++) {
        size_t len = strlen(argv[i]);
        size_t space = i > 0;
        if (len >= sizeof(o->cmdline) - used - space)
            return cor_err_set(err, E2BIG,
                               "guest command line too long (max=%u characters)",
                               MON_CMDLINE_SIZE - 1);
        if (space)
            o->cmdline[used++] = ' ';
        memcpy(o->cmdline + used, argv[i], len);
        used += len;
    }
    o->cmdline[used] = '\0';
    return 0;
}

static int finish_devs(struct mon_parse *p, struct cor_err *err)
{
    for (unsigned int i = 0; i < p->ret->ndevs; i++) {
        const struct mon_parse_dev *d = &p->dev[i];
        if ((d->said & MON_SAID_SECTOR_SIZE) && !(d->said & MON_SAID_BLOCK))
            return cor_err_set(err, EINVAL,
                               "--block-sector-size: there is no disk '%s'",
                               d->arg->name);
        if ((d->said & MON_SAID_MAC) && !(d->said & MON_SAID_NET))
            return cor_err_set(err, EINVAL, "--net-mac: there is no net device '%s'",
                               d->arg->name);
        if (!d->arg->net && d->arg->sector_size == 0)
            d->arg->sector_size = SECTOR_DEFAULT;
    }
    return 0;
}

/* One descriptor cannot be two things. */
static int finish_fds(const struct mon_options *o, struct cor_err *err)
{
    for (unsigned int i = 0; i < o->ndevs; i++) {
        int fd = o->dev[i].net ? mon_option_fd(o->dev[i].value) : -1;
        if (fd < 0)
            continue;
        if (fd == o->exit_fd)
            return cor_err_set(err, EINVAL, "--exit-fd: %d is net device '%s' already",
                               fd, o->dev[i].name);
        for (unsigned int j = 0; j < i; j++) {
            if (o->dev[j].net && mon_option_fd(o->dev[j].value) == fd)
                return cor_err_set(err, EINVAL, "--net: %s: @%d is '%s' already",
                                   o->dev[i].name, fd, o->dev[j].name);
        }
    }
    return 0;
}

static int finish_modes(const struct mon_parse *p, struct cor_err *err)
{
    const struct mon_options *o = p->ret;
    if (p->format_given && o->mode != MON_INSPECT && o->mode != MON_DRY_RUN)
        return cor_err_set(err, EINVAL, "--format: only with --inspect or --dry-run");
    if (o->mode == MON_DEBUG && o->gdb)
        return cor_err_set(err, EINVAL, "--gdb: 'debug' makes a socket of its own");
    if (o->config && (o->mode == MON_DEBUG || o->mode == MON_INSPECT))
        return cor_err_set(err, EINVAL, "--config: cannot be combined with %s",
                           p->mode_word);
    if (o->config && p->machine_option)
        return cor_err_set(err, EINVAL, "--config: cannot be combined with --%s",
                           p->machine_option);
    if (o->config && o->image)
        return cor_err_set(err, EINVAL,
                           "--config: cannot be combined with IMAGE ('%s')", o->image);
    if (!o->config && !o->image)
        return cor_err_set(err, EINVAL, "IMAGE is missing");
    if (o->image && !*o->image)
        return cor_err_set(err, EINVAL, "IMAGE is empty");
    return 0;
}

static int finish(struct mon_parse *p, struct cor_err *err)
{
    const char *level = p->level_given ? NULL : getenv("CORACLE_LOG");
    if (level && *level && mon_parse_log_level(level, &p->ret->log_level, err) < 0)
        return cor_err_wrap(err, "CORACLE_LOG");
    int r = finish_modes(p, err);
    if (r == 0)
        r = finish_devs(p, err);
    return r < 0 ? r : finish_fds(p->ret, err);
}

int mon_options_parse(int argc, char **argv, struct mon_options *ret,
                      struct cor_err *err)
{
    struct mon_parse p = {.ret = ret};
    int i = 1;
    memset(ret, 0, sizeof(*ret));
    ret->mem_size = MEM_DEFAULT;
    ret->exit_fd = -1;
    ret->console_stall_ms = MON_STALL_BLOCK;
    ret->stop_timeout_ms = STOP_DEFAULT_MS;
    ret->log_level = COR_LOG_INFO;
    if (i < argc && strcmp(argv[i], "debug") == 0) {
        ret->mode = MON_DEBUG;
        p.mode_word = argv[i++];
    }
    for (; i < argc && argv[i][0] == '-' && argv[i][1] && !p.finished; i++) {
        if (strcmp(argv[i], "--") == 0) {
            i++;
            break;
        }
        int r = one_option(&p, argc, argv, &i, err);
        if (r < 0)
            return r;
    }
    if (p.finished)
        return 0;
    if (i < argc) {
        ret->image = argv[i];
        int r = join_args(ret, argc - i - 1, argv + i + 1, err);
        if (r < 0)
            return r;
    }
    return finish(&p, err);
}

void mon_options_warn(const struct mon_options *o)
{
    if (o->mem_adjusted)
        cor_log(COR_LOG_WARN, "adjusting memory to %llu bytes",
                (unsigned long long)o->mem_size);
}
