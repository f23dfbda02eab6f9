/*
 * vm_priv.h - what the files of the VM core share.
 *
 * One struct cor_vm is one machine. The vCPU thread owns all of it but for the atomics,
 * which are how other threads steer and look.
 */
#ifndef COR_VM_PRIV_H
#define COR_VM_PRIV_H

#include <stdatomic.h>

#include <linux/kvm.h>

#include <cor/vm/gmem.h>
#include <cor/vm/vm.h>

/* Monitor-private memory: its own slot at 4 GiB, which no 32-bit hypercall pointer
 * names. The first four pages are mapped supervisor-only for the CPU's own use; the
 * page tables behind them are not mapped at all. */
#define PRIV_GPA       0x100000000ULL
#define PRIV_GDT       0x0000u /* GDT, and the TSS in the same page */
#define PRIV_TSS       0x0100u
#define PRIV_IDT       0x1000u
#define PRIV_STUBS     0x2000u
#define PRIV_STACK     0x3000u
#define PRIV_STACK_TOP 0x4000u
#define PRIV_PML4      0x4000u
#define PRIV_PDPT      0x5000u
#define PRIV_PD        0x6000u /* four, for 4 GiB */
#define PRIV_OWN_PD    0xa000u
#define PRIV_OWN_PT    0xb000u
#define PRIV_PT        0xc000u /* as many as needed */

#define STUB_PORT 0x40u /* + vector; out of reach at CPL3 */
#define STUB_STEP 16u
#define VECTORS   32u

#define SEL_KCODE 0x08
#define SEL_KDATA 0x10
#define SEL_UDATA 0x1b
#define SEL_UCODE 0x23
#define SEL_TSS   0x28

/* What the guest believes its selectors are (Solo5's flat GDT). */
#define GUEST_CS 0x08u
#define GUEST_SS 0x10u

enum vector {
    VEC_DE = 0,
    VEC_DB = 1,
    VEC_BP = 3,
    VEC_UD = 6,
    VEC_DF = 8,
    VEC_GP = 13,
    VEC_PF = 14
};

#define RFLAGS_TF 0x100ULL

#define CONSOLE_RING 65536u

/* The frame that the CPU pushes on the stub stack; its place is always the same. */
struct trap_frame {
    uint64_t rip, cs, rflags, rsp, ss;
};

struct vm_dev {
    enum cor_config_dev_type type;
    int fd;
    bool readonly;
    uint32_t block_size;
    uint64_t capacity; /* bytes */
    uint16_t mtu;
    struct {
        _Atomic uint64_t rx_bytes, tx_bytes, rx_ops, tx_ops, errors;
    } stats;
};

/* Guest descriptor tables, as its lgdt, lidt and ltr have named them. */
struct guest_tables {
    uint64_t gdt_base, idt_base;
    uint16_t gdt_limit, idt_limit, tr;
    bool has_gdt, has_idt, has_tr;
};

struct cor_vm {
    const struct cor_config *config;
    const struct cor_image *image;
    int vm_fd, vcpu_fd, wake_fd, notify_fd, gdb_fd_to;
    struct cor_gmem mem;
    uint8_t *priv; /* host mapping of PRIV_GPA, NULL in privileged mode's guest view */
    size_t priv_size;
    struct kvm_run *run;
    size_t run_size;
    bool confined, sync_regs, pvm;
    bool in_stub;    /* the vCPU stands in a stub: the guest's state is in the frame */
    bool io_pending; /* the last exit's I/O is not yet completed */
    char reflected[192]; /* the last exception that went to the guest's own handler */
    uint64_t cr2;    /* of the last page fault, as the guest will see it */
    struct guest_tables guest;
    uint64_t tsc_hz;

    unsigned int handles;                   /* manifest entries, 1..64 */
    struct vm_dev dev[COR_MFT_MAX_ENTRIES]; /* by handle */
    uint8_t handle_of[COR_MFT_MAX_ENTRIES]; /* by index in config->dev */

    struct cor_gdb gdb;
    bool debugging, stepping, wait_gdb;
    int gdb_signal; /* a stop to report before the guest runs on, 0 none */
    _Atomic bool gdb_running;

    _Atomic unsigned int requests;
    _Atomic int stop_signal;
    _Atomic int state;
    _Atomic int tid; /* of the vCPU thread, 0 before it runs */
    _Atomic bool watch_console;

    _Atomic uint64_t exits[COR_VM_EXIT_REASONS];
    _Atomic uint64_t console_dropped;
    bool console_given_up;         /* the reader was too slow once: do not wait again */
    _Atomic uint64_t console_head; /* bytes since the start */
    uint8_t console_ring[CONSOLE_RING];

    bool ended;
    struct cor_vm_exit exit;
};

static inline void vm_count(_Atomic uint64_t *counter, uint64_t n)
{
    atomic_store_explicit(counter,
                          atomic_load_explicit(counter, memory_order_relaxed) + n,
                          memory_order_relaxed);
}

/* kvm.c: the machine, seen as ioctls. */
int vm_kvm_create(struct cor_vm *vm, const struct cor_vm_opts *o, struct cor_err *err);
int vm_kvm_setup_vcpu(struct cor_vm *vm, const struct cor_vm_opts *o,
                      struct cor_err *err);
int vm_regs_get(struct cor_vm *vm, struct kvm_regs *regs);
int vm_regs_set(struct cor_vm *vm, const struct kvm_regs *regs);
int vm_msr_set(struct cor_vm *vm, uint32_t index, uint64_t value);
void vm_complete_io(struct cor_vm *vm);
int vm_guest_regs_get(struct cor_vm *vm, struct cor_gdb_regs *ret);
int vm_guest_regs_set(struct cor_vm *vm, const struct cor_gdb_regs *regs);

/* tables.c: descriptor and page tables in private memory. */
size_t vm_tables_size(const struct cor_gmem *mem);
void vm_tables_build(uint8_t *priv, const struct cor_gmem *mem, bool confined);

/* boot.c: image, manifest and boot info into guest memory. */
int vm_boot_load(struct cor_vm *vm, struct cor_err *err);

/* hvt.c: one hypercall. */
void vm_hypercall(struct cor_vm *vm, unsigned int nr, uint32_t gpa);

/* confine.c: an exception that has reached the monitor. */
void vm_trap(struct cor_vm *vm, unsigned int vector);

/* console.c */
void vm_console_write(struct cor_vm *vm, const uint8_t *data, size_t len);

/* debug.c */
int vm_debug_connect(struct cor_vm *vm);
void vm_debug_stop(struct cor_vm *vm, int signal);
bool vm_debug_trap(struct cor_vm *vm, unsigned int vector, struct trap_frame *f);

/* report.c: how it ended. The first end is the one that counts. */
void vm_end(struct cor_vm *vm, enum cor_vm_end kind, int code, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
void vm_end_fault(struct cor_vm *vm, int code, uint64_t rip, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
void vm_describe(const struct cor_vm *vm, uint64_t gpa, char *text, size_t size);

/* run.c */
bool vm_serve_requests(struct cor_vm *vm);

#endif
