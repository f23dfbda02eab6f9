/*
 * gdb.c - the commands of the remote serial protocol that a one-vCPU machine needs.
 *
 * Everything that gdb sends is checked here against g->packet_len; addresses are
 * checked by the machine's own functions. A software breakpoint is written into memory
 * when gdb asks for it and hidden from gdb's reads; gdb itself takes it out to step
 * over it.
 *
 * Nothing waits but cor_gdb_stopped() and the last words: a command only queues its
 * reply, or says with g->resuming that the guest may run once all is sent.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <cor/vm/gdb.h>

#include "gdb_packet.h"

#define INT3 0xccu

#define ERR_REGS  "E05" /* EIO */
#define ERR_ADDR  "E0e" /* EFAULT */
#define ERR_ARG   "E16" /* EINVAL */
#define ERR_SPACE "E1c" /* ENOSPC */

void cor_gdb_init(struct cor_gdb *g, int fd, int wake_fd, const struct cor_gdb_ops *ops)
{
    memset(g, 0, sizeof(*g));
    g->fd = fd;
    g->wake_fd = wake_fd;
    g->ops = *ops;
}

static void reply(struct cor_gdb *g, const char *text)
{
    gdb_packet_queue(g, text, strlen(text));
}

static const char *packet_end(const struct cor_gdb *g)
{
    return g->packet + g->packet_len;
}

static bool starts(const char *text, const char *with)
{
    return strncmp(text, with, strlen(with)) == 0;
}

/* Registers. */

static bool regs_get(struct cor_gdb *g, struct cor_gdb_regs *ret)
{
    memset(ret, 0, sizeof(*ret));
    return g->ops.regs_get(g->ops.ctx, ret) >= 0;
}

static void reply_regs_set(struct cor_gdb *g, const struct cor_gdb_regs *regs)
{
    reply(g, g->ops.regs_set(g->ops.ctx, regs) < 0 ? ERR_REGS : "OK");
}

static void read_registers(struct cor_gdb *g, const char *p)
{
    struct cor_gdb_regs r;
    (void)p;
    if (!regs_get(g, &r)) {
        reply(g, ERR_REGS);
        return;
    }
    gdb_packet_queue(g, gdb_packet_body(g), gdb_regs_put(gdb_packet_body(g), &r));
}

/* All or none. What gdb does not know it leaves out at the end, or writes as 'x'. */
static void write_registers(struct cor_gdb *g, const char *p)
{
    struct cor_gdb_regs r;
    const char *end = packet_end(g);
    uint64_t n = 0;
    if (!regs_get(g, &r)) {
        reply(g, ERR_REGS);
        return;
    }
    while (p < end && n < GREG_COUNT && gdb_reg_take(&p, end, &r, n))
        n++;
    if (n > 0 && p == end)
        reply_regs_set(g, &r);
    else
        reply(g, ERR_ARG);
}

static void one_register(struct cor_gdb *g, const char *p)
{
    struct cor_gdb_regs r;
    const char *end = packet_end(g);
    const bool write = g->packet[0] == 'P';
    uint64_t n;
    bool good = gdb_hex_number(&p, end, &n) && n < GREG_COUNT;
    if (good && write)
        good = gdb_reg_kept(n) && p < end && *p++ == '=';
    if (!good) {
        reply(g, ERR_ARG);
        return;
    }
    if (!regs_get(g, &r)) {
        reply(g, ERR_REGS);
        return;
    }
    if (!write)
        gdb_packet_queue(g, gdb_packet_body(g), gdb_reg_put(gdb_packet_body(g), &r, n));
    else if (gdb_reg_take(&p, end, &r, n) && p == end)
        reply_regs_set(g, &r);
    else
        reply(g, ERR_ARG);
}

/* Memory and breakpoints. */

static const struct cor_gdb_breakpoint *find(const struct cor_gdb *g, uint64_t addr)
{
    for (unsigned int i = 0; i < COR_GDB_MAX_BREAKPOINTS; i++) {
        if (g->bp[i].used && g->bp[i].addr == addr)
            return &g->bp[i];
    }
    return NULL;
}

