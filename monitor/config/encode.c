/*
 * encode.c - a configuration as JSON. What was not given (-1, 0, false) is left out.
 *
 * json_object_set_new() takes a missing object or value for a failure and releases the
 * other, so running out of memory anywhere shows where a value is put.
 */
#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cor/config/config.h>

#include "config_priv.h"

static bool is_tail(unsigned char c)
{
    return (c & 0xc0) == 0x80;
}

/* The length of the UTF-8 sequence at @p, 0 for none; a NUL ends the text. */
static size_t utf8_len(const unsigned char *p)
{
    if (p[0] < 0x80)
        return 1;
    if (p[0] >= 0xc2 && p[0] <= 0xdf)
        return is_tail(p[1]) ? 2 : 0;
    if ((p[0] & 0xf0) == 0xe0) {
        bool overlong = p[0] == 0xe0 && p[1] < 0xa0;
        bool surrogate = p[0] == 0xed && p[1] > 0x9f;
        return !overlong && !surrogate && is_tail(p[1]) && is_tail(p[2]) ? 3 : 0;
    }
    if (p[0] >= 0xf0 && p[0] <= 0xf4) {
        bool overlong = p[0] == 0xf0 && p[1] < 0x90;
        bool beyond = p[0] == 0xf4 && p[1] > 0x8f;
        return !overlong && !beyond && is_tail(p[1]) && is_tail(p[2]) && is_tail(p[3])
                   ? 4
                   : 0;
    }
    return 0;
}

static bool is_utf8(const char *text)
{
    const unsigned char *p = (const unsigned char *)text;
    while (*p) {
        size_t len = utf8_len(p);
        if (len == 0)
            return false;
        p += len;
    }
    return true;
}

/* Puts @value, owned from here on, in @object; false when either is missing. */
static bool put(json_t *object, const char *name, json_t *value)
{
    return json_object_set_new(object, name, value) == 0;
}

static bool put_fd(json_t *object, const char *name, int fd)
{
    return fd == -1 || put(object, name, json_pack("{s:i}", "fd", fd));
}

static bool put_flag(json_t *object, const char *name, bool value)
{
    return !value || put(object, name, json_true());
}

static bool put_mac(json_t *object, const struct cor_config_dev *d)
{
    char text[18];
    const uint8_t *m = d->mac;
    (void)snprintf(text, sizeof(text), "%02x:%02x:%02x:%02x:%02x:%02x", m[0], m[1],
                   m[2], m[3], m[4], m[5]);
    return put(object, "mac", json_string(text));
}

static json_t *encode_dev(const struct cor_config_dev *d)
{
    bool block = d->type == COR_CONFIG_BLOCK;
    json_t *o = json_object();
    bool ok = put(o, "type", json_string(block ? "block" : "net")) &&
              put(o, "name", json_string(d->name));
    if (ok && d->fd != -1)
        ok = put(o, "fd", json_integer(d->fd));
    if (ok && block)
        ok = put_flag(o, "readonly", d->readonly);
    if (ok && block && d->sector_size)
        ok = put(o, "sector_size", json_integer(d->sector_size));
    if (ok && !block && d->has_mac)
        ok = put_mac(o, d);
    if (ok && !block && d->mtu)
        ok = put(o, "mtu", json_integer(d->mtu));
    if (ok)
        return o;
    json_decref(o);
    return NULL;
}

static bool put_devices(json_t *object, const struct cor_config *c)
{
    json_t *list = json_array();
    if (c->ndevs == 0) {
        json_decref(list);
        return true;
    }
    for (unsigned int i = 0; i < c->ndevs; i++) {
        if (json_array_append_new(list, encode_dev(&c->dev[i])) < 0) {
            json_decref(list);
            return false;
        }
    }
    return put(object, "devices", list);
}

static json_t *encode_tree(const struct cor_config *c)
{
    json_t *o = json_object();
    bool ok = put(o, "version", json_integer(COR_CONFIG_VERSION)) &&
              put_fd(o, "image", c->image_fd) &&
              put(o, "memory", json_integer((json_int_t)c->mem_size));
    if (ok && c->cmdline[0])
        ok = put(o, "args", json_pack("[s]", c->cmdline));
    ok = ok && put_flag(o, "privileged_guest", c->privileged_guest) &&
         put_flag(o, "trace", c->trace) && put_devices(o, c) &&
         put(o, "console",
             json_pack("{s:i,s:I}", "fd", c->console_fd, "stall_ms",
                       (json_int_t)c->console_stall_ms)) &&
         put_fd(o, "control", c->control_fd) && put_fd(o, "gdb", c->gdb_fd) &&
         put_fd(o, "core", c->core_fd) && put_fd(o, "exit", c->exit_fd) &&
         put(o, "stop_timeout_ms", json_integer(c->stop_timeout_ms));
    if (ok)
        return o;
    json_decref(o);
    return NULL;
}

/* The caller frees with free(), whatever allocator Jansson has been given. */
static int dump(const json_t *tree, char **ret, struct cor_err *err)
{
    size_t len = json_dumpb(tree, NULL, 0, JSON_COMPACT);
    if (len > COR_CONFIG_JSON_MAX)
        return cor_err_set(err, EFBIG, "configuration: more than %u bytes of JSON",
                           COR_CONFIG_JSON_MAX);
    char *text = len ? malloc(len + 1) : NULL;
    if (!text)
        return cor_err_os(err, ENOMEM, "configuration");
    if (json_dumpb(tree, text, len, JSON_COMPACT) != len) {
        free(text);
        return cor_err_os(err, ENOMEM, "configuration");
    }
    text[len] = '\0';
    *ret = text;
    return 0;
}

int cor_config_encode(const struct cor_config *c, char **ret, struct cor_err *err)
{
    int r = cor_config_check(c, err);
    if (r < 0)
        return r;
    if (!is_utf8(c->cmdline))
        return cor_err_set(err, EILSEQ, "args: not UTF-8");
    json_t *tree = encode_tree(c);
    r = tree ? dump(tree, ret, err) : cor_err_os(err, ENOMEM, "configuration");
    json_decref(tree);
    return r;
}
