/*
 * wire.c - the Internet checksum.
 */
#include "wire.h"

/* Four bytes at a time: the carries collect in the upper half until the end. */
uint64_t wire_sum(uint64_t sum, const uint8_t *data, size_t len)
{
    for (; len >= 4; len -= 4, data += 4) {
        uint32_t v;
        __builtin_memcpy(&v, data, sizeof(v));
        sum += v;
    }
    if (len >= 2) {
        uint16_t v;
        __builtin_memcpy(&v, data, sizeof(v));
        sum += v;
        data += 2;
    }
    if (len & 1)
        sum += *data;
    return sum;
}

uint16_t wire_checksum(uint64_t sum)
{
    while (sum >> 16)
        sum = (sum & 0xffff) + (sum >> 16);
    /* summed in the machine's order, which only swaps the result's bytes */
    return __builtin_bswap16((uint16_t)~sum);
}

uint64_t wire_pseudo_sum(uint32_t src, uint32_t dst, uint8_t proto, size_t len)
{
    uint8_t p[12] = {0};
    wire_put32(p, src);
    wire_put32(p + 4, dst);
    p[9] = proto;
    wire_put16(p + 10, (uint16_t)len);
    return wire_sum(0, p, sizeof(p));
}
