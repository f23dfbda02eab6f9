/*
 * gdb_packet.h - framing of the remote serial protocol, over a stream socket.
 */
#ifndef COR_GDB_PACKET_H
#define COR_GDB_PACKET_H

#include <cor/vm/gdb.h>

enum gdb_input {
    GDB_INPUT_NONE,      /* more bytes are needed */
    GDB_INPUT_PACKET,    /* g->packet holds one */
    GDB_INPUT_INTERRUPT, /* the byte 0x03 */
    GDB_INPUT_REPEAT,    /* gdb wants the last packet again */
    GDB_INPUT_BAD        /* a packet with a wrong checksum or too long; dropped */
};

/* Takes the next thing out of the bytes received. */
enum gdb_input gdb_packet_next(struct cor_gdb *g);

/* Whether the next thing is an interrupt, which is taken; packets stay. */
bool gdb_packet_interrupt(struct cor_gdb *g);

/* Queues '+' or '-', to go out before what is queued next. Nothing else is queued. */
void gdb_packet_ack(struct cor_gdb *g, char ack);

/*
 * Queues a packet. The body is plain text without '$', '#', '}' or '*', or stands
 * already at gdb_packet_body().
 */
void gdb_packet_queue(struct cor_gdb *g, const char *body, size_t len);

/* Where a body may be built in place: GDB_BODY_MAX bytes. */
char *gdb_packet_body(struct cor_gdb *g);
#define GDB_BODY_MAX ((size_t)COR_GDB_PACKET_MAX * 2)

/* Queues the last packet again. */
void gdb_packet_repeat(struct cor_gdb *g);

/* Sends what is queued. 0: all is sent; 1: woken; a negative errno. */
int gdb_packet_flush(struct cor_gdb *g);

/* The same, but a wake does not end it and it takes a second at most. */
int gdb_packet_flush_last(struct cor_gdb *g);

/* Waits for bytes. 0: some have come; 1: woken; a negative errno, -EPIPE at the end. */
int gdb_packet_receive(struct cor_gdb *g);

/* Hexadecimal: an unsigned number of at most 16 digits at *text up to end. */
bool gdb_hex_number(const char **text, const char *end, uint64_t *ret);

/* Two of them, "address,length". */
bool gdb_hex_range(const char **text, const char *end, uint64_t *addr, uint64_t *len);

/* len bytes from 2 * len digits; false when one is none. */
bool gdb_hex_bytes(const char *text, void *bytes, size_t len);

/* 2 * len digits, no NUL. */
void gdb_hex_put(char *text, const void *bytes, size_t len);

/*
 * Registers as the target description, which gdb reads first, has them. One that the
 * machine does not keep is sent as 'x'.
 */
#define GREG_COUNT 42u
extern const char gdb_target_xml[];
extern const size_t gdb_target_xml_len;

/* Whether register n < GREG_COUNT is one that the machine keeps. */
bool gdb_reg_kept(uint64_t n);

/* Register n < GREG_COUNT to hexadecimal digits, no NUL. Returns their number. */
size_t gdb_reg_put(char *text, struct cor_gdb_regs *r, uint64_t n);

/* All of them, the body of the answer to 'g'. */
size_t gdb_regs_put(char *text, struct cor_gdb_regs *r);

/*
 * Register n < GREG_COUNT from digits at *text up to end. A register that the machine
 * does not keep, and a value of 'x', is passed over.
 */
bool gdb_reg_take(const char **text, const char *end, struct cor_gdb_regs *r,
                  uint64_t n);

/* The protocol's number of a host signal: up to 15 most are the same. */
unsigned int gdb_signal_number(int host);

#endif
