/*
 * gdb_packet.c - the remote serial protocol's wire: packets, and registers in them.
 *
 * A packet is "$body#checksum"; '+' and '-' acknowledge it. g->out holds one
 * acknowledgement at its start and the last packet behind it, so that both go out in
 * order and the packet can be repeated. The socket is never waited for in send() or
 * recv(), only in ppoll() together with wake_fd: a gdb that does not read must not keep
 * the monitor from being stopped.
 *
 * #syscalls:vcpu_gdb recvfrom(GDB) sendto(GDB) ppoll
 */
#include "gdb_packet.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <time.h>

#include <sys/socket.h>

#define INTERRUPT 0x03

static_assert(sizeof(((struct cor_gdb *)0)->out) >= 1 + GDB_BODY_MAX + 4,
              "an acknowledgement and the largest packet fit");

/* Layout of the 'g' packet: core registers, x87 as unavailable, then the bases. */
#define GREG_RIP    16u
#define GREG_EFLAGS 17u
#define GREG_GS     23u
#define GREG_ST0    24u
#define GREG_FCTRL  32u
#define GREG_FSBASE 40u
#define GREG_GSBASE 41u
#define GREG_MAX    10u /* bytes of the largest */

/* clang-format off */
#define REG(name, bits, type) \
    "<reg name=\"" name "\" bitsize=\"" bits "\" type=\"" type "\"/>"
#define FLAG(name, bit) \
    "<field name=\"" name "\" start=\"" bit "\" end=\"" bit "\"/>"
#define GPR(name) REG(name, "64", "int64")
#define SEG(name) REG(name, "32", "int32")
#define ST(name)  REG(name, "80", "i387_ext")
#define FPC(name) REG(name, "32", "int\" group=\"float")

/* The layout above for gdb, whose core feature is not without x87. Sent as it is: no
 * character that the protocol would have to escape. */
const char gdb_target_xml[] =
    "<?xml version=\"1.0\"?><!DOCTYPE target SYSTEM \"gdb-target.dtd\"><target>"
    "<architecture>i386:x86-64</architecture>"
    "<feature name=\"org.gnu.gdb.i386.core\">"
    "<flags id=\"i386_eflags\" size=\"4\">"
    FLAG("CF", "0") FLAG("", "1") FLAG("PF", "2") FLAG("AF", "4") FLAG("ZF", "6")
    FLAG("SF", "7") FLAG("TF", "8") FLAG("IF", "9") FLAG("DF", "10") FLAG("OF", "11")
    FLAG("NT", "14") FLAG("RF", "16") FLAG("AC", "18") FLAG("ID", "21") "</flags>"
    GPR("rax") GPR("rbx") GPR("rcx") GPR("rdx") GPR("rsi") GPR("rdi")
    REG("rbp", "64", "data_ptr") REG("rsp", "64", "data_ptr")
    GPR("r8") GPR("r9") GPR("r10") GPR("r11") GPR("r12") GPR("r13") GPR("r14") GPR("r15")
    REG("rip", "64", "code_ptr") REG("eflags", "32", "i386_eflags")
    SEG("cs") SEG("ss") SEG("ds") SEG("es") SEG("fs") SEG("gs")
    ST("st0") ST("st1") ST("st2") ST("st3") ST("st4") ST("st5") ST("st6") ST("st7")
    FPC("fctrl") FPC("fstat") FPC("ftag") FPC("fiseg")
    FPC("fioff") FPC("foseg") FPC("fooff") FPC("fop")
    "</feature><feature name=\"org.gnu.gdb.i386.segments\">"
    REG("fs_base", "64", "int") REG("gs_base", "64", "int")
    "</feature></target>";
/* clang-format on */
const size_t gdb_target_xml_len = sizeof(gdb_target_xml) - 1;

