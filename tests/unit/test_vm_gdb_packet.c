/*
 * test_vm_gdb_packet.c - the gdb server's connection: framing, waiting, ending.
 */
#include <errno.h>
#include <signal.h>

#include <sys/eventfd.h>

#include "cor_cmocka.h"
#include "vm_gdb_session.h"

static void test_acknowledges(void **state)
{
    struct session *s = *state;
    static const struct {
        const char *in, *out;
    } rows[] = {
        {"$qC#b4", "+$QC1#c5"},
        {"$qC#B4", "+$QC1#c5"},
        {"+++$qC#b4", "+$QC1#c5"},
        {"no packet$qC#b4", "+$QC1#c5"},
        {"\003$qC#b4", "+$QC1#c5"}, /* an interrupt that crossed a stop reply */
        {"$lost$qC#b4", "+$QC1#c5"},
        {"$qC#b5", "-"},
        {"$qC#xy", "-"},
        {"$}#7d", "-"}, /* ends in an escape */
        {"$#00", "+$#00"},
        {"$}Q}]#a8", "+$#00"}, /* "q}", which is unknown */
        {"$}Q}c#ae", "+$QC1#c5"},
        {"-", "$QC1#c5"}, /* the last packet again, without its acknowledgement */
        {"-", "$QC1#c5"},
    };
    for (size_t i = 0; i < COR_ARRAY_SIZE(rows); i++) {
        send_raw(s, rows[i].in, strlen(rows[i].in));
        assert_int_equal(run(s, 0), COR_GDB_WOKEN);
        assert_string_equal(output(s), rows[i].out);
    }
}

static void test_repeats_nothing_at_first(void **state)
{
    struct session *s = *state;
    send_raw(s, "-$qC#b4", 7);
    assert_int_equal(run(s, 0), COR_GDB_WOKEN);
    assert_string_equal(output(s), "+$QC1#c5");
}

static void test_turns_acknowledgements_off(void **state)
{
    struct session *s = *state;
    send_packet(s, "QStartNoAckMode", 15);
    assert_int_equal(run(s, 0), COR_GDB_WOKEN);
    assert_string_equal(output(s), "+$OK#9a");
    send_raw(s, "+$qC#b4", 7);
    assert_int_equal(run(s, 0), COR_GDB_WOKEN);
    assert_string_equal(output(s), "$QC1#c5");
    send_raw(s, "-$qC#b5", 7); /* no repetition, and an answer in place of a '-' */
    assert_int_equal(run(s, 0), COR_GDB_WOKEN);
    assert_string_equal(output(s), "$E16#ac");
    assert_string_equal(ask(s, "QNonStop:1"), "");
}

/* Each byte comes alone: a socket that keeps records gives one at a time. */
static void test_takes_bytes_singly(void **state)
{
    struct session *s = *state;
    static const char text[] = "+$m4,2#ff";
    int sp[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, sp), 0);
    (void)close(s->g.fd);
    (void)close(s->peer);
    s->g.fd = sp[0];
    s->g.wake_fd = s->peer = sp[1];
    for (size_t i = 0; i < sizeof(text) - 1; i++)
        send_raw(s, text + i, 1);
    assert_int_equal(run(s, 0), COR_GDB_WOKEN);
    assert_string_equal(output(s), "+$0405#c9");
}

/* Too long for the packet, too long for the buffer, and then all is well again. */
static void test_drops_long_packets(void **state)
{
    struct session *s = *state;
    static char text[3 * COR_GDB_PACKET_MAX];
    memset(text, 'm', sizeof(text));
    send_packet(s, text, COR_GDB_PACKET_MAX);
    assert_int_equal(run(s, 0), COR_GDB_WOKEN);
    assert_string_equal(output(s), "+$E16#ac");
    send_packet(s, text, COR_GDB_PACKET_MAX + 1);
    assert_int_equal(run(s, 0), COR_GDB_WOKEN);
    assert_string_equal(output(s), "-");
    text[0] = '$';
    send_raw(s, text, sizeof(text)); /* never ends */
    assert_int_equal(run(s, 0), COR_GDB_WOKEN);
    assert_string_equal(output(s), "-");
    text[0] = 'm';
    send_raw(s, "$", 1); /* '#' as the last byte that fits, without a checksum */
    send_raw(s, text, sizeof(s->g.in) - 2);
    send_raw(s, "#", 1);
    assert_int_equal(run(s, 0), COR_GDB_WOKEN);
    assert_string_equal(output(s), "-");
    assert_string_equal(ask(s, "qC"), "QC1");
}

/* The interrupt lies in the server's buffer, where no one else would see it. */
static void test_interrupt_behind_continue(void **state)
{
    struct session *s = *state;
    send_raw(s, "$c#63\003", 6);
    assert_int_equal(run(s, 0), COR_GDB_WOKEN);
    (void)output(s);
    assert_string_equal(s->got, "+$T02thread:1;#d4");
}

