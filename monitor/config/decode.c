/*
 * decode.c - a configuration from JSON.
 *
 * Tables of members drive it: each row names a member, where its value goes and which
 * values it may have. A walk over an object refuses what is in no row, then reads each
 * row that is present. The struct decoder carries the path of the member at hand, which
 * starts every message.
 */
#include <errno.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cor/base/cleanup.h>
#include <cor/base/num.h>
#include <cor/config/config.h>

#include "config_priv.h"

#define PATH_SIZE   128u
#define SHOWN_MAX   40    /* characters of a foreign string in a message */
#define NUMBER_SIZE 32u   /* longest text that can be a size or a MAC address */
#define ARGS_MAX    4096u /* single characters with blanks between them */

struct decoder {
    struct cor_config *c;
    char path[PATH_SIZE];
    struct cor_err *err;
};

struct table;

struct member {
    const char *name;
    int (*read)(struct decoder *d, const struct member *m, json_t *v, void *target);
    bool required;
    size_t offset;           /* of the target in the object's struct */
    size_t size;             /* of the target, for numbers and strings */
    int64_t min, max;        /* for numbers */
    const struct table *sub; /* for objects; offsets count from the same struct */
};

struct table {
    const struct member *row;
    size_t count;
};

#define TABLE(rows)                  \
    (const struct table)             \
    {                                \
        (rows), COR_ARRAY_SIZE(rows) \
    }
#define AT(type, field) \
    .offset = offsetof(struct type, field), .size = sizeof(((struct type *)0)->field)

static int fail(struct decoder *d, int code, const char *fmt, ...)
    __attribute__((format(printf, 3, 4), cold));

static int fail(struct decoder *d, int code, const char *fmt, ...)
{
    char text[256];
    va_list ap;
    va_start(ap, fmt);
    if (vsnprintf(text, sizeof(text), fmt, ap) < 0)
        text[0] = '\0';
    va_end(ap);
    return cor_err_set(d->err, code, "%s: %s", d->path[0] ? d->path : "configuration",
                       text);
}

/* Appends to the path and returns its old length, for leave(). */
static size_t enter(struct decoder *d, const char *name)
{
    size_t len = strlen(d->path);
    (void)snprintf(d->path + len, sizeof(d->path) - len, "%s%.*s", len ? "." : "",
                   SHOWN_MAX, name);
    return len;
}

static size_t enter_element(struct decoder *d, size_t index)
{
    size_t len = strlen(d->path);
    (void)snprintf(d->path + len, sizeof(d->path) - len, "[%zu]", index);
    return len;
}

static void leave(struct decoder *d, size_t len)
{
    d->path[len] = '\0';
}

static const char *type_name(const json_t *v)
{
    switch (json_typeof(v)) {
    case JSON_OBJECT:
        return "an object";
    case JSON_ARRAY:
        return "an array";
    case JSON_STRING:
        return "a string";
    case JSON_INTEGER:
        return "an integer";
    case JSON_REAL:
        return "a number with a fraction or exponent";
    case JSON_TRUE:
    case JSON_FALSE:
        return "a boolean";
    case JSON_NULL:
        return "null";
    }
    return "nothing known";
}

static int wrong_type(struct decoder *d, const json_t *v, const char *wanted)
{
    return fail(d, EINVAL, "should be %s, is %s", wanted, type_name(v));
}

static const struct member *find_member(const struct table *t, const char *name)
{
    for (size_t i = 0; i < t->count; i++) {
        if (strcmp(t->row[i].name, name) == 0)
            return &t->row[i];
    }
    return NULL;
}

/* One row: nothing to do where the member is absent and may be. */
static int read_member(struct decoder *d, const struct member *m, json_t *object,
                       void *target)
{
    json_t *v = json_object_get(object, m->name);
    if (!v && !m->required)
        return 0;
    size_t mark = enter(d, m->name);
    int r = v ? m->read(d, m, v, (char *)target + m->offset)
              : fail(d, EINVAL, "is missing");
    leave(d, mark);
    return r;
}

