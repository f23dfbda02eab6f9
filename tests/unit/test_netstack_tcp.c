/*
 * test_netstack_tcp.c - the guests' TCP against a peer whose every segment is written
 * here.
 *
 * The program behind the port sends back what it gets, closes when the peer has
 * finished, and answers "bulk" with BULK bytes.
 */
#include <netstack/tcp.h>
#include <netstack/wire.h>
#include <string.h>

#include "cor_cmocka.h"

#define OWN       0x0a000002u
#define PEER      0x0a000001u
#define PORT      80u
#define PEER_PORT 40000u
#define SEQ       1000u
#define BULK      20000u
#define MAX_SENT  64u
#define TCP_AT    34u

enum { FIN = 1, SYN = 2, RST = 4, PSH = 8, ACK = 16 };

static const uint8_t own_mac[6] = {2, 0, 0, 0, 0, 2}, peer_mac[6] = {2, 0, 0, 0, 0, 1};

static struct net net;
static struct tcp tcp;
static uint64_t now;
static struct {
    uint8_t frame[NET_FRAME_MAX];
    size_t len;
} sent[MAX_SENT];
static unsigned int nsent;

/* A segment that was sent, as its receiver reads it. */
struct seen {
    uint32_t seq, ack, wnd;
    unsigned int flags;
    const uint8_t *data;
    size_t len;
};

static void on_send(void *ctx, const uint8_t *frame, size_t len)
{
    (void)ctx;
    assert_true(nsent < MAX_SENT);
    memcpy(sent[nsent].frame, frame, len);
    sent[nsent++].len = len;
}

static void program(struct tcp_conn *c, void *state)
{
    static const uint8_t bulk[BULK];
    size_t len;
    (void)state;
    const uint8_t *data = tcp_data(c, &len);
    if (len == 4 && memcmp(data, "bulk", 4) == 0) {
        assert_int_equal(tcp_send(c, bulk, BULK), BULK);
        tcp_consume(c, len);
        return;
    }
    tcp_consume(c, tcp_send(c, data, len));
    if (tcp_finished(c))
        tcp_close(c);
}

static void arp_request(void)
{
    uint8_t f[42] = {0};
    memset(f, 0xff, 6);
    memcpy(f + 6, peer_mac, 6);
    wire_put16(f + 12, 0x806);
    wire_put16(f + 14, 1);
    wire_put16(f + 16, 0x800);
    f[18] = 6;
    f[19] = 4;
    wire_put16(f + 20, 1);
    memcpy(f + 22, peer_mac, 6);
    wire_put32(f + 28, PEER);
    wire_put32(f + 38, OWN);
    net_input(&net, f, sizeof(f), now);
}

static int setup(void **state)
{
    const uint64_t secret[2] = {1, 2};
    struct net_config c = {
        .mtu = 1500, .addr = OWN, .mask = 0xffffff00, .send = on_send};
    (void)state;
    memcpy(c.mac, own_mac, 6);
    memset(&tcp, 0, sizeof(tcp));
    now = NET_SEC;
    nsent = 0;
    net_init(&net, &c);
    tcp_listen(&tcp, &net, PORT, secret, program);
    arp_request();
    assert_int_equal(nsent, 1);
    nsent = 0;
    return 0;
}

/* A frame from the peer with one segment; its length. */
static size_t build(uint8_t *f, uint16_t to, uint32_t seq, uint32_t ack,
                    unsigned int flags, uint16_t wnd, const void *data, size_t len)
{
    size_t header = flags & SYN ? 24 : 20;
    uint8_t *ip = f + 14, *t = f + TCP_AT;
    memset(f, 0, TCP_AT + header);
    memcpy(f, own_mac, 6);
    memcpy(f + 6, peer_mac, 6);
    wire_put16(f + 12, 0x800);
    ip[0] = 0x45;
    wire_put16(ip + 2, (uint16_t)(20 + header + len));
    ip[8] = 64;
    ip[9] = NET_PROTO_TCP;
    wire_put32(ip + 12, PEER);
    wire_put32(ip + 16, OWN);
    wire_put16(ip + 10, wire_checksum(wire_sum(0, ip, 20)));
    wire_put16(t, PEER_PORT);
    wire_put16(t + 2, to);
    wire_put32(t + 4, seq);
    wire_put32(t + 8, ack);
    t[12] = (uint8_t)(header << 2);
    t[13] = (uint8_t)flags;
    wire_put16(t + 14, wnd);
    if (flags & SYN) {
        t[20] = 2;
        t[21] = 4;
        wire_put16(t + 22, 1000); /* MSS */
    }
    if (len)
        memcpy(t + header, data, len);
    uint64_t sum = wire_pseudo_sum(PEER, OWN, NET_PROTO_TCP, header + len);
    wire_put16(t + 16, wire_checksum(wire_sum(sum, t, header + len)));
    return TCP_AT + header + len;
}

