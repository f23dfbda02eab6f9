/*
 * tcp_out.c - segments out, and the retransmission timer.
 */
#include "tcp_priv.h"

struct header {
    uint32_t dst;
    uint16_t src_port, dst_port;
    uint32_t seq, ack;
    unsigned int flags;
    uint32_t wnd;
    size_t options; /* bytes, a multiple of 4 */
};

/* Puts a header before the options and @len bytes that are at net_payload() already. */
static void send_header(struct net *n, const struct header *from, size_t len)
{
    uint8_t *h = net_payload(n);
    size_t total = TCP_HEADER + from->options + len;
    wire_put16(h, from->src_port);
    wire_put16(h + 2, from->dst_port);
    wire_put32(h + 4, from->seq);
    wire_put32(h + 8, from->ack);
    h[12] = (uint8_t)((TCP_HEADER + from->options) / 4 << 4);
    h[13] = (uint8_t)from->flags;
    wire_put16(h + 14, (uint16_t)from->wnd);
    wire_put16(h + 16, 0);
    wire_put16(h + 18, 0);
    uint64_t sum = wire_pseudo_sum(n->config.addr, from->dst, NET_PROTO_TCP, total);
    wire_put16(h + 16, wire_checksum(wire_sum(sum, h, total)));
    net_send(n, from->dst, NET_PROTO_TCP, total);
}

/* Never takes back what was invited before: the buffer only moves with rcv_nxt. */
static uint32_t window(struct tcp_conn *c)
{
    /* a program that has closed throws everything away at once */
    uint32_t wnd = TCP_RX_SIZE - c->rx_len;
    c->rcv_edge = c->rcv_nxt + wnd;
    return wnd;
}

static void send_segment(struct tcp_conn *c, uint32_t seq, unsigned int flags,
                         size_t options, size_t len)
{
    const struct header h = {.dst = c->addr,
                             .src_port = c->tcp->port,
                             .dst_port = c->port,
                             .seq = seq,
                             .ack = c->rcv_nxt,
                             .flags = flags,
                             .wnd = window(c),
                             .options = options};
    c->ack_now = false;
    send_header(c->tcp->net, &h, len);
}

void tcp_refuse(struct tcp *t, const struct tcp_segment *s)
{
    struct header h = {.dst = s->src, .src_port = s->dst_port, .dst_port = s->src_port};
    if (s->flags & TCP_RST)
        return;
    t->stats.refused++;
    h.flags = TCP_RST;
    if (s->flags & TCP_ACK) {
        h.seq = s->ack;
    } else {
        h.flags |= TCP_ACK;
        h.ack = s->seq + s->len + !!(s->flags & TCP_SYN) + !!(s->flags & TCP_FIN);
    }
    send_header(t->net, &h, 0);
}

void tcp_send_reset(struct tcp_conn *c)
{
    send_segment(c, c->snd_nxt, TCP_RST | TCP_ACK, 0, 0);
}

static void arm(struct tcp_conn *c)
{
    uint64_t rto = c->rto << c->retries;
    c->timer = c->tcp->net->now + (rto < TCP_RTO_MAX ? rto : TCP_RTO_MAX);
    tcp_wake_at(c->tcp, c->timer);
}

void tcp_send_syn_ack(struct tcp_conn *c)
{
    struct net *n = c->tcp->net;
    uint8_t *option = net_payload(n) + TCP_HEADER;
    option[0] = 2;
    option[1] = 4;
    wire_put16(option + 2, (uint16_t)(n->config.mtu - NET_IPV4_HEADER - TCP_HEADER));
    send_segment(c, c->iss, TCP_SYN | TCP_ACK, 4, 0);
    arm(c);
}