static int read_members(struct decoder *d, const struct table *t, json_t *v,
                        void *target)
{
    const char *name;
    json_t *unused;
    if (!json_is_object(v))
        return wrong_type(d, v, "an object");
    json_object_foreach (v, name, unused) {
        if (!find_member(t, name)) {
            (void)enter(d, name);
            return fail(d, EINVAL, "unknown member");
        }
    }
    for (size_t i = 0; i < t->count; i++) {
        int r = read_member(d, &t->row[i], v, target);
        if (r < 0)
            return r;
    }
    return 0;
}

static int read_object(struct decoder *d, const struct member *m, json_t *v,
                       void *target)
{
    return read_members(d, m->sub, v, (char *)target - m->offset);
}

static int read_bool(struct decoder *d, const struct member *m, json_t *v, void *target)
{
    (void)m;
    if (!json_is_boolean(v))
        return wrong_type(d, v, "a boolean");
    *(bool *)target = json_is_true(v);
    return 0;
}

static int read_number(struct decoder *d, const struct member *m, json_t *v,
                       void *target)
{
    if (!json_is_integer(v))
        return wrong_type(d, v, "an integer");
    int64_t n = json_integer_value(v);
    if (n < m->min || n > m->max)
        return fail(d, ERANGE, "%lld is outside %lld..%lld", (long long)n,
                    (long long)m->min, (long long)m->max);
    if (m->size == sizeof(uint16_t))
        *(uint16_t *)target = (uint16_t)n;
    else if (m->size == sizeof(uint32_t)) /* int, too */
        *(uint32_t *)target = (uint32_t)n;
    else
        *(int64_t *)target = n;
    return 0;
}

/* The text of a string without NUL characters; NULL with the error set. */
static const char *get_text(struct decoder *d, json_t *v)
{
    const char *text = json_string_value(v);
    if (!text)
        (void)wrong_type(d, v, "a string");
    else if (strlen(text) != json_string_length(v))
        (void)fail(d, EINVAL, "holds a NUL character");
    else
        return text;
    return NULL;
}

/* cor_num_*() put the text itself in the message, so it must be short. */
static const char *get_short_text(struct decoder *d, json_t *v, const char *what)
{
    const char *text = get_text(d, v);
    if (text && strlen(text) >= NUMBER_SIZE) {
        (void)fail(d, EINVAL, "'%.*s...' is not %s", SHOWN_MAX, text, what);
        return NULL;
    }
    return text;
}

static int read_version(struct decoder *d, const struct member *m, json_t *v,
                        void *target)
{
    (void)m;
    (void)target;
    if (!json_is_integer(v))
        return wrong_type(d, v, "an integer");
    if (json_integer_value(v) != COR_CONFIG_VERSION)
        return fail(d, EINVAL, "%lld is not supported (only %d is)",
                    (long long)json_integer_value(v), COR_CONFIG_VERSION);
    return 0;
}

static int read_memory(struct decoder *d, const struct member *m, json_t *v,
                       void *target)
{
    uint64_t size;
    if (json_is_string(v)) {
        const char *text = get_short_text(d, v, "a size");
        if (!text)
            return -d->err->code;
        if (cor_num_size(text, 1, &size, d->err) < 0)
            return cor_err_wrap(d->err, "%s", d->path);
    } else {
        if (!json_is_integer(v))
            return wrong_type(d, v, "an integer or a string");
        if (json_integer_value(v) < m->min)
            return fail(d, ERANGE, "%lld bytes are outside 2 MiB..4 GiB",
                        (long long)json_integer_value(v));
        size = (uint64_t)json_integer_value(v);
    }
    *(uint64_t *)target = size; /* range and step: cor_config_check() */
    return 0;
}

