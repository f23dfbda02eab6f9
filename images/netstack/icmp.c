/*
 * icmp.c - answers echo requests.
 *
 * Spec: RFC 792; RFC 1122 section 3.2.2.6 (none to broadcasts).
 */
#include "net_priv.h"
#include "wire.h"

#define HEADER       8u
#define ECHO_REPLY   0u
#define ECHO_REQUEST 8u

void net_icmp_input(struct net *n, const struct net_packet *p)
{
    if (p->len < HEADER || p->data[0] != ECHO_REQUEST || p->data[1] != 0 ||
        p->broadcast || p->len > n->config.mtu - NET_IPV4_HEADER ||
        wire_checksum(wire_sum(0, p->data, p->len)) != 0) {
        n->stats.rx_dropped++;
        return;
    }
    uint8_t *out = net_payload(n);
    __builtin_memcpy(out, p->data, p->len);
    out[0] = ECHO_REPLY;
    wire_put16(out + 2, 0);
    wire_put16(out + 2, wire_checksum(wire_sum(0, out, p->len)));
    net_send(n, p->src, NET_PROTO_ICMP, p->len);
}