/* Sends a segment to the port; what answers it is in sent[] from 0. */
static void give(uint32_t seq, uint32_t ack, unsigned int flags, uint16_t wnd,
                 const void *data, size_t len)
{
    uint8_t f[NET_FRAME_MAX];
    nsent = 0;
    net_input(&net, f, build(f, PORT, seq, ack, flags, wnd, data, len), now);
}

static struct seen see(unsigned int i)
{
    assert_true(i < nsent);
    const uint8_t *ip = sent[i].frame + 14, *t = sent[i].frame + TCP_AT;
    size_t total = wire_get16(ip + 2), header = (size_t)(t[12] >> 4) * 4;
    assert_int_equal(sent[i].len, 14 + total);
    assert_int_equal(wire_checksum(wire_sum(0, ip, 20)), 0);
    uint64_t sum = wire_pseudo_sum(OWN, PEER, NET_PROTO_TCP, total - 20);
    assert_int_equal(wire_checksum(wire_sum(sum, t, total - 20)), 0);
    return (struct seen){wire_get32(t + 4),  wire_get32(t + 8),
                         wire_get16(t + 14), t[13],
                         t + header,         total - 20 - header};
}

static void tick(uint64_t ns)
{
    now += ns;
    nsent = 0;
    tcp_tick(&tcp, now);
}

/* Shakes hands; the first sequence number of the other side's data. */
static uint32_t connect_with(uint16_t wnd)
{
    give(SEQ, 0, SYN, wnd, NULL, 0);
    assert_int_equal(nsent, 1);
    struct seen s = see(0);
    assert_int_equal(s.flags, SYN | ACK);
    assert_int_equal(s.ack, SEQ + 1);
    give(SEQ + 1, s.seq + 1, ACK, wnd, NULL, 0);
    assert_int_equal(nsent, 0);
    assert_int_equal(tcp.conn[0].state, TCP_ESTABLISHED);
    return s.seq + 1;
}

static void test_echo_and_close(void **state)
{
    (void)state;
    uint32_t them = connect_with(8000);
    give(SEQ + 1, them, ACK | PSH, 8000, "hello", 5);
    assert_int_equal(nsent, 1);
    struct seen s = see(0);
    assert_int_equal(s.seq, them);
    assert_int_equal(s.ack, SEQ + 6);
    assert_int_equal(s.len, 5);
    assert_memory_equal(s.data, "hello", 5);
    give(SEQ + 6, them + 5, ACK | FIN, 8000, NULL, 0);
    assert_int_equal(nsent, 1);
    s = see(0);
    assert_int_equal(s.flags, ACK | FIN);
    assert_int_equal(s.ack, SEQ + 7);
    give(SEQ + 7, them + 6, ACK, 8000, NULL, 0);
    assert_int_equal(nsent, 0);
    assert_int_equal(tcp.conn[0].state, TCP_FREE);
}

static void test_order(void **state)
{
    (void)state;
    uint32_t them = connect_with(8000);
    give(SEQ + 4, them, ACK, 8000, "def", 3); /* a hole before it */
    assert_int_equal(nsent, 1);
    assert_int_equal(see(0).ack, SEQ + 1);
    assert_int_equal(see(0).len, 0);
    give(SEQ + 1, them, ACK, 8000, "abc", 3);
    assert_int_equal(see(0).ack, SEQ + 4);
    give(SEQ + 1, them + 3, ACK, 8000, "abcdef", 6); /* half of it had before */
    assert_int_equal(nsent, 1);
    assert_int_equal(see(0).ack, SEQ + 7);
    assert_memory_equal(see(0).data, "def", 3);
    give(SEQ + 1, them + 6, ACK, 8000, "abc", 3); /* all of it */
    assert_int_equal(see(0).ack, SEQ + 7);
    assert_int_equal(see(0).len, 0);
}

