/*
 * confine.c - confined mode: an exception of the guest has reached the monitor.
 *
 * The guest runs at CPL3. Its exceptions enter stubs of ours, which tell us the vector;
 * the frame that the CPU pushed lies at a fixed place in private memory. Here a
 * privileged instruction of the guest's boot code is emulated, an exception is
 * reflected to the guest's own handler as ring 0 would have delivered it, or the guest
 * is ended with a report. Returning from here resumes the stub, whose iretq pops the
 * frame as we have left it.
 *
 * Every access to the guest's own tables and stacks goes through the range check. What
 * ring 0 would call a double or triple fault ends the guest.
 * Spec: Intel SDM volume 3, 6.12 to 6.14; hvt ABI section 12.
 *
 * #syscalls:vcpu,vcpu_gdb ioctl(VCPU,KVM_GET_REGS) ioctl(VCPU,KVM_SET_REGS)
 * #syscalls:vcpu,vcpu_gdb ioctl(VCPU,KVM_GET_SREGS) ioctl(VCPU,KVM_SET_MSRS)
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <sys/ioctl.h>

#include <cor/vm/decode.h>

#include "vm_priv.h"

#define MSR_FS_BASE 0xc0000100u

/* Page-fault error code. */
#define PF_PRESENT 1u
#define PF_WRITE   2u
#define PF_FETCH   16u

static const char *const vector_names[VECTORS] = {
    [0] = "division error",
    [1] = "debug exception",
    [2] = "non-maskable interrupt",
    [3] = "breakpoint",
    [4] = "overflow",
    [5] = "bound range exceeded",
    [6] = "illegal instruction",
    [7] = "device not available",
    [8] = "double fault",
    [10] = "invalid TSS",
    [11] = "segment not present",
    [12] = "stack fault",
    [13] = "general protection",
    [14] = "page fault",
    [16] = "x87 floating-point error",
    [17] = "alignment check",
    [18] = "machine check",
    [19] = "SIMD floating-point error",
};

/* One trap while it is handled. */
struct trap {
    struct cor_vm *vm;
    struct trap_frame *frame;
    unsigned int vector;
    uint64_t error; /* error code, 0 where the vector has none */
    struct kvm_regs regs;
    struct cor_insn insn; /* of a #GP */
};

static bool canonical(uint64_t v)
{
    return (uint64_t)((int64_t)(v << 16) >> 16) == v;
}

/* General registers in the order of their encoding, with the guest's own stack. */
static void encoded_gprs(const struct trap *t, uint64_t g[16])
{
    const struct kvm_regs *r = &t->regs;
    const uint64_t v[16] = {r->rax, r->rcx, r->rdx, r->rbx, t->frame->rsp, r->rbp,
                            r->rsi, r->rdi, r->r8,  r->r9,  r->r10,        r->r11,
                            r->r12, r->r13, r->r14, r->r15};
    memcpy(g, v, sizeof(v));
}

static void fetch(struct trap *t)
{
    uint8_t bytes[COR_INSN_MAX];
    uint64_t gpr[16];
    size_t n = 0;
    while (n < sizeof(bytes)) {
        const uint8_t *p =
            cor_gmem_at(&t->vm->mem, COR_GPA(t->frame->rip + n), 1, COR_PROT_X);
        if (!p)
            break;
        bytes[n++] = *p;
    }
    encoded_gprs(t, gpr);
    cor_insn_decode(bytes, n, gpr, t->frame->rip, &t->insn);
}

static void describe_page_fault(const struct trap *t, char *text, size_t size)
{
    char where[128];
    uint64_t cr2 = t->vm->cr2;
    const char *what = "read of";
    vm_describe(t->vm, cr2, where, sizeof(where));
    if (t->error & PF_FETCH)
        what = "jump to";
    else if (t->error & PF_WRITE)
        what = "write to";
    const char *why = "no page";
    if (cor_gmem_find(&t->vm->mem, COR_GPA(cr2)))
        why = (t->error & PF_FETCH) ? "a page that is not executable"
                                    : "a read-only page";
    (void)snprintf(text, size, "%s %s at 0x%llx (%s)", what, why,
                   (unsigned long long)cr2, where);
}