bool cor_gdb_is_breakpoint(const struct cor_gdb *g, uint64_t addr)
{
    return find(g, addr) != NULL;
}

/* Memory as the guest has it. An int3 that is no longer there is not ours. */
static int read_hidden(struct cor_gdb *g, uint64_t addr, uint8_t *buf, size_t len)
{
    int r = g->ops.mem_read(g->ops.ctx, addr, buf, len);
    for (unsigned int i = 0; r >= 0 && i < COR_GDB_MAX_BREAKPOINTS; i++) {
        const struct cor_gdb_breakpoint *b = &g->bp[i];
        if (b->used && b->addr - addr < len && buf[b->addr - addr] == INT3)
            buf[b->addr - addr] = b->original;
    }
    return r;
}

static void read_memory(struct cor_gdb *g, const char *p)
{
    uint8_t buf[COR_GDB_PACKET_MAX / 2];
    uint64_t addr, len;
    if (!gdb_hex_range(&p, packet_end(g), &addr, &len) || p != packet_end(g)) {
        reply(g, ERR_ARG);
        return;
    }
    if (len > sizeof(buf))
        len = sizeof(buf);
    int r = read_hidden(g, addr, buf, len);
    const uint64_t in_page = 4096 - (addr & 4095);
    if (r < 0 && in_page < len) { /* gdb takes what there is */
        len = in_page;
        r = read_hidden(g, addr, buf, len);
    }
    if (r < 0) {
        reply(g, ERR_ADDR);
        return;
    }
    gdb_hex_put(gdb_packet_body(g), buf, len);
    gdb_packet_queue(g, gdb_packet_body(g), 2 * len);
}

/* A write over a breakpoint changes what lies under it. */
static int write_under(struct cor_gdb *g, uint64_t addr, uint8_t *buf, size_t len)
{
    uint8_t under[COR_GDB_MAX_BREAKPOINTS];
    for (unsigned int i = 0; i < COR_GDB_MAX_BREAKPOINTS; i++) {
        const struct cor_gdb_breakpoint *b = &g->bp[i];
        if (!b->used || b->addr - addr >= len)
            continue;
        under[i] = buf[b->addr - addr];
        buf[b->addr - addr] = INT3;
    }
    int r = g->ops.mem_write(g->ops.ctx, addr, buf, len);
    for (unsigned int i = 0; r >= 0 && i < COR_GDB_MAX_BREAKPOINTS; i++) {
        struct cor_gdb_breakpoint *b = &g->bp[i];
        if (b->used && b->addr - addr < len)
            b->original = under[i];
    }
    return r;
}

static void write_memory(struct cor_gdb *g, const char *p)
{
    uint8_t buf[COR_GDB_PACKET_MAX];
    uint64_t addr, len;
    const char *end = packet_end(g);
    const bool binary = g->packet[0] == 'X';
    bool good = gdb_hex_range(&p, end, &addr, &len) && p < end && *p == ':' &&
                len <= sizeof(buf);
    if (good)
        p++;
    if (!good || (uint64_t)(end - p) != (binary ? len : 2 * len) ||
        (!binary && !gdb_hex_bytes(p, buf, len))) {
        reply(g, ERR_ARG);
        return;
    }
    if (binary)
        memcpy(buf, p, len);
    /* With no bytes gdb asks whether there is such a packet. */
    reply(g, len > 0 && write_under(g, addr, buf, len) < 0 ? ERR_ADDR : "OK");
}

static const char *set_breakpoint(struct cor_gdb *g, uint64_t addr)
{
    static const uint8_t int3 = INT3;
    if (find(g, addr))
        return "OK";
    for (unsigned int i = 0; i < COR_GDB_MAX_BREAKPOINTS; i++) {
        struct cor_gdb_breakpoint *b = &g->bp[i];
        if (b->used)
            continue;
        if (g->ops.mem_read(g->ops.ctx, addr, &b->original, 1) < 0 ||
            g->ops.mem_write(g->ops.ctx, addr, &int3, 1) < 0)
            return ERR_ADDR;
        b->addr = addr;
        b->used = true;
        return "OK";
    }
    return ERR_SPACE;
}

