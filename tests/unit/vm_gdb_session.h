/*
 * vm_gdb_session.h - a gdb server under test, with a machine of bytes and registers.
 *
 * The peer's end of the socket is also the server's wake descriptor: as soon as a reply
 * can be read the server comes back, so that one thread plays both sides.
 */
#ifndef VM_GDB_SESSION_H
#define VM_GDB_SESSION_H

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/socket.h>

#include <cor/base/cleanup.h>
#include <cor/vm/gdb.h>

#define MEM_SIZE 0x3000u
#define G_DIGITS (2u * (17 * 8 + 7 * 4 + 8 * 10 + 8 * 4 + 2 * 8))

struct session {
    uint8_t mem[MEM_SIZE];
    struct cor_gdb_regs regs;
    bool fail_regs;
    uint64_t read_only_from; /* writes at and above fail */
    struct cor_gdb g;
    int peer;
    char got[1 << 16];
    struct cor_err err;
};

static inline int regs_get(void *ctx, struct cor_gdb_regs *ret)
{
    const struct session *s = ctx;
    *ret = s->regs;
    return s->fail_regs ? -EIO : 0;
}

static inline int regs_set(void *ctx, const struct cor_gdb_regs *regs)
{
    struct session *s = ctx;
    s->regs = *regs;
    return 0;
}

static inline int mem_read(void *ctx, uint64_t addr, void *buf, size_t len)
{
    const struct session *s = ctx;
    if (addr > MEM_SIZE || len > MEM_SIZE - addr)
        return -EFAULT;
    memcpy(buf, s->mem + addr, len);
    return 0;
}

static inline int mem_write(void *ctx, uint64_t addr, const void *buf, size_t len)
{
    struct session *s = ctx;
    if (addr > MEM_SIZE || len > MEM_SIZE - addr || addr + len > s->read_only_from)
        return -EFAULT;
    memcpy(s->mem + addr, buf, len);
    return 0;
}

static inline int setup(void **state)
{
    struct session *s = calloc(1, sizeof(*s));
    int sp[2];
    assert_non_null(s);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sp), 0);
    const struct cor_gdb_ops ops = {s, regs_get, regs_set, mem_read, mem_write};
    for (unsigned int i = 0; i < MEM_SIZE; i++)
        s->mem[i] = (uint8_t)i;
    for (unsigned int i = 0; i < 16; i++)
        s->regs.gpr[i] = 0x1111111111111111ULL * i;
    s->regs.rip = 0x123456789abcdef0ULL;
    s->regs.eflags = 0x246;
    s->regs.cs = 0x23;
    s->regs.gs = 0x77;
    s->regs.fs_base = 0xf5b;
    s->regs.gs_base = 0x65b;
    s->read_only_from = MEM_SIZE;
    s->peer = sp[1];
    cor_gdb_init(&s->g, sp[0], sp[1], &ops);
    *state = s;
    return 0;
}

static inline int teardown(void **state)
{
    struct session *s = *state;
    (void)close(s->g.fd);
    if (s->peer >= 0)
        (void)close(s->peer);
    free(s);
    return 0;
}

static inline void send_raw(const struct session *s, const void *bytes, size_t len)
{
    assert_int_equal(send(s->peer, bytes, len, MSG_NOSIGNAL), len);
}

static inline void send_packet(const struct session *s, const char *body, size_t len)
{
    char frame[2 * COR_GDB_PACKET_MAX + 64];
    unsigned int sum = 0;
    assert_true(len + 5 < sizeof(frame));
    for (size_t i = 0; i < len; i++)
        sum += (uint8_t)body[i];
    frame[0] = '$';
    memcpy(frame + 1, body, len);
    (void)snprintf(frame + 1 + len, 4, "#%02x", sum & 0xff);
    send_raw(s, frame, len + 4);
}

static inline enum cor_gdb_action run(struct session *s, int signal)
{
    enum cor_gdb_action action = COR_GDB_KILL;
    assert_int_equal(cor_gdb_stopped(&s->g, signal, &action, &s->err), 0);
    return action;
}

/* What the server has sent until now. */
static inline const char *output(struct session *s)
{
    ssize_t n = recv(s->peer, s->got, sizeof(s->got) - 1, MSG_DONTWAIT);
    s->got[n < 0 ? 0 : n] = '\0';
    return s->got;
}

/* The body of the one packet in text, which has to be framed rightly. */
static inline const char *body_of(char *text)
{
    size_t len = strlen(text);
    unsigned int sum = 0;
    char want[3];
    assert_true(len >= 4);
    assert_int_equal(text[0], '$');
    assert_int_equal(text[len - 3], '#');
    for (size_t i = 1; i < len - 3; i++)
        sum += (uint8_t)text[i];
    (void)snprintf(want, sizeof(want), "%02x", sum & 0xff);
    assert_string_equal(text + len - 2, want);
    text[len - 3] = '\0';
    return text + 1;
}

/* A packet's answer, with acknowledgements off. */
static inline const char *ask_bytes(struct session *s, const char *body, size_t len)
{
    s->g.no_ack = true;
    send_packet(s, body, len);
    assert_int_equal(run(s, 0), COR_GDB_WOKEN);
    (void)output(s);
    return body_of(s->got);
}

static inline const char *ask(struct session *s, const char *body)
{
    return ask_bytes(s, body, strlen(body));
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
