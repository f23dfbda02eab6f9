/*
 * wire.h - numbers in network byte order, at any alignment, and the Internet checksum.
 */
#ifndef NETSTACK_WIRE_H
#define NETSTACK_WIRE_H

#include <stddef.h>
#include <stdint.h>

static inline uint16_t wire_get16(const uint8_t *p)
{
    return (uint16_t)(p[0] << 8 | p[1]);
}

static inline uint32_t wire_get32(const uint8_t *p)
{
    return (uint32_t)wire_get16(p) << 16 | wire_get16(p + 2);
}

static inline void wire_put16(uint8_t *p, uint16_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static inline void wire_put32(uint8_t *p, uint32_t v)
{
    wire_put16(p, (uint16_t)(v >> 16));
    wire_put16(p + 2, (uint16_t)v);
}

/**
 * wire_sum() - add bytes to a running one's complement sum.
 * @sum: of what came before, which had an even number of bytes; 0 at first
 * @data: the bytes
 * @len: their number
 *
 * Spec: RFC 1071.
 *
 * Return: the new sum.
 */
uint64_t wire_sum(uint64_t sum, const uint8_t *data, size_t len);

/**
 * wire_checksum() - the checksum that a sum leads to.
 * @sum: from wire_sum()
 *
 * Return: what goes into the header; 0 for data that contains its right checksum.
 */
uint16_t wire_checksum(uint64_t sum);

/**
 * wire_pseudo_sum() - the sum of the pseudo header of TCP and UDP.
 * @src: address
 * @dst: address
 * @proto: IP protocol
 * @len: bytes of the transport header and data, up to 65535
 *
 * Return: a sum for wire_sum().
 */
uint64_t wire_pseudo_sum(uint32_t src, uint32_t dst, uint8_t proto, size_t len);

#endif
