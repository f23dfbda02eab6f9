/*
 * tcp_priv.h - what the parts of TCP know of each other.
 */
#ifndef NETSTACK_TCP_PRIV_H
#define NETSTACK_TCP_PRIV_H

#include "tcp.h"
#include "wire.h"

#define TCP_HEADER    20u
#define TCP_MSS_MIN   64u /* a peer that asks for less gets this */
#define TCP_MSS_GUESS 536u
#define TCP_FIN       0x01u
#define TCP_SYN       0x02u
#define TCP_RST       0x04u
#define TCP_PSH       0x08u
#define TCP_ACK       0x10u

#define TCP_RTO_FIRST     (1 * NET_SEC)
#define TCP_RTO_MIN       (200 * NET_MSEC)
#define TCP_RTO_MAX       (30 * NET_SEC)
#define TCP_RETRIES       8u
#define TCP_SYN_RETRIES   4u
#define TCP_PROBE_RETRIES 5u /* as far as probes of a closed window slow down */

#define TCP_SYN_TIME       (15 * NET_SEC)
#define TCP_IDLE_TIME      (60 * NET_SEC) /* without progress in either direction */
#define TCP_FIN_TIME       (10 * NET_SEC) /* for the peer to finish after us */
#define TCP_TIME_WAIT_TIME (1 * NET_SEC)

/* A segment whose header was checked. */
struct tcp_segment {
    uint32_t src;
    uint16_t src_port, dst_port;
    uint32_t seq, ack;
    unsigned int flags;
    uint32_t wnd;
    uint16_t mss; /* of its options, else TCP_MSS_GUESS */
    const uint8_t *data;
    uint32_t len;
};

/* Sequence numbers: a < b, a <= b, on a circle. */
static inline bool tcp_lt(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) < 0;
}

static inline bool tcp_le(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) <= 0;
}

/* tcp.c: forgets a connection; sets when it is given up; notes when a timer ends. */
void tcp_free(struct tcp_conn *c);
void tcp_expire_in(struct tcp_conn *c, uint64_t ns);
void tcp_wake_at(struct tcp *t, uint64_t when);

/* tcp_in.c: a packet. */
void tcp_input(void *ctx, const struct net_packet *p);

/* tcp_out.c: what is due to be sent; SYN-ACK; one more time from snd_una; a reset that
 * answers a segment; a reset of a connection of ours; the retransmission timer. */
void tcp_output(struct tcp_conn *c);
void tcp_send_syn_ack(struct tcp_conn *c);
void tcp_resend_first(struct tcp_conn *c);
void tcp_refuse(struct tcp *t, const struct tcp_segment *s);
void tcp_send_reset(struct tcp_conn *c);
void tcp_timeout(struct tcp_conn *c);

#endif
