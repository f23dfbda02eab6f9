/*
 * net.h - one network interface with one IPv4 address: Ethernet, ARP, IPv4, ICMP echo.
 *
 * Theory of operation: nothing here waits, allocates or knows the machine, so it runs
 * in a guest and in a test on the host alike. The owner hands in every frame that
 * arrives (net_input()) and calls net_tick() when net_deadline() has come; frames leave
 * through a function of the owner's. Every length and offset in a frame is the sender's
 * claim, and is checked against the bytes that are there before it is used.
 *
 * Outgoing packets are built in place, in the one transmit buffer of struct net. A
 * packet whose next hop has no known hardware address waits, one for each such hop,
 * until ARP has answered. Fragments are neither made nor reassembled. Addresses are in
 * the host's byte order.
 */
#ifndef NETSTACK_NET_H
#define NETSTACK_NET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NET_SEC  1000000000ULL
#define NET_MSEC 1000000ULL

#define NET_ETH_HEADER  14u
#define NET_IPV4_HEADER 20u
#define NET_MTU_MIN     576u
#define NET_MTU_MAX     9000u
#define NET_FRAME_MAX   (NET_ETH_HEADER + NET_MTU_MAX)
#define NET_NEVER       UINT64_MAX

#define NET_PROTO_ICMP 1u
#define NET_PROTO_TCP  6u
#define NET_PROTO_UDP  17u

#define NET_ARP_ENTRIES 32u
#define NET_ARP_PENDING 1514u /* longest frame that waits for ARP */

/* A packet for this host: its IPv4 header was valid and its payload is complete. */
struct net_packet {
    uint32_t src, dst;
    const uint8_t *data; /* behind the IPv4 header */
    size_t len;
    bool broadcast; /* not for this host alone */
};

typedef void (*net_packet_fn)(void *ctx, const struct net_packet *p);
typedef void (*net_send_fn)(void *ctx, const uint8_t *frame, size_t len);

struct net_config {
    uint8_t mac[6];
    uint16_t mtu;     /* bytes; clamped to NET_MTU_MIN..NET_MTU_MAX */
    uint32_t addr;    /* this host's */
    uint32_t mask;    /* of its network */
    uint32_t gateway; /* 0: none */
    net_send_fn send;
    void *ctx; /* for @send */
};

/* What is known of one neighbour; addr 0 marks a free entry. */
struct net_arp {
    uint32_t addr;
    uint8_t mac[6];
    bool known;     /* mac is valid */
    uint64_t heard; /* when it last said so; for an unknown one, when we began to ask */
    uint64_t asked; /* when we last asked */
    size_t pending_len;
    uint8_t pending[NET_ARP_PENDING];
};

struct net_stats {
    uint64_t rx_frames, rx_dropped, tx_frames, tx_dropped;
};

struct net {
    struct net_config config;
    uint64_t now; /* ns, of the call in progress */
    uint16_t next_id;
    net_packet_fn tcp_fn, udp_fn;
    void *tcp_ctx, *udp_ctx;
    struct net_arp arp[NET_ARP_ENTRIES];
    struct net_stats stats;
    uint8_t tx[NET_FRAME_MAX];
};

/**
 * net_init() - set up an interface.
 * @n: the interface; what it held before is lost
 * @config: copied
 */
void net_init(struct net *n, const struct net_config *config);

/**
 * net_announce() - tell the neighbours where this address is now.
 * @n: the interface
 * @now: ns, any origin, never decreasing
 */
void net_announce(struct net *n, uint64_t now);

/**
 * net_input() - take in a frame.
 * @n: the interface
 * @frame: foreign bytes, without checksum
 * @len: their number
 * @now: ns
 */
void net_input(struct net *n, const uint8_t *frame, size_t len, uint64_t now);

/**
 * net_payload() - where the next packet's payload is to be written, config.mtu -
 * NET_IPV4_HEADER bytes at most.
 * @n: the interface
 *
 * Return: memory that is valid until the next call that sends.
 */
uint8_t *net_payload(struct net *n);

/**
 * net_send() - send what was written to net_payload().
 * @n: the interface
 * @dst: address
 * @proto: IP protocol
 * @len: bytes of payload
 */
void net_send(struct net *n, uint32_t dst, uint8_t proto, size_t len);

/**
 * net_parse_cidr() - read "10.0.0.2/24".
 * @text: NUL-terminated; foreign
 * @addr: the address, written only on success
 * @mask: the netmask, written only on success
 *
 * Return: false when it is no such text.
 */
bool net_parse_cidr(const char *text, uint32_t *addr, uint32_t *mask);

/**
 * net_parse_addr() - read "10.0.0.1".
 * @text: NUL-terminated; foreign
 * @addr: the address, written only on success
 *
 * Return: false when it is no such text.
 */
bool net_parse_addr(const char *text, uint32_t *addr);

#endif
