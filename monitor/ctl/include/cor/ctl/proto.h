/*
 * proto.h - the control protocol of a running monitor: this header is its
 * specification.
 *
 * Transport: a unix SOCK_SEQPACKET socket, one message a datagram, nothing beside the
 * bytes (descriptors that come along are dropped). All numbers are little-endian. Every
 * message begins with struct cor_ctl_header and is at most COR_CTL_MESSAGE_MAX bytes;
 * each type but CONSOLE has one length.
 *
 * A client sends a request and gets exactly one answer that carries the request's id:
 * the answer of that type, or ERROR. It waits for that before its next request; a
 * request that comes earlier is answered with ERROR EBUSY. PAUSE and RESUME are
 * answered when they have happened, STOP when it has been accepted; that a machine has
 * gone is told by the end of the connection. CONSOLE messages come unasked between
 * ATTACH's answer and DETACH's, also while a request waits for its answer.
 *
 * The server hangs up after ERROR when a message was cut, was shorter than a header or
 * had the wrong magic, when it has no room for one more client (EUSERS), and when the
 * client is neither root nor of the server's own user (EPERM).
 *
 * Versions: each message carries one, and an answer has that of its request. A server
 * speaks COR_CTL_VERSION_MIN to COR_CTL_VERSION, the current version and the one
 * before, and answers others with ERROR EPROTONOSUPPORT in its own version, naming that
 * range; a client begins with its newest and may ask again with one in the range. A new
 * version adds members at the end of messages and types; it changes nothing that
 * exists, and never the header or ERROR.
 */
#ifndef COR_CTL_PROTO_H
#define COR_CTL_PROTO_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include <cor/base/err.h>

#define COR_CTL_MAGIC       0x4c544343u /* "CCTL" */
#define COR_CTL_VERSION     1u
#define COR_CTL_VERSION_MIN 1u /* later: COR_CTL_VERSION - 1 */

#define COR_CTL_MESSAGE_MAX 4096u
#define COR_CTL_CLIENTS_MAX 8u
#define COR_CTL_CONSOLE_MAX 3584u /* console bytes in one message */
#define COR_CTL_TEXT_SIZE   232u
#define COR_CTL_DEVICES_MAX 63u
#define COR_CTL_EXITS       16u

#define COR_CTL_ANSWER 0x8000u /* set in the type of an answer */

enum cor_ctl_type {
    COR_CTL_STATUS = 1,       /* header only; answered by struct cor_ctl_status */
    COR_CTL_PAUSE = 2,        /* header only; answered by a header */
    COR_CTL_RESUME = 3,       /* header only; answered by a header */
    COR_CTL_STOP = 4,         /* struct cor_ctl_stop; answered by a header */
    COR_CTL_STATS = 5,        /* header only; answered by struct cor_ctl_stats */
    COR_CTL_ATTACH = 6,       /* header only; answered by a header; EALREADY */
    COR_CTL_DETACH = 7,       /* header only; answered by a header; ENOTCONN */
    COR_CTL_REQUESTS,         /* one more than the largest request */
    COR_CTL_CONSOLE = 0x4000, /* server to client: struct cor_ctl_console, cut */
    COR_CTL_ERROR = 0xffff    /* server to client: struct cor_ctl_error */
};

struct cor_ctl_header {
    uint32_t magic;
    uint16_t version;
    uint16_t type;   /* enum cor_ctl_type, COR_CTL_ANSWER set in answers */
    uint32_t length; /* bytes of the message, this header included */
    uint32_t id; /* the client's choice; 0 in CONSOLE and where none could be read */
};

enum cor_ctl_state {
    COR_CTL_STATE_CREATED = 1, /* loaded, not yet running */
    COR_CTL_STATE_RUNNING = 2,
    COR_CTL_STATE_PAUSED = 3,
    COR_CTL_STATE_STOPPING = 4, /* asked to stop, deadline not yet reached */
    COR_CTL_STATE_STOPPED = 5   /* ended; the monitor is about to exit */
};

/* Bits of cor_ctl_status.flags. */
#define COR_CTL_CONFINED 1u /* the guest runs at CPL3 */
#define COR_CTL_ENDED    2u /* exit_code is valid */

struct cor_ctl_status {
    uint32_t state;       /* enum cor_ctl_state */
    uint32_t pid;         /* of the monitor, in its own pid namespace */
    uint64_t uptime_ns;   /* since the guest's first instruction, pauses included */
    uint64_t mem_size;    /* guest memory, bytes */
    uint32_t exit_code;   /* 0..255, with COR_CTL_ENDED */
    uint32_t abi_version; /* of the image */
    uint32_t flags;
    uint32_t reserved; /* 0 */
};

/* Bytes behind the header of STOP. */
#define COR_CTL_STOP_NOW     0u          /* stop at once */
#define COR_CTL_STOP_DEFAULT 0xffffffffu /* the deadline that the machine came with */

struct cor_ctl_stop {
    uint32_t timeout_ms; /* ask the guest to stop and force it after this time */
    uint32_t reserved;   /* 0, else EINVAL */
};

/* Indices of cor_ctl_stats.exits; 1..8 are hypercalls by number. */
enum cor_ctl_exit {
    COR_CTL_EXIT_TRAP = 9,   /* an exception that the monitor handled */
    COR_CTL_EXIT_INTR = 10,  /* a kick or a signal */
    COR_CTL_EXIT_DEBUG = 11, /* breakpoints and single steps */
    COR_CTL_EXIT_OTHER = 12
};

