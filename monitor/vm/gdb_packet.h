/*
 * gdb_packet.h - framing of the remote serial protocol.
 */
#ifndef COR_GDB_PACKET_H
#define COR_GDB_PACKET_H

#include <cor/vm/gdb.h>

enum gdb_input {
    GDB_INPUT_NONE,      /* more bytes are needed */
    GDB_INPUT_PACKET,    /* g->packet holds one */
    GDB_INPUT_INTERRUPT, /* the byte 0x03 */
    GDB_INPUT_BAD        /* a packet with a wrong checksum or too long; dropped */
};

/* Takes the next thing out of the bytes received. */
enum gdb_input gdb_packet_next(struct cor_gdb *g);

/* Sends a packet, framed; body is plain text without '$', '#', '}' or '*'. */
int gdb_packet_send(struct cor_gdb *g, const char *body, size_t len);

/* Sends bytes as they are. */
int gdb_packet_raw(struct cor_gdb *g, const char *bytes, size_t len);

/* Hexadecimal: an unsigned number at *text up to end; false when there is no digit. */
bool gdb_hex_number(const char **text, const char *end, uint64_t *ret);

/* len bytes from 2 * len digits; false when one is none. */
bool gdb_hex_bytes(const char *text, uint8_t *bytes, size_t len);

/* 2 * len digits, no NUL. */
void gdb_hex_put(char *text, const void *bytes, size_t len);

#endif