static void test_says_how_it_ended(void **state)
{
    struct session *s = *state;
    assert_int_equal(cor_gdb_exited(&s->g, 3), 0); /* gdb does not wait */
    assert_string_equal(output(s), "");
    s->g.waiting = true;
    assert_int_equal(cor_gdb_exited(&s->g, 3), 0);
    assert_string_equal(output(s), "$W03#ba");
    assert_int_equal(cor_gdb_exited(&s->g, 3), 0);
    assert_string_equal(output(s), "");
    s->g.waiting = true;
    assert_int_equal(cor_gdb_killed(&s->g, SIGKILL), 0);
    assert_string_equal(output(s), "$X09#c1");
    s->g.waiting = true;
    (void)close(s->peer);
    s->peer = -1;
    assert_int_equal(cor_gdb_killed(&s->g, SIGKILL), -EPIPE);
}

static void fill_socket(const struct session *s)
{
    static const char junk[4096];
    while (send(s->g.fd, junk, sizeof(junk), MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
        continue;
    while (send(s->g.fd, junk, 1, MSG_DONTWAIT | MSG_NOSIGNAL) > 0)
        continue;
}

static void test_does_not_wait_for_ever(void **state)
{
    struct session *s = *state;
    fill_socket(s);
    s->g.waiting = true;
    assert_int_equal(cor_gdb_exited(&s->g, 0), -ETIMEDOUT);
}

/* A gdb that does not read keeps nobody waiting, and gets the whole answer later. */
static void test_woken_while_sending(void **state)
{
    struct session *s = *state;
    static const char packet[] = "$m0,4#fd";
    int wake = eventfd(1, EFD_CLOEXEC);
    assert_true(wake >= 0);
    s->g.no_ack = true;
    fill_socket(s);
    memcpy(s->g.in, packet, sizeof(packet) - 1); /* a wake goes before receiving */
    s->g.in_len = sizeof(packet) - 1;
    s->g.wake_fd = wake;
    assert_int_equal(run(s, 0), COR_GDB_WOKEN);
    assert_int_equal(run(s, 0), COR_GDB_WOKEN);
    while (recv(s->peer, s->got, sizeof(s->got), MSG_DONTWAIT) > 0)
        continue;
    s->g.wake_fd = s->peer;
    assert_int_equal(run(s, 0), COR_GDB_WOKEN);
    assert_string_equal(output(s), "$00010203#86");
    (void)close(wake);
}

static void test_woken_before_receiving(void **state)
{
    struct session *s = *state;
    int wake = eventfd(1, EFD_CLOEXEC);
    assert_true(wake >= 0);
    s->g.wake_fd = wake;
    send_packet(s, "c", 1);
    assert_int_equal(run(s, 0), COR_GDB_WOKEN);
    s->g.wake_fd = -1;
    assert_int_equal(run(s, 0), COR_GDB_CONTINUE);
    (void)close(wake);
}

static void test_connection_closes(void **state)
{
    struct session *s = *state;
    assert_string_equal(ask(s, "Z0,100,1"), "OK");
    s->g.wake_fd = -1;
    send_raw(s, "$m0,1", 5);
    (void)close(s->peer);
    s->peer = -1;
    assert_int_equal(run(s, 0), COR_GDB_LOST);
    assert_int_equal(s->mem[0x100], 0);
    assert_false(cor_gdb_is_breakpoint(&s->g, 0x100));
}

/* Nobody is there for the stop; who kills and goes has killed nevertheless. */
static void test_closes_before_the_answer(void **state)
{
    struct session *s = *state;
    send_packet(s, "c", 1);
    assert_int_equal(run(s, 0), COR_GDB_CONTINUE);
    send_packet(s, "k", 1);
    (void)shutdown(s->peer, SHUT_RDWR);
    s->g.wake_fd = -1;
    assert_int_equal(run(s, SIGTRAP), COR_GDB_LOST);

    s->g.out_len = s->g.out_sent = 0;
    memcpy(s->g.in, "$k#6b", 5);
    s->g.in_len = 5;
    assert_int_equal(run(s, 0), COR_GDB_KILL);
}

static void test_connection_fails(void **state)
{
    struct session *s = *state;
    enum cor_gdb_action action = COR_GDB_CONTINUE;
    int file[2];
    assert_int_equal(pipe(file), 0); /* readable, but no socket */
    assert_int_equal(write(file[1], "x", 1), 1);
    (void)close(s->g.fd);
    s->g.fd = file[0];
    s->g.wake_fd = -1;
    assert_int_equal(cor_gdb_stopped(&s->g, 0, &action, &s->err), -ENOTSOCK);
    assert_int_equal(s->err.code, ENOTSOCK);
    assert_non_null(strstr(s->err.text, "gdb connection: "));
    assert_int_equal(action, COR_GDB_LOST);
    (void)close(file[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(test_acknowledges),
        T(test_repeats_nothing_at_first),
        T(test_turns_acknowledgements_off),
        T(test_takes_bytes_singly),
        T(test_drops_long_packets),
        T(test_interrupt_behind_continue),
        T(test_says_how_it_ended),
        T(test_does_not_wait_for_ever),
        T(test_woken_while_sending),
        T(test_woken_before_receiving),
        T(test_connection_closes),
        T(test_closes_before_the_answer),
        T(test_connection_fails),
    };
    (void)alarm(60); /* a server that waits for what never comes fails */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