/* Sends @len bytes of the ring and, if asked, FIN. */
static void send_data(struct tcp_conn *c, uint32_t seq, uint32_t len, bool fin)
{
    uint8_t *to = net_payload(c->tcp->net) + TCP_HEADER;
    uint32_t offset = seq - c->snd_una;
    size_t at = (c->tx_head + offset) % TCP_TX_SIZE;
    size_t first = TCP_TX_SIZE - at < len ? TCP_TX_SIZE - at : len;
    __builtin_memcpy(to, c->tx + at, first);
    __builtin_memcpy(to + first, c->tx, len - first);
    unsigned int flags = TCP_ACK | (fin ? TCP_FIN : 0);
    if (len > 0 && offset + len == c->tx_len)
        flags |= TCP_PSH;
    uint32_t end = seq + len + fin;
    if (tcp_lt(seq, c->snd_max)) {
        c->tcp->stats.retransmitted++;
        c->rtt_start = 0; /* Karn: an answer could be to either */
    } else if (!c->rtt_start && end != seq) {
        c->rtt_start = c->tcp->net->now ? c->tcp->net->now : 1;
        c->rtt_seq = end;
    }
    send_segment(c, seq, flags, 0, len);
    if (tcp_lt(c->snd_max, end))
        c->snd_max = end;
}

/* One segment of new data, as far as window and sense allow. False: nothing was sent.
 */
static bool send_more(struct tcp_conn *c)
{
    uint32_t offset = c->snd_nxt - c->snd_una;
    uint32_t wnd = c->snd_wnd < c->cwnd ? c->snd_wnd : c->cwnd;
    if (offset > c->tx_len || offset >= wnd)
        return false;
    uint32_t left = c->tx_len - offset, room = wnd - offset;
    uint32_t len = left < room ? left : room;
    if (len > c->mss)
        len = c->mss;
    bool fin = c->fin_queued && len == left && room > len;
    if (len == 0 && !fin)
        return false;
    /* RFC 9293 3.8.6.2.1: no silly small segments into a window that opens bit by bit
     */
    if (len < c->mss && len < left && len < c->max_wnd / 2)
        return false;
    send_data(c, c->snd_nxt, len, fin);
    c->snd_nxt += len + fin;
    return true;
}

void tcp_output(struct tcp_conn *c)
{
    while (send_more(c))
        continue;
    if (c->ack_now)
        send_segment(c, c->snd_nxt, TCP_ACK, 0, 0);
    uint32_t last = c->snd_una + c->tx_len + c->fin_queued;
    bool waiting =
        c->state != TCP_FIN_WAIT_2 && c->state != TCP_TIME_WAIT && last != c->snd_una;
    if (!waiting)
        c->timer = 0;
    else if (!c->timer)
        arm(c);
}

void tcp_resend_first(struct tcp_conn *c)
{
    uint32_t sent = c->snd_max - c->snd_una;
    uint32_t len = sent < c->tx_len ? sent : c->tx_len;
    if (len > c->mss)
        len = c->mss;
    send_data(c, c->snd_una, len, len == c->tx_len && sent > len);
}

/*
 * RFC 6298 5.4-5.6: everything from snd_una on is sent again, slowly. Where the peer
 * has closed its window, one byte is sent all the same, to be told when it opens.
 */
void tcp_timeout(struct tcp_conn *c)
{
    unsigned int limit = c->state == TCP_SYN_RECEIVED ? TCP_SYN_RETRIES : TCP_RETRIES;
    if (++c->retries > limit) {
        c->tcp->stats.aborted++;
        tcp_send_reset(c);
        tcp_free(c);
        return;
    }
    c->timer = 0;
    if (c->state == TCP_SYN_RECEIVED) {
        c->tcp->stats.retransmitted++;
        tcp_send_syn_ack(c);
        return;
    }
    uint32_t flight = c->snd_max - c->snd_una;
    c->snd_nxt = c->snd_una;
    c->dup_acks = 0;
    c->recover = c->snd_max;
    c->recovering = false;
    if (c->retries == 1 && flight > 1)
        c->ssthresh = flight / 2 > 2u * c->mss ? flight / 2 : 2u * c->mss;
    c->cwnd = c->mss;
    if (c->snd_wnd == 0) {
        uint32_t len = c->tx_len ? 1 : 0;
        bool fin = c->fin_queued && len == c->tx_len;
        send_data(c, c->snd_una, len, fin);
        c->snd_nxt += len + fin;
    } else if (!send_more(c)) {
        /* a window too small to make sense, for a whole timeout: use it */
        uint32_t len = c->snd_wnd < c->tx_len ? c->snd_wnd : c->tx_len;
        len = len < c->mss ? len : c->mss;
        send_data(c, c->snd_una, len, false);
        c->snd_nxt += len;
    }
    arm(c);
}
