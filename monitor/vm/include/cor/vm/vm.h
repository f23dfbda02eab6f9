/*
 * vm.h - one unikernel on one KVM vCPU.
 *
 * Life: cor_vm_create() makes the VM and loads the image (it may open, map and
 * allocate); cor_vm_run() runs it on the calling thread until it has ended (it does
 * neither, so that the sandbox can close between the two). Any other thread steers
 * through cor_vm_request() and looks through the getters; none of them blocks.
 *
 * States: created -> running <-> paused -> stopped. Only the vCPU thread changes them.
 */
#ifndef COR_VM_VM_H
#define COR_VM_VM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cor/abi/hvt.h>
#include <cor/base/err.h>
#include <cor/config/config.h>
#include <cor/image/image.h>
#include <cor/vm/gdb.h>

struct cor_vm;

enum cor_vm_state { COR_VM_CREATED, COR_VM_RUNNING, COR_VM_PAUSED, COR_VM_STOPPED };

/* Requests to the vCPU thread, a bit each; cleared when they have been served. */
enum cor_vm_request {
    COR_VM_PAUSE = 1,
    COR_VM_RESUME = 2,
    COR_VM_STOP = 4,      /* end as by the signal given with it */
    COR_VM_CORE = 8,      /* with STOP: write a core file, if there is a descriptor */
    COR_VM_INTERRUPT = 16 /* gdb has sent its interrupt byte */
};

enum cor_vm_end {
    COR_VM_END_GUEST,  /* the guest halted; code is its status */
    COR_VM_END_SIGNAL, /* stopped on request; code is 128 + signal */
    COR_VM_END_FAULT,  /* the guest did what it may not; code 132 or 139 */
    COR_VM_END_HOST    /* the host failed; code is one of enum cor_exit */
};

struct cor_vm_exit {
    enum cor_vm_end kind;
    int code;
    char reason[COR_ERR_TEXT]; /* one line */
    bool wants_core; /* a fault, an abort (255), or a core was asked for */
    bool has_regs;
    struct cor_gdb_regs regs;
    bool has_trap; /* the guest's own account of a trap, from its HALT cookie */
    struct cor_hvt_trap trap;
};

/* Indices of cor_vm_stats.exits; 1..8 are hypercalls by number. */
enum cor_vm_exit_reason {
    COR_VM_EXIT_TRAP = 9, /* an exception that the monitor handled */
    COR_VM_EXIT_INTR = 10,
    COR_VM_EXIT_DEBUG = 11,
    COR_VM_EXIT_OTHER = 12,
    COR_VM_EXIT_REASONS = 16
};

struct cor_vm_dev_stats {
    unsigned int handle;         /* the guest's number for it, 1..63 */
    uint64_t rx_bytes, tx_bytes; /* read by and written by the guest */
    uint64_t rx_ops, tx_ops;     /* frames or requests */
    uint64_t errors;             /* refused, failed or dropped */
};

struct cor_vm_stats {
    uint64_t exits[COR_VM_EXIT_REASONS];
    uint64_t console_bytes, console_dropped;
};

struct cor_vm_opts {
    int kvm_fd; /* /dev/kvm; stays the caller's */
    const struct cor_config *config;
    const struct cor_image *image;
    int wake_fd;   /* eventfd, non-blocking: ends a wait of the vCPU thread */
    int notify_fd; /* eventfd: written when state or console have changed */
    int vm_fd_to, vcpu_fd_to; /* numbers that the new descriptors get, -1 any */
    int gdb_fd_to;            /* number that a connected gdb gets */
    bool wait_gdb;            /* stop at the entry until gdb has connected */
};

