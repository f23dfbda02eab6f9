/*
 * tcp.c - the table of connections, their timers, and what the program calls.
 */
#include "tcp_priv.h"

void tcp_listen(struct tcp *t, struct net *n, uint16_t port, const uint64_t secret[2],
                tcp_fn fn)
{
    t->net = n;
    t->port = port;
    t->fn = fn;
    t->secret[0] = secret[0];
    t->secret[1] = secret[1];
    t->wake = NET_NEVER;
    n->tcp_fn = tcp_input;
    n->tcp_ctx = t;
}

void tcp_free(struct tcp_conn *c)
{
    c->state = TCP_FREE;
    c->tcp->key[c - c->tcp->conn] = 0;
}

void tcp_wake_at(struct tcp *t, uint64_t when)
{
    if (when < t->wake)
        t->wake = when;
}

void tcp_expire_in(struct tcp_conn *c, uint64_t ns)
{
    c->deadline = c->tcp->net->now + ns;
    tcp_wake_at(c->tcp, c->deadline);
}

uint64_t tcp_deadline(const struct tcp *t)
{
    return t->wake;
}

static void give_up(struct tcp_conn *c)
{
    if (c->state != TCP_TIME_WAIT && c->state != TCP_FIN_WAIT_2) {
        c->tcp->stats.aborted++;
        tcp_send_reset(c);
    }
    tcp_free(c);
}

void tcp_tick(struct tcp *t, uint64_t now)
{
    if (now < t->wake)
        return;
    t->net->now = now;
    t->wake = NET_NEVER;
    for (unsigned int i = 0; i < TCP_CONNS; i++) {
        struct tcp_conn *c = &t->conn[i];
        if (!t->key[i])
            continue;
        if (now >= c->deadline)
            give_up(c);
        else if (c->timer && now >= c->timer)
            tcp_timeout(c);
        if (!t->key[i])
            continue;
        tcp_wake_at(t, c->deadline);
        if (c->timer)
            tcp_wake_at(t, c->timer);
    }
}

const uint8_t *tcp_data(const struct tcp_conn *c, size_t *len)
{
    *len = c->rx_len;
    return c->rx;
}

void tcp_consume(struct tcp_conn *c, size_t len)
{
    c->rx_len -= (uint32_t)len;
    __builtin_memmove(c->rx, c->rx + len, c->rx_len);
    /* the peer may be waiting for room: tell it once there is room worth telling */
    uint32_t invited = c->rcv_edge - c->rcv_nxt;
    if (invited < TCP_RX_SIZE / 2 && TCP_RX_SIZE - c->rx_len >= TCP_RX_SIZE / 2)
        c->ack_now = true;
}

bool tcp_finished(const struct tcp_conn *c)
{
    return c->state != TCP_ESTABLISHED;
}

size_t tcp_room(const struct tcp_conn *c)
{
    return c->fin_queued ? 0 : TCP_TX_SIZE - c->tx_len;
}

size_t tcp_send(struct tcp_conn *c, const void *data, size_t len)
{
    if (len > tcp_room(c))
        len = tcp_room(c);
    size_t at = (c->tx_head + c->tx_len) % TCP_TX_SIZE;
    size_t first = TCP_TX_SIZE - at < len ? TCP_TX_SIZE - at : len;
    __builtin_memcpy(c->tx + at, data, first);
    __builtin_memcpy(c->tx, (const uint8_t *)data + first, len - first);
    c->tx_len += (uint32_t)len;
    return len;
}

void tcp_close(struct tcp_conn *c)
{
    if (c->fin_queued)
        return;
    c->fin_queued = true;
    c->rx_len = 0;
    c->state = c->state == TCP_CLOSE_WAIT ? TCP_LAST_ACK : TCP_FIN_WAIT_1;
}
