/*
 * tcp_in.c - segments in.
 *
 * The order of the checks is that of RFC 9293 section 3.10.7.
 */
#include "siphash.h"
#include "tcp_priv.h"

#define CWND_FIRST  10u /* segments; RFC 6928 */
#define DUP_ACKS    3u
#define OPTION_END  0u
#define OPTION_NOP  1u
#define OPTION_MSS  2u
#define ISN_TICK_NS 4000u /* RFC 6528: one for every 4 us */

static uint64_t key_of(uint32_t addr, uint16_t port)
{
    return (uint64_t)addr << 16 | port;
}

static struct tcp_conn *find(struct tcp *t, uint64_t key)
{
    for (unsigned int i = 0; i < TCP_CONNS; i++) {
        if (t->key[i] == key)
            return &t->conn[i];
    }
    return NULL;
}

/* An option list that does not add up ends the search; what was found before stays. */
static uint16_t find_mss(const uint8_t *o, size_t len)
{
    while (len > 0 && o[0] != OPTION_END) {
        size_t size = 1;
        if (o[0] != OPTION_NOP) {
            if (len < 2 || o[1] < 2 || o[1] > len)
                break;
            size = o[1];
        }
        if (o[0] == OPTION_MSS && size == 4)
            return wire_get16(o + 2);
        o += size;
        len -= size;
    }
    return TCP_MSS_GUESS;
}

/* False: not a whole, valid segment. */
static bool take_segment(const struct net_packet *p, struct tcp_segment *s)
{
    const uint8_t *h = p->data;
    if (p->len < TCP_HEADER)
        return false;
    size_t header = (size_t)(h[12] >> 4) * 4;
    if (header < TCP_HEADER || header > p->len)
        return false;
    uint64_t sum = wire_pseudo_sum(p->src, p->dst, NET_PROTO_TCP, p->len);
    if (wire_checksum(wire_sum(sum, h, p->len)) != 0)
        return false;
    s->src = p->src;
    s->src_port = wire_get16(h);
    s->dst_port = wire_get16(h + 2);
    s->seq = wire_get32(h + 4);
    s->ack = wire_get32(h + 8);
    s->flags = h[13];
    s->wnd = wire_get16(h + 14);
    s->mss = find_mss(h + TCP_HEADER, header - TCP_HEADER);
    s->data = h + header;
    s->len = (uint32_t)(p->len - header);
    return s->src_port != 0 && s->dst_port != 0;
}

/*
 * A place for a new connection: a free one, else that of the oldest connection that is
 * over, else that of the oldest half-open one, so that a flood of SYNs cannot keep
 * everybody out for long.
 */
static struct tcp_conn *find_place(struct tcp *t)
{
    struct tcp_conn *over = NULL, *half = NULL;
    for (unsigned int i = 0; i < TCP_CONNS; i++) {
        struct tcp_conn *c = &t->conn[i];
        if (!t->key[i])
            return c;
        if (c->state == TCP_TIME_WAIT && (!over || c->deadline < over->deadline))
            over = c;
        if (c->state == TCP_SYN_RECEIVED && (!half || c->deadline < half->deadline))
            half = c;
    }
    return over ? over : half;
}

static void open_connection(struct tcp *t, const struct tcp_segment *s)
{
    struct tcp_conn *c = find_place(t);
    uint32_t own_mss = t->net->config.mtu - NET_IPV4_HEADER - TCP_HEADER;
    uint32_t mss = s->mss < TCP_MSS_MIN ? TCP_MSS_MIN : s->mss;
    if (!c)
        return;
    uint64_t key = key_of(s->src, s->src_port);
    __builtin_memset(c, 0, offsetof(struct tcp_conn, rx));
    t->key[c - t->conn] = key;
    c->tcp = t;
    c->state = TCP_SYN_RECEIVED;
    c->addr = s->src;
    c->port = s->src_port;
    c->mss = (uint16_t)(mss < own_mss ? mss : own_mss);
    c->irs = s->seq;
    c->rcv_nxt = s->seq + 1;
    uint64_t local = key_of(t->net->config.addr, t->port);
    c->iss = (uint32_t)(siphash(t->secret, key, local) + t->net->now / ISN_TICK_NS);
    c->snd_una = c->iss;
    c->snd_nxt = c->snd_max = c->iss + 1;
    c->snd_wnd = c->max_wnd = s->wnd;
    c->snd_wl1 = s->seq;
    c->cwnd = CWND_FIRST * c->mss;
    c->ssthresh = UINT32_MAX;
    c->rto = TCP_RTO_FIRST;
    tcp_expire_in(c, TCP_SYN_TIME);
    tcp_send_syn_ack(c);
}

