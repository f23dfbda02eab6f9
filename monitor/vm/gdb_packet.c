/*
 * gdb_packet.c - framing of the remote serial protocol: "$body#checksum", '+' and '-'.
 */
#include "gdb_packet.h"

#include <errno.h>
#include <string.h>

#include <sys/socket.h>

static int hex_digit(int c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

bool gdb_hex_number(const char **text, const char *end, uint64_t *ret)
{
    uint64_t v = 0;
    const char *p = *text;
    for (; p < end && p - *text < 16 && hex_digit(*p) >= 0; p++)
        v = v << 4 | (unsigned int)hex_digit(*p);
    if (p == *text)
        return false;
    *text = p;
    *ret = v;
    return true;
}

bool gdb_hex_bytes(const char *text, uint8_t *bytes, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        int hi = hex_digit(text[2 * i]), lo = hi < 0 ? -1 : hex_digit(text[2 * i + 1]);
        if (lo < 0)
            return false;
        bytes[i] = (uint8_t)(hi << 4 | lo);
    }
    return true;
}

void gdb_hex_put(char *text, const void *bytes, size_t len)
{
    static const char digits[] = "0123456789abcdef";
    const uint8_t *p = bytes;
    for (size_t i = 0; i < len; i++) {
        text[2 * i] = digits[p[i] >> 4];
        text[2 * i + 1] = digits[p[i] & 15];
    }
}

static void consume(struct cor_gdb *g, size_t n)
{
    g->in_len -= n;
    memmove(g->in, g->in + n, g->in_len);
}

/* Unescapes a body; false when it does not fit. */
static bool take_body(struct cor_gdb *g, const uint8_t *body, size_t len)
{
    size_t n = 0;
    for (size_t i = 0; i < len; i++) {
        uint8_t c = body[i];
        if (c == '}' && i + 1 < len)
            c = body[++i] ^ 0x20;
        if (n == COR_GDB_PACKET_MAX)
            return false;
        g->packet[n++] = (char)c;
    }
    g->packet[n] = '\0';
    g->packet_len = n;
    return true;
}

enum gdb_input gdb_packet_next(struct cor_gdb *g)
{
    while (g->in_len > 0 && g->in[0] != '$' && g->in[0] != 0x03)
        consume(g, 1); /* acknowledgements, and what is none of ours */
    if (g->in_len == 0)
        return GDB_INPUT_NONE;
    if (g->in[0] == 0x03) {
        consume(g, 1);
        return GDB_INPUT_INTERRUPT;
    }
    const uint8_t *end = memchr(g->in, '#', g->in_len);
    if (!end && g->in_len == sizeof(g->in)) {
        consume(g, g->in_len);
        return GDB_INPUT_BAD;
    }
    if (!end || (size_t)(end - g->in) + 3 > g->in_len)
        return GDB_INPUT_NONE;
    size_t len = (size_t)(end - g->in) - 1;
    uint8_t sum = 0, want = 0;
    for (size_t i = 0; i < len; i++)
        sum = (uint8_t)(sum + g->in[1 + i]);
    bool good = gdb_hex_bytes((const char *)end + 1, &want, 1) && want == sum &&
                take_body(g, g->in + 1, len);
    consume(g, len + 4);
    return good ? GDB_INPUT_PACKET : GDB_INPUT_BAD;
}

int gdb_packet_raw(struct cor_gdb *g, const char *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = send(g->fd, bytes, len, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return n < 0 ? -errno : -EPIPE;
        bytes += n;
        len -= (size_t)n;
    }
    return 0;
}

int gdb_packet_send(struct cor_gdb *g, const char *body, size_t len)
{
    uint8_t sum = 0;
    if (len > sizeof(g->out) - 4)
        return -EMSGSIZE;
    if (body != g->out + 1)
        memmove(g->out + 1, body, len);
    for (size_t i = 0; i < len; i++)
        sum = (uint8_t)(sum + (uint8_t)g->out[1 + i]);
    g->out[0] = '$';
    g->out[1 + len] = '#';
    gdb_hex_put(g->out + 2 + len, &sum, 1);
    return gdb_packet_raw(g, g->out, len + 4);
}