/**
 * cor_vm_create() - make the VM, load the image, set the vCPU to its entry.
 * @ret: the machine; cor_vm_free() ends it
 * @o: options; config and image must outlive the machine. Descriptors of config stay
 * the caller's.
 * @err: the caller's error; code ENODEV or ENOSYS when the host lacks something,
 *       ENOEXEC or EINVAL when image or devices do not fit
 *
 * Spec: KVM api.rst 4.1 to 4.3, 4.12 to 4.14, 4.18, 4.35; hvt ABI sections 4, 5 and 7.
 * Return: 0; a negative errno.
 */
int cor_vm_create(struct cor_vm **ret, const struct cor_vm_opts *o,
                  struct cor_err *err);

/**
 * cor_vm_free() - destroy a machine that is not running.
 * @vm: may be NULL
 */
void cor_vm_free(struct cor_vm *vm);

/**
 * cor_vm_run() - run the guest until it has ended.
 * @vm: a machine in state created
 * @ret: always written: how it ended
 *
 * Context: the vCPU thread, with SIGUSR2 unblocked and handled by an empty function.
 */
void cor_vm_run(struct cor_vm *vm, struct cor_vm_exit *ret);

/**
 * cor_vm_write_core() - write the guest's memory and registers to the core descriptor.
 * @vm: a machine that has ended
 * @program: path of the image, NULL for none
 * @e: how it ended
 * @err: the caller's error
 *
 * Context: the vCPU thread. Return: 0; a negative errno.
 */
int cor_vm_write_core(struct cor_vm *vm, const char *program, const struct cor_vm_exit *e,
                      struct cor_err *err);

/**
 * cor_vm_request() - ask the vCPU thread for something and kick it out of the guest.
 * @vm: a machine
 * @what: bits of enum cor_vm_request
 * @signal: with COR_VM_STOP, the signal that is the reason
 *
 * Context: any thread; never blocks.
 */
void cor_vm_request(struct cor_vm *vm, unsigned int what, int signal);

/**
 * cor_vm_get_state() - the state.
 * @vm: a machine
 *
 * Return: the state at some moment during the call.
 */
enum cor_vm_state cor_vm_get_state(const struct cor_vm *vm);

/**
 * cor_vm_get_stats() - counters since the start.
 * @vm: a machine
 * @ret: always written
 */
void cor_vm_get_stats(const struct cor_vm *vm, struct cor_vm_stats *ret);

/**
 * cor_vm_get_dev_stats() - counters of one device.
 * @vm: a machine
 * @index: index in the configuration's list of devices
 * @ret: always written
 */
void cor_vm_get_dev_stats(const struct cor_vm *vm, unsigned int index,
                          struct cor_vm_dev_stats *ret);

/**
 * cor_vm_resident() - guest memory that is in host memory.
 * @vm: a machine
 *
 * Return: bytes.
 */
uint64_t cor_vm_resident(const struct cor_vm *vm);

/**
 * cor_vm_confined() - whether the guest runs at CPL3.
 * @vm: a machine
 *
 * Return: true in confined mode.
 */
bool cor_vm_confined(const struct cor_vm *vm);

/**
 * cor_vm_watch_console() - have notify_fd written for each output, or no longer.
 * @vm: a machine
 * @on: whether somebody is attached
 */
void cor_vm_watch_console(struct cor_vm *vm, bool on);

/**
 * cor_vm_console_read() - copy console output that is still in the ring.
 * @vm: a machine
 * @offset: in: position in the stream; out: behind what was copied
 * @buf: where to
 * @len: bytes
 * @lost: bytes between the position and the oldest that the ring still holds
 *
 * Context: any one thread. Return: bytes copied, 0 when there is nothing new.
 */
size_t cor_vm_console_read(const struct cor_vm *vm, uint64_t *offset, void *buf,
                           size_t len, uint64_t *lost);

/**
 * cor_vm_gdb_connected() - whether a gdb is connected and the guest runs.
 * @vm: a machine
 *
 * Return: true when the event thread should watch the connection for an interrupt.
 */
bool cor_vm_gdb_connected(const struct cor_vm *vm);

#endif