static void listen_input(struct tcp *t, const struct tcp_segment *s)
{
    const unsigned int interesting = TCP_SYN | TCP_ACK | TCP_RST | TCP_FIN;
    if ((s->flags & interesting) == TCP_SYN)
        open_connection(t, s);
    else
        tcp_refuse(t, s);
}

/* RFC 9293 3.4: some part of the segment is in the window that we have invited. */
static bool acceptable(const struct tcp_conn *c, const struct tcp_segment *s)
{
    uint32_t len = s->len + !!(s->flags & TCP_SYN) + !!(s->flags & TCP_FIN);
    uint32_t wnd = c->rcv_edge - c->rcv_nxt;
    if (len == 0 || wnd == 0)
        return s->seq == c->rcv_nxt ||
               (len == 0 && tcp_lt(c->rcv_nxt, s->seq) && tcp_lt(s->seq, c->rcv_edge));
    return tcp_lt(c->rcv_nxt, s->seq + len) && tcp_lt(s->seq, c->rcv_edge);
}

/* RFC 6298 section 2. */
static void take_rtt(struct tcp_conn *c, uint64_t rtt)
{
    if (!c->srtt) {
        c->srtt = rtt;
        c->rttvar = rtt / 2;
    } else {
        uint64_t off = c->srtt > rtt ? c->srtt - rtt : rtt - c->srtt;
        c->rttvar = (3 * c->rttvar + off) / 4;
        c->srtt = (7 * c->srtt + rtt) / 8;
    }
    c->rto = c->srtt + 4 * c->rttvar;
    if (c->rto < TCP_RTO_MIN)
        c->rto = TCP_RTO_MIN;
    if (c->rto > TCP_RTO_MAX)
        c->rto = TCP_RTO_MAX;
}

static void grow_cwnd(struct tcp_conn *c, uint32_t acked)
{
    if (c->cwnd < c->ssthresh)
        c->cwnd += acked < c->mss ? acked : c->mss;
    else
        c->cwnd += (uint32_t)c->mss * c->mss / c->cwnd + 1;
    if (c->cwnd > 2 * TCP_TX_SIZE)
        c->cwnd = 2 * TCP_TX_SIZE;
}

/* RFC 5681 3.2, without its inflation of the window during recovery. */
static void take_duplicate(struct tcp_conn *c)
{
    if (++c->dup_acks != DUP_ACKS || tcp_lt(c->snd_una, c->recover))
        return;
    c->recovering = true;
    uint32_t flight = c->snd_max - c->snd_una;
    c->ssthresh = flight / 2 > 2u * c->mss ? flight / 2 : 2u * c->mss;
    c->cwnd = c->ssthresh;
    c->recover = c->snd_max;
    tcp_resend_first(c);
}

/* Our FIN is acknowledged. */
static void take_fin_ack(struct tcp_conn *c)
{
    switch (c->state) {
    case TCP_FIN_WAIT_1:
        c->state = TCP_FIN_WAIT_2;
        tcp_expire_in(c, TCP_FIN_TIME);
        break;
    case TCP_CLOSING:
        c->state = TCP_TIME_WAIT;
        tcp_expire_in(c, TCP_TIME_WAIT_TIME);
        break;
    case TCP_LAST_ACK:
        tcp_free(c);
        break;
    case TCP_FREE:
    case TCP_SYN_RECEIVED:
    case TCP_ESTABLISHED:
    case TCP_CLOSE_WAIT:
    case TCP_FIN_WAIT_2:
    case TCP_TIME_WAIT:
        break;
    }
}