static int read_args(struct decoder *d, const struct member *m, json_t *v, void *target)
{
    char *out = target;
    size_t used = 0;
    size_t i;
    json_t *arg;
    if (!json_is_array(v))
        return wrong_type(d, v, "an array");
    if (json_array_size(v) > ARGS_MAX)
        return fail(d, E2BIG, "more than %u elements", ARGS_MAX);
    json_array_foreach (v, i, arg) {
        size_t mark = enter_element(d, i);
        const char *text = get_text(d, arg);
        if (!text)
            return -d->err->code;
        leave(d, mark);
        size_t len = strlen(text);
        size_t blank = i > 0;
        if (len + blank > m->size - 1 - used)
            return fail(d, E2BIG, "more than %zu bytes", m->size - 1);
        if (blank)
            out[used++] = ' ';
        memcpy(out + used, text, len);
        used += len;
    }
    out[used] = '\0';
    return 0;
}

static int read_name(struct decoder *d, const struct member *m, json_t *v, void *target)
{
    const char *text = get_text(d, v);
    if (!text)
        return -d->err->code;
    if (strlen(text) >= m->size)
        return fail(d, EINVAL, "'%.*s...' is not 1 to 67 letters and digits", SHOWN_MAX,
                    text);
    memcpy(target, text, strlen(text) + 1); /* its characters: cor_config_check() */
    return 0;
}

static int read_sector_size(struct decoder *d, const struct member *m, json_t *v,
                            void *target)
{
    int r = read_number(d, m, v, target);
    uint32_t n = r < 0 ? 1 : *(uint32_t *)target;
    if (n & (n - 1))
        return fail(d, EINVAL, "%u is not a power of two", n);
    return r;
}

static int read_mac(struct decoder *d, const struct member *m, json_t *v, void *target)
{
    (void)m;
    struct cor_config_dev *dev = target;
    const char *text = get_short_text(d, v, "a MAC address");
    if (!text)
        return -d->err->code;
    if (cor_num_mac(text, dev->mac, d->err) < 0)
        return cor_err_wrap(d->err, "%s", d->path);
    dev->has_mac = true;
    return 0;
}

static int read_type(struct decoder *d, const struct member *m, json_t *v, void *target)
{
    (void)m;
    const char *text = get_text(d, v);
    if (!text)
        return -d->err->code;
    if (strcmp(text, "block") == 0)
        *(enum cor_config_dev_type *)target = COR_CONFIG_BLOCK;
    else if (strcmp(text, "net") == 0)
        *(enum cor_config_dev_type *)target = COR_CONFIG_NET;
    else
        return fail(d, EINVAL, "'%.*s' is not 'block' or 'net'", SHOWN_MAX, text);
    return 0;
}

#define DEV_FD                                                           \
    {                                                                    \
        "fd", read_number, AT(cor_config_dev, fd), .min = CONFIG_FD_MIN, \
                                                   .max = INT_MAX        \
    }
#define DEV_TYPE                                                      \
    {                                                                 \
        "type", read_type, .required = true, AT(cor_config_dev, type) \
    }
#define DEV_NAME                                                      \
    {                                                                 \
        "name", read_name, .required = true, AT(cor_config_dev, name) \
    }

static const struct member block_rows[] = {
    DEV_TYPE,
    DEV_NAME,
    DEV_FD,
    {"readonly", read_bool, AT(cor_config_dev, readonly)},
    {"sector_size", read_sector_size, AT(cor_config_dev, sector_size),
     .min = COR_CONFIG_SECTOR_MIN, .max = COR_CONFIG_SECTOR_MAX},
};

static const struct member net_rows[] = {
    DEV_TYPE,
    DEV_NAME,
    DEV_FD,
    {"mac", read_mac, .offset = 0}, /* fills has_mac, too */
    {"mtu", read_number, AT(cor_config_dev, mtu), .min = COR_CONFIG_MTU_MIN,
     .max = COR_CONFIG_MTU_MAX},
};

/* The type decides which members there are, so it is read first. */
static int read_dev(struct decoder *d, json_t *v, struct cor_config_dev *dev)
{
    static const struct member type = DEV_TYPE;
    if (!json_is_object(v))
        return wrong_type(d, v, "an object");
    int r = read_member(d, &type, v, dev);
    if (r < 0)
        return r;
    return read_members(
        d, dev->type == COR_CONFIG_BLOCK ? &TABLE(block_rows) : &TABLE(net_rows), v,
        dev);
}

