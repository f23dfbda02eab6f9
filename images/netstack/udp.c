/*
 * udp.c - datagrams to one port.
 *
 * Spec: RFC 768.
 */
#include "udp.h"

#include "wire.h"

static void input(void *ctx, const struct net_packet *p)
{
    struct udp *u = ctx;
    if (p->len < UDP_HEADER || p->broadcast)
        return;
    size_t len = wire_get16(p->data + 4);
    if (len < UDP_HEADER || len > p->len || wire_get16(p->data + 2) != u->port)
        return;
    uint64_t sum = wire_pseudo_sum(p->src, p->dst, NET_PROTO_UDP, len);
    if (wire_get16(p->data + 6) != 0 && wire_checksum(wire_sum(sum, p->data, len)) != 0)
        return;
    u->fn(u, p->src, wire_get16(p->data), p->data + UDP_HEADER, len - UDP_HEADER);
}

void udp_listen(struct udp *u, struct net *n, uint16_t port, udp_fn fn)
{
    u->net = n;
    u->port = port;
    u->fn = fn;
    n->udp_fn = input;
    n->udp_ctx = u;
}

void udp_send(struct udp *u, uint32_t to, uint16_t to_port, const uint8_t *data,
              size_t len)
{
    struct net *n = u->net;
    uint8_t *out = net_payload(n);
    if (len > (size_t)n->config.mtu - NET_IPV4_HEADER - UDP_HEADER) {
        n->stats.tx_dropped++;
        return;
    }
    wire_put16(out, u->port);
    wire_put16(out + 2, to_port);
    wire_put16(out + 4, (uint16_t)(UDP_HEADER + len));
    wire_put16(out + 6, 0);
    __builtin_memcpy(out + UDP_HEADER, data, len);
    uint64_t sum = wire_pseudo_sum(n->config.addr, to, NET_PROTO_UDP, UDP_HEADER + len);
    uint16_t check = wire_checksum(wire_sum(sum, out, UDP_HEADER + len));
    wire_put16(out + 6, check ? check : 0xffff);
    net_send(n, to, NET_PROTO_UDP, UDP_HEADER + len);
}
