/*
 * gdb.c - the commands of the remote serial protocol that a one-vCPU machine needs.
 *
 * #syscalls:vcpu_gdb recvfrom(GDB) sendto(GDB) ppoll
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <sys/socket.h>

#include <cor/vm/gdb.h>

#include "gdb_packet.h"

/* Layout of the 'g' packet: core registers, x87 as unavailable, then the bases. */
#define N_RIP    16u
#define N_EFLAGS 17u
#define N_GS     23u
#define N_ST0    24u
#define N_FCTRL  32u
#define N_FSBASE 40u
#define N_COUNT  42u

#define ERR_ARG  "E16" /* EINVAL */
#define ERR_ADDR "E0e" /* EFAULT */

static const char target_xml[] =
    "<?xml version=\"1.0\"?><!DOCTYPE target SYSTEM \"gdb-target.dtd\"><target>"
    "<architecture>i386:x86-64</architecture>"
    "<feature name=\"org.gnu.gdb.i386.core\">"
    "<reg name=\"rax\" bitsize=\"64\" type=\"int64\"/><reg name=\"rbx\" bitsize=\"64\" type=\"int64\"/>"
    "<reg name=\"rcx\" bitsize=\"64\" type=\"int64\"/><reg name=\"rdx\" bitsize=\"64\" type=\"int64\"/>"
    "<reg name=\"rsi\" bitsize=\"64\" type=\"int64\"/><reg name=\"rdi\" bitsize=\"64\" type=\"int64\"/>"
    "<reg name=\"rbp\" bitsize=\"64\" type=\"data_ptr\"/><reg name=\"rsp\" bitsize=\"64\" type=\"data_ptr\"/>"
    "<reg name=\"r8\" bitsize=\"64\" type=\"int64\"/><reg name=\"r9\" bitsize=\"64\" type=\"int64\"/>"
    "<reg name=\"r10\" bitsize=\"64\" type=\"int64\"/><reg name=\"r11\" bitsize=\"64\" type=\"int64\"/>"
    "<reg name=\"r12\" bitsize=\"64\" type=\"int64\"/><reg name=\"r13\" bitsize=\"64\" type=\"int64\"/>"
    "<reg name=\"r14\" bitsize=\"64\" type=\"int64\"/><reg name=\"r15\" bitsize=\"64\" type=\"int64\"/>"
    "<reg name=\"rip\" bitsize=\"64\" type=\"code_ptr\"/><reg name=\"eflags\" bitsize=\"32\" type=\"int32\"/>"
    "<reg name=\"cs\" bitsize=\"32\" type=\"int32\"/><reg name=\"ss\" bitsize=\"32\" type=\"int32\"/>"
    "<reg name=\"ds\" bitsize=\"32\" type=\"int32\"/><reg name=\"es\" bitsize=\"32\" type=\"int32\"/>"
    "<reg name=\"fs\" bitsize=\"32\" type=\"int32\"/><reg name=\"gs\" bitsize=\"32\" type=\"int32\"/>"
    "<reg name=\"st0\" bitsize=\"80\" type=\"i387_ext\"/><reg name=\"st1\" bitsize=\"80\" type=\"i387_ext\"/>"
    "<reg name=\"st2\" bitsize=\"80\" type=\"i387_ext\"/><reg name=\"st3\" bitsize=\"80\" type=\"i387_ext\"/>"
    "<reg name=\"st4\" bitsize=\"80\" type=\"i387_ext\"/><reg name=\"st5\" bitsize=\"80\" type=\"i387_ext\"/>"
    "<reg name=\"st6\" bitsize=\"80\" type=\"i387_ext\"/><reg name=\"st7\" bitsize=\"80\" type=\"i387_ext\"/>"
    "<reg name=\"fctrl\" bitsize=\"32\" type=\"int\"/><reg name=\"fstat\" bitsize=\"32\" type=\"int\"/>"
    "<reg name=\"ftag\" bitsize=\"32\" type=\"int\"/><reg name=\"fiseg\" bitsize=\"32\" type=\"int\"/>"
    "<reg name=\"fioff\" bitsize=\"32\" type=\"int\"/><reg name=\"foseg\" bitsize=\"32\" type=\"int\"/>"
    "<reg name=\"fooff\" bitsize=\"32\" type=\"int\"/><reg name=\"fop\" bitsize=\"32\" type=\"int\"/>"
    "</feature><feature name=\"org.gnu.gdb.i386.segments\">"
    "<reg name=\"fs_base\" bitsize=\"64\" type=\"int\"/><reg name=\"gs_base\" bitsize=\"64\" type=\"int\"/>"
    "</feature></target>";

