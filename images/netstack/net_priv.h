/*
 * net_priv.h - what the layers of the stack call of each other.
 */
#ifndef NETSTACK_NET_PRIV_H
#define NETSTACK_NET_PRIV_H

#include "net.h"

#define NET_ETH_IPV4 0x0800u
#define NET_ETH_ARP  0x0806u

/* eth.c: sends n->tx, whose first NET_ETH_HEADER bytes are filled in here. @len is that
 * of the whole frame. */
void net_eth_send(struct net *n, const uint8_t dst[6], uint16_t type, size_t len);

/* arp.c: a packet; and sending n->tx to a neighbour, now or when its address is known.
 */
void net_arp_input(struct net *n, const uint8_t *data, size_t len);
void net_arp_send_to(struct net *n, uint32_t hop, size_t len);

/* ipv4.c: a packet; @broadcast: its frame was not for this host alone. */
void net_ipv4_input(struct net *n, const uint8_t *data, size_t len, bool broadcast);

/* icmp.c */
void net_icmp_input(struct net *n, const struct net_packet *p);

/* Whether @addr is a neighbour, to be reached without the gateway. */
static inline bool net_is_local(const struct net *n, uint32_t addr)
{
    return ((addr ^ n->config.addr) & n->config.mask) == 0;
}

#endif
