/*
 * arp.c - who has which hardware address.
 *
 * An entry is made when we want to send to a neighbour, or when one asks for us. It is
 * asked for again when it grows old while it is used, and is good for nothing soon
 * after. Spec: RFC 826, RFC 5227 (announcement).
 */
#include "net_priv.h"
#include "wire.h"

#define PACKET_SIZE 28u
#define OP_REQUEST  1u
#define OP_REPLY    2u

#define OLD_AFTER  (60 * NET_SEC)  /* asked for again on the next use */
#define DEAD_AFTER (120 * NET_SEC) /* no longer used */
#define ASK_EVERY  (1 * NET_SEC)

static const uint8_t broadcast_mac[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
static const uint8_t zero_mac[6];

static struct net_arp *find(struct net *n, uint32_t addr)
{
    for (unsigned int i = 0; i < NET_ARP_ENTRIES; i++) {
        if (n->arp[i].addr == addr)
            return &n->arp[i];
    }
    return NULL;
}

/* A new entry, in the place of a free one or of the one that was heard of least lately.
 */
static struct net_arp *make(struct net *n, uint32_t addr)
{
    struct net_arp *best = &n->arp[0];
    for (unsigned int i = 0; i < NET_ARP_ENTRIES; i++) {
        struct net_arp *e = &n->arp[i];
        if (!e->addr) {
            best = e;
            break;
        }
        if (e->heard < best->heard)
            best = e;
    }
    best->addr = addr;
    best->known = false;
    best->heard = n->now;
    best->asked = 0;
    best->pending_len = 0;
    return best;
}

static void send_packet(struct net *n, unsigned int op, const uint8_t *to_mac,
                        const uint8_t *target_mac, uint32_t target)
{
    uint8_t *p = n->tx + NET_ETH_HEADER;
    wire_put16(p, 1);
    wire_put16(p + 2, NET_ETH_IPV4);
    p[4] = 6;
    p[5] = 4;
    wire_put16(p + 6, (uint16_t)op);
    __builtin_memcpy(p + 8, n->config.mac, 6);
    wire_put32(p + 14, n->config.addr);
    __builtin_memcpy(p + 18, target_mac, 6);
    wire_put32(p + 24, target);
    net_eth_send(n, to_mac, NET_ETH_ARP, NET_ETH_HEADER + PACKET_SIZE);
}

static void ask(struct net *n, struct net_arp *e)
{
    if (e->asked && n->now - e->asked < ASK_EVERY)
        return;
    e->asked = n->now ? n->now : 1;
    send_packet(n, OP_REQUEST, broadcast_mac, zero_mac, e->addr);
}

void net_announce(struct net *n, uint64_t now)
{
    n->now = now;
    send_packet(n, OP_REQUEST, broadcast_mac, zero_mac, n->config.addr);
}

static void learn(struct net *n, struct net_arp *e, const uint8_t *mac)
{
    __builtin_memcpy(e->mac, mac, 6);
    e->known = true;
    e->heard = n->now;
    e->asked = 0;
    if (!e->pending_len)
        return;
    size_t len = e->pending_len;
    e->pending_len = 0;
    __builtin_memcpy(n->tx, e->pending, len);
    net_eth_send(n, e->mac, NET_ETH_IPV4, len);
}

static bool can_be_neighbour(const struct net *n, uint32_t addr, const uint8_t *mac)
{
    return addr != 0 && addr != n->config.addr && !(mac[0] & 1) &&
           (net_is_local(n, addr) || addr == n->config.gateway);
}

void net_arp_input(struct net *n, const uint8_t *data, size_t len)
{
    if (len < PACKET_SIZE || wire_get16(data) != 1 ||
        wire_get16(data + 2) != NET_ETH_IPV4 || data[4] != 6 || data[5] != 4) {
        n->stats.rx_dropped++;
        return;
    }
    uint8_t mac[6]; /* a copy: the answer is built while it is in use */
    __builtin_memcpy(mac, data + 8, 6);
    uint32_t sender = wire_get32(data + 14);
    bool for_us = wire_get32(data + 24) == n->config.addr;
    bool request = wire_get16(data + 6) == OP_REQUEST;
    if (for_us && request && !(mac[0] & 1))
        send_packet(n, OP_REPLY, mac, mac, sender);
    if (!can_be_neighbour(n, sender, mac))
        return;
    struct net_arp *e = find(n, sender);
    if (!e && for_us)
        e = make(n, sender);
    if (e)
        learn(n, e, mac);
}

void net_arp_send_to(struct net *n, uint32_t hop, size_t len)
{
    struct net_arp *e = find(n, hop);
    if (!e)
        e = make(n, hop);
    if (e->known && n->now - e->heard >= DEAD_AFTER)
        e->known = false;
    if (!e->known && len <= NET_ARP_PENDING) {
        __builtin_memcpy(e->pending, n->tx, len);
        e->pending_len = len;
    }
    if (e->known)
        net_eth_send(n, e->mac, NET_ETH_IPV4, len);
    if (!e->known || n->now - e->heard >= OLD_AFTER)
        ask(n, e);
}