void cor_gdb_init(struct cor_gdb *g, int fd, int wake_fd, const struct cor_gdb_ops *ops)
{
    memset(g, 0, sizeof(*g));
    g->fd = fd;
    g->wake_fd = wake_fd;
    g->ops = *ops;
}

static int reply(struct cor_gdb *g, const char *text)
{
    return gdb_packet_send(g, text, strlen(text));
}

static int reply_stop(struct cor_gdb *g)
{
    char text[16];
    (void)snprintf(text, sizeof(text), "S%02x", (unsigned int)g->signal & 0xff);
    g->waiting = false;
    return reply(g, text);
}

/* Where register n lives, and its size; NULL for one that is not kept. */
static void *reg_at(struct cor_gdb_regs *r, uint64_t n, size_t *size)
{
    uint32_t *const seg[] = {&r->eflags, &r->cs, &r->ss, &r->ds,
                             &r->es,     &r->fs, &r->gs};
    *size = 8;
    if (n < 16)
        return &r->gpr[n];
    if (n == N_RIP)
        return &r->rip;
    if (n == N_FSBASE)
        return &r->fs_base;
    if (n == N_FSBASE + 1)
        return &r->gs_base;
    *size = n >= N_ST0 && n < N_FCTRL ? 10 : 4;
    return n >= N_EFLAGS && n <= N_GS ? seg[n - N_EFLAGS] : NULL;
}

static int read_registers(struct cor_gdb *g)
{
    struct cor_gdb_regs r;
    char text[2 * N_COUNT * 10];
    size_t used = 0, size;
    if (g->ops.regs_get(g->ops.ctx, &r) < 0)
        return reply(g, ERR_ADDR);
    for (unsigned int n = 0; n < N_COUNT; n++) {
        const void *p = reg_at(&r, n, &size);
        if (p)
            gdb_hex_put(text + used, p, size);
        else
            memset(text + used, 'x', 2 * size);
        used += 2 * size;
    }
    return gdb_packet_send(g, text, used);
}

static int write_registers(struct cor_gdb *g, const char *p)
{
    struct cor_gdb_regs r;
    const char *end = g->packet + g->packet_len;
    size_t size;
    if (g->ops.regs_get(g->ops.ctx, &r) < 0)
        return reply(g, ERR_ADDR);
    for (unsigned int n = 0; n < N_COUNT; n++) {
        void *to = reg_at(&r, n, &size);
        if ((size_t)(end - p) < 2 * size)
            break;
        if (to && *p != 'x' && !gdb_hex_bytes(p, to, size))
            return reply(g, ERR_ARG);
        p += 2 * size;
    }
    return reply(g, g->ops.regs_set(g->ops.ctx, &r) < 0 ? ERR_ADDR : "OK");
}

static int one_register(struct cor_gdb *g, const char *p, bool write)
{
    struct cor_gdb_regs r;
    const char *end = g->packet + g->packet_len;
    char text[20];
    uint64_t n;
    size_t size;
    if (!gdb_hex_number(&p, end, &n) || n >= N_COUNT ||
        g->ops.regs_get(g->ops.ctx, &r) < 0)
        return reply(g, ERR_ARG);
    void *at = reg_at(&r, n, &size);
    if (!write) {
        memset(text, 'x', sizeof(text));
        if (at)
            gdb_hex_put(text, at, size);
        return gdb_packet_send(g, text, 2 * size);
    }
    if (!at || p == end || *p != '=' || (size_t)(end - p - 1) < 2 * size ||
        !gdb_hex_bytes(p + 1, at, size))
        return reply(g, ERR_ARG);
    return reply(g, g->ops.regs_set(g->ops.ctx, &r) < 0 ? ERR_ADDR : "OK");
}