/* What the guest did, in words. Returns the exit code for it. */
static int describe(const struct trap *t, char *text, size_t size)
{
    const char *name = t->vector < VECTORS ? vector_names[t->vector] : NULL;
    if (t->vector == VEC_PF) {
        describe_page_fault(t, text, size);
        return COR_EXIT_FAULT;
    }
    if (t->vector == VEC_GP && t->insn.op != COR_INSN_NONE) {
        (void)snprintf(text, size, "privileged instruction %s",
                       cor_insn_name(t->insn.op));
        return COR_EXIT_ILLEGAL;
    }
    if (t->vector == VEC_UD) {
        (void)snprintf(text, size, "illegal instruction");
        return COR_EXIT_ILLEGAL;
    }
    (void)snprintf(text, size, "%s (vector %u, error code 0x%llx)",
                   name ? name : "reserved exception", t->vector,
                   (unsigned long long)t->error);
    return COR_EXIT_FAULT;
}

/* The stack that the guest's TSS names for an IST index. */
static int ist_stack(struct cor_vm *vm, unsigned int ist, uint64_t *ret)
{
    const struct guest_tables *g = &vm->guest;
    uint64_t d[2], base;
    uint16_t sel = g->tr & 0xfff8;
    if (!g->has_gdt || !g->has_tr || (uint32_t)sel + 15 > g->gdt_limit)
        return -EFAULT;
    if (cor_gmem_read(&vm->mem, COR_GPA(g->gdt_base + sel), d, sizeof(d)) < 0)
        return -EFAULT;
    base = (d[0] >> 16 & 0xffffff) | (d[0] >> 56 & 0xff) << 24 | d[1] << 32;
    return cor_gmem_read(&vm->mem, COR_GPA(base + 36 + 8 * (uint64_t)(ist - 1)), ret,
                         8);
}

static bool has_error_code(unsigned int vector)
{
    return vector == 8 || (vector >= 10 && vector <= 14) || vector == 17;
}

/* Enters the guest's handler. -EFAULT: its tables do not lead to one. */
static int reflect(struct trap *t)
{
    struct cor_vm *vm = t->vm;
    struct trap_frame *f = t->frame;
    uint64_t gate[2], rsp = f->rsp;
    if ((t->vector * 16 + 15) > vm->guest.idt_limit ||
        cor_gmem_read(&vm->mem, COR_GPA(vm->guest.idt_base + t->vector * 16ULL), gate,
                      sizeof(gate)) < 0)
        return -EFAULT;
    unsigned int type = gate[0] >> 40 & 0x1f, ist = gate[0] >> 32 & 7;
    uint64_t handler =
        (gate[0] & 0xffff) | (gate[0] >> 48) << 16 | (gate[1] & 0xffffffff) << 32;
    if (!(gate[0] >> 47 & 1) || (type != 14 && type != 15) || !canonical(handler))
        return -EFAULT;
    if (ist && ist_stack(vm, ist, &rsp) < 0)
        return -EFAULT;
    uint64_t pushed[6] = {t->error, f->rip,  GUEST_CS, f->rflags & ~RFLAGS_TF,
                          f->rsp,   GUEST_SS};
    unsigned int skip = has_error_code(t->vector) ? 0 : 1;
    size_t size = sizeof(pushed) - 8 * skip;
    rsp = (rsp & ~15ULL) - size;
    if (cor_gmem_write(&vm->mem, COR_GPA(rsp), pushed + skip, size) < 0)
        return -EFAULT;
    f->rip = handler;
    f->rsp = rsp;
    return 0;
}