static void test_retransmission(void **state)
{
    (void)state;
    uint32_t them = connect_with(8000);
    give(SEQ + 1, them, ACK, 8000, "hello", 5);
    assert_int_equal(nsent, 1);
    uint64_t wait = NET_SEC; /* RFC 6298: the first timeout, doubled each time */
    for (unsigned int i = 0; i < 4; i++, wait *= 2) {
        tick(wait - 1);
        assert_int_equal(nsent, 0);
        tick(1);
        assert_int_equal(nsent, 1);
        assert_int_equal(see(0).seq, them);
        assert_memory_equal(see(0).data, "hello", 5);
    }
    give(SEQ + 6, them + 5, ACK, 8000, NULL, 0);
    tick(10 * NET_SEC);
    assert_int_equal(nsent, 0);
}

static void test_gives_up(void **state)
{
    (void)state;
    uint32_t them = connect_with(8000);
    give(SEQ + 1, them, ACK, 8000, "hello", 5);
    bool reset = false;
    for (unsigned int i = 0; i < 1000 && !reset; i++) {
        tick(NET_SEC);
        reset = nsent > 0 && (see(0).flags & RST);
    }
    assert_true(reset);
    assert_int_equal(tcp.conn[0].state, TCP_FREE);
    assert_true(tcp_deadline(&tcp) == NET_NEVER);
}

static void test_handshake_lost(void **state)
{
    (void)state;
    give(SEQ, 0, SYN, 8000, NULL, 0);
    uint32_t iss = see(0).seq;
    tick(NET_SEC);
    assert_int_equal(nsent, 1);
    assert_int_equal(see(0).seq, iss);
    assert_int_equal(see(0).flags, SYN | ACK);
    give(SEQ, 0, SYN, 8000, NULL, 0);
    assert_int_equal(see(0).seq, iss);
    give(SEQ + 1, iss, ACK, 8000, NULL, 0); /* acknowledges nothing */
    assert_int_equal(see(0).flags, RST);
    give(SEQ + 1, iss + 1, ACK, 8000, NULL, 0);
    assert_int_equal(tcp.conn[0].state, TCP_ESTABLISHED);
}

static void test_window_and_mss(void **state)
{
    (void)state;
    uint32_t them = connect_with(2500);
    give(SEQ + 1, them, ACK, 2500, "bulk", 4);
    size_t total = 0;
    for (unsigned int i = 0; i < nsent; i++) {
        assert_true(see(i).len <= 1000);
        assert_int_equal(see(i).seq, them + total);
        total += see(i).len;
    }
    assert_in_range(total, 2000, 2500);
    /* the window closes: nothing but a probe of one byte, when the timer ends */
    uint32_t end = them + (uint32_t)total;
    give(SEQ + 5, end, ACK, 0, NULL, 0);
    assert_int_equal(nsent, 0);
    for (unsigned int i = 0; i < 3; i++) {
        nsent = 0;
        while (nsent == 0)
            tick(100 * NET_MSEC);
        assert_int_equal(nsent, 1);
        assert_int_equal(see(0).seq, end);
        assert_int_equal(see(0).len, 1);
        give(SEQ + 5, end, ACK, 0, NULL, 0);
    }
    give(SEQ + 5, end, ACK, 3000, NULL, 0);
    assert_true(nsent > 0);
    assert_int_equal(see(0).seq, end);
    assert_int_equal(see(0).len, 1000);
}

static void test_fast_retransmission(void **state)
{
    (void)state;
    uint32_t them = connect_with(60000);
    give(SEQ + 1, them, ACK, 60000, "bulk", 4);
    assert_int_equal(nsent, 10); /* RFC 6928 */
    for (unsigned int i = 0; i < 2; i++) {
        give(SEQ + 5, them, ACK, 60000, NULL, 0);
        assert_int_equal(nsent, 0);
    }
    give(SEQ + 5, them, ACK, 60000, NULL, 0);
    assert_int_equal(nsent, 1);
    assert_int_equal(see(0).seq, them);
    assert_int_equal(see(0).len, 1000);
    /* the next hole of the same loss is filled at once */
    give(SEQ + 5, them + 3000, ACK, 60000, NULL, 0);
    assert_true(nsent >= 1);
    assert_int_equal(see(0).seq, them + 3000);
}

