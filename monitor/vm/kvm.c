/*
 * kvm.c - the machine, seen as ioctls.
 *
 * Order matters: memory slots come before everything else, and no in-kernel device is
 * made, because each costs an SRCU grace period in creation or teardown.
 * Spec: KVM api.rst 4.1-4.3, 4.12-4.14, 4.18, 4.35, 4.46, 5 (struct kvm_run).
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include <sys/ioctl.h>
#include <sys/mman.h>

#include <cor/base/fd.h>

#include "vm_priv.h"

#define CR0_BITS  0x80010021ULL /* PG WP NE PE */
#define CR4_BITS  0x620ULL      /* PAE OSFXSR OSXMMEXCPT */
#define EFER_BITS 0xd00ULL      /* NXE LMA LME */

#define MSR_SYSENTER_CS  0x174u
#define MSR_SYSENTER_ESP 0x175u
#define MSR_SYSENTER_EIP 0x176u
#define MSR_LSTAR        0xc0000082u
#define MSR_CSTAR        0xc0000083u

/* Where SYSCALL and SYSENTER lead: canonical, and never mapped. */
#define NOWHERE 0x00007ffffffff000ULL

#define CPUID_MAX 128u

static int add_slot(struct cor_vm *vm, uint32_t slot, uint64_t gpa, void *base,
                    uint64_t size, struct cor_err *err)
{
    struct kvm_userspace_memory_region r = {.slot = slot,
                                            .guest_phys_addr = gpa,
                                            .memory_size = size,
                                            .userspace_addr = (uintptr_t)base};
    if (ioctl(vm->vm_fd, KVM_SET_USER_MEMORY_REGION, &r) < 0)
        return cor_err_os(err, errno, "KVM refuses %llu bytes of memory at 0x%llx",
                          (unsigned long long)size, (unsigned long long)gpa);
    return 0;
}

static int private_memory(struct cor_vm *vm, struct cor_err *err)
{
    vm->priv_size = vm_tables_size(&vm->mem);
    vm->priv = mmap(NULL, vm->priv_size, PROT_READ | PROT_WRITE,
                    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (vm->priv == MAP_FAILED) {
        vm->priv = NULL;
        return cor_err_os(err, errno, "cannot map page tables");
    }
    vm_tables_build(vm->priv, &vm->mem, vm->confined);
    return 0;
}

int vm_kvm_create(struct cor_vm *vm, const struct cor_vm_opts *o, struct cor_err *err)
{
    int version = ioctl(o->kvm_fd, KVM_GET_API_VERSION, 0);
    if (version != KVM_API_VERSION)
        return cor_err_set(err, ENODEV, "/dev/kvm speaks API version %d, not %d",
                           version, KVM_API_VERSION);
    vm->vm_fd = ioctl(o->kvm_fd, KVM_CREATE_VM, 0);
    if (vm->vm_fd < 0)
        return cor_err_os(err, errno, "KVM cannot create a VM");
    if (o->vm_fd_to >= 0)
        vm->vm_fd = cor_fd_move(vm->vm_fd, o->vm_fd_to);
    int r = private_memory(vm, err);
    if (r == 0)
        r = add_slot(vm, 0, 0, vm->mem.base, vm->mem.size, err);
    if (r == 0)
        r = add_slot(vm, 1, PRIV_GPA, vm->priv, vm->priv_size, err);
    if (r < 0)
        return r;
    vm->vcpu_fd = ioctl(vm->vm_fd, KVM_CREATE_VCPU, 0);
    if (vm->vcpu_fd < 0)
        return cor_err_os(err, errno, "KVM cannot create a vCPU");
    if (o->vcpu_fd_to >= 0)
        vm->vcpu_fd = cor_fd_move(vm->vcpu_fd, o->vcpu_fd_to);
    int size = ioctl(o->kvm_fd, KVM_GET_VCPU_MMAP_SIZE, 0);
    if (size < (int)sizeof(struct kvm_run))
        return cor_err_set(err, ENODEV, "KVM reports a vCPU area of %d bytes", size);
    vm->run =
        mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, vm->vcpu_fd, 0);
    if (vm->run == MAP_FAILED) {
        vm->run = NULL;
        return cor_err_os(err, errno, "cannot map the vCPU area");
    }
    vm->run_size = (size_t)size;
    int sync = ioctl(o->kvm_fd, KVM_CHECK_EXTENSION, KVM_CAP_SYNC_REGS);
    vm->sync_regs = sync > 0 && ((unsigned int)sync & KVM_SYNC_X86_REGS);
    if (vm->sync_regs)
        vm->run->kvm_valid_regs = KVM_SYNC_X86_REGS;
    int khz = ioctl(vm->vcpu_fd, KVM_GET_TSC_KHZ, 0);
    if (khz <= 0)
        return cor_err_set(err, ENODEV,
                           "the host's TSC is unstable: KVM cannot tell its "
                           "frequency");
    vm->tsc_hz = (uint64_t)khz * 1000;
    return 0;
}

