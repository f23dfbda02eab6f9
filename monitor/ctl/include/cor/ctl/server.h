/*
 * server.h - the monitor's half of the control protocol, on its event thread.
 *
 * The event loop asks cor_ctl_server_poll() what to wait for, waits, and hands the
 * result to cor_ctl_server_handle(), which serves each client at most one request and
 * calls the monitor through struct cor_ctl_ops. Nothing here blocks or allocates: what
 * a client's socket does not take waits in that client's slot, and until it has gone no
 * more requests are read from that client. All functions belong to one thread.
 */
#ifndef COR_CTL_SERVER_H
#define COR_CTL_SERVER_H

#include <poll.h>
#include <stdbool.h>

#include <cor/ctl/proto.h>

#define COR_CTL_POLL_MAX (COR_CTL_CLIENTS_MAX + 1)

/* Returned by pause, resume or stop: cor_ctl_server_complete() will tell the result. */
#define COR_CTL_LATER 1

/*
 * What the monitor does for its clients. Functions return 0 or a negative errno, which
 * becomes ERROR; none may block, or call a function of the server.
 */
struct cor_ctl_ops {
    void *ctx;
    int (*status)(void *ctx, struct cor_ctl_status *ret); /* @ret comes zeroed */
    int (*stats)(void *ctx, struct cor_ctl_stats *ret);   /* @ret comes zeroed */
    int (*pause)(void *ctx);                              /* or COR_CTL_LATER */
    int (*resume)(void *ctx);                             /* or COR_CTL_LATER */
    int (*stop)(void *ctx, uint32_t timeout_ms);          /* or COR_CTL_LATER */
    /*
     * Copies console output from position *@offset of the stream and moves it behind
     * what was copied. *@lost: bytes that were skipped because they are gone. Returns
     * the bytes copied, at most @len; 0 when there is nothing newer.
     */
    size_t (*console)(void *ctx, uint64_t *offset, void *buf, size_t len,
                      uint64_t *lost);
    /* The first client attaches, before its first console(); the last one has gone. May
     * be NULL. */
    void (*watch)(void *ctx, bool on);
};

struct cor_ctl_slot {
    bool open;
    bool attached;
    bool more;        /* console output waits for room in the socket */
    bool completed;   /* the outstanding request has its result */
    uint16_t pending; /* the request that is outstanding, 0 none */
    uint16_t pending_version;
    uint32_t pending_id;
    int result;               /* with completed: 0 or a negative errno */
    uint16_t console_version; /* of CONSOLE messages: that of ATTACH */
    uint64_t console_offset;
    size_t out_len; /* bytes of out that the socket has not yet taken */
    struct cor_ctl_message out;
};

struct cor_ctl_server {
    const struct cor_ctl_ops *ops;
    int listen_fd;
    int first_fd;
    bool rest; /* accepting failed: leave the listening socket out of one wait */
    unsigned int attached;
    struct cor_ctl_slot slot[COR_CTL_CLIENTS_MAX];
};

/**
 * cor_ctl_server_init() - a server without clients.
 * @s: large (about 33 KiB): not on a stack that is scarce
 * @listen_fd: a listening, non-blocking SOCK_SEQPACKET socket, see cor_ctl_listen(); -1
 *             for a machine that nobody controls. Stays the caller's.
 * @first_fd: clients get the descriptors @first_fd to @first_fd + 7, which must be free
 * @ops: must outlive the server
 */
void cor_ctl_server_init(struct cor_ctl_server *s, int listen_fd, int first_fd,
                         const struct cor_ctl_ops *ops);

/**
 * cor_ctl_server_poll() - what to wait for.
 * @s: the server
 * @pfd: filled in
 * @max: room in @pfd, at least COR_CTL_POLL_MAX
 *
 * Context: directly before each wait; nothing but the wait comes between it and
 * cor_ctl_server_handle().
 * Return: how many entries of @pfd were filled in.
 */
unsigned int cor_ctl_server_poll(struct cor_ctl_server *s, struct pollfd *pfd,
                                 unsigned int max);

/**
 * cor_ctl_server_handle() - serve whoever is ready.
 * @s: the server
 * @pfd: what cor_ctl_server_poll() has filled in, after poll(); may hold more than that
 * @n: entries of @pfd
 */
void cor_ctl_server_handle(struct cor_ctl_server *s, const struct pollfd *pfd,
                           unsigned int n);

/**
 * cor_ctl_server_console_ready() - there may be new console output: pass it on.
 * @s: the server
 */
void cor_ctl_server_console_ready(struct cor_ctl_server *s);

/**
 * cor_ctl_server_complete() - answer every client whose request ended in COR_CTL_LATER.
 * @s: the server
 * @type: the request: COR_CTL_PAUSE, COR_CTL_RESUME or COR_CTL_STOP
 * @result: 0, or a negative errno, such as -ECANCELED for a pause overtaken by a resume
 */
void cor_ctl_server_complete(struct cor_ctl_server *s, enum cor_ctl_type type,
                             int result);

/**
 * cor_ctl_server_close() - the end: outstanding requests are answered with ECANCELED,
 * attached clients get the rest of the console as far as their sockets take it, then
 * all connections close.
 * @s: the server; without clients afterwards, and it accepts no more
 */
void cor_ctl_server_close(struct cor_ctl_server *s);

#endif