static struct cor_gdb_breakpoint *find(const struct cor_gdb *g, uint64_t addr)
{
    for (unsigned int i = 0; i < COR_GDB_MAX_BREAKPOINTS; i++) {
        if (g->bp[i].used && g->bp[i].addr == addr)
            return (struct cor_gdb_breakpoint *)(uintptr_t)&g->bp[i];
    }
    return NULL;
}

bool cor_gdb_is_breakpoint(const struct cor_gdb *g, uint64_t addr)
{
    return find(g, addr) != NULL;
}

/* "addr,len" */
static bool range(struct cor_gdb *g, const char **p, uint64_t *addr, uint64_t *len)
{
    const char *end = g->packet + g->packet_len;
    if (!gdb_hex_number(p, end, addr) || *p == end || **p != ',')
        return false;
    (*p)++;
    return gdb_hex_number(p, end, len);
}

/* Memory as the program was loaded: without our breakpoint bytes. */
static int read_memory(struct cor_gdb *g, const char *p)
{
    uint8_t buf[COR_GDB_PACKET_MAX / 2];
    uint64_t addr, len;
    if (!range(g, &p, &addr, &len))
        return reply(g, ERR_ARG);
    if (len > sizeof(buf))
        len = sizeof(buf);
    if (g->ops.mem_read(g->ops.ctx, addr, buf, len) < 0)
        return reply(g, ERR_ADDR);
    for (unsigned int i = 0; i < COR_GDB_MAX_BREAKPOINTS; i++) {
        if (g->bp[i].used && g->bp[i].addr - addr < len)
            buf[g->bp[i].addr - addr] = g->bp[i].original;
    }
    gdb_hex_put(g->out + 1, buf, len);
    return gdb_packet_send(g, g->out + 1, 2 * len);
}

/* A write over a breakpoint changes what lies under it. */
static int write_bytes(struct cor_gdb *g, uint64_t addr, uint8_t *buf, uint64_t len)
{
    for (unsigned int i = 0; i < COR_GDB_MAX_BREAKPOINTS; i++) {
        struct cor_gdb_breakpoint *b = &g->bp[i];
        if (b->used && b->addr - addr < len) {
            b->original = buf[b->addr - addr];
            buf[b->addr - addr] = 0xcc;
        }
    }
    return reply(g, g->ops.mem_write(g->ops.ctx, addr, buf, len) < 0 ? ERR_ADDR : "OK");
}

static int write_memory(struct cor_gdb *g, const char *p, bool binary)
{
    uint8_t buf[COR_GDB_PACKET_MAX];
    uint64_t addr, len;
    const char *end = g->packet + g->packet_len;
    if (!range(g, &p, &addr, &len) || p == end || *p != ':' || len > sizeof(buf))
        return reply(g, ERR_ARG);
    p++;
    if ((uint64_t)(end - p) < (binary ? len : 2 * len))
        return reply(g, ERR_ARG);
    if (binary)
        memcpy(buf, p, len);
    else if (!gdb_hex_bytes(p, buf, len))
        return reply(g, ERR_ARG);
    return write_bytes(g, addr, buf, len);
}

static int set_breakpoint(struct cor_gdb *g, uint64_t addr)
{
    static const uint8_t int3 = 0xcc;
    if (find(g, addr))
        return reply(g, "OK");
    for (unsigned int i = 0; i < COR_GDB_MAX_BREAKPOINTS; i++) {
        struct cor_gdb_breakpoint *b = &g->bp[i];
        if (b->used)
            continue;
        if (g->ops.mem_read(g->ops.ctx, addr, &b->original, 1) < 0 ||
            g->ops.mem_write(g->ops.ctx, addr, &int3, 1) < 0)
            return reply(g, ERR_ADDR);
        b->addr = addr;
        b->used = true;
        return reply(g, "OK");
    }
    return reply(g, "E1c"); /* ENOSPC */
}

