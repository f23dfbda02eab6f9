/*
 * udp.h - datagrams to one port.
 */
#ifndef NETSTACK_UDP_H
#define NETSTACK_UDP_H

#include "net.h"

#define UDP_HEADER 8u

struct udp;

/* A datagram has arrived; its sender is given for udp_send(). */
typedef void (*udp_fn)(struct udp *u, uint32_t from, uint16_t from_port,
                       const uint8_t *data, size_t len);

struct udp {
    struct net *net;
    uint16_t port;
    udp_fn fn;
};

/**
 * udp_listen() - have datagrams to a port handed to a function.
 * @u: must stay as long as @n
 * @n: the interface; has one such port
 * @port: 1..65535
 * @fn: called for each datagram to this host alone whose checksum is right
 */
void udp_listen(struct udp *u, struct net *n, uint16_t port, udp_fn fn);

/**
 * udp_send() - send a datagram from the port listened on.
 * @u: the port
 * @to: address
 * @to_port: port
 * @data: may be what @fn was given
 * @len: bytes; more than a packet holds is dropped
 */
void udp_send(struct udp *u, uint32_t to, uint16_t to_port, const uint8_t *data,
              size_t len);

#endif
