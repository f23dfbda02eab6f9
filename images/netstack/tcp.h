/*
 * tcp.h - connections to one listening port.
 *
 * Theory of operation: a server's half of TCP. struct tcp is one listening port with a
 * table of connections. The program behind it is one function, which is called whenever
 * something has changed for a connection: it was made, data has arrived, what was sent
 * has been acknowledged so that there is room again, the peer has finished. The
 * function looks at what is there, takes and sends what it can, and returns; it keeps
 * what it must remember in the connection's own state, which is zero at first.
 *
 * Data that arrives out of order is dropped and asked for again by a duplicate
 * acknowledgement. What was sent stays in the connection's ring until it is
 * acknowledged. Congestion control is slow start, congestion avoidance and fast
 * retransmission (RFC 5681), the retransmission timer that of RFC 6298. No window
 * scaling, no SACK, no timestamps.
 *
 * Spec: RFC 9293; RFC 6528 (initial sequence numbers), RFC 5961 (forged resets).
 */
#ifndef NETSTACK_TCP_H
#define NETSTACK_TCP_H

#include "net.h"

#define TCP_CONNS     256u
#define TCP_RX_SIZE   4096u
#define TCP_TX_SIZE   32768u
#define TCP_STATE_MAX 64u

struct tcp;
struct tcp_conn;

/* Something has changed for a connection that can still send. */
typedef void (*tcp_fn)(struct tcp_conn *c, void *state);

enum tcp_state {
    TCP_FREE,         /* not in use */
    TCP_SYN_RECEIVED, /* our SYN is not acknowledged */
    TCP_ESTABLISHED,  /* both directions open */
    TCP_CLOSE_WAIT,   /* the peer has finished, we have not */
    TCP_FIN_WAIT_1,   /* we have finished, and our FIN is not acknowledged */
    TCP_FIN_WAIT_2,   /* ... and it is; the peer has not finished */
    TCP_CLOSING,      /* both have finished, our FIN is not acknowledged */
    TCP_LAST_ACK,     /* the same, and the peer finished first */
    TCP_TIME_WAIT     /* all done; waits for old segments to die */
};

struct tcp_conn {
    struct tcp *tcp;
    enum tcp_state state;
    uint32_t addr; /* the peer's */
    uint16_t port;
    uint16_t mss; /* largest payload that we send */

    uint32_t irs, rcv_nxt;
    uint32_t rcv_edge; /* first sequence number that we did not invite */
    bool ack_now;

    uint32_t iss, snd_una, snd_nxt;
    uint32_t snd_max; /* highest snd_nxt ever: a timeout moves snd_nxt back */
    uint32_t snd_wnd, snd_wl1, snd_wl2;
    uint32_t max_wnd; /* largest snd_wnd seen */
    uint32_t cwnd, ssthresh;
    uint32_t recover; /* a loss before this is no new one */
    bool recovering;  /* fast retransmission, until recover is acknowledged */
    unsigned int dup_acks;
    bool fin_queued; /* the program has closed: FIN follows the ring's data */

    uint64_t rtt_start; /* when the timed segment left; 0: none is timed */
    uint32_t rtt_seq;   /* what acknowledges it */
    uint64_t srtt, rttvar, rto;
    uint64_t timer; /* retransmission or window probe; 0: off */
    unsigned int retries;
    uint64_t deadline; /* when the connection is given up */

    uint32_t rx_len;          /* bytes in rx */
    uint32_t tx_head, tx_len; /* the byte of snd_una; bytes in the ring */
    _Alignas(16) uint8_t app[TCP_STATE_MAX];
    uint8_t rx[TCP_RX_SIZE];
    uint8_t tx[TCP_TX_SIZE];
};

struct tcp_stats {
    uint64_t accepted, refused, retransmitted, aborted;
};

struct tcp {
    struct net *net;
    uint16_t port;
    tcp_fn fn;
    uint64_t secret[2];
    uint64_t wake; /* no timer ends before */
    struct tcp_stats stats;
    uint64_t key[TCP_CONNS]; /* address and port of each connection, 0 for a free one */
    struct tcp_conn conn[TCP_CONNS];
};

/**
 * tcp_listen() - accept connections to a port.
 * @t: must stay as long as @n
 * @n: the interface; has one such port
 * @port: 1..65535
 * @secret: unknown to peers and different at each start
 * @fn: the program
 */
void tcp_listen(struct tcp *t, struct net *n, uint16_t port, const uint64_t secret[2],
                tcp_fn fn);

/**
 * tcp_deadline() - when tcp_tick() is to be called next.
 * @t: the port
 *
 * Return: ns; NET_NEVER when no timer runs.
 */
uint64_t tcp_deadline(const struct tcp *t);

/**
 * tcp_tick() - let timers end.
 * @t: the port
 * @now: ns; may be called at any time
 */
void tcp_tick(struct tcp *t, uint64_t now);

/**
 * tcp_data() - what has arrived and was not consumed.
 * @c: the connection
 * @len: its bytes
 *
 * Return: the bytes, valid until tcp_consume().
 */
const uint8_t *tcp_data(const struct tcp_conn *c, size_t *len);

/**
 * tcp_consume() - be done with the first bytes that have arrived.
 * @c: the connection
 * @len: up to what tcp_data() said
 */
void tcp_consume(struct tcp_conn *c, size_t len);

/**
 * tcp_finished() - whether the peer will send no more than what has arrived.
 * @c: the connection
 *
 * Return: true after its FIN.
 */
bool tcp_finished(const struct tcp_conn *c);

/**
 * tcp_room() - how much tcp_send() would take.
 * @c: the connection
 *
 * Return: bytes.
 */
size_t tcp_room(const struct tcp_conn *c);

/**
 * tcp_send() - queue bytes; they leave when the program has returned.
 * @c: the connection
 * @data: copied
 * @len: bytes
 *
 * Return: how many were taken, up to tcp_room(); 0 after tcp_close().
 */
size_t tcp_send(struct tcp_conn *c, const void *data, size_t len);

/**
 * tcp_close() - finish, once all that was queued is sent. The program is not called for
 * this connection again; what still arrives is thrown away.
 * @c: the connection
 */
void tcp_close(struct tcp_conn *c);

#endif