static int breakpoint(struct cor_gdb *g, const char *p, bool set)
{
    uint64_t addr;
    const char *end = g->packet + g->packet_len;
    if (end - p < 2 || p[0] != '0' || p[1] != ',')
        return reply(g, ""); /* only software breakpoints */
    p += 2;
    if (!gdb_hex_number(&p, end, &addr))
        return reply(g, ERR_ARG);
    if (set)
        return set_breakpoint(g, addr);
    struct cor_gdb_breakpoint *b = find(g, addr);
    if (b && g->ops.mem_write(g->ops.ctx, addr, &b->original, 1) < 0)
        return reply(g, ERR_ADDR);
    if (b)
        b->used = false;
    return reply(g, "OK");
}

static void remove_breakpoints(struct cor_gdb *g)
{
    for (unsigned int i = 0; i < COR_GDB_MAX_BREAKPOINTS; i++) {
        if (g->bp[i].used)
            (void)g->ops.mem_write(g->ops.ctx, g->bp[i].addr, &g->bp[i].original, 1);
        g->bp[i].used = false;
    }
}

static int read_features(struct cor_gdb *g, const char *p)
{
    uint64_t at, len;
    if (!range(g, &p, &at, &len))
        return reply(g, ERR_ARG);
    const uint64_t size = sizeof(target_xml) - 1;
    if (at > size)
        at = size;
    if (len > COR_GDB_PACKET_MAX - 1)
        len = COR_GDB_PACKET_MAX - 1;
    if (len > size - at)
        len = size - at;
    g->out[1] = at + len == size ? 'l' : 'm';
    memcpy(g->out + 2, target_xml + at, len);
    return gdb_packet_send(g, g->out + 1, len + 1);
}