static int hex_digit(int c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool gdb_hex_number(const char **text, const char *end, uint64_t *ret)
{
    const char *p = *text;
    uint64_t v = 0;
    for (; p < end && hex_digit(*p) >= 0; p++) {
        if (v >> 60)
            return false;
        v = v << 4 | (unsigned int)hex_digit(*p);
    }
    if (p == *text)
        return false;
    *text = p;
    *ret = v;
    return true;
}

bool gdb_hex_bytes(const char *text, void *bytes, size_t len)
{
    uint8_t *to = bytes;
    for (size_t i = 0; i < len; i++) {
        int hi = hex_digit(text[2 * i]), lo = hex_digit(text[2 * i + 1]);
        if (hi < 0 || lo < 0)
            return false;
        to[i] = (uint8_t)(hi << 4 | lo);
    }
    return true;
}

void gdb_hex_put(char *text, const void *bytes, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *p = bytes;
    for (size_t i = 0; i < len; i++) {
        text[2 * i] = digits[p[i] >> 4];
        text[2 * i + 1] = digits[p[i] & 15];
    }
}

bool gdb_hex_range(const char **p, const char *end, uint64_t *addr, uint64_t *len)
{
    if (!gdb_hex_number(p, end, addr) || *p == end || **p != ',')
        return false;
    (*p)++;
    return gdb_hex_number(p, end, len);
}

/* Where register n lives, and its size; NULL for one that is not kept. */
static void *reg_at(struct cor_gdb_regs *r, uint64_t n, size_t *size)
{
    uint32_t *const narrow[] = {&r->eflags, &r->cs, &r->ss, &r->ds,
                                &r->es,     &r->fs, &r->gs};
    *size = 8;
    if (n < GREG_RIP)
        return &r->gpr[n];
    if (n == GREG_RIP)
        return &r->rip;
    if (n == GREG_FSBASE)
        return &r->fs_base;
    if (n == GREG_GSBASE)
        return &r->gs_base;
    *size = n >= GREG_ST0 && n < GREG_FCTRL ? GREG_MAX : 4;
    return n >= GREG_EFLAGS && n <= GREG_GS ? narrow[n - GREG_EFLAGS] : NULL;
}

bool gdb_reg_kept(uint64_t n)
{
    return n < GREG_ST0 || n >= GREG_FSBASE;
}

size_t gdb_reg_put(char *text, struct cor_gdb_regs *r, uint64_t n)
{
    size_t size;
    const void *at = reg_at(r, n, &size);
    if (at)
        gdb_hex_put(text, at, size);
    else
        memset(text, 'x', 2 * size); /* unavailable */
    return 2 * size;
}

size_t gdb_regs_put(char *text, struct cor_gdb_regs *r)
{
    size_t used = 0;
    for (unsigned int n = 0; n < GREG_COUNT; n++)
        used += gdb_reg_put(text + used, r, n);
    return used;
}

bool gdb_reg_take(const char **text, const char *end, struct cor_gdb_regs *r,
                  uint64_t n)
{
    size_t size;
    void *at = reg_at(r, n, &size);
    if ((size_t)(end - *text) < 2 * size)
        return false;
    if (at && **text != 'x' && !gdb_hex_bytes(*text, at, size))
        return false;
    *text += 2 * size;
    return true;
}

unsigned int gdb_signal_number(int host)
{
    switch (host) {
    case SIGBUS:
        return 10;
    case SIGSYS:
        return 12;
    case SIGUSR1:
        return 30;
    case SIGUSR2:
        return 31;
    default:
        return host >= 0 && host <= 15 ? (unsigned int)host : 143; /* unknown */
    }
}

static void consume(struct cor_gdb *g, size_t n)
{
    g->in_len -= n;
    memmove(g->in, g->in + n, g->in_len);
}

/* Unescapes a body; false when it does not fit or ends in an escape. */
static bool take_body(struct cor_gdb *g, const uint8_t *body, size_t len)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        uint8_t c = body[i];
        if (c == '}' && ++i == len)
            return false;
        if (c == '}')
            c = body[i] ^ 0x20;
        if (n == COR_GDB_PACKET_MAX)
            return false;
        g->packet[n++] = (char)c;
    }
    g->packet[n] = '\0';
    g->packet_len = n;
    return true;
}

/* g->in starts with '$'. */
static enum gdb_input take_packet(struct cor_gdb *g)
{
    const uint8_t *end = memchr(g->in, '#', g->in_len);
    if (!end || (size_t)(end - g->in) + 3 > g->in_len) {
        if (g->in_len < sizeof(g->in))
            return GDB_INPUT_NONE;
        consume(g, g->in_len); /* it will not end any more */
        return GDB_INPUT_BAD;
    }
    /* A '$' inside is a packet that starts anew: bytes have been lost before it. */
    const uint8_t *start = memrchr(g->in, '$', (size_t)(end - g->in));
    size_t len = (size_t)(end - start) - 1;
    uint8_t sum = 0, want = 0;
    for (size_t i = 0; i < len; i++)
        sum = (uint8_t)(sum + start[1 + i]);
    bool good = gdb_hex_bytes((const char *)end + 1, &want, 1) && want == sum &&
                take_body(g, start + 1, len);
    consume(g, (size_t)(end - g->in) + 3);
    return good ? GDB_INPUT_PACKET : GDB_INPUT_BAD;
}