static struct kvm_segment segment(uint16_t sel, uint8_t type, uint8_t dpl, bool code)
{
    return (struct kvm_segment){.limit = 0xffffffff,
                                .selector = sel,
                                .type = type,
                                .present = 1,
                                .dpl = dpl,
                                .s = 1,
                                .l = code,
                                .db = !code,
                                .g = 1};
}

static int set_sregs(struct cor_vm *vm, struct cor_err *err)
{
    struct kvm_sregs s;
    if (ioctl(vm->vcpu_fd, KVM_GET_SREGS, &s) < 0)
        return cor_err_os(err, errno, "cannot read the vCPU's system registers");
    uint8_t dpl = vm->confined ? 3 : 0;
    s.cs = segment(vm->confined ? SEL_UCODE : SEL_KCODE, 11, dpl, true);
    s.ss = segment(vm->confined ? SEL_UDATA : SEL_KDATA, 3, dpl, false);
    s.ds = s.es = s.fs = s.gs = s.ss;
    s.cr0 = CR0_BITS;
    s.cr3 = PRIV_GPA + PRIV_PML4;
    s.cr4 = CR4_BITS;
    s.efer = EFER_BITS;
    s.gdt.base = PRIV_GPA + PRIV_GDT;
    s.gdt.limit = vm->confined ? SEL_TSS + 15 : SEL_KDATA + 7;
    s.idt.base = vm->confined ? PRIV_GPA + PRIV_IDT : 0;
    s.idt.limit = vm->confined ? VECTORS * 16 - 1 : 0;
    s.tr = (struct kvm_segment){.type = 11, .present = 1};
    if (vm->confined) {
        s.tr.base = PRIV_GPA + PRIV_TSS;
        s.tr.limit = 104 + (0x50f >> 3) + 1;
        s.tr.selector = SEL_TSS;
    }
    if (ioctl(vm->vcpu_fd, KVM_SET_SREGS, &s) < 0)
        return cor_err_os(err, errno, "KVM refuses the vCPU's system registers");
    return 0;
}

static int set_entry_regs(struct cor_vm *vm, struct cor_err *err)
{
    struct kvm_regs r = {.rip = vm->image->entry,
                         .rflags = 2,
                         .rsp = vm->mem.size - 8,
                         .rdi = COR_HVT_BOOT_GPA};
    if (ioctl(vm->vcpu_fd, KVM_SET_REGS, &r) < 0)
        return cor_err_os(err, errno, "KVM refuses the vCPU's registers");
    return 0;
}

/*
 * What the guest may see of the processor: no virtualization of its own, no interrupt
 * controller, no timers that do not exist here, no hypervisor leaves.
 */
static void mask_cpuid(struct kvm_cpuid_entry2 *e)
{
    if (e->function == 1)
        e->ecx &= ~(1u << 3 | 1u << 5 | 1u << 6 | 1u << 21 | 1u << 24 | 1u << 27);
    else if (e->function == 0x80000001)
        e->ecx &= ~(1u << 2 | 1u << 3);
    else if (e->function == 0x8000000a || (e->function & 0xffffff00) == 0x40000000 ||
             e->function == 5)
        e->eax = e->ebx = e->ecx = e->edx = 0;
}

static int set_cpuid(struct cor_vm *vm, int kvm_fd, struct cor_err *err)
{
    struct {
        struct kvm_cpuid2 head;
        struct kvm_cpuid_entry2 e[CPUID_MAX];
    } table;
    table.head.nent = CPUID_MAX;
    if (ioctl(kvm_fd, KVM_GET_SUPPORTED_CPUID, &table.head) < 0)
        return cor_err_os(err, errno, "KVM cannot tell the CPUID that it supports");
    for (uint32_t i = 0; i < table.head.nent; i++)
        mask_cpuid(&table.e[i]);
    if (ioctl(vm->vcpu_fd, KVM_SET_CPUID2, &table.head) < 0)
        return cor_err_os(err, errno, "KVM refuses the vCPU's CPUID");
    return 0;
}

int vm_kvm_setup_vcpu(struct cor_vm *vm, const struct cor_vm_opts *o,
                      struct cor_err *err)
{
    struct {
        struct kvm_msrs head;
        struct kvm_msr_entry e[5];
    } msrs = {.head = {.nmsrs = 5},
              .e = {{.index = MSR_LSTAR, .data = NOWHERE},
                    {.index = MSR_CSTAR, .data = NOWHERE},
                    {.index = MSR_SYSENTER_CS, .data = 0},
                    {.index = MSR_SYSENTER_ESP, .data = NOWHERE},
                    {.index = MSR_SYSENTER_EIP, .data = NOWHERE}}};
    int r = 0;
    /* A KVM without hardware underneath cannot trap CPUID at CPL3; making its table
     * there costs more than all the rest of the VM. */
    if (!vm->pvm || !vm->confined)
        r = set_cpuid(vm, o->kvm_fd, err);
    if (r == 0)
        r = set_sregs(vm, err);
    if (r == 0)
        r = set_entry_regs(vm, err);
    if (r == 0 && vm->confined && ioctl(vm->vcpu_fd, KVM_SET_MSRS, &msrs.head) < 0)
        r = cor_err_os(err, errno, "KVM refuses the vCPU's model-specific registers");
    return r;
}