/* Gives the exception to the guest's own handler, or ends the guest with a report. */
static void deliver(struct trap *t)
{
    struct cor_vm *vm = t->vm;
    uint64_t rip = t->frame->rip;
    int code = describe(t, vm->reflected, sizeof(vm->reflected));
    if (!vm->guest.has_idt)
        vm_end_fault(vm, code, rip, "%s", vm->reflected);
    else if (reflect(t) < 0)
        vm_end_fault(vm, COR_EXIT_FAULT, rip,
                     "triple fault: the guest's own tables give no handler for: %s",
                     vm->reflected);
}

/* What a bad operand of an emulated instruction raises in the guest. */
static void raise_fault(struct trap *t, unsigned int vector, uint64_t error,
                        uint64_t cr2)
{
    t->vector = vector;
    t->error = error;
    if (vector == VEC_PF)
        t->vm->cr2 = cr2;
    t->insn.op = COR_INSN_NONE;
    deliver(t);
}

static int load_table(struct trap *t, uint16_t *limit, uint64_t *base)
{
    uint8_t raw[10];
    if (cor_gmem_read(&t->vm->mem, COR_GPA(t->insn.address), raw, sizeof(raw)) < 0) {
        raise_fault(t, VEC_PF, 0, t->insn.address);
        return -EFAULT;
    }
    memcpy(limit, raw, 2);
    memcpy(base, raw + 2, 8);
    return 0;
}

static int pop(struct trap *t, uint64_t *words, size_t n)
{
    if (cor_gmem_read(&t->vm->mem, COR_GPA(t->frame->rsp), words, n * 8) == 0 &&
        canonical(words[0]))
        return 0;
    raise_fault(t, VEC_GP, 0, 0);
    return -EFAULT;
}

static int do_wrmsr(struct trap *t)
{
    uint64_t v = t->regs.rdx << 32 | (t->regs.rax & 0xffffffff);
    if ((uint32_t)t->regs.rcx != MSR_FS_BASE) {
        deliver(t);
        return -EPERM;
    }
    if (!canonical(v) || vm_msr_set(t->vm, MSR_FS_BASE, v) < 0) {
        raise_fault(t, VEC_GP, 0, 0);
        return -EINVAL;
    }
    return 0;
}

static int do_ltr(struct trap *t)
{
    uint64_t gpr[16];
    uint16_t sel;
    encoded_gprs(t, gpr);
    sel = (uint16_t)gpr[t->insn.rm];
    if (t->insn.memory &&
        cor_gmem_read(&t->vm->mem, COR_GPA(t->insn.address), &sel, sizeof(sel)) < 0) {
        raise_fault(t, VEC_PF, 0, t->insn.address);
        return -EFAULT;
    }
    t->vm->guest.tr = sel;
    t->vm->guest.has_tr = true;
    return 0;
}

static int do_read_cr2(struct trap *t)
{
    struct kvm_regs *r = &t->regs;
    __u64 *const to[16] = {&r->rax, &r->rcx, &r->rdx, &r->rbx, NULL,    &r->rbp,
                           &r->rsi, &r->rdi, &r->r8,  &r->r9,  &r->r10, &r->r11,
                           &r->r12, &r->r13, &r->r14, &r->r15};
    vm_complete_io(t->vm);
    if (vm_regs_get(t->vm, r) < 0) /* the stub's own RIP has moved on */
        return -EIO;
    if (t->insn.rm == 4)
        t->frame->rsp = t->vm->cr2;
    else
        *to[t->insn.rm] = t->vm->cr2;
    return vm_regs_set(t->vm, r);
}

/* A far return and an interrupt return stay in our own code segment. */
static void do_return(struct trap *t)
{
    uint64_t w[5];
    if (t->insn.op == COR_INSN_LRET) {
        if (pop(t, w, 2) == 0) {
            t->frame->rip = w[0];
            t->frame->rsp += 16;
        }
    } else if (pop(t, w, 5) == 0) {
        const uint64_t user_flags =
            0x240dd5; /* ID AC and the arithmetic ones, TF, DF */
        t->frame->rip = w[0];
        t->frame->rflags = (t->frame->rflags & ~user_flags) | (w[2] & user_flags);
        t->frame->rsp = w[3];
    }
}