/* Leaves alone a byte that the guest has replaced. */
static int remove_breakpoint(struct cor_gdb *g, struct cor_gdb_breakpoint *b)
{
    uint8_t now;
    int r = g->ops.mem_read(g->ops.ctx, b->addr, &now, 1);
    if (r >= 0 && now == INT3)
        r = g->ops.mem_write(g->ops.ctx, b->addr, &b->original, 1);
    b->used = r < 0;
    return r;
}

static void remove_breakpoints(struct cor_gdb *g)
{
    for (unsigned int i = 0; i < COR_GDB_MAX_BREAKPOINTS; i++) {
        if (g->bp[i].used)
            (void)remove_breakpoint(g, &g->bp[i]);
        g->bp[i].used = false;
    }
}

/* "type,addr,kind" */
static void breakpoint(struct cor_gdb *g, const char *p)
{
    const char *end = packet_end(g);
    uint64_t addr, kind;
    if (!starts(p, "0,")) {
        reply(g, ""); /* hardware breakpoints and watchpoints */
        return;
    }
    p += 2;
    if (!gdb_hex_range(&p, end, &addr, &kind)) {
        reply(g, ERR_ARG);
        return;
    }
    if (g->packet[0] == 'Z') {
        reply(g, set_breakpoint(g, addr));
        return;
    }
    const struct cor_gdb_breakpoint *b = find(g, addr);
    reply(g, b && remove_breakpoint(g, &g->bp[b - g->bp]) < 0 ? ERR_ADDR : "OK");
}

/* Queries. */

/* "offset,length" of the target description */
static void read_features(struct cor_gdb *g, const char *p)
{
    const uint64_t size = gdb_target_xml_len;
    uint64_t at, len;
    if (!gdb_hex_range(&p, packet_end(g), &at, &len) || at > size) {
        reply(g, ERR_ARG);
        return;
    }
    char *to = gdb_packet_body(g);
    if (len > COR_GDB_PACKET_MAX - 1)
        len = COR_GDB_PACKET_MAX - 1;
    if (len > size - at)
        len = size - at;
    to[0] = at + len == size ? 'l' : 'm';
    memcpy(to + 1, gdb_target_xml + at, len);
    gdb_packet_queue(g, to, len + 1);
}

static void supported(struct cor_gdb *g)
{
    char text[128];
    g->swbreak = strstr(g->packet, "swbreak+") != NULL;
    (void)snprintf(
        text, sizeof(text),
        "PacketSize=%x;QStartNoAckMode+;qXfer:features:read+;vContSupported+;"
        "swbreak+",
        COR_GDB_PACKET_MAX);
    reply(g, text);
}

static void query(struct cor_gdb *g, const char *p)
{
    static const char features[] = "qXfer:features:read:";
    static const char target[] = "qXfer:features:read:target.xml:";
    static const char *const answer[][2] = {{"qAttached", "1"},
                                            {"qC", "QC1"},
                                            {"qfThreadInfo", "m1"},
                                            {"qsThreadInfo", "l"}};
    p = g->packet;
    if (starts(p, "qSupported")) {
        supported(g);
        return;
    }
    if (starts(p, target)) {
        read_features(g, p + sizeof(target) - 1);
        return;
    }
    for (size_t i = 0; i < sizeof(answer) / sizeof(answer[0]); i++) {
        if (strcmp(p, answer[i][0]) == 0) {
            reply(g, answer[i][1]);
            return;
        }
    }
    if (starts(p, features))
        reply(g, "E00"); /* no such annex */
    else
        reply(g, starts(p, "qSymbol:") ? "OK" : "");
}

