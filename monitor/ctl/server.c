/*
 * server.c - the monitor's half: eight clients, fixed buffers, never a wait.
 *
 * A slot is free, idle, or has one request outstanding (pending). An answer that the
 * socket does not take stays in the slot until it does; no further request is read from
 * that client meanwhile. Console output goes out only as the socket takes it: what a
 * slow client misses is counted by the console's ring and told in the next message.
 *
 * #syscalls:event accept4(CTL) getsockopt(CLIENT) dup3 close recvmsg(CLIENT)
 * #syscalls:event sendto(CLIENT) geteuid
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <sys/socket.h>

#include <cor/ctl/server.h>

void cor_ctl_server_init(struct cor_ctl_server *s, int listen_fd, int first_fd,
                         const struct cor_ctl_ops *ops)
{
    memset(s, 0, sizeof(*s));
    s->listen_fd = listen_fd;
    s->first_fd = first_fd;
    s->ops = ops;
}

static int fd_of(const struct cor_ctl_server *s, const struct cor_ctl_slot *c)
{
    return s->first_fd + (int)(c - s->slot);
}

static void detach(struct cor_ctl_server *s, struct cor_ctl_slot *c)
{
    if (!c->attached)
        return;
    c->attached = c->more = false;
    if (--s->attached == 0 && s->ops->watch)
        s->ops->watch(s->ops->ctx, false);
}

static void hang_up(struct cor_ctl_server *s, struct cor_ctl_slot *c)
{
    detach(s, c);
    (void)close(fd_of(s, c));
    memset(c, 0, offsetof(struct cor_ctl_slot, out));
}

/* Sends what waits in the slot. False: it still waits, or the client is gone. */
static bool flush(struct cor_ctl_server *s, struct cor_ctl_slot *c)
{
    if (c->out_len == 0)
        return true;
    ssize_t n = send(fd_of(s, c), &c->out, c->out_len, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return false;
    c->out_len = 0;
    if (n < 0)
        hang_up(s, c);
    return n >= 0;
}

static void answer(struct cor_ctl_server *s, struct cor_ctl_slot *c, uint16_t version,
                   uint16_t type, uint32_t id, size_t payload)
{
    c->out_len = cor_ctl_fill(&c->out, version, type, id, payload);
    (void)flush(s, c);
}

static void answer_error(struct cor_ctl_server *s, struct cor_ctl_slot *c,
                         uint16_t version, uint32_t id, int code, const char *text)
{
    struct cor_ctl_error *e = &c->out.u.error;
    memset(e, 0, sizeof(*e));
    e->code = (uint32_t)code;
    e->version_min = COR_CTL_VERSION_MIN;
    e->version_max = COR_CTL_VERSION;
    (void)snprintf(e->text, sizeof(e->text), "%s", text);
    answer(s, c, version, COR_CTL_ERROR, id, sizeof(*e));
}

/* The result of a request that has none but success. */
static void answer_result(struct cor_ctl_server *s, struct cor_ctl_slot *c,
                          uint16_t version, uint16_t type, uint32_t id, int r)
{
    if (r < 0)
        answer_error(s, c, version, id, -r, strerror(-r));
    else
        answer(s, c, version, type | COR_CTL_ANSWER, id, 0);
}

/* Passes console output on until there is no more, or the socket is full. */
static void push_console(struct cor_ctl_server *s, struct cor_ctl_slot *c)
{
    while (c->open && c->attached && c->out_len == 0) {
        struct cor_ctl_console *con = &c->out.u.console;
        uint64_t lost = 0;
        size_t n = s->ops->console(s->ops->ctx, &c->console_offset, con->data,
                                   sizeof(con->data), &lost);
        c->more = n > 0;
        if (n == 0)
            return;
        con->offset = c->console_offset - n;
        con->lost = lost;
        answer(s, c, c->console_version, COR_CTL_CONSOLE, 0,
               offsetof(struct cor_ctl_console, data) + n);
    }
}

static int attach(struct cor_ctl_server *s, struct cor_ctl_slot *c, uint16_t version)
{
    if (c->attached)
        return -EALREADY;
    if (s->attached++ == 0 && s->ops->watch)
        s->ops->watch(s->ops->ctx, true);
    c->attached = c->more = true;
    c->console_offset = 0;
    c->console_version = version;
    return 0;
}

static int do_stop(struct cor_ctl_server *s, const struct cor_ctl_stop *stop)
{
    if (stop->reserved)
        return -EINVAL;
    return s->ops->stop(s->ops->ctx, stop->timeout_ms);
}

static void serve(struct cor_ctl_server *s, struct cor_ctl_slot *c,
                  const struct cor_ctl_message *m)
{
    const struct cor_ctl_header *h = &m->header;
    int r;
    switch (h->type) {
    case COR_CTL_STATUS:
        memset(&c->out.u.status, 0, sizeof(c->out.u.status));
        r = s->ops->status(s->ops->ctx, &c->out.u.status);
        if (r < 0)
            break;
        answer(s, c, h->version, COR_CTL_STATUS | COR_CTL_ANSWER, h->id,
               sizeof(c->out.u.status));
        return;
    case COR_CTL_STATS:
        memset(&c->out.u.stats, 0, sizeof(c->out.u.stats));
        r = s->ops->stats(s->ops->ctx, &c->out.u.stats);
        if (r < 0)
            break;
        answer(s, c, h->version, COR_CTL_STATS | COR_CTL_ANSWER, h->id,
               sizeof(c->out.u.stats));
        return;
    case COR_CTL_PAUSE:
        r = s->ops->pause(s->ops->ctx);
        break;
    case COR_CTL_RESUME:
        r = s->ops->resume(s->ops->ctx);
        break;
    case COR_CTL_STOP:
        r = do_stop(s, &m->u.stop);
        break;
    case COR_CTL_ATTACH:
        r = attach(s, c, h->version);
        break;
    case COR_CTL_DETACH:
        r = c->attached ? 0 : -ENOTCONN;
        detach(s, c);
        break;
    default:
        r = -EOPNOTSUPP; /* an answer's type from a client */
        break;
    }
    if (r == COR_CTL_LATER) {
        c->pending = h->type;
        c->pending_version = h->version;
        c->pending_id = h->id;
        return;
    }
    answer_result(s, c, h->version, h->type, h->id, r);
}

static void receive(struct cor_ctl_server *s, struct cor_ctl_slot *c)
{
    static struct cor_ctl_message m;
    struct iovec iov = {&m, sizeof(m)};
    struct msghdr msg = {.msg_iov = &iov, .msg_iovlen = 1};
    struct cor_err err;
    ssize_t n = recvmsg(fd_of(s, c), &msg, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0) {
        hang_up(s, c);
        return;
    }
    int r = (msg.msg_flags & MSG_TRUNC) ? cor_err_set(&err, EBADMSG, "message too long")
                                        : cor_ctl_check(&m, (size_t)n, &err);
    if (r == -EBADMSG) {
        answer_error(s, c, COR_CTL_VERSION, 0, EBADMSG, err.text);
        if (c->open)
            hang_up(s, c);
    } else if (r == -EPROTONOSUPPORT) {
        answer_error(s, c, COR_CTL_VERSION, m.header.id, -r, err.text);
    } else if (r < 0) {
        answer_error(s, c, m.header.version, m.header.id, -r, err.text);
    } else if (c->pending) {
        answer_error(s, c, m.header.version, m.header.id, EBUSY,
                     "the request before is not answered yet");
    } else {
        serve(s, c, &m);
    }
}

/* Refuses a connection that has no slot, or must not have one. */
static void turn_away(struct cor_ctl_server *s, struct cor_ctl_slot *c, int code,
                      const char *text)
{
    answer_error(s, c, COR_CTL_VERSION, 0, code, text);
    if (c->open)
        hang_up(s, c);
}

static void accept_client(struct cor_ctl_server *s)
{
    struct cor_ctl_slot *c = s->slot;
    struct ucred peer = {0};
    socklen_t len = sizeof(peer);
    while (c < s->slot + COR_CTL_CLIENTS_MAX && c->open)
        c++;
    int fd = accept4(s->listen_fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    s->rest = fd < 0 && errno != EAGAIN && errno != ECONNABORTED;
    if (fd < 0)
        return;
    /* With every slot taken the newcomer is told by the end of the connection. */
    if (c == s->slot + COR_CTL_CLIENTS_MAX) {
        (void)close(fd);
        return;
    }
    int to = fd_of(s, c);
    if (fd != to) {
        int r = dup3(fd, to, O_CLOEXEC);
        (void)close(fd);
        if (r < 0)
            return;
    }
    memset(c, 0, offsetof(struct cor_ctl_slot, out));
    c->open = true;
    if (getsockopt(to, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0 ||
        (peer.uid != 0 && peer.uid != geteuid()))
        turn_away(s, c, EPERM, "only root and the monitor's own user may connect");
}

unsigned int cor_ctl_server_poll(struct cor_ctl_server *s, struct pollfd *pfd,
                                 unsigned int max)
{
    unsigned int n = 0;
    if (s->listen_fd >= 0 && !s->rest && n < max)
        pfd[n++] = (struct pollfd){.fd = s->listen_fd, .events = POLLIN};
    s->rest = false;
    for (unsigned int i = 0; i < COR_CTL_CLIENTS_MAX && n < max; i++) {
        const struct cor_ctl_slot *c = &s->slot[i];
        if (!c->open)
            continue;
        bool out = c->out_len > 0 || (c->attached && c->more);
        /* A client that does not take its answer is not read from either. */
        pfd[n++] = (struct pollfd){
            .fd = fd_of(s, c),
            .events = (short)((c->out_len ? 0 : POLLIN) | (out ? POLLOUT : 0))};
    }
    return n;
}

void cor_ctl_server_handle(struct cor_ctl_server *s, const struct pollfd *pfd,
                           unsigned int n)
{
    bool knocked = false;
    for (unsigned int i = 0; i < n; i++) {
        if (!pfd[i].revents)
            continue;
        if (pfd[i].fd == s->listen_fd) {
            knocked = true;
            continue;
        }
        int index = pfd[i].fd - s->first_fd;
        if (index < 0 || index >= (int)COR_CTL_CLIENTS_MAX || !s->slot[index].open)
            continue;
        struct cor_ctl_slot *c = &s->slot[index];
        if (!flush(s, c) || !c->open)
            continue;
        if (pfd[i].revents & (POLLIN | POLLHUP | POLLERR))
            receive(s, c);
        push_console(s, c);
    }
    if (knocked)
        accept_client(s);
}

void cor_ctl_server_console_ready(struct cor_ctl_server *s)
{
    for (unsigned int i = 0; s->attached && i < COR_CTL_CLIENTS_MAX; i++)
        push_console(s, &s->slot[i]);
}

void cor_ctl_server_complete(struct cor_ctl_server *s, enum cor_ctl_type type,
                             int result)
{
    for (unsigned int i = 0; i < COR_CTL_CLIENTS_MAX; i++) {
        struct cor_ctl_slot *c = &s->slot[i];
        if (!c->open || c->pending != type)
            continue;
        c->pending = 0;
        if (!flush(s, c))
            continue; /* it did not even take what came before */
        answer_result(s, c, c->pending_version, (uint16_t)type, c->pending_id, result);
    }
}

void cor_ctl_server_close(struct cor_ctl_server *s)
{
    cor_ctl_server_complete(s, COR_CTL_PAUSE, -ECANCELED);
    cor_ctl_server_complete(s, COR_CTL_RESUME, -ECANCELED);
    cor_ctl_server_complete(s, COR_CTL_STOP, -ECANCELED);
    cor_ctl_server_console_ready(s);
    for (unsigned int i = 0; i < COR_CTL_CLIENTS_MAX; i++) {
        if (s->slot[i].open)
            hang_up(s, &s->slot[i]);
    }
    s->listen_fd = -1;
}