/*
 * A hypercall that the processor did not let through the I/O bitmap: QEMU's emulated
 * one accepts a 32-bit TSS only. Nothing but a plain `out %eax, (%dx)` is one.
 */
static bool hypercall(struct trap *t)
{
    const uint8_t *code =
        cor_gmem_at(&t->vm->mem, COR_GPA(t->frame->rip), 1, COR_PROT_X);
    unsigned int nr = (unsigned int)(t->regs.rdx & 0xffff) - COR_HVT_PORT_BASE;
    if (!code || *code != 0xef || nr < COR_HVT_WALLTIME || nr >= COR_HVT_CALL_MAX)
        return false;
    vm_hypercall(t->vm, nr, (uint32_t)t->regs.rax);
    return true;
}

/* Emulates one privileged instruction. False: it is none that we emulate. */
static bool emulate(struct trap *t)
{
    struct guest_tables *g = &t->vm->guest;
    int r = 0;
    switch (t->insn.op) {
    case COR_INSN_LGDT:
        r = load_table(t, &g->gdt_limit, &g->gdt_base);
        g->has_gdt |= r == 0;
        break;
    case COR_INSN_LIDT:
        r = load_table(t, &g->idt_limit, &g->idt_base);
        g->has_idt |= r == 0;
        break;
    case COR_INSN_LTR:
        r = do_ltr(t);
        break;
    case COR_INSN_LRET:
    case COR_INSN_IRET:
        do_return(t);
        return true;
    case COR_INSN_WRMSR:
        r = do_wrmsr(t);
        break;
    case COR_INSN_READ_CR2:
        r = do_read_cr2(t);
        break;
    case COR_INSN_MOV_SREG:
    case COR_INSN_CLI:
    case COR_INSN_STI:
        break; /* flat segments stay, interrupts never come */
    case COR_INSN_OUT:
        if (!hypercall(t))
            return false;
        break;
    case COR_INSN_NONE:
    case COR_INSN_RDMSR:
    case COR_INSN_HLT:
    case COR_INSN_READ_CR:
    case COR_INSN_WRITE_CR:
    case COR_INSN_IN:
    case COR_INSN_OP_COUNT:
        return false;
    }
    if (r == 0)
        t->frame->rip += t->insn.len;
    return true;
}

void vm_trap(struct cor_vm *vm, unsigned int vector)
{
    uint8_t *top = vm->priv + PRIV_STACK_TOP;
    struct trap t = {.vm = vm,
                     .vector = vector,
                     .frame = (struct trap_frame *)(void *)(top - sizeof(*t.frame))};
    vm_count(&vm->exits[COR_VM_EXIT_TRAP], 1);
    if (has_error_code(vector))
        memcpy(&t.error, top - sizeof(*t.frame) - 8, sizeof(t.error));
    if (vm_regs_get(vm, &t.regs) < 0 || t.regs.rip < PRIV_GPA + PRIV_STUBS ||
        t.regs.rip >= PRIV_GPA + PRIV_STACK || (t.frame->cs & 3) != 3) {
        vm_end(
            vm, COR_VM_END_HOST, COR_EXIT_INTERNAL,
            "a trap (vector %u) that did not come from the guest: rip 0x%llx, cs 0x%llx",
            vector, (unsigned long long)t.regs.rip, (unsigned long long)t.frame->cs);
        return;
    }
    vm->in_stub = true;
    if (vector == VEC_PF) {
        struct kvm_sregs s;
        if (ioctl(vm->vcpu_fd, KVM_GET_SREGS, &s) == 0)
            vm->cr2 = s.cr2;
    }
    if (vm_debug_trap(vm, vector, t.frame))
        return;
    if (vector == VEC_GP)
        fetch(&t);
    if (vector == VEC_GP && emulate(&t)) {
        if (vm->stepping && !vm->ended)
            vm_debug_stop(vm, 5);
        return;
    }
    deliver(&t);
}