/* The one thread is 1; 0 is any and -1 all. */
static bool is_our_thread(const char **p, const char *end)
{
    uint64_t n;
    if (starts(*p, "-1")) {
        *p += 2;
        return true;
    }
    return gdb_hex_number(p, end, &n) && n <= 1;
}

static void check_thread(struct cor_gdb *g, const char *p)
{
    reply(g, is_our_thread(&p, packet_end(g)) && p == packet_end(g) ? "OK" : ERR_ARG);
}

/* "Hg1": which operations, then a thread */
static void select_thread(struct cor_gdb *g, const char *p)
{
    check_thread(g, p < packet_end(g) ? p + 1 : p);
}

/* Letting the guest run. */

static void reply_stop(struct cor_gdb *g)
{
    struct cor_gdb_regs r;
    char text[32];
    /* rip is the breakpoint's address already: without this word gdb may subtract. */
    bool at_bp =
        g->swbreak && g->signal == SIGTRAP && regs_get(g, &r) && find(g, r.rip);
    (void)snprintf(text, sizeof(text), "T%02x%sthread:1;", gdb_signal_number(g->signal),
                   at_bp ? "swbreak:;" : "");
    g->waiting = false;
    reply(g, text);
}

static void why_stopped(struct cor_gdb *g, const char *p)
{
    (void)p;
    reply_stop(g);
}

static void leave(struct cor_gdb *g, enum cor_gdb_action action)
{
    g->resuming = true;
    g->resume_as = action;
    g->waiting = action == COR_GDB_CONTINUE || action == COR_GDB_STEP;
    if (!g->waiting)
        remove_breakpoints(g);
}

/* c, C, s or S; false for anything else. */
static bool go(struct cor_gdb *g, char how)
{
    bool step = how == 's' || how == 'S';
    if (!step && how != 'c' && how != 'C')
        return false;
    leave(g, step ? COR_GDB_STEP : COR_GDB_CONTINUE);
    return true;
}

/* "[addr]" or, with a signal, "sig[;addr]". A signal is not the guest's to have. */
static void resume(struct cor_gdb *g, const char *p)
{
    const char how = g->packet[0];
    const char *end = packet_end(g);
    struct cor_gdb_regs r;
    uint64_t sig, addr;
    bool good = true;
    if (how == 'C' || how == 'S') {
        good = gdb_hex_number(&p, end, &sig);
        if (good && p < end)
            good = *p++ == ';';
    }
    if (good && p < end) {
        good = gdb_hex_number(&p, end, &addr) && p == end && regs_get(g, &r);
        if (good) {
            r.rip = addr;
            good = g->ops.regs_set(g->ops.ctx, &r) >= 0;
        }
    }
    if (!good || !go(g, how))
        reply(g, ERR_ARG);
}

/* ";action[:thread]...": the first that names our thread, or none, is ours. */
static void vcont(struct cor_gdb *g, const char *p)
{
    const char *end = packet_end(g);
    while (p < end && *p == ';') {
        const char how = *++p; /* at worst the NUL behind the packet */
        uint64_t sig;
        bool ours = true;
        if (p < end)
            p++;
        if ((how == 'C' || how == 'S') && !gdb_hex_number(&p, end, &sig))
            break;
        if (p < end && *p == ':') {
            p++;
            ours = is_our_thread(&p, end);
        }
        if (!ours)
            continue;
        if ((p < end && *p != ';') || !go(g, how))
            break;
        return;
    }
    reply(g, ERR_ARG);
}

static void verbose(struct cor_gdb *g, const char *p)
{
    if (starts(p, "Cont;")) {
        vcont(g, p + 4);
    } else if (starts(p, "Kill")) {
        reply(g, "OK");
        leave(g, COR_GDB_KILL);
    } else {
        reply(g, strcmp(p, "Cont?") == 0 ? "vCont;c;C;s;S" : "");
    }
}

static void detach(struct cor_gdb *g, const char *p)
{
    (void)p;
    reply(g, "OK");
    leave(g, COR_GDB_DETACH);
}

static void kill_guest(struct cor_gdb *g, const char *p)
{
    (void)p;
    leave(g, COR_GDB_KILL);
}

