/*
 * fuzz_vm_gdb.c - whatever a gdb may send, to a machine that stops again at once.
 *
 * The peer's end of the socket is the server's wake descriptor: it comes back when
 * there are replies, which are drained here, so that it never waits for a reader. What
 * must hold: replies are framed rightly, and in the end no breakpoint is left.
 */
#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <sys/socket.h>

#include <cor/vm/gdb.h>

#define MEM_SIZE 0x2000u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct cor_gdb gdb;
static uint8_t memory[MEM_SIZE];
static struct cor_gdb_regs regs;

static int regs_get(void *ctx, struct cor_gdb_regs *ret)
{
    (void)ctx;
    *ret = regs;
    return 0;
}

static int regs_set(void *ctx, const struct cor_gdb_regs *from)
{
    (void)ctx;
    regs = *from;
    return 0;
}

static int mem_read(void *ctx, uint64_t addr, void *buf, size_t len)
{
    (void)ctx;
    if (addr > MEM_SIZE || len > MEM_SIZE - addr)
        return -EFAULT;
    memcpy(buf, memory + addr, len);
    return 0;
}

static int mem_write(void *ctx, uint64_t addr, const void *buf, size_t len)
{
    (void)ctx;
    if (addr > MEM_SIZE || len > MEM_SIZE - addr)
        return -EFAULT;
    memcpy(memory + addr, buf, len);
    return 0;
}

/* What the server sends: '+', '-', or "$body#xx" with a body free of both marks. */
static struct {
    enum { OUTSIDE, BODY, SUM1, SUM2 } state;
    uint8_t sum, digit;
} reply;

static uint8_t digit(char c)
{
    assert((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'));
    return (uint8_t)(c <= '9' ? c - '0' : c - 'a' + 10);
}

static void check(char c)
{
    switch (reply.state) {
    case OUTSIDE:
        assert(c == '+' || c == '-' || c == '$');
        reply.sum = 0;
        reply.state = c == '$' ? BODY : OUTSIDE;
        break;
    case BODY:
        assert(c != '$' && c != '}' && c != '*');
        if (c == '#')
            reply.state = SUM1;
        else
            reply.sum = (uint8_t)(reply.sum + (uint8_t)c);
        break;
    case SUM1:
        reply.digit = digit(c);
        reply.state = SUM2;
        break;
    case SUM2:
        assert((reply.digit << 4 | digit(c)) == reply.sum);
        reply.state = OUTSIDE;
        break;
    default:
        assert(false);
    }
}

static void drain(int fd)
{
    char buf[8192];
    for (;;) {
        ssize_t n = recv(fd, buf, sizeof(buf), MSG_DONTWAIT);
        if (n <= 0)
            return;
        for (ssize_t i = 0; i < n; i++)
            check(buf[i]);
    }
}

static void serve(int peer)
{
    static const int stops[] = {SIGTRAP, SIGINT, SIGSEGV, SIGILL};
    enum cor_gdb_action action;
    struct cor_err err;
    unsigned int n = 0;
    int signal = SIGTRAP;
    do {
        const int r = cor_gdb_stopped(&gdb, signal, &action, &err);
        assert(r == 0);
        drain(peer);
        signal = 0;
        if (action == COR_GDB_CONTINUE || action == COR_GDB_STEP)
            signal = stops[n++ % 4];
    } while (signal || action == COR_GDB_WOKEN);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct cor_gdb_ops ops = {NULL, regs_get, regs_set, mem_read,
                                           mem_write};
    int sp[2];
    if (size == 0 || size > 65536 ||
        socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sp) < 0)
        return 0;
    memset(memory, 0, sizeof(memory));
    memset(&regs, 0, sizeof(regs));
    memset(&reply, 0, sizeof(reply));
    cor_gdb_init(&gdb, sp[0], sp[1], &ops);
    const ssize_t sent = send(sp[1], data, size, MSG_NOSIGNAL);
    assert(sent == (ssize_t)size);
    (void)shutdown(sp[1], SHUT_WR);
    serve(sp[1]);
    drain(sp[1]);
    assert(reply.state == OUTSIDE);
    for (unsigned int i = 0; i < COR_GDB_MAX_BREAKPOINTS; i++)
        assert(!gdb.bp[i].used);
    /* Only M and X write, and an escape may spell them. */
    const bool writes =
        memchr(data, 'M', size) || memchr(data, 'X', size) || memchr(data, '}', size);
    assert(writes || (memory[0] == 0 && memcmp(memory, memory + 1, MEM_SIZE - 1) == 0));
    (void)close(sp[0]);
    (void)close(sp[1]);
    return 0;
}
