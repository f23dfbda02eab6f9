/*
 * paths.c - sockets and the core file, and the guardian that removes them.
 */
#include "paths.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <cor/base/cleanup.h>

#define MAX_MADE 3u

/* A file that was made, by directory and name: the directory may be renamed meanwhile.
 */
struct made {
    int dir;
    char name[256];
    bool core;
};

static struct made made[MAX_MADE];
static unsigned int count;

static void remove_made(bool keep_core)
{
    for (unsigned int i = 0; i < count; i++) {
        if (!made[i].core || !keep_core)
            (void)unlinkat(made[i].dir, made[i].name, 0);
    }
}

/* Splits a path into an open directory and a name. */
static int open_parent(const char *path, struct made *m, struct cor_err *err)
{
    char dir[4096];
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    if (!*name || strlen(name) >= sizeof(m->name) || strlen(path) >= sizeof(dir))
        return cor_err_set(err, EINVAL, "%s: not the path of a socket", path);
    size_t len = slash ? (size_t)(slash - path) : 0;
    memcpy(dir, path, len);
    dir[len] = '\0';
    memcpy(m->name, name, strlen(name) + 1);
    m->dir = open(slash ? (len ? dir : "/") : ".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    return m->dir < 0 ? cor_err_os(err, errno, "%s", path) : 0;
}

/* A socket file that nobody listens on any more is what a crash has left. */
static bool stale(const struct sockaddr_un *sa, int type)
{
    COR_AUTO_CLOSE int s = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
    return s >= 0 && connect(s, (const struct sockaddr *)sa, sizeof(*sa)) < 0 &&
           errno == ECONNREFUSED;
}

static int listen_unix(const char *path, int type, int *ret, struct cor_err *err)
{
    struct made *m = &made[count];
    struct sockaddr_un sa = {.sun_family = AF_UNIX};
    int r = open_parent(path, m, err);
    if (r < 0)
        return r;
    /* Through the descriptor, because paths may be longer than sun_path. */
    int n = snprintf(sa.sun_path, sizeof(sa.sun_path), "/proc/self/fd/%d/%s", m->dir,
                     m->name);
    if (n >= (int)sizeof(sa.sun_path))
        return cor_err_set(err, ENAMETOOLONG, "%s: socket name too long", path);
    COR_AUTO_CLOSE int s = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (s < 0)
        return cor_err_os(err, errno, "%s", path);
    mode_t old = umask(0177);
    r = bind(s, (struct sockaddr *)&sa, sizeof(sa));
    if (r < 0 && errno == EADDRINUSE && stale(&sa, type) &&
        unlinkat(m->dir, m->name, 0) == 0)
        r = bind(s, (struct sockaddr *)&sa, sizeof(sa));
    int saved = errno;
    (void)umask(old);
    if (r < 0)
        return cor_err_os(err, saved, "%s", path);
    count++;
    if (listen(s, 8) < 0)
        return cor_err_os(err, errno, "%s", path);
    *ret = COR_TAKE_FD(s);
    return 0;
}

static int listen_tcp(const char *spec, bool ipv6, uint16_t port, int *ret,
                      struct cor_err *err)
{
    const struct sockaddr_in a4 = {.sin_family = AF_INET,
                                   .sin_port = htons(port),
                                   .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const struct sockaddr_in6 a6 = {.sin6_family = AF_INET6,
                                    .sin6_port = htons(port),
                                    .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    const int one = 1;
    COR_AUTO_CLOSE int s = socket(ipv6 ? AF_INET6 : AF_INET,
                                  SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (s < 0 || setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) < 0 ||
        bind(s, ipv6 ? (const struct sockaddr *)&a6 : (const struct sockaddr *)&a4,
             ipv6 ? sizeof(a6) : sizeof(a4)) < 0 ||
        listen(s, 1) < 0)
        return cor_err_os(err, errno, "--gdb %s", spec);
    *ret = COR_TAKE_FD(s);
    return 0;
}

static int open_gdb(const char *spec, int *ret, struct cor_err *err)
{
    bool ipv6;
    uint16_t port;
    int r = mon_option_tcp(spec, &ipv6, &port, err);
    if (r < 0)
        return r;
    return port ? listen_tcp(spec, ipv6, port, ret, err)
                : listen_unix(spec, SOCK_STREAM, ret, err);
}

static int open_core(const char *dir, int *ret, struct cor_err *err)
{
    struct made *m = &made[count];
    m->dir = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (m->dir < 0)
        return cor_err_os(err, errno, "--dump-core %s", dir);
    (void)snprintf(m->name, sizeof(m->name), "core.coracle.%d", (int)getpid());
    int fd = openat(m->dir, m->name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0)
        return cor_err_os(err, errno, "--dump-core %s/%s", dir, m->name);
    m->core = true;
    count++;
    *ret = fd;
    return 0;
}

/* Waits for the monitor's end, however that comes about, and tidies up. */
static _Noreturn void guard_files(int fd)
{
    sigset_t all;
    char c;
    bool keep = false;
    (void)sigfillset(&all);
    (void)sigprocmask(SIG_BLOCK, &all, NULL);
    (void)setsid();
    while (read(fd, &c, 1) == 1)
        keep |= c == MON_KEEP_CORE;
    remove_made(keep);
    _exit(0);
}

/* Forked twice, so that the guardian is nobody's child that somebody must wait for. */
static int start_guardian(int *guard, struct cor_err *err)
{
    int p[2];
    if (pipe2(p, O_CLOEXEC) < 0)
        return cor_err_os(err, errno, "cannot make a pipe");
    pid_t pid = fork();
    if (pid < 0)
        return cor_err_os(err, errno, "cannot start the guardian process");
    if (pid == 0) {
        if (fork() != 0)
            _exit(0);
        (void)dup2(p[0], 0);
        for (unsigned int i = 0; i < count; i++)
            made[i].dir = fcntl(made[i].dir, F_DUPFD_CLOEXEC, 3 + (int)MAX_MADE + 8);
        /* It must hold nothing that somebody else waits for, such as the console. */
        int null = open("/dev/null", O_RDWR);
        (void)dup2(null, 1);
        (void)dup2(null, 2);
        (void)close_range(3, 3 + MAX_MADE + 7, 0);
        (void)close_range(3 + 2 * MAX_MADE + 8, ~0u, 0);
        guard_files(0);
    }
    (void)waitpid(pid, NULL, 0);
    (void)close(p[0]);
    *guard = p[1];
    return 0;
}

int mon_paths_open(const struct mon_options *o, struct cor_config *c, int *guard,
                   struct cor_err *err)
{
    int r = 0;
    *guard = -1;
    if (o->control)
        r = listen_unix(o->control, SOCK_SEQPACKET, &c->control_fd, err);
    if (r == 0 && o->gdb)
        r = open_gdb(o->gdb, &c->gdb_fd, err);
    if (r == 0 && o->core_dir)
        r = open_core(o->core_dir, &c->core_fd, err);
    if (r == 0 && count)
        r = start_guardian(guard, err);
    if (r < 0)
        remove_made(false);
    return r;
}