enum cor_ctl_device_type { COR_CTL_DEVICE_BLOCK = 1, COR_CTL_DEVICE_NET = 2 };

struct cor_ctl_device {
    uint32_t handle;             /* the guest's number for it, 1..63 */
    uint32_t type;               /* enum cor_ctl_device_type */
    uint64_t rx_bytes, tx_bytes; /* read by and written by the guest */
    uint64_t rx_ops, tx_ops;     /* frames or requests */
    uint64_t errors;             /* refused, failed or dropped */
};

struct cor_ctl_stats {
    uint64_t exits[COR_CTL_EXITS]; /* since the start, by enum cor_ctl_exit */
    uint64_t console_bytes;        /* that the guest has written */
    uint64_t console_dropped;      /* of those, not taken by the console in time */
    uint64_t mem_size;             /* guest memory, bytes */
    uint64_t mem_resident;         /* of it in host memory; 0: not known */
    uint64_t vcpu_cpu_ns;          /* CPU time of the vCPU thread, guest included */
    uint64_t event_cpu_ns;         /* CPU time of the event thread */
    uint32_t devices;              /* used entries of device[], the others are 0 */
    uint32_t reserved;             /* 0 */
    struct cor_ctl_device device[COR_CTL_DEVICES_MAX];
};

/* Behind the header of CONSOLE; the message ends with the last byte of output. */
struct cor_ctl_console {
    uint64_t offset; /* of data[0] in all that the guest has written */
    uint64_t lost;   /* bytes before it that were gone before they could be sent */
    uint8_t data[COR_CTL_CONSOLE_MAX]; /* at least one */
};

/* Behind the header of ERROR. Frozen for all versions, as is the header. */
struct cor_ctl_error {
    uint32_t code;        /* an errno of Linux, x86-64 numbers */
    uint16_t version_min; /* what the server speaks */
    uint16_t version_max;
    char text[COR_CTL_TEXT_SIZE]; /* one line, NUL-terminated */
};

/* Any message: what both ends receive into and send from. */
struct cor_ctl_message {
    struct cor_ctl_header header;
    union {
        struct cor_ctl_status status;
        struct cor_ctl_stop stop;
        struct cor_ctl_stats stats;
        struct cor_ctl_console console;
        struct cor_ctl_error error;
        uint8_t bytes[COR_CTL_MESSAGE_MAX - sizeof(struct cor_ctl_header)];
    } u;
};

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "messages are little-endian");
static_assert(sizeof(struct cor_ctl_header) == 16, "header");
static_assert(offsetof(struct cor_ctl_header, type) == 6, "header");
static_assert(offsetof(struct cor_ctl_header, id) == 12, "header");
static_assert(sizeof(struct cor_ctl_status) == 40, "status");
static_assert(offsetof(struct cor_ctl_status, exit_code) == 24, "status");
static_assert(offsetof(struct cor_ctl_status, flags) == 32, "status");
static_assert(sizeof(struct cor_ctl_stop) == 8, "stop");
static_assert(sizeof(struct cor_ctl_device) == 48, "device");
static_assert(sizeof(struct cor_ctl_stats) == 3208, "stats");
static_assert(offsetof(struct cor_ctl_stats, console_bytes) == 128, "stats");
static_assert(offsetof(struct cor_ctl_stats, devices) == 176, "stats");
static_assert(offsetof(struct cor_ctl_stats, device) == 184, "stats");
static_assert(offsetof(struct cor_ctl_console, data) == 16, "console");
static_assert(sizeof(struct cor_ctl_console) == 3600, "console");
static_assert(sizeof(struct cor_ctl_error) == 240, "error");
static_assert(offsetof(struct cor_ctl_error, text) == 8, "error");
static_assert(sizeof(struct cor_ctl_message) == COR_CTL_MESSAGE_MAX, "message");

/**
 * cor_ctl_check() - whether a datagram is a message, of a type and length that exist.
 * @m: what was received, foreign; its header is read only when @size covers it
 * @size: bytes received, at most COR_CTL_MESSAGE_MAX
 * @err: the caller's error
 *
 * Says nothing about what stands behind the header, nor whether a type suits the
 * direction.
 *
 * Return: 0; -EBADMSG when it is shorter than a header or the magic is wrong;
 * -EPROTONOSUPPORT for a version outside the range; -EOPNOTSUPP for a type that does
 * not exist; -EMSGSIZE when the length is not that of the datagram, or not that of the
 * type.
 */
int cor_ctl_check(const struct cor_ctl_message *m, size_t size, struct cor_err *err);

/**
 * cor_ctl_fill() - write a header.
 * @m: the message
 * @version: of the message
 * @type: enum cor_ctl_type, perhaps with COR_CTL_ANSWER
 * @id: of the request
 * @payload: bytes behind the header
 *
 * Return: the length of the whole message.
 */
size_t cor_ctl_fill(struct cor_ctl_message *m, uint16_t version, uint16_t type,
                    uint32_t id, size_t payload);

/**
 * cor_ctl_type_name() - what a request is called in messages for people.
 * @type: enum cor_ctl_type, perhaps with COR_CTL_ANSWER
 *
 * Return: a string that lives on; "unknown" for a type that does not exist.
 */
const char *cor_ctl_type_name(unsigned int type);

/**
 * cor_ctl_state_name() - a state as OCI calls it.
 * @state: enum cor_ctl_state
 *
 * Return: a string that lives on; "unknown" for a number that is not a state.
 */
const char *cor_ctl_state_name(unsigned int state);

#endif