static void set_mode(struct cor_gdb *g, const char *p)
{
    bool known = strcmp(p, "StartNoAckMode") == 0;
    g->no_ack |= known;
    reply(g, known ? "OK" : "");
}

/* Gets what is behind the letter. */
static const struct {
    char letter;
    void (*run)(struct cor_gdb *g, const char *p);
} commands[] = {
    {'?', why_stopped},   {'g', read_registers}, {'G', write_registers},
    {'p', one_register},  {'P', one_register},   {'m', read_memory},
    {'M', write_memory},  {'X', write_memory},   {'z', breakpoint},
    {'Z', breakpoint},    {'q', query},          {'Q', set_mode},
    {'H', select_thread}, {'T', check_thread},   {'v', verbose},
    {'c', resume},        {'C', resume},         {'s', resume},
    {'S', resume},        {'D', detach},         {'k', kill_guest},
};

static void command(struct cor_gdb *g)
{
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (commands[i].letter == g->packet[0]) {
            commands[i].run(g, g->packet + 1);
            return;
        }
    }
    reply(g, "");
}

/* One thing out of what has been received; more is received when there is none. */
static int serve(struct cor_gdb *g)
{
    switch (gdb_packet_next(g)) {
    case GDB_INPUT_PACKET:
        if (!g->no_ack)
            gdb_packet_ack(g, '+');
        command(g);
        break;
    case GDB_INPUT_BAD:
        if (g->no_ack)
            reply(g, ERR_ARG);
        else
            gdb_packet_ack(g, '-');
        break;
    case GDB_INPUT_REPEAT:
        gdb_packet_repeat(g);
        break;
    case GDB_INPUT_INTERRUPT: /* crossed our stop reply */
        break;
    case GDB_INPUT_NONE:
    default:
        return gdb_packet_receive(g);
    }
    return 0;
}

/* An interrupt that came with the command to run is in our buffer already, where nobody
 * else sees it. */
static bool interrupted_at_once(struct cor_gdb *g)
{
    if (!g->waiting || !gdb_packet_interrupt(g))
        return false;
    g->resuming = false;
    g->signal = SIGINT;
    reply_stop(g);
    return true;
}

static int lost(struct cor_gdb *g, enum cor_gdb_action *ret, int r, struct cor_err *err)
{
    remove_breakpoints(g);
    /* Whoever kills or detaches need not stay for the answer. */
    *ret = g->resuming && !g->waiting ? g->resume_as : COR_GDB_LOST;
    g->resuming = g->waiting = false;
    if (r == -EPIPE || r == -ECONNRESET)
        return 0;
    return cor_err_os(err, -r, "gdb connection");
}

int cor_gdb_stopped(struct cor_gdb *g, int signal, enum cor_gdb_action *ret,
                    struct cor_err *err)
{
    int r = 0;
    if (signal) {
        g->signal = signal;
        g->resuming = false;
        if (g->waiting)
            reply_stop(g);
    }
    while (r == 0) {
        r = gdb_packet_flush(g);
        if (r == 0 && g->resuming) {
            if (interrupted_at_once(g))
                continue;
            g->resuming = false;
            *ret = g->resume_as;
            return 0;
        }
        if (r == 0)
            r = serve(g);
    }
    if (r < 0)
        return lost(g, ret, r, err);
    *ret = COR_GDB_WOKEN;
    return 0;
}

static int last_words(struct cor_gdb *g, char what, unsigned int number)
{
    char text[8];
    if (!g->waiting)
        return 0;
    g->waiting = false;
    (void)snprintf(text, sizeof(text), "%c%02x", what, number & 0xff);
    reply(g, text);
    return gdb_packet_flush_last(g);
}

int cor_gdb_exited(struct cor_gdb *g, int status)
{
    return last_words(g, 'W', (unsigned int)status);
}

int cor_gdb_killed(struct cor_gdb *g, int signal)
{
    return last_words(g, 'X', gdb_signal_number(signal));
}