/*
 * An OUT that has left to the monitor is completed by the next KVM_RUN only; registers
 * set before that would be overwritten. immediate_exit completes it and runs nothing.
 */
void vm_complete_io(struct cor_vm *vm)
{
    if (!vm->io_pending)
        return;
    uint8_t saved = vm->run->immediate_exit;
    vm->run->immediate_exit = 1;
    (void)ioctl(vm->vcpu_fd, KVM_RUN, 0);
    vm->run->immediate_exit = saved;
    vm->io_pending = false;
}

int vm_regs_get(struct cor_vm *vm, struct kvm_regs *regs)
{
    return ioctl(vm->vcpu_fd, KVM_GET_REGS, regs) < 0 ? -errno : 0;
}

int vm_regs_set(struct cor_vm *vm, const struct kvm_regs *regs)
{
    vm_complete_io(vm);
    return ioctl(vm->vcpu_fd, KVM_SET_REGS, regs) < 0 ? -errno : 0;
}

int vm_msr_set(struct cor_vm *vm, uint32_t index, uint64_t value)
{
    struct {
        struct kvm_msrs head;
        struct kvm_msr_entry e[1];
    } m = {.head = {.nmsrs = 1}, .e = {{.index = index, .data = value}}};
    vm_complete_io(vm);
    return ioctl(vm->vcpu_fd, KVM_SET_MSRS, &m.head) == 1 ? 0 : -EINVAL;
}

static struct trap_frame *frame(const struct cor_vm *vm)
{
    return (struct trap_frame *)(void *)(vm->priv + PRIV_STACK_TOP -
                                         sizeof(struct trap_frame));
}

/* gdb's order of general registers is not the encoding's. */
int vm_guest_regs_get(struct cor_vm *vm, struct cor_gdb_regs *ret)
{
    struct kvm_regs r;
    struct kvm_sregs s;
    if (vm_regs_get(vm, &r) < 0 || ioctl(vm->vcpu_fd, KVM_GET_SREGS, &s) < 0)
        return -EIO;
    *ret = (struct cor_gdb_regs){.gpr = {r.rax, r.rbx, r.rcx, r.rdx, r.rsi, r.rdi,
                                         r.rbp, r.rsp, r.r8, r.r9, r.r10, r.r11, r.r12,
                                         r.r13, r.r14, r.r15},
                                 .rip = r.rip,
                                 .eflags = (uint32_t)r.rflags,
                                 .cs = s.cs.selector,
                                 .ss = s.ss.selector,
                                 .ds = s.ds.selector,
                                 .es = s.es.selector,
                                 .fs = s.fs.selector,
                                 .gs = s.gs.selector,
                                 .fs_base = s.fs.base,
                                 .gs_base = s.gs.base};
    if (vm->in_stub) {
        const struct trap_frame *f = frame(vm);
        ret->gpr[7] = f->rsp;
        ret->rip = f->rip;
        ret->eflags = (uint32_t)f->rflags;
        ret->cs = (uint32_t)f->cs;
        ret->ss = (uint32_t)f->ss;
    }
    return 0;
}

int vm_guest_regs_set(struct cor_vm *vm, const struct cor_gdb_regs *g)
{
    struct kvm_regs r;
    vm_complete_io(vm);
    if (vm_regs_get(vm, &r) < 0)
        return -EIO;
    __u64 *const to[16] = {&r.rax, &r.rbx, &r.rcx, &r.rdx, &r.rsi, &r.rdi,
                           &r.rbp, NULL,   &r.r8,  &r.r9,  &r.r10, &r.r11,
                           &r.r12, &r.r13, &r.r14, &r.r15};
    for (unsigned int i = 0; i < 16; i++) {
        if (to[i])
            *to[i] = g->gpr[i];
    }
    /* Flags that a debugger may change: the arithmetic ones, DF and TF. */
    const uint64_t mask = 0xdd5;
    if (vm->in_stub) {
        struct trap_frame *f = frame(vm);
        f->rsp = g->gpr[7];
        f->rip = g->rip;
        f->rflags = (f->rflags & ~mask) | (g->eflags & mask);
    } else {
        r.rsp = g->gpr[7];
        r.rip = g->rip;
        r.rflags = (r.rflags & ~mask) | (g->eflags & mask);
    }
    return vm_regs_set(vm, &r);
}
