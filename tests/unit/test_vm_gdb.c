/*
 * test_vm_gdb.c - the gdb server's commands, by scripted packets.
 */
#include <signal.h>

#include "cor_cmocka.h"
#include "vm_gdb_session.h"

static void test_reads_registers(void **state)
{
    struct session *s = *state;
    const char *g = ask(s, "g");
    assert_int_equal(strlen(g), G_DIGITS);
    assert_memory_equal(g + 16, "1111111111111111", 16);
    assert_memory_equal(g + 256, "f0debc9a78563412", 16);
    assert_memory_equal(g + 272,
                        "46020000"
                        "23000000",
                        16);
    assert_memory_equal(g + 320,
                        "77000000"
                        "xxxxxxxx",
                        16);
    assert_memory_equal(g + G_DIGITS - 36,
                        "xxxx"
                        "5b0f000000000000"
                        "5b06000000000000",
                        36);
    s->fail_regs = true;
    assert_string_equal(ask(s, "g"), "E05");
    assert_string_equal(ask(s, "p0"), "E05");
    assert_string_equal(ask(s, "P0=0000000000000000"), "E05");
    assert_string_equal(ask(s, "G00"), "E05");
    assert_string_equal(ask(s, "c1000"), "E16");
}

static void test_reads_one_register(void **state)
{
    struct session *s = *state;
    static const struct {
        const char *in, *out;
    } rows[] = {
        {"p1", "1111111111111111"},
        {"p10", "f0debc9a78563412"},
        {"p11", "46020000"},
        {"p17", "77000000"},
        {"p18", "xxxxxxxxxxxxxxxxxxxx"}, /* st0 */
        {"p1f", "xxxxxxxxxxxxxxxxxxxx"},
        {"p20", "xxxxxxxx"}, /* fctrl */
        {"p27", "xxxxxxxx"},
        {"p28", "5b0f000000000000"},
        {"p29", "5b06000000000000"},
        {"p2a", "E16"},
        {"p", "E16"},
        {"p-1", "E16"},
        {"pffffffffffffffff", "E16"},
        {"p10000000000000000", "E16"},
    };
    for (size_t i = 0; i < COR_ARRAY_SIZE(rows); i++)
        assert_string_equal(ask(s, rows[i].in), rows[i].out);
}

static void test_writes_one_register(void **state)
{
    struct session *s = *state;
    const struct cor_gdb_regs before = s->regs;
    static const char *const bad[] = {
        "P",
        "P1",
        "P1=",
        "P1=11",
        "P1=00000000000000001",
        "P11=0",
        "P1:0000000000000000",
        "P2a=00000000",
        "P1=000000000000000g",
        "P18=00000000000000000000",
        "P20=00000000",
        "P11=0000000000000000",
    };
    for (size_t i = 0; i < COR_ARRAY_SIZE(bad); i++)
        assert_string_equal(ask(s, bad[i]), "E16");
    assert_memory_equal(&s->regs, &before, sizeof(before));
    assert_string_equal(ask(s, "P1=0102030405060708"), "OK");
    assert_string_equal(ask(s, "P11=ff000000"), "OK");
    assert_string_equal(ask(s, "P28=1000000000000000"), "OK");
    assert_int_equal(s->regs.gpr[1], 0x0807060504030201ULL);
    assert_int_equal(s->regs.eflags, 0xff);
    assert_int_equal(s->regs.fs_base, 0x10);
    assert_int_equal(s->regs.gpr[0], before.gpr[0]);
    assert_int_equal(s->regs.gpr[2], before.gpr[2]);
}

/* What 'g' has said may be written back; part of it, but no more and no broken digits.
 */
