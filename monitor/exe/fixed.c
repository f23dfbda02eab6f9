/*
 * fixed.c - descriptors at fixed numbers, in two steps: first all go above every fixed
 * number, then each to its own, so that no move can hit one that still waits.
 */
#include "fixed.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <unistd.h>

#include <cor/base/fd.h>
#include <cor/sandbox/fds.h>

#define ABOVE    128 /* first number above the fixed ones */
#define KEEP_FD  14  /* /dev/kvm, until the VM is made */
#define MAX_USED (COR_CONFIG_MAX_DEVS + 8u)

struct move {
    int *fd;
    int to;
};

void mon_fixed_stdio(void)
{
    int fd;
    do {
        fd = open("/dev/null", O_RDWR | O_CLOEXEC);
    } while (fd >= 0 && fd <= 2);
    if (fd > 2)
        (void)close(fd);
}

static unsigned int list(struct cor_config *c, int *kvm, int *guard, struct move *m)
{
    const struct move named[] = {
        {&c->image_fd, COR_FD_IMAGE},    {&c->exit_fd, COR_FD_EXIT},
        {&c->core_fd, COR_FD_CORE},      {&c->control_fd, COR_FD_CTL},
        {&c->gdb_fd, COR_FD_GDB_LISTEN}, {kvm, KEEP_FD},
        {guard, COR_FD_GUARD},           {&c->console_fd, COR_FD_CONSOLE},
    };
    unsigned int n = 0;
    for (unsigned int i = 0; i < sizeof(named) / sizeof(named[0]); i++) {
        if (*named[i].fd >= 0)
            m[n++] = named[i];
    }
    for (unsigned int i = 0; i < c->ndevs; i++)
        m[n++] = (struct move){&c->dev[i].fd, COR_FD_DEV + 1 + (int)i};
    return n;
}

/* Closes everything from 3 up that is not in the list: whatever was inherited. */
static void close_others(const struct move *m, unsigned int n)
{
    bool used[ABOVE] = {[0] = true, [1] = true, [2] = true};
    int from = -1;
    for (unsigned int i = 0; i < n; i++)
        used[m[i].to] = true;
    for (int fd = 3; fd < ABOVE; fd++) {
        if (!used[fd] && from < 0)
            from = fd;
        if (used[fd] && from >= 0) {
            (void)close_range((unsigned int)from, (unsigned int)fd - 1, 0);
            from = -1;
        }
    }
    (void)close_range(from < 0 ? ABOVE : (unsigned int)from, ~0u, 0);
}

int mon_fixed_move(struct cor_config *c, int *kvm, int *guard, struct cor_err *err)
{
    struct move m[MAX_USED];
    unsigned int n = list(c, kvm, guard, m);
    for (unsigned int i = 0; i < n; i++) {
        if (*m[i].fd == m[i].to)
            continue; /* nobody else's number: descriptors are used once */
        int fd = fcntl(*m[i].fd, F_DUPFD_CLOEXEC, ABOVE);
        if (fd < 0)
            return cor_err_os(err, errno, "descriptor %d", *m[i].fd);
        *m[i].fd = fd;
    }
    for (unsigned int i = 0; i < n; i++) {
        int fd = cor_fd_move(*m[i].fd, m[i].to);
        if (fd < 0)
            return cor_err_os(err, -fd, "descriptor %d", m[i].to);
        *m[i].fd = fd;
    }
    close_others(m, n);
    return 0;
}