/* Drops acknowledgements and what is none of ours; false when nothing is left. */
static bool skip_noise(struct cor_gdb *g)
{
    size_t n = 0;
    while (n < g->in_len && g->in[n] != '$' && g->in[n] != INTERRUPT &&
           (g->in[n] != '-' || g->no_ack))
        n++;
    consume(g, n);
    return g->in_len > 0;
}

enum gdb_input gdb_packet_next(struct cor_gdb *g)
{
    if (!skip_noise(g))
        return GDB_INPUT_NONE;
    if (g->in[0] == '$')
        return take_packet(g);
    uint8_t c = g->in[0];
    consume(g, 1);
    return c == INTERRUPT ? GDB_INPUT_INTERRUPT : GDB_INPUT_REPEAT;
}

bool gdb_packet_interrupt(struct cor_gdb *g)
{
    if (!skip_noise(g) || g->in[0] != INTERRUPT)
        return false;
    consume(g, 1);
    return true;
}

void gdb_packet_ack(struct cor_gdb *g, char ack)
{
    g->out[0] = ack;
    g->out_len = 1;
    g->out_sent = 0;
}

char *gdb_packet_body(struct cor_gdb *g)
{
    return g->out + 2;
}

void gdb_packet_queue(struct cor_gdb *g, const char *body, size_t len)
{
    uint8_t sum = 0;
    char *to = gdb_packet_body(g);
    assert(len <= GDB_BODY_MAX);
    if (body != to)
        memcpy(to, body, len);
    for (size_t i = 0; i < len; i++)
        sum = (uint8_t)(sum + (uint8_t)to[i]);
    to[-1] = '$';
    to[len] = '#';
    gdb_hex_put(to + len + 1, &sum, 1);
    if (g->out_sent == g->out_len) /* no acknowledgement is before it */
        g->out_sent = 1;
    g->out_len = len + 5;
}

void gdb_packet_repeat(struct cor_gdb *g)
{
    if (g->out_len > 1)
        g->out_sent = 1;
}

/* 0: the socket is ready; 1: woken; a negative errno, -ETIMEDOUT among them. */
static int wait_for(const struct cor_gdb *g, short events, int wake_fd,
                    const struct timespec *timeout)
{
    struct pollfd p[2] = {{.fd = g->fd, .events = events},
                          {.fd = wake_fd, .events = POLLIN}};
    int n = ppoll(p, 2, timeout, NULL);
    if (n < 0)
        return errno == EINTR ? 1 : -errno;
    if (n == 0)
        return -ETIMEDOUT;
    return p[1].revents ? 1 : 0;
}

static int flush(struct cor_gdb *g, int wake_fd, const struct timespec *timeout)
{
    while (g->out_sent < g->out_len) {
        ssize_t n = send(g->fd, g->out + g->out_sent, g->out_len - g->out_sent,
                         MSG_NOSIGNAL | MSG_DONTWAIT);
        if (n >= 0) {
            g->out_sent += (size_t)n;
            continue;
        }
        if (errno == EINTR)
            continue;
        if (errno != EAGAIN)
            return -errno;
        int r = wait_for(g, POLLOUT, wake_fd, timeout);
        if (r != 0)
            return r;
    }
    return 0;
}

int gdb_packet_flush(struct cor_gdb *g)
{
    return flush(g, g->wake_fd, NULL);
}

int gdb_packet_flush_last(struct cor_gdb *g)
{
    static const struct timespec second = {.tv_sec = 1};
    int r = flush(g, -1, &second);
    return r == 1 ? -EINTR : r;
}

int gdb_packet_receive(struct cor_gdb *g)
{
    int r = wait_for(g, POLLIN, g->wake_fd, NULL);
    if (r != 0)
        return r;
    ssize_t n = recv(g->fd, g->in + g->in_len, sizeof(g->in) - g->in_len, MSG_DONTWAIT);
    if (n < 0)
        return errno == EAGAIN || errno == EINTR ? 0 : -errno;
    g->in_len += (size_t)n;
    return n == 0 ? -EPIPE : 0;
}