static void test_writes_registers(void **state)
{
    struct session *s = *state;
    const struct cor_gdb_regs before = s->regs;
    char text[G_DIGITS + 4] = "G";
    (void)snprintf(text + 1, sizeof(text) - 1, "%s", ask(s, "g"));
    memset(&s->regs, 0, sizeof(s->regs));
    assert_string_equal(ask(s, text), "OK");
    assert_memory_equal(&s->regs, &before, sizeof(before));

    memset(text + 1, '5', 16);
    assert_string_equal(ask_bytes(s, text, 17), "OK");
    assert_int_equal(s->regs.gpr[0], 0x5555555555555555ULL);
    assert_int_equal(s->regs.gpr[1], before.gpr[1]);

    memset(text + 1, '6', 16);
    assert_string_equal(ask_bytes(s, text, 1), "E16");
    assert_string_equal(ask_bytes(s, text, 16), "E16");
    assert_string_equal(ask_bytes(s, text, 18), "E16");
    text[G_DIGITS + 1] = text[G_DIGITS + 2] = '0';
    assert_string_equal(ask_bytes(s, text, G_DIGITS + 3), "E16");
    text[20] = 'q';
    assert_string_equal(ask_bytes(s, text, G_DIGITS + 1), "E16");
    assert_int_equal(s->regs.gpr[0], 0x5555555555555555ULL);
}

static void test_reads_memory(void **state)
{
    struct session *s = *state;
    static const struct {
        const char *in, *out;
    } rows[] = {
        {"m0,4", "00010203"},
        {"m2fff,1", "ff"},
        {"m3000,0", ""},
        {"m3000,1", "E0e"},
        {"m3001,0", "E0e"},
        {"m2ffe,4", "feff"}, /* as much of the page as there is */
        {"mffffffffffffffff,1", "E0e"},
        {"mffffffffffffffff,ffffffffffffffff", "E0e"},
        {"m10000000000000000,1", "E16"},
        {"m0", "E16"},
        {"m0,", "E16"},
        {"m,4", "E16"},
        {"m0,4,", "E16"},
        {"m0 4", "E16"},
        {"m", "E16"},
    };
    for (size_t i = 0; i < COR_ARRAY_SIZE(rows); i++)
        assert_string_equal(ask(s, rows[i].in), rows[i].out);
    assert_int_equal(strlen(ask(s, "m0,800")), 4096);
    assert_int_equal(strlen(ask(s, "m0,801")), 4096);
    assert_int_equal(strlen(ask(s, "m0,ffffffffffffffff")), 4096);
}

static void test_writes_memory(void **state)
{
    struct session *s = *state;
    uint8_t before[MEM_SIZE];
    static const struct {
        const char *in, *out;
    } rows[] = {
        {"M3000,1:00", "E0e"},
        {"M2fff,2:0000", "E0e"},
        {"M0,2:00", "E16"},
        {"M0,1:0000", "E16"},
        {"M0,1:0g", "E16"},
        {"M0,1 00", "E16"},
        {"M0,1", "E16"},
        {"M0", "E16"},
        {"M0,1001:", "E16"},
        {"X0,1:", "E16"},
        {"X0,1:ab", "E16"},
        {"X3000,1:a", "E0e"},
        {"X3000,0:", "OK"},
        {"X0,ffffffffffffffff:", "E16"},
        {"M0,8000000000000000:", "E16"},
        {"Mffffffffffffffff,1:00", "E0e"},
    };
    memcpy(before, s->mem, sizeof(before));
    for (size_t i = 0; i < COR_ARRAY_SIZE(rows); i++)
        assert_string_equal(ask(s, rows[i].in), rows[i].out);
    assert_memory_equal(s->mem, before, sizeof(before));

    assert_string_equal(ask(s, "M10,3:AAbb0c"), "OK");
    assert_memory_equal(s->mem + 0x0f, "\x0f\xaa\xbb\x0c\x13", 5);
    assert_string_equal(ask_bytes(s, "X20,5:}\x03}\x04}]\0z", 14), "OK");
    assert_memory_equal(s->mem + 0x1f, "\x1f#$}\0z\x25", 7);
}

static void test_hides_breakpoints(void **state)
{
    struct session *s = *state;
    assert_string_equal(ask(s, "Z0,100,1"), "OK");
    assert_string_equal(ask(s, "Z0,100,1"), "OK");
    assert_int_equal(s->mem[0x100], 0xcc);
    assert_true(cor_gdb_is_breakpoint(&s->g, 0x100));
    assert_false(cor_gdb_is_breakpoint(&s->g, 0xff));
    assert_false(cor_gdb_is_breakpoint(&s->g, 0));
    assert_string_equal(ask(s, "mff,3"), "ff0001");
    assert_string_equal(ask(s, "m100,1"), "00");
    assert_string_equal(ask(s, "mfe,2"), "feff");
    assert_string_equal(ask(s, "m101,2"), "0102");
    /* A write goes under it. */
    assert_string_equal(ask(s, "Mff,3:aabbcc"), "OK");
    assert_int_equal(s->mem[0x100], 0xcc);
    assert_string_equal(ask(s, "mff,3"), "aabbcc");
    assert_string_equal(ask(s, "z0,100,1"), "OK");
    assert_int_equal(s->mem[0x100], 0xbb);
    assert_false(cor_gdb_is_breakpoint(&s->g, 0x100));
    assert_string_equal(ask(s, "z0,100,1"), "OK");
}

