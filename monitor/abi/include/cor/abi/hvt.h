/*
 * hvt.h - the "hvt" guest machine, x86-64: hypercalls, boot info, notes, manifest.
 *
 * The binary contract between a monitor and an unmodified Solo5 "hvt" image (ABI
 * versions 1 and 2). Freestanding: used by the monitor and by guests. All integers are
 * little-endian. A guest pointer is a guest physical address (GPA) held in a u64; guest
 * RAM starts at GPA 0 and virtual equals physical.
 */
#ifndef COR_ABI_HVT_H
#define COR_ABI_HVT_H

#include <stddef.h>
#include <stdint.h>

/* Memory layout that images are linked against. */
#define COR_HVT_BOOT_GPA     0x10000ULL  /* boot info, manifest, command line */
#define COR_HVT_BOOT_END     0x100000ULL /* end of the read-only area */
#define COR_HVT_IMAGE_MIN    0x100000ULL /* lowest address of a segment */
#define COR_HVT_MEM_MAX      0x100000000ULL
#define COR_HVT_MEM_STEP     0x200000ULL
#define COR_HVT_CMDLINE_SIZE 8192u /* bytes, with the terminating NUL */

/* Hypercall N is a 32-bit OUT to port COR_HVT_PORT_BASE + N; EAX holds a GPA. */
#define COR_HVT_PORT_BASE 0x500u

enum cor_hvt_call {
    COR_HVT_WALLTIME = 1,
    COR_HVT_PUTS = 2,
    COR_HVT_POLL = 3,
    COR_HVT_BLOCK_WRITE = 4,
    COR_HVT_BLOCK_READ = 5,
    COR_HVT_NET_WRITE = 6,
    COR_HVT_NET_READ = 7,
    COR_HVT_HALT = 8,
    COR_HVT_CALL_MAX = 9
};

enum cor_hvt_result {
    COR_HVT_OK = 0,
    COR_HVT_AGAIN = 1,
    COR_HVT_EINVAL = 2,
    COR_HVT_EUNSPEC = 3
};

struct cor_hvt_boot_info {
    uint64_t mem_size;       /* bytes; top of usable RAM and of the stack */
    uint64_t kernel_end;     /* end of the highest loaded segment */
    uint64_t cpu_cycle_freq; /* TSC frequency, Hz, never zero */
    uint64_t cmdline;        /* GPA of a NUL-terminated string */
    uint64_t mft;            /* GPA of the manifest copy */
    uint32_t host_features;  /* 0: no net ring is offered */
    uint32_t guest_features; /* 0 */
    uint64_t net_ring;       /* 0 */
};

struct cor_hvt_walltime {
    uint64_t nsecs; /* OUT: CLOCK_REALTIME, ns since the epoch */
};

struct cor_hvt_puts {
    uint64_t data;
    uint64_t len;
};

struct cor_hvt_poll {
    uint64_t timeout_nsecs; /* relative */
    uint64_t ready_set;     /* OUT: bit 1 << handle */
    int32_t ret;            /* OUT: number of ready devices */
    uint32_t pad;
};

struct cor_hvt_block {
    uint64_t handle;
    uint64_t offset; /* bytes */
    uint64_t data;
    uint64_t len; /* bytes */
    int32_t ret;  /* OUT */
    uint32_t pad;
};

struct cor_hvt_net {
    uint64_t handle;
    uint64_t data;
    uint64_t len; /* bytes; OUT for NET_READ */
    int32_t ret;  /* OUT */
    uint32_t pad;
};

struct cor_hvt_halt {
    uint64_t cookie; /* 0, or GPA of a struct cor_hvt_trap */
    int32_t exit_status;
    uint32_t pad;
};

/* What a Solo5 image leaves behind the cookie after a trap. */
struct cor_hvt_trap {
    uint64_t cr2, ec, rip, cs, rflags, rsp, ss;
};
#define COR_HVT_COOKIE_SIZE 512u

/* Notes: name "Solo5" (namesz 6, padded to 8), one note for each PT_NOTE. */
#define COR_NOTE_NAME         "Solo5"
#define COR_NOTE_NAMESZ       6u
#define COR_NOTE_HEADER_SIZE  20u
#define COR_NOTE_ABI          0x31494241u /* "ABI1" */
#define COR_NOTE_ABI_DESCSZ   16u
#define COR_NOTE_MFT          0x3154464du /* "MFT1" */
#define COR_NOTE_MFT_OFFSET   24u         /* of struct cor_mft from the note's start */
#define COR_NOTE_MFT_DESC_PAD 4u

enum cor_abi_target {
    COR_TARGET_HVT = 1,
    COR_TARGET_SPT = 2,
    COR_TARGET_VIRTIO = 3,
    COR_TARGET_MUEN = 4,
    COR_TARGET_GENODE = 5,
    COR_TARGET_XEN = 6
};

struct cor_abi_note {
    uint32_t target;
    uint32_t version;
    uint32_t reserved[2];
};

enum cor_mft_type {
    COR_MFT_BLOCK = 1,
    COR_MFT_NET = 2,
    COR_MFT_RESERVED_FIRST = 0x40000000
};

#define COR_MFT_VERSION     1u
#define COR_MFT_MAX_ENTRIES 64u
#define COR_MFT_NAME_SIZE   68u

struct cor_mft_entry {
    char name[COR_MFT_NAME_SIZE]; /* NUL-terminated [A-Za-z0-9]{1,67} */
    uint32_t type;
    union {
        struct {
            uint64_t capacity;   /* bytes */
            uint16_t block_size; /* bytes */
        } block;
        struct {
            uint8_t mac[6];
            uint16_t mtu;
        } net;
    } u;
    uint64_t host_private; /* zero in the guest's copy */
    uint8_t attached;
    uint8_t pad[7];
};

struct cor_mft {
    uint32_t version;
    uint32_t entries; /* 1..64, with the reserved first one */
    struct cor_mft_entry e[];
};

_Static_assert(sizeof(struct cor_hvt_boot_info) == 56, "boot info");
_Static_assert(offsetof(struct cor_hvt_boot_info, host_features) == 40, "boot info");
_Static_assert(sizeof(struct cor_hvt_puts) == 16, "puts");
_Static_assert(sizeof(struct cor_hvt_poll) == 24, "poll");
_Static_assert(sizeof(struct cor_hvt_block) == 40, "block");
_Static_assert(offsetof(struct cor_hvt_block, ret) == 32, "block");
_Static_assert(sizeof(struct cor_hvt_net) == 32, "net");
_Static_assert(offsetof(struct cor_hvt_net, ret) == 24, "net");
_Static_assert(sizeof(struct cor_hvt_halt) == 16, "halt");
_Static_assert(sizeof(struct cor_mft_entry) == 104, "manifest entry");
_Static_assert(offsetof(struct cor_mft_entry, u) == 72, "manifest entry");
_Static_assert(offsetof(struct cor_mft_entry, u.block.block_size) == 80, "block_size");
_Static_assert(offsetof(struct cor_mft_entry, u.net.mtu) == 78, "mtu");
_Static_assert(offsetof(struct cor_mft_entry, attached) == 96, "attached");
_Static_assert(sizeof(struct cor_mft) == 8, "manifest");

#endif
