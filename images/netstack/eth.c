/*
 * eth.c - frames in and out, and the set-up of an interface.
 */
#include "net_priv.h"
#include "wire.h"

static const uint8_t broadcast_mac[6] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff};

void net_init(struct net *n, const struct net_config *config)
{
    __builtin_memset(n, 0, sizeof(*n));
    n->config = *config;
    if (n->config.mtu < NET_MTU_MIN)
        n->config.mtu = NET_MTU_MIN;
    if (n->config.mtu > NET_MTU_MAX)
        n->config.mtu = NET_MTU_MAX;
}

void net_input(struct net *n, const uint8_t *frame, size_t len, uint64_t now)
{
    n->now = now;
    n->stats.rx_frames++;
    if (len < NET_ETH_HEADER) {
        n->stats.rx_dropped++;
        return;
    }
    bool broadcast = __builtin_memcmp(frame, broadcast_mac, 6) == 0;
    if (!broadcast && __builtin_memcmp(frame, n->config.mac, 6) != 0) {
        n->stats.rx_dropped++;
        return;
    }
    const uint8_t *data = frame + NET_ETH_HEADER;
    len -= NET_ETH_HEADER;
    switch (wire_get16(frame + 12)) {
    case NET_ETH_ARP:
        net_arp_input(n, data, len);
        break;
    case NET_ETH_IPV4:
        net_ipv4_input(n, data, len, broadcast);
        break;
    default:
        n->stats.rx_dropped++;
        break;
    }
}

void net_eth_send(struct net *n, const uint8_t dst[6], uint16_t type, size_t len)
{
    __builtin_memcpy(n->tx, dst, 6);
    __builtin_memcpy(n->tx + 6, n->config.mac, 6);
    wire_put16(n->tx + 12, type);
    n->stats.tx_frames++;
    n->config.send(n->config.ctx, n->tx, len);
}