static void test_refuses_breakpoints(void **state)
{
    struct session *s = *state;
    static const struct {
        const char *in, *out;
    } rows[] = {
        {"Z1,100,1", ""},     {"Z2,100,1", ""},  {"Z3,100,1", ""},
        {"z4,100,1", ""},     {"Z", ""},         {"Z0", ""},
        {"Z0,", "E16"},       {"Z0,100", "E16"}, {"Z0,g,1", "E16"},
        {"Z0,3000,1", "E0e"}, {"Z00,100,1", ""}, {"z0,4000,1", "OK"},
        {"Z0,2fff,1", "E0e"},
    };
    s->read_only_from = 0x2fff;
    for (size_t i = 0; i < COR_ARRAY_SIZE(rows); i++)
        assert_string_equal(ask(s, rows[i].in), rows[i].out);
    for (uint64_t a = 0; a <= MEM_SIZE; a++)
        assert_false(cor_gdb_is_breakpoint(&s->g, a));
    assert_int_equal(s->mem[0x2fff], 0xff);
}

/* A failed write changes neither the int3 nor what is kept for later. */
static void test_failed_write_over_breakpoint(void **state)
{
    struct session *s = *state;
    assert_string_equal(ask(s, "Z0,100,1"), "OK");
    s->read_only_from = 0;
    assert_string_equal(ask(s, "M100,1:55"), "E0e");
    assert_string_equal(ask(s, "m100,1"), "00");
    assert_string_equal(ask(s, "z0,100,1"), "E0e");
    assert_true(cor_gdb_is_breakpoint(&s->g, 0x100));
    s->read_only_from = MEM_SIZE;
    assert_string_equal(ask(s, "z0,100,1"), "OK");
    assert_int_equal(s->mem[0x100], 0);
}

static void test_breakpoint_the_guest_overwrote(void **state)
{
    struct session *s = *state;
    assert_string_equal(ask(s, "Z0,100,1"), "OK");
    s->mem[0x100] = 0x90;
    assert_string_equal(ask(s, "m100,1"), "90");
    assert_string_equal(ask(s, "z0,100,1"), "OK");
    assert_int_equal(s->mem[0x100], 0x90);
}

static void test_breakpoints_run_out(void **state)
{
    struct session *s = *state;
    uint8_t before[MEM_SIZE];
    char text[32];
    memcpy(before, s->mem, sizeof(before));
    for (unsigned int i = 0; i < COR_GDB_MAX_BREAKPOINTS; i++) {
        (void)snprintf(text, sizeof(text), "Z0,%x,1", 0x1000 + i);
        assert_string_equal(ask(s, text), "OK");
    }
    assert_string_equal(ask(s, "Z0,2000,1"), "E1c");
    assert_string_equal(ask(s, "Z0,1000,1"), "OK");
    assert_int_equal(s->mem[0x2000], 0);
    assert_string_equal(ask(s, "z0,1010,1"), "OK");
    assert_string_equal(ask(s, "Z0,2000,1"), "OK");
    assert_int_equal(s->mem[0x2000], 0xcc);
    send_packet(s, "D", 1);
    assert_int_equal(run(s, 0), COR_GDB_DETACH);
    assert_memory_equal(s->mem, before, sizeof(before));
}