static bool starts(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

static int query(struct cor_gdb *g)
{
    static const char features[] = "qXfer:features:read:target.xml:";
    char text[128];
    if (starts(g->packet, "qSupported")) {
        (void)snprintf(
            text, sizeof(text),
            "PacketSize=%x;QStartNoAckMode+;qXfer:features:read+;vContSupported+",
            COR_GDB_PACKET_MAX - 8);
        return reply(g, text);
    }
    if (starts(g->packet, features))
        return read_features(g, g->packet + sizeof(features) - 1);
    if (strcmp(g->packet, "qAttached") == 0)
        return reply(g, "1");
    if (strcmp(g->packet, "qC") == 0)
        return reply(g, "QC1");
    if (strcmp(g->packet, "qfThreadInfo") == 0)
        return reply(g, "m1");
    if (strcmp(g->packet, "qsThreadInfo") == 0)
        return reply(g, "l");
    if (starts(g->packet, "qSymbol"))
        return reply(g, "OK");
    return reply(g, "");
}

static int resume_at(struct cor_gdb *g, const char *p)
{
    struct cor_gdb_regs r;
    const char *end = g->packet + g->packet_len;
    uint64_t addr;
    if (p == end)
        return 0;
    if (!gdb_hex_number(&p, end, &addr) || g->ops.regs_get(g->ops.ctx, &r) < 0)
        return -EINVAL;
    r.rip = addr;
    return g->ops.regs_set(g->ops.ctx, &r);
}

/* 1: the guest runs on, *ret says how. */
static int resume(struct cor_gdb *g, enum cor_gdb_action *ret)
{
    const char *p = g->packet;
    if (strcmp(p, "vCont?") == 0)
        return reply(g, "vCont;c;C;s;S");
    char how = starts(p, "vCont;") ? p[6] : p[0];
    if (p[0] != 'v' && (how == 'c' || how == 's') && resume_at(g, p + 1) < 0)
        return reply(g, ERR_ARG);
    if (how != 'c' && how != 'C' && how != 's' && how != 'S')
        return reply(g, "");
    *ret = how == 's' || how == 'S' ? COR_GDB_STEP : COR_GDB_CONTINUE;
    g->waiting = true;
    return 1;
}

static int command(struct cor_gdb *g, enum cor_gdb_action *ret)
{
    const char *p = g->packet;
    switch (p[0]) {
    case '?':
        return reply_stop(g);
    case 'g':
        return read_registers(g);
    case 'G':
        return write_registers(g, p + 1);
    case 'p':
    case 'P':
        return one_register(g, p + 1, p[0] == 'P');
    case 'm':
        return read_memory(g, p + 1);
    case 'M':
    case 'X':
        return write_memory(g, p + 1, p[0] == 'X');
    case 'z':
    case 'Z':
        return breakpoint(g, p + 1, p[0] == 'Z');
    case 'q':
        return query(g);
    case 'H':
    case 'T':
        return reply(g, "OK");
    case 'Q':
        if (strcmp(p, "QStartNoAckMode") != 0)
            return reply(g, "");
        g->no_ack = true;
        return reply(g, "OK");
    case 'D':
        remove_breakpoints(g);
        *ret = COR_GDB_DETACH;
        (void)reply(g, "OK");
        return 1;
    case 'k':
        *ret = COR_GDB_KILL;
        return 1;
    case 'v':
        if (starts(p, "vKill")) {
            *ret = COR_GDB_KILL;
            (void)reply(g, "OK");
            return 1;
        }
        return resume(g, ret);
    case 'c':
    case 'C':
    case 's':
    case 'S':
        return resume(g, ret);
    default:
        return reply(g, "");
    }
}

/* 0: bytes have come; 1: woken; negative: the connection is gone. */
static int receive(struct cor_gdb *g)
{
    struct pollfd p[2] = {{.fd = g->fd, .events = POLLIN},
                          {.fd = g->wake_fd, .events = POLLIN}};
    if (ppoll(p, 2, NULL, NULL) < 0)
        return errno == EINTR ? 1 : -errno;
    if (p[1].revents)
        return 1;
    ssize_t n = recv(g->fd, g->in + g->in_len, sizeof(g->in) - g->in_len, MSG_DONTWAIT);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return 0;
    if (n <= 0)
        return n < 0 ? -errno : -EPIPE;
    g->in_len += (size_t)n;
    return 0;
}

static int lost(struct cor_gdb *g, enum cor_gdb_action *ret, int r, struct cor_err *err)
{
    remove_breakpoints(g);
    *ret = COR_GDB_LOST;
    return r == -EPIPE || r == -ECONNRESET ? 0 : cor_err_os(err, -r, "gdb connection");
}

int cor_gdb_stopped(struct cor_gdb *g, int signal, enum cor_gdb_action *ret,
                    struct cor_err *err)
{
    int r = 0;
    if (signal)
        g->signal = signal;
    if (signal && g->waiting)
        r = reply_stop(g);
    while (r == 0) {
        enum gdb_input in = gdb_packet_next(g);
        if (in == GDB_INPUT_NONE) {
            r = receive(g);
            if (r == 1) {
                *ret = COR_GDB_WOKEN;
                return 0;
            }
        } else if (in == GDB_INPUT_PACKET) {
            r = g->no_ack ? 0 : gdb_packet_raw(g, "+", 1);
            if (r == 0)
                r = command(g, ret);
        } else if (in == GDB_INPUT_BAD) {
            r = gdb_packet_raw(g, "-", 1);
        }
    }
    return r == 1 ? 0 : lost(g, ret, r, err);
}

int cor_gdb_exited(struct cor_gdb *g, int status)
{
    char text[8];
    (void)snprintf(text, sizeof(text), "W%02x", (unsigned int)status & 0xff);
    return g->waiting ? reply(g, text) : 0;
}