/* New data is acknowledged: snd_una < ack <= snd_max. */
static void take_ack(struct tcp_conn *c, uint32_t ack)
{
    uint32_t acked = ack - c->snd_una;
    uint32_t bytes = acked < c->tx_len ? acked : c->tx_len;
    if (c->rtt_start && tcp_le(c->rtt_seq, ack)) {
        take_rtt(c, c->tcp->net->now - c->rtt_start);
        c->rtt_start = 0;
    }
    c->tx_head = (c->tx_head + bytes) % TCP_TX_SIZE;
    c->tx_len -= bytes;
    c->snd_una = ack;
    if (tcp_lt(c->snd_nxt, ack))
        c->snd_nxt = ack;
    c->timer = 0;
    c->retries = 0;
    c->dup_acks = 0;
    tcp_expire_in(c, TCP_IDLE_TIME);
    if (!tcp_lt(ack, c->recover))
        c->recovering = false;
    if (c->recovering)
        tcp_resend_first(c); /* RFC 6582: the next hole of the same loss */
    else
        grow_cwnd(c, acked);
    if (acked > bytes) {
        c->fin_queued = false; /* nothing more to send */
        take_fin_ack(c);
    }
}

static void take_window(struct tcp_conn *c, const struct tcp_segment *s)
{
    if (!tcp_lt(c->snd_wl1, s->seq) &&
        (c->snd_wl1 != s->seq || !tcp_le(c->snd_wl2, s->ack)))
        return;
    if (c->snd_wnd == 0 && s->wnd > 0) {
        c->snd_nxt = c->snd_una; /* whatever probed the closed window is gone */
        c->timer = 0;
    }
    c->snd_wnd = s->wnd;
    c->snd_wl1 = s->seq;
    c->snd_wl2 = s->ack;
    if (s->wnd > c->max_wnd)
        c->max_wnd = s->wnd;
}

/* True: go on with the segment's data. */
static bool ack_input(struct tcp_conn *c, const struct tcp_segment *s)
{
    if (tcp_lt(c->snd_max, s->ack)) {
        c->ack_now = true; /* of something that we have never sent */
        return false;
    }
    if (tcp_lt(c->snd_una, s->ack)) {
        take_ack(c, s->ack);
    } else if (s->ack == c->snd_una) {
        bool changed = s->len > 0 || s->wnd != c->snd_wnd || (s->flags & TCP_FIN);
        if (!changed && c->snd_max != c->snd_una && c->snd_wnd > 0)
            take_duplicate(c);
        if (c->snd_wnd == 0 && c->retries > TCP_PROBE_RETRIES)
            c->retries = TCP_PROBE_RETRIES; /* the peer is there and just not ready */
    }
    if (c->state == TCP_FREE)
        return false;
    if (tcp_le(c->snd_una, s->ack))
        take_window(c, s);
    return true;
}

/* The third segment of the handshake. */
static bool handshake_input(struct tcp_conn *c, const struct tcp_segment *s)
{
    if (s->ack != c->snd_nxt) {
        tcp_refuse(c->tcp, s);
        return false;
    }
    c->state = TCP_ESTABLISHED;
    c->snd_una = s->ack;
    c->recover = s->ack;
    c->snd_wnd = s->wnd;
    c->max_wnd = s->wnd;
    c->snd_wl1 = s->seq;
    c->snd_wl2 = s->ack;
    c->timer = 0;
    c->retries = 0;
    c->tcp->stats.accepted++;
    tcp_expire_in(c, TCP_IDLE_TIME);
    return true;
}

static bool can_receive(const struct tcp_conn *c)
{
    return c->state == TCP_ESTABLISHED || c->state == TCP_FIN_WAIT_1 ||
           c->state == TCP_FIN_WAIT_2;
}

