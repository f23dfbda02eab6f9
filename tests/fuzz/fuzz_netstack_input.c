/*
 * fuzz_netstack_input.c - frames from the network to a guest's TCP/IP stack.
 *
 * The input is a list of records: a kind, a length, and so many bytes. Random bytes
 * would seldom get past a checksum or hit a connection, so one kind of record is a
 * segment that is made to fit: with right checksums and with numbers near those that
 * are expected.
 */
#include <httpd/http.h>
#include <netstack/tcp.h>
#include <netstack/udp.h>
#include <netstack/wire.h>
#include <stdlib.h>
#include <string.h>

#define OWN    0x0a000002u
#define PEER   0x0a000001u
#define PORT   80u
#define TCP_AT 34u

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const uint8_t own_mac[6] = {2, 0, 0, 0, 0, 2};
static struct net net;
static struct tcp tcp;
static struct udp udp;
static uint64_t now;

static void must(bool holds)
{
    if (!holds)
        abort();
}

static void on_send(void *ctx, const uint8_t *frame, size_t len)
{
    (void)ctx;
    (void)frame;
    must(len >= NET_ETH_HEADER && len <= NET_FRAME_MAX);
}

static void on_datagram(struct udp *u, uint32_t from, uint16_t from_port,
                        const uint8_t *data, size_t len)
{
    udp_send(u, from, from_port, data, len);
}

/* Sends back whatever comes; a request for a close closes. */
static void program(struct tcp_conn *c, void *state)
{
    struct http_request r;
    size_t len;
    const uint8_t *data = tcp_data(c, &len);
    (void)state;
    bool close = tcp_finished(c) || (len > 0 && data[0] == 'q');
    if (http_parse((const char *)data, len, &r) > len)
        abort();
    tcp_consume(c, tcp_send(c, data, len));
    if (close)
        tcp_close(c);
}

static void start(void)
{
    const uint64_t secret[2] = {1, 2};
    struct net_config c = {
        .mtu = 1500, .addr = OWN, .mask = 0xffffff00, .send = on_send};
    memcpy(c.mac, own_mac, 6);
    /* what was used by an earlier input; the buffers may stay */
    for (unsigned int i = 0; i < TCP_CONNS; i++) {
        tcp.key[i] = 0;
        tcp.conn[i].state = TCP_FREE;
    }
    now = NET_SEC;
    net_init(&net, &c);
    tcp_listen(&tcp, &net, PORT, secret, program);
    udp_listen(&udp, &net, 7, on_datagram);
}

static void fix_tcp(uint8_t *f, size_t len, uint8_t kind)
{
    uint8_t *t = f + TCP_AT;
    const struct tcp_conn *c = &tcp.conn[kind >> 4 & 1];
    if (len < 20)
        return;
    wire_put16(t, (uint16_t)(1000 + (kind >> 4 & 1)));
    wire_put16(t + 2, PORT);
    if (kind & 4) { /* what is there is an offset */
        wire_put32(t + 4, c->rcv_nxt + t[4] - 128u);
        wire_put32(t + 8, c->snd_una + wire_get16(t + 8) % 4096);
    }
    if (kind & 8)
        t[12] = 0x50;
    wire_put16(t + 16, 0);
    uint64_t sum = wire_pseudo_sum(PEER, OWN, NET_PROTO_TCP, len);
    wire_put16(t + 16, wire_checksum(wire_sum(sum, t, len)));
}

/* An IPv4 packet around @len bytes, which a block of its own size holds. */
static void give_packet(const uint8_t *data, size_t len, uint8_t kind)
{
    static const uint8_t protos[4] = {NET_PROTO_TCP, NET_PROTO_TCP, NET_PROTO_UDP,
                                      NET_PROTO_ICMP};
    uint8_t proto = protos[kind >> 6];
    uint8_t *f = calloc(1, TCP_AT + len), *ip = f + 14;
    if (!f)
        abort();
    memcpy(f, own_mac, 6);
    wire_put16(f + 12, 0x800);
    ip[0] = 0x45;
    wire_put16(ip + 2, (uint16_t)(20 + len));
    ip[9] = proto;
    wire_put32(ip + 12, PEER);
    wire_put32(ip + 16, OWN);
    wire_put16(ip + 10, wire_checksum(wire_sum(0, ip, 20)));
    memcpy(f + TCP_AT, data, len);
    if (proto == NET_PROTO_TCP)
        fix_tcp(f, len, kind);
    if (proto == NET_PROTO_ICMP && len >= 4) {
        wire_put16(ip + 22, 0);
        wire_put16(ip + 22, wire_checksum(wire_sum(0, ip + 20, len)));
    }
    net_input(&net, f, TCP_AT + len, now);
    free(f);
}

static void check(void)
{
    for (unsigned int i = 0; i < 4; i++) {
        const struct tcp_conn *c = &tcp.conn[i];
        if (!tcp.key[i])
            continue;
        must(c->state != TCP_FREE);
        must(c->rx_len <= TCP_RX_SIZE && c->tx_len <= TCP_TX_SIZE);
        must(c->snd_nxt - c->snd_una <= TCP_TX_SIZE + 1);
        must(c->snd_max - c->snd_una <= TCP_TX_SIZE + 1);
        must(c->snd_nxt - c->snd_una <= c->snd_max - c->snd_una);
        must(tcp_deadline(&tcp) <= c->deadline);
        /* what is on its way is either acknowledged or sent again one day */
        must(c->snd_max == c->snd_una || c->timer || c->state == TCP_TIME_WAIT);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    start();
    while (size >= 2) {
        uint8_t kind = data[0];
        size_t len = (size_t)data[1] * (kind & 2 ? 1 : 4);
        data += 2;
        size -= 2;
        if (len > size)
            len = size;
        now += NET_MSEC;
        if ((kind & 3) == 3) {
            now += (uint64_t)len * 32 * NET_MSEC;
            len = 0;
            tcp_tick(&tcp, now);
        } else if (kind & 1) {
            net_input(&net, data, len, now);
        } else {
            give_packet(data, len, kind);
        }
        check();
        data += len;
        size -= len;
    }
    return 0;
}