static int read_devices(struct decoder *d, const struct member *m, json_t *v,
                        void *target)
{
    (void)m;
    struct cor_config_dev *devs = target;
    size_t i;
    json_t *dev;
    if (!json_is_array(v))
        return wrong_type(d, v, "an array");
    if (json_array_size(v) > COR_CONFIG_MAX_DEVS)
        return fail(d, E2BIG, "%zu are more than %u", json_array_size(v),
                    COR_CONFIG_MAX_DEVS);
    json_array_foreach (v, i, dev) {
        size_t mark = enter_element(d, i);
        devs[i].fd = -1;
        int r = read_dev(d, dev, &devs[i]);
        if (r < 0)
            return r;
        leave(d, mark);
    }
    d->c->ndevs = (unsigned int)json_array_size(v);
    return 0;
}

#define FD(field)                                                   \
    {                                                               \
        "fd", read_number, .required = true, AT(cor_config, field), \
                           .min = CONFIG_FD_MIN, .max = INT_MAX     \
    }

static const struct member image_rows[] = {FD(image_fd)};
static const struct member control_rows[] = {FD(control_fd)};
static const struct member gdb_rows[] = {FD(gdb_fd)};
static const struct member core_rows[] = {FD(core_fd)};
static const struct member exit_rows[] = {FD(exit_fd)};
static const struct member console_rows[] = {
    {"fd", read_number, AT(cor_config, console_fd), .min = CONFIG_CONSOLE_FD_MIN,
     .max = INT_MAX},
    {"stall_ms", read_number, AT(cor_config, console_stall_ms),
     .min = COR_CONFIG_STALL_FOREVER, .max = COR_CONFIG_TIME_MAX_MS},
};

static const struct member version_row = {"version", read_version, .required = true};

static const struct member top_rows[] = {
    {"version", read_version, .required = true},
    {"image", read_object, .sub = &TABLE(image_rows)},
    {"memory", read_memory, AT(cor_config, mem_size), .min = 0},
    {"args", read_args, AT(cor_config, cmdline)},
    {"privileged_guest", read_bool, AT(cor_config, privileged_guest)},
    {"trace", read_bool, AT(cor_config, trace)},
    {"devices", read_devices, AT(cor_config, dev)},
    {"console", read_object, .sub = &TABLE(console_rows)},
    {"control", read_object, .sub = &TABLE(control_rows)},
    {"gdb", read_object, .sub = &TABLE(gdb_rows)},
    {"core", read_object, .sub = &TABLE(core_rows)},
    {"exit", read_object, .sub = &TABLE(exit_rows)},
    {"stop_timeout_ms", read_number, AT(cor_config, stop_timeout_ms), .min = 0,
     .max = COR_CONFIG_TIME_MAX_MS},
};

/* Messages quote foreign text: whatever could move a terminal's cursor goes. */
static void make_printable(char *text)
{
    for (; *text; text++) {
        if (*text < ' ' || *text > '~')
            *text = '?';
    }
}

static int read_tree(struct decoder *d, json_t *tree)
{
    if (!json_is_object(tree))
        return wrong_type(d, tree, "an object");
    /* Before unknown members: a later version may have others. */
    int r = read_member(d, &version_row, tree, d->c);
    if (r == 0)
        r = read_members(d, &TABLE(top_rows), tree, d->c);
    return r < 0 ? r : cor_config_check(d->c, d->err);
}

int cor_config_parse(const char *json, size_t len, struct cor_config *ret,
                     struct cor_err *err)
{
    struct decoder d = {.c = ret, .err = err};
    cor_config_init(ret);
    json_t *tree = config_load(json, len, err);
    if (!tree) {
        make_printable(err->text);
        return -err->code;
    }
    int r = read_tree(&d, tree);
    if (r < 0)
        make_printable(err->text);
    json_decref(tree);
    return r;
}
