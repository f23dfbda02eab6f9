/*
 * ipv4.c - packets in and out.
 *
 * Spec: RFC 791, RFC 1122 section 3.2.1.
 */
#include "net_priv.h"
#include "wire.h"

#define TTL      64u
#define FLAG_DF  0x4000u
#define FRAGMENT 0x3fffu /* more fragments, or an offset */

/* An address that a packet can have come from. */
static bool source_valid(const struct net *n, uint32_t src)
{
    uint32_t host = src & ~n->config.mask;
    if (src == n->config.addr || src >> 24 == 0 || src >> 24 == 127 || src >> 28 >= 14)
        return false;
    /* the network's own address and its broadcast; /31 and /32 have neither */
    return !net_is_local(n, src) || ~n->config.mask <= 1 ||
           (host != 0 && host != ~n->config.mask);
}

static bool is_broadcast(const struct net *n, uint32_t dst)
{
    return dst == UINT32_MAX || (net_is_local(n, dst) && ~n->config.mask > 1 &&
                                 (dst | n->config.mask) == UINT32_MAX);
}

/* False: not a whole, valid packet for this host. */
static bool take_header(const struct net *n, const uint8_t *d, size_t len,
                        struct net_packet *p)
{
    if (len < NET_IPV4_HEADER || d[0] >> 4 != 4)
        return false;
    size_t header = (size_t)(d[0] & 15) * 4, total = wire_get16(d + 2);
    if (header < NET_IPV4_HEADER || total < header || total > len)
        return false;
    if (wire_checksum(wire_sum(0, d, header)) != 0)
        return false;
    if (wire_get16(d + 6) & FRAGMENT)
        return false;
    p->src = wire_get32(d + 12);
    p->dst = wire_get32(d + 16);
    p->data = d + header;
    p->len = total - header;
    if (!source_valid(n, p->src))
        return false;
    p->broadcast = is_broadcast(n, p->dst);
    return p->broadcast || p->dst == n->config.addr;
}

void net_ipv4_input(struct net *n, const uint8_t *data, size_t len, bool broadcast)
{
    struct net_packet p = {0};
    if (!take_header(n, data, len, &p)) {
        n->stats.rx_dropped++;
        return;
    }
    p.broadcast |= broadcast;
    switch (data[9]) {
    case NET_PROTO_ICMP:
        net_icmp_input(n, &p);
        return;
    case NET_PROTO_TCP:
        if (n->tcp_fn && !p.broadcast) {
            n->tcp_fn(n->tcp_ctx, &p);
            return;
        }
        break;
    case NET_PROTO_UDP:
        if (n->udp_fn) {
            n->udp_fn(n->udp_ctx, &p);
            return;
        }
        break;
    default:
        break;
    }
    n->stats.rx_dropped++;
}

uint8_t *net_payload(struct net *n)
{
    return n->tx + NET_ETH_HEADER + NET_IPV4_HEADER;
}

void net_send(struct net *n, uint32_t dst, uint8_t proto, size_t len)
{
    uint8_t *h = n->tx + NET_ETH_HEADER;
    uint32_t hop = net_is_local(n, dst) ? dst : n->config.gateway;
    size_t total = NET_IPV4_HEADER + len;
    if (!hop || total > n->config.mtu) {
        n->stats.tx_dropped++;
        return;
    }
    h[0] = 0x45;
    h[1] = 0;
    wire_put16(h + 2, (uint16_t)total);
    wire_put16(h + 4, n->next_id++);
    wire_put16(h + 6, FLAG_DF);
    h[8] = TTL;
    h[9] = proto;
    wire_put16(h + 10, 0);
    wire_put32(h + 12, n->config.addr);
    wire_put32(h + 16, dst);
    wire_put16(h + 10, wire_checksum(wire_sum(0, h, NET_IPV4_HEADER)));
    net_arp_send_to(n, hop, NET_ETH_HEADER + total);
}

/* A decimal number up to @max; NULL when there is none. */
static const char *parse_number(const char *t, uint32_t max, uint32_t *ret)
{
    uint32_t v = 0;
    if (*t < '0' || *t > '9')
        return NULL;
    for (; *t >= '0' && *t <= '9'; t++) {
        v = v * 10 + (uint32_t)(*t - '0');
        if (v > max)
            return NULL;
    }
    *ret = v;
    return t;
}

static const char *parse_addr(const char *t, uint32_t *ret)
{
    uint32_t addr = 0;
    for (int i = 0; i < 4; i++) {
        uint32_t part;
        if (i > 0 && *t++ != '.')
            return NULL;
        t = parse_number(t, 255, &part);
        if (!t)
            return NULL;
        addr = addr << 8 | part;
    }
    *ret = addr;
    return t;
}

bool net_parse_addr(const char *text, uint32_t *addr)
{
    uint32_t a;
    const char *end = parse_addr(text, &a);
    if (!end || *end)
        return false;
    *addr = a;
    return true;
}

bool net_parse_cidr(const char *text, uint32_t *addr, uint32_t *mask)
{
    uint32_t a, bits;
    const char *end = parse_addr(text, &a);
    if (!end || *end != '/')
        return false;
    end = parse_number(end + 1, 32, &bits);
    if (!end || *end)
        return false;
    *addr = a;
    *mask = bits ? UINT32_MAX << (32 - bits) : 0;
    return true;
}