static void take_fin(struct tcp_conn *c)
{
    c->rcv_nxt++;
    if (c->state == TCP_ESTABLISHED) {
        c->state = TCP_CLOSE_WAIT;
    } else if (c->state == TCP_FIN_WAIT_1) {
        c->state = TCP_CLOSING;
    } else {
        c->state = TCP_TIME_WAIT;
        c->timer = 0;
        tcp_expire_in(c, TCP_TIME_WAIT_TIME);
    }
}

/* Data and FIN of a segment that is acceptable. */
static void data_input(struct tcp_conn *c, const struct tcp_segment *s)
{
    bool fin = s->flags & TCP_FIN;
    if (!can_receive(c) || (s->len == 0 && !fin))
        return;
    c->ack_now = true;
    if (tcp_lt(c->rcv_nxt, s->seq))
        return; /* a hole before it: the acknowledgement says where */
    uint32_t skip = c->rcv_nxt - s->seq; /* had before */
    uint32_t len = s->len > skip ? s->len - skip : 0;
    uint32_t room = TCP_RX_SIZE - c->rx_len;
    if (skip > s->len)
        return; /* a FIN that we had */
    if (len > room) {
        len = room;
        fin = false; /* it comes behind what does not fit */
    }
    if (len > 0)
        tcp_expire_in(c, c->state == TCP_FIN_WAIT_2 ? TCP_FIN_TIME : TCP_IDLE_TIME);
    if (!(c->state == TCP_FIN_WAIT_1 || c->state == TCP_FIN_WAIT_2)) {
        __builtin_memcpy(c->rx + c->rx_len, s->data + skip, len);
        c->rx_len += len;
    }
    c->rcv_nxt += len;
    if (fin)
        take_fin(c);
}

/* RST or SYN where neither belongs. True: the segment is dealt with. */
static bool odd_input(struct tcp_conn *c, const struct tcp_segment *s)
{
    if (c->state == TCP_SYN_RECEIVED && (s->flags & TCP_SYN) && s->seq == c->irs &&
        !(s->flags & (TCP_ACK | TCP_RST))) {
        tcp_send_syn_ack(c); /* our answer was lost */
        return true;
    }
    if (!acceptable(c, s)) {
        c->ack_now = !(s->flags & TCP_RST);
        return true;
    }
    if (s->flags & TCP_RST) {
        if (s->seq == c->rcv_nxt)
            tcp_free(c);
        else
            c->ack_now = true; /* RFC 5961: who means it knows the exact number */
        return true;
    }
    if (s->flags & TCP_SYN) {
        c->ack_now = true;
        return true;
    }
    return !(s->flags & TCP_ACK);
}

static void connection_input(struct tcp_conn *c, const struct tcp_segment *s)
{
    bool go_on = !odd_input(c, s);
    if (go_on && c->state == TCP_SYN_RECEIVED)
        go_on = handshake_input(c, s);
    else if (go_on)
        go_on = ack_input(c, s);
    if (go_on)
        data_input(c, s);
    if (go_on && (c->state == TCP_ESTABLISHED || c->state == TCP_CLOSE_WAIT))
        c->tcp->fn(c, c->app);
    if (c->state != TCP_FREE && c->state != TCP_SYN_RECEIVED)
        tcp_output(c);
}

void tcp_input(void *ctx, const struct net_packet *p)
{
    struct tcp *t = ctx;
    struct tcp_segment s = {0};
    if (!take_segment(p, &s)) {
        t->net->stats.rx_dropped++;
        return;
    }
    if (s.dst_port != t->port) {
        tcp_refuse(t, &s);
        return;
    }
    struct tcp_conn *c = find(t, key_of(s.src, s.src_port));
    if (c && c->state == TCP_TIME_WAIT && (s.flags & (TCP_SYN | TCP_ACK)) == TCP_SYN &&
        tcp_lt(c->rcv_nxt, s.seq)) {
        tcp_free(c); /* RFC 9293 3.6.1: the peer uses its port again */
        c = NULL;
    }
    if (c)
        connection_input(c, &s);
    else
        listen_input(t, &s);
}