/* Read in pieces: whole, without what the protocol escapes, and as wide as 'g'. */
static void test_describes_itself(void **state)
{
    struct session *s = *state;
    char xml[1 << 15] = "", text[64];
    size_t used = 0, regs = 0, bits = 0;
    bool last = false;
    while (!last) {
        (void)snprintf(text, sizeof(text), "qXfer:features:read:target.xml:%zx,3e8",
                       used);
        const char *part = ask(s, text);
        assert_true(part[0] == 'm' || part[0] == 'l');
        last = part[0] == 'l';
        used += (size_t)snprintf(xml + used, sizeof(xml) - used, "%s", part + 1);
        assert_true(used < sizeof(xml));
    }
    assert_null(strpbrk(xml, "#$}*"));
    assert_non_null(strstr(xml, "<architecture>i386:x86-64</architecture>"));
    assert_non_null(strstr(xml, "</target>"));
    for (const char *p = xml; (p = strstr(p, "<reg name=")); p++) {
        bits += strtoul(strstr(p, "bitsize=\"") + 9, NULL, 10);
        regs++;
    }
    assert_int_equal(regs, 42);
    assert_int_equal(bits, G_DIGITS * 4);
    (void)snprintf(text, sizeof(text), "qXfer:features:read:target.xml:%zx,10", used);
    assert_string_equal(ask(s, text), "l");
    (void)snprintf(text, sizeof(text), "qXfer:features:read:target.xml:%zx,10",
                   used + 1);
    assert_string_equal(ask(s, text), "E16");
    assert_int_equal(
        strlen(ask(s, "qXfer:features:read:target.xml:0,ffffffffffffffff")), used + 1);
}

static void test_answers_queries(void **state)
{
    struct session *s = *state;
    static const struct {
        const char *in, *out;
    } rows[] = {
        {"qAttached", "1"},
        {"qAttached:1", ""},
        {"qfThreadInfo", "m1"},
        {"qsThreadInfo", "l"},
        {"qSymbol::", "OK"},
        {"qOffsets", ""},
        {"qTStatus", ""},
        {"qRcmd,00", ""},
        {"qXfer:features:read:target.xml:", "E16"},
        {"qXfer:features:read:target.xml:0", "E16"},
        {"qXfer:features:read:other.xml:0,10", "E00"},
        {"qXfer:auxv:read::0,10", ""},
        {"Hg0", "OK"},
        {"Hg1", "OK"},
        {"Hc-1", "OK"},
        {"Hg2", "E16"},
        {"Hg", "E16"},
        {"H", "E16"},
        {"T1", "OK"},
        {"T2", "E16"},
        {"T1x", "E16"},
        {"T", "E16"},
        {"vCont?", "vCont;c;C;s;S"},
        {"vMustReplyEmpty", ""},
        {"vRun", ""},
        {"!", ""},
        {"R00", ""},
        {"", ""},
    };
    for (size_t i = 0; i < COR_ARRAY_SIZE(rows); i++)
        assert_string_equal(ask(s, rows[i].in), rows[i].out);
    assert_string_equal(ask(s, "qSupported:multiprocess+;swbreak+;xmlRegisters=i386"),
                        "PacketSize=1000;QStartNoAckMode+;qXfer:features:read+;"
                        "vContSupported+;swbreak+");
}

