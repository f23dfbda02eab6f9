/*
 * config.c - defaults of a configuration, and what must hold for every one.
 */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include <cor/config/config.h>

#include "config_priv.h"

#define PATH_SIZE 32u /* "devices[4294967295].fd" and a bit */

void cor_config_init(struct cor_config *c)
{
    *c = (struct cor_config){
        .mem_size = COR_CONFIG_MEM_DEFAULT,
        .image_fd = -1,
        .console_stall_ms = COR_CONFIG_STALL_DEFAULT,
        .console_fd = 1,
        .control_fd = -1,
        .exit_fd = -1,
        .core_fd = -1,
        .gdb_fd = -1,
        .stop_timeout_ms = COR_CONFIG_STOP_DEFAULT,
    };
}

static int check_machine(const struct cor_config *c, struct cor_err *err)
{
    if (c->mem_size < COR_CONFIG_MEM_STEP || c->mem_size > COR_CONFIG_MEM_MAX)
        return cor_err_set(err, ERANGE, "memory: %llu bytes are outside 2 MiB..4 GiB",
                           (unsigned long long)c->mem_size);
    if (c->mem_size % COR_CONFIG_MEM_STEP != 0)
        return cor_err_set(err, EINVAL,
                           "memory: %llu bytes are not a multiple of 2 MiB",
                           (unsigned long long)c->mem_size);
    if (!memchr(c->cmdline, '\0', sizeof(c->cmdline)))
        return cor_err_set(err, E2BIG, "args: more than %u bytes",
                           COR_CONFIG_CMDLINE_SIZE - 1);
    if (c->console_stall_ms < COR_CONFIG_STALL_FOREVER ||
        c->console_stall_ms > COR_CONFIG_TIME_MAX_MS)
        return cor_err_set(err, ERANGE, "console.stall_ms: %lld is outside -1..%d",
                           (long long)c->console_stall_ms, COR_CONFIG_TIME_MAX_MS);
    if (c->stop_timeout_ms > COR_CONFIG_TIME_MAX_MS)
        return cor_err_set(err, ERANGE, "stop_timeout_ms: %u is outside 0..%d",
                           c->stop_timeout_ms, COR_CONFIG_TIME_MAX_MS);
    return 0;
}

static int check_name(const struct cor_config *c, unsigned int i, struct cor_err *err)
{
    const char *name = c->dev[i].name;
    size_t len = strnlen(name, COR_CONFIG_NAME_SIZE);
    if (len == 0 || len == COR_CONFIG_NAME_SIZE ||
        strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                     "0123456789") != len)
        return cor_err_set(err, EINVAL,
                           "devices[%u].name: '%.*s' is not 1 to 67 letters and digits",
                           i, (int)COR_CONFIG_NAME_SIZE - 1, name);
    for (unsigned int j = 0; j < i; j++) {
        if (strcmp(c->dev[j].name, name) == 0)
            return cor_err_set(err, EEXIST,
                               "devices[%u].name: '%s' is the name of devices[%u], too",
                               i, name, j);
    }
    return 0;
}

static int check_block(const struct cor_config_dev *d, unsigned int i,
                       struct cor_err *err)
{
    uint32_t n = d->sector_size;
    if (n && (n < COR_CONFIG_SECTOR_MIN || n > COR_CONFIG_SECTOR_MAX || (n & (n - 1))))
        return cor_err_set(
            err, EINVAL, "devices[%u].sector_size: %u is not a power of two in %u..%u",
            i, n, COR_CONFIG_SECTOR_MIN, COR_CONFIG_SECTOR_MAX);
    return 0;
}

static int check_net(const struct cor_config_dev *d, unsigned int i,
                     struct cor_err *err)
{
    static const uint8_t zero[6];
    if (d->has_mac && (d->mac[0] & 1))
        return cor_err_set(err, EINVAL, "devices[%u].mac: is a multicast address", i);
    if (d->has_mac && memcmp(d->mac, zero, sizeof(zero)) == 0)
        return cor_err_set(err, EINVAL, "devices[%u].mac: is all zeros", i);
    if (d->mtu && d->mtu < COR_CONFIG_MTU_MIN)
        return cor_err_set(err, ERANGE, "devices[%u].mtu: %u is outside %u..%u", i,
                           d->mtu, COR_CONFIG_MTU_MIN, COR_CONFIG_MTU_MAX);
    return 0;
}

static int check_dev(const struct cor_config *c, unsigned int i, struct cor_err *err)
{
    int r = check_name(c, i, err);
    if (r < 0)
        return r;
    switch (c->dev[i].type) {
    case COR_CONFIG_BLOCK:
        return check_block(&c->dev[i], i, err);
    case COR_CONFIG_NET:
        return check_net(&c->dev[i], i, err);
    }
    return cor_err_set(err, EINVAL, "devices[%u].type: %d is not a type", i,
                       (int)c->dev[i].type);
}

/* Members that hold a descriptor, then the devices: row @n, or false past the last. */
static bool fd_row(const struct cor_config *c, unsigned int n, int *fd,
                   char path[PATH_SIZE])
{
    const struct {
        const char *path;
        int fd;
    } rows[] = {
        {"console.fd", c->console_fd}, {"image.fd", c->image_fd},
        {"control.fd", c->control_fd}, {"gdb.fd", c->gdb_fd},
        {"core.fd", c->core_fd},       {"exit.fd", c->exit_fd},
    };
    const unsigned int nrows = sizeof(rows) / sizeof(rows[0]);
    if (n >= nrows + c->ndevs)
        return false;
    if (n < nrows)
        (void)snprintf(path, PATH_SIZE, "%s", rows[n].path);
    else
        (void)snprintf(path, PATH_SIZE, "devices[%u].fd", n - nrows);
    *fd = n < nrows ? rows[n].fd : c->dev[n - nrows].fd;
    return true;
}

static int check_fds(const struct cor_config *c, struct cor_err *err)
{
    char path[PATH_SIZE];
    char other[PATH_SIZE];
    int fd;
    int other_fd;
    for (unsigned int i = 0; fd_row(c, i, &fd, path); i++) {
        bool console = i == 0;
        int least = console ? CONFIG_CONSOLE_FD_MIN : CONFIG_FD_MIN;
        if (fd == -1 && !console)
            continue;
        if (fd < least)
            return cor_err_set(err, ERANGE, "%s: %d is outside %d..%d", path, fd, least,
                               INT_MAX);
        for (unsigned int j = 0; j < i && fd_row(c, j, &other_fd, other); j++) {
            if (other_fd == fd)
                return cor_err_set(err, EEXIST, "%s: %d is the descriptor of %s, too",
                                   path, fd, other);
        }
    }
    return 0;
}

int cor_config_check(const struct cor_config *c, struct cor_err *err)
{
    int r = check_machine(c, err);
    if (r < 0)
        return r;
    if (c->ndevs > COR_CONFIG_MAX_DEVS)
        return cor_err_set(err, E2BIG, "devices: %u are more than %u", c->ndevs,
                           COR_CONFIG_MAX_DEVS);
    for (unsigned int i = 0; i < c->ndevs; i++) {
        r = check_dev(c, i, err);
        if (r < 0)
            return r;
    }
    return check_fds(c, err);
}
