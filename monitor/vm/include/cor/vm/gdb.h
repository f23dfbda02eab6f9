/*
 * gdb.h - a gdb remote-serial-protocol server for one vCPU.
 *
 * Runs on the vCPU thread while the guest is stopped: cor_gdb_stopped() reports a stop
 * and serves packets until gdb lets the guest run. While the guest runs, nothing here
 * reads the connection: whoever watches it takes gdb's interrupt byte (0x03) off it, or
 * sees it close, and has the vCPU thread stop. Nothing is allocated; what gdb sends is
 * foreign and bounded by the buffers of struct cor_gdb.
 * Spec: gdb manual, appendix "Remote Serial Protocol".
 */
#ifndef COR_VM_GDB_H
#define COR_VM_GDB_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cor/base/err.h>

#define COR_GDB_MAX_BREAKPOINTS 64u
#define COR_GDB_PACKET_MAX      4096u /* bytes of a packet's body */

/* General registers in gdb's order: rax rbx rcx rdx rsi rdi rbp rsp r8..r15. */
struct cor_gdb_regs {
    uint64_t gpr[16];
    uint64_t rip;
    uint32_t eflags, cs, ss, ds, es, fs, gs;
    uint64_t fs_base, gs_base;
};

/* The machine; each returns 0 or a negative errno, memory whole or not at all. */
struct cor_gdb_ops {
    void *ctx;
    int (*regs_get)(void *ctx, struct cor_gdb_regs *ret);
    int (*regs_set)(void *ctx, const struct cor_gdb_regs *regs);
    int (*mem_read)(void *ctx, uint64_t addr, void *buf, size_t len);
    int (*mem_write)(void *ctx, uint64_t addr, const void *buf, size_t len);
};

enum cor_gdb_action {
    COR_GDB_CONTINUE,
    COR_GDB_STEP,
    COR_GDB_DETACH, /* breakpoints have been taken out */
    COR_GDB_KILL,
    COR_GDB_LOST, /* the connection has closed; breakpoints have been taken out */
    COR_GDB_WOKEN /* the wake descriptor is readable; call again with signal 0 */
};

struct cor_gdb_breakpoint {
    uint64_t addr;
    uint8_t original; /* the guest's byte under the int3 */
    bool used;
};

struct cor_gdb {
    int fd, wake_fd;
    struct cor_gdb_ops ops;
    bool no_ack;
    bool swbreak;  /* gdb wants to hear that a stop is a software breakpoint's */
    bool waiting;  /* gdb has resumed the guest and waits for a stop reply */
    bool resuming; /* cor_gdb_stopped() returns resume_as once all is sent */
    enum cor_gdb_action resume_as;
    int signal; /* of the last stop */
    struct cor_gdb_breakpoint bp[COR_GDB_MAX_BREAKPOINTS];
    uint8_t in[COR_GDB_PACKET_MAX * 2]; /* received, not yet consumed */
    size_t in_len;
    char packet[COR_GDB_PACKET_MAX + 1]; /* the body of one packet, unescaped */
    size_t packet_len;
    char out[COR_GDB_PACKET_MAX * 2 + 8]; /* the last packet, framed */
    size_t out_len, out_sent;             /* out_sent < out_len: still to be sent */
};

/**
 * cor_gdb_init() - start with a freshly connected gdb.
 * @g: overwritten
 * @fd: connected stream socket, blocking or not; stays the caller's
 * @wake_fd: descriptor that ends a wait for gdb when readable, -1 none
 * @ops: the machine; copied. Its functions check addresses themselves.
 */
void cor_gdb_init(struct cor_gdb *g, int fd, int wake_fd,
                  const struct cor_gdb_ops *ops);

/**
 * cor_gdb_stopped() - the guest has stopped: tell gdb, serve it until the guest may
 * run.
 * @g: a connected gdb
 * @signal: host signal number of the stop; 0 to go on serving after COR_GDB_WOKEN
 * @ret: what gdb wants next
 * @err: the caller's error
 *
 * A stop is reported if gdb waits for one; the first is not, gdb asks for it. With
 * COR_GDB_WOKEN nothing is lost: a reply half sent goes on with the next call.
 *
 * Context: the vCPU thread, with the guest stopped.
 * Return: 0; a negative errno when the connection failed otherwise than by closing,
 * breakpoints then taken out.
 */
int cor_gdb_stopped(struct cor_gdb *g, int signal, enum cor_gdb_action *ret,
                    struct cor_err *err);

/**
 * cor_gdb_exited() - the guest has ended; tell gdb if it waits.
 * @g: a connected gdb
 * @status: exit status, 0..255
 *
 * Waits at most a second for a gdb that does not read.
 *
 * Return: 0; a negative errno, -ETIMEDOUT among them.
 */
int cor_gdb_exited(struct cor_gdb *g, int status);

/**
 * cor_gdb_killed() - the guest was ended by a signal; tell gdb if it waits.
 * @g: a connected gdb
 * @signal: host signal number
 *
 * Return: as cor_gdb_exited().
 */
int cor_gdb_killed(struct cor_gdb *g, int signal);

/**
 * cor_gdb_is_breakpoint() - whether gdb has set a breakpoint at an address.
 * @g: a connected gdb
 * @addr: address
 *
 * Return: true when it has.
 */
bool cor_gdb_is_breakpoint(const struct cor_gdb *g, uint64_t addr);

#endif