static void test_resumes(void **state)
{
    struct session *s = *state;
    static const struct {
        const char *in;
        enum cor_gdb_action action; /* COR_GDB_WOKEN: refused with out */
        const char *out;
    } rows[] = {
        {"c", COR_GDB_CONTINUE, "+"},
        {"s", COR_GDB_STEP, "+"},
        {"C05", COR_GDB_CONTINUE, "+"},
        {"S0b", COR_GDB_STEP, "+"},
        {"C05;1000", COR_GDB_CONTINUE, "+"},
        {"vCont;c", COR_GDB_CONTINUE, "+"},
        {"vCont;s", COR_GDB_STEP, "+"},
        {"vCont;C05", COR_GDB_CONTINUE, "+"},
        {"vCont;s:1;c", COR_GDB_STEP, "+"},
        {"vCont;s:2;c:1", COR_GDB_CONTINUE, "+"},
        {"vCont;S05:1", COR_GDB_STEP, "+"},
        {"vCont;c:-1", COR_GDB_CONTINUE, "+"},
        {"D", COR_GDB_DETACH, "+$OK#9a"},
        {"D;1", COR_GDB_DETACH, "+$OK#9a"},
        {"k", COR_GDB_KILL, "+"},
        {"vKill;1", COR_GDB_KILL, "+$OK#9a"},
        {"vCont", COR_GDB_WOKEN, "+$#00"},
        {"vCont;", COR_GDB_WOKEN, "+$E16#ac"},
        {"vCont;t", COR_GDB_WOKEN, "+$E16#ac"},
        {"vCont;c:", COR_GDB_WOKEN, "+$E16#ac"},
        {"vCont;c:2", COR_GDB_WOKEN, "+$E16#ac"},
        {"vCont;cc", COR_GDB_WOKEN, "+$E16#ac"},
        {"vCont;C", COR_GDB_WOKEN, "+$E16#ac"},
        {"C", COR_GDB_WOKEN, "+$E16#ac"},
        {"C05,1000", COR_GDB_WOKEN, "+$E16#ac"},
        {"cx", COR_GDB_WOKEN, "+$E16#ac"},
        {"s10x", COR_GDB_WOKEN, "+$E16#ac"},
    };
    for (size_t i = 0; i < COR_ARRAY_SIZE(rows); i++) {
        send_packet(s, rows[i].in, strlen(rows[i].in));
        assert_int_equal(run(s, 0), rows[i].action);
        assert_string_equal(output(s), rows[i].out);
    }
    assert_int_equal(s->regs.rip, 0x1000);
    send_packet(s, "s2000", 5);
    assert_int_equal(run(s, 0), COR_GDB_STEP);
    assert_int_equal(s->regs.rip, 0x2000);
}

static void test_reports_stops(void **state)
{
    struct session *s = *state;
    static const struct {
        int signal;
        const char *out;
    } rows[] = {
        {SIGTRAP, "T05thread:1;"}, {SIGINT, "T02thread:1;"},  {SIGSEGV, "T0bthread:1;"},
        {SIGILL, "T04thread:1;"},  {SIGFPE, "T08thread:1;"},  {SIGBUS, "T0athread:1;"},
        {SIGSYS, "T0cthread:1;"},  {SIGUSR1, "T1ethread:1;"}, {SIGUSR2, "T1fthread:1;"},
        {64, "T8fthread:1;"},
    };
    s->g.no_ack = true;
    send_packet(s, "?", 1); /* the first stop is asked for */
    assert_int_equal(run(s, SIGTRAP), COR_GDB_WOKEN);
    (void)output(s);
    assert_string_equal(body_of(s->got), "T05thread:1;");
    for (size_t i = 0; i < COR_ARRAY_SIZE(rows); i++) {
        send_packet(s, "c", 1);
        assert_int_equal(run(s, 0), COR_GDB_CONTINUE);
        assert_string_equal(output(s), "");
        assert_int_equal(run(s, rows[i].signal), COR_GDB_WOKEN);
        (void)output(s);
        assert_string_equal(body_of(s->got), rows[i].out);
        assert_string_equal(ask(s, "?"), rows[i].out);
    }
}

static void test_names_breakpoints(void **state)
{
    struct session *s = *state;
    s->regs.rip = 0x100;
    s->g.signal = SIGTRAP;
    assert_string_equal(ask(s, "Z0,100,1"), "OK");
    assert_string_equal(ask(s, "?"), "T05thread:1;");
    (void)ask(s, "qSupported:swbreak+");
    assert_string_equal(ask(s, "?"), "T05swbreak:;thread:1;");
    s->regs.rip = 0x101;
    assert_string_equal(ask(s, "?"), "T05thread:1;");
    s->regs.rip = 0x100;
    s->g.signal = SIGINT;
    assert_string_equal(ask(s, "?"), "T02thread:1;");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_reads_registers),
        T(test_reads_one_register),
        T(test_writes_one_register),
        T(test_writes_registers),
        T(test_reads_memory),
        T(test_writes_memory),
        T(test_hides_breakpoints),
        T(test_refuses_breakpoints),
        T(test_failed_write_over_breakpoint),
        T(test_breakpoint_the_guest_overwrote),
        T(test_breakpoints_run_out),
        T(test_describes_itself),
        T(test_answers_queries),
        T(test_resumes),
        T(test_reports_stops),
        T(test_names_breakpoints),
    };
    (void)alarm(60); /* a server that waits for what never comes fails */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