static void test_resets(void **state)
{
    uint8_t f[100];
    (void)state;
    uint32_t them = connect_with(8000);
    give(SEQ + 100, 0, RST, 0, NULL, 0); /* in the window, but not exact: RFC 5961 */
    assert_int_equal(tcp.conn[0].state, TCP_ESTABLISHED);
    assert_int_equal(see(0).flags, ACK);
    give(SEQ + 100000, 0, RST, 0, NULL, 0);
    assert_int_equal(nsent, 0);
    give(SEQ + 1, 0, SYN, 8000, NULL, 0);
    assert_int_equal(tcp.conn[0].state, TCP_ESTABLISHED);
    assert_int_equal(see(0).flags, ACK);
    give(SEQ + 1, 0, RST, 0, NULL, 0);
    assert_int_equal(tcp.conn[0].state, TCP_FREE);
    assert_int_equal(nsent, 0);
    give(SEQ + 1, them, ACK, 8000, "x", 1); /* there is no such connection now */
    assert_int_equal(see(0).flags, RST);
    assert_int_equal(see(0).seq, them);
    nsent = 0;
    net_input(&net, f, build(f, PORT + 1, SEQ, 0, SYN, 0, NULL, 0), now);
    assert_int_equal(see(0).flags, RST | ACK);
    assert_int_equal(see(0).ack, SEQ + 1);
}

static void test_full_buffer(void **state)
{
    static const uint8_t much[1000];
    (void)state;
    uint32_t them = connect_with(0); /* nothing can be sent back: all of it stays */
    uint32_t seq = SEQ + 1;
    for (unsigned int i = 0; i < 60; i++) {
        give(seq, them, ACK, 0, much, sizeof(much));
        assert_true(nsent >= 1);
        struct seen s = see(nsent - 1);
        assert_true(s.ack - seq <= sizeof(much));
        assert_true(s.wnd <= TCP_RX_SIZE);
        seq = s.ack;
    }
    assert_int_equal(seq - (SEQ + 1), TCP_TX_SIZE + TCP_RX_SIZE);
    assert_int_equal(tcp.conn[0].rx_len, TCP_RX_SIZE);
}

/* Every truncation and every flipped bit of a segment: dropped, and nobody is harmed.
 */
static void test_damaged(void **state)
{
    uint8_t good[200], f[200];
    (void)state;
    uint32_t them = connect_with(8000);
    size_t len = build(good, PORT, SEQ + 1, them, ACK, 8000, "hello", 5);
    for (size_t cut = 0; cut < len; cut++) {
        nsent = 0;
        net_input(&net, good, cut, now);
        assert_int_equal(nsent, 0);
    }
    for (size_t bit = 14 * 8; bit < len * 8; bit++) {
        memcpy(f, good, len);
        f[bit / 8] ^= (uint8_t)(1u << bit % 8);
        net_input(&net, f, len, now);
        assert_int_equal(tcp.conn[0].rcv_nxt, SEQ + 1);
    }
}

static void test_flood(void **state)
{
    uint8_t f[100];
    (void)state;
    uint32_t them = connect_with(8000);
    for (unsigned int i = 0; i < 2 * TCP_CONNS; i++) {
        size_t len = build(f, PORT, SEQ, 0, SYN, 8000, NULL, 0);
        uint8_t *t = f + TCP_AT;
        wire_put16(t, (uint16_t)(1000 + i));
        wire_put16(t + 16, 0);
        uint64_t sum = wire_pseudo_sum(PEER, OWN, NET_PROTO_TCP, len - TCP_AT);
        wire_put16(t + 16, wire_checksum(wire_sum(sum, t, len - TCP_AT)));
        nsent = 0;
        net_input(&net, f, len, now++);
        assert_int_equal(nsent, 1);
    }
    give(SEQ + 1, them, ACK, 8000, "still here", 10);
    assert_memory_equal(see(0).data, "still here", 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_echo_and_close, setup),
        cmocka_unit_test_setup(test_order, setup),
        cmocka_unit_test_setup(test_retransmission, setup),
        cmocka_unit_test_setup(test_gives_up, setup),
        cmocka_unit_test_setup(test_handshake_lost, setup),
        cmocka_unit_test_setup(test_window_and_mss, setup),
        cmocka_unit_test_setup(test_fast_retransmission, setup),
        cmocka_unit_test_setup(test_resets, setup),
        cmocka_unit_test_setup(test_full_buffer, setup),
        cmocka_unit_test_setup(test_damaged, setup),
        cmocka_unit_test_setup(test_flood, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
