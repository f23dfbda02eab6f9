/*
 * run.c - the life of a machine: create, run until it has ended, serve requests.
 *
 * Requests come from other threads as bits of one atomic word. Whoever sets one also
 * sets immediate_exit, sends SIGUSR2 to the vCPU thread and writes wake_fd, so that
 * neither the guest nor a wait of the vCPU thread delays it.
 *
 * #syscalls:vcpu,vcpu_gdb ioctl(VCPU,KVM_RUN) rt_sigreturn gettid
 * #syscalls:event,vcpu,vcpu_gdb tgkill(_,_,SIGUSR2) write(WAKE)
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>

#include <cor/vm/core.h>

#include "vm_priv.h"

static void set_state(struct cor_vm *vm, enum cor_vm_state state)
{
    uint64_t one = 1;
    atomic_store(&vm->state, (int)state);
    /* The counter cannot overflow to a block: the descriptor is non-blocking. */
    while (write(vm->notify_fd, &one, sizeof(one)) < 0 && errno == EINTR)
        continue;
}

int cor_vm_create(struct cor_vm **ret, const struct cor_vm_opts *o, struct cor_err *err)
{
    struct cor_vm *vm = mmap(NULL, sizeof(*vm), PROT_READ | PROT_WRITE,
                             MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (vm == MAP_FAILED)
        return cor_err_os(err, errno, "cannot map the machine");
    vm->config = o->config;
    vm->image = o->image;
    vm->vm_fd = vm->vcpu_fd = -1;
    vm->wake_fd = o->wake_fd;
    vm->notify_fd = o->notify_fd;
    vm->gdb_fd_to = o->gdb_fd_to;
    vm->wait_gdb = o->wait_gdb;
    vm->confined = !o->config->privileged_guest;
    vm->pvm = access("/sys/module/kvm_pvm", F_OK) == 0;
    int r = cor_image_fit(o->image, o->config->mem_size, err);
    if (r == 0)
        r = cor_gmem_init(&vm->mem, o->config->mem_size, err);
    if (r == 0) {
        cor_gmem_protect(&vm->mem, o->image);
        r = vm_kvm_create(vm, o, err);
    }
    if (r == 0)
        r = vm_boot_load(vm, err);
    if (r == 0)
        r = vm_kvm_setup_vcpu(vm, o, err);
    if (r < 0) {
        cor_vm_free(vm);
        return r;
    }
    *ret = vm;
    return 0;
}

void cor_vm_free(struct cor_vm *vm)
{
    if (!vm)
        return;
    if (vm->run)
        (void)munmap(vm->run, vm->run_size);
    if (vm->vcpu_fd >= 0)
        (void)close(vm->vcpu_fd);
    if (vm->vm_fd >= 0)
        (void)close(vm->vm_fd);
    if (vm->priv)
        (void)munmap(vm->priv, vm->priv_size);
    cor_gmem_done(&vm->mem);
    (void)munmap(vm, sizeof(*vm));
}

void cor_vm_request(struct cor_vm *vm, unsigned int what, int signal)
{
    uint64_t one = 1;
    if (what & COR_VM_STOP)
        atomic_store(&vm->stop_signal, signal);
    (void)atomic_fetch_or(&vm->requests, what);
    vm->run->immediate_exit = 1;
    int tid = atomic_load(&vm->tid);
    if (tid)
        (void)syscall(SYS_tgkill, getpid(), tid, SIGUSR2);
    while (write(vm->wake_fd, &one, sizeof(one)) < 0 && errno == EINTR)
        continue;
}

static void drain_wake(struct cor_vm *vm)
{
    uint64_t n;
    while (read(vm->wake_fd, &n, sizeof(n)) < 0 && errno == EINTR)
        continue;
}

/* Sleeps until resumed or stopped. The TSC runs on, so monotonic time includes it. */
static void pause_here(struct cor_vm *vm)
{
    set_state(vm, COR_VM_PAUSED);
    while (!(atomic_load(&vm->requests) & (COR_VM_RESUME | COR_VM_STOP))) {
        struct pollfd p = {.fd = vm->wake_fd, .events = POLLIN};
        (void)ppoll(&p, 1, NULL, NULL);
        drain_wake(vm);
    }
    (void)atomic_fetch_and(&vm->requests,
                           ~(unsigned int)(COR_VM_PAUSE | COR_VM_RESUME));
    set_state(vm, COR_VM_RUNNING);
}

/*
 * Serves what other threads have asked for. True: there was something. immediate_exit
 * is cleared before the word is read, so that a request in between is seen or kicks
 * again.
 */
bool vm_serve_requests(struct cor_vm *vm)
{
    vm->run->immediate_exit = 0;
    drain_wake(vm);
    unsigned int what = atomic_load(&vm->requests);
    if (!what)
        return false;
    if ((what & COR_VM_PAUSE) && !(what & COR_VM_STOP))
        pause_here(vm);
    what = atomic_load(&vm->requests);
    if (what & COR_VM_STOP) {
        int sig = atomic_load(&vm->stop_signal);
        vm_end(vm, COR_VM_END_SIGNAL, 128 + sig, "stopped by signal %d (%s)", sig,
               sigabbrev_np(sig) ? sigabbrev_np(sig) : "?");
    }
    if (what & COR_VM_INTERRUPT)
        vm->gdb_signal = SIGINT;
    (void)atomic_fetch_and(&vm->requests,
                           ~(unsigned int)(COR_VM_INTERRUPT | COR_VM_RESUME));
    return true;
}

/* The register that an OUT has sent: string instructions send memory instead. */
static bool sent_eax(struct cor_vm *vm, uint32_t data)
{
    struct kvm_regs r;
    if (vm->sync_regs)
        return (uint32_t)vm->run->s.regs.regs.rax == data;
    return vm_regs_get(vm, &r) == 0 && (uint32_t)r.rax == data;
}

static void handle_io(struct cor_vm *vm)
{
    const struct kvm_run *run = vm->run;
    unsigned int port = run->io.port, nr = port - COR_HVT_PORT_BASE;
    bool out = run->io.direction == KVM_EXIT_IO_OUT;
    vm->io_pending = true;
    if (vm->confined && out && run->io.size == 1 && run->io.count == 1 &&
        port >= STUB_PORT && port < STUB_PORT + VECTORS) {
        vm_trap(vm, port - STUB_PORT);
        return;
    }
    uint32_t data;
    memcpy(&data, (const uint8_t *)run + run->io.data_offset, sizeof(data));
    if (out && run->io.size == 4 && run->io.count == 1 && nr >= COR_HVT_WALLTIME &&
        nr < COR_HVT_CALL_MAX && sent_eax(vm, data)) {
        vm_hypercall(vm, nr, data);
        return;
    }
    struct kvm_regs r = {0};
    (void)vm_regs_get(vm, &r);
    vm_end_fault(
        vm, COR_EXIT_ILLEGAL, r.rip,
        "privileged instruction %s: port 0x%x, %u times %u bytes, is no hypercall",
        out ? "out" : "in", port, run->io.count, run->io.size);
}

static void handle_odd_exit(struct cor_vm *vm)
{
    const struct kvm_run *run = vm->run;
    struct kvm_regs r = {0};
    char where[128];
    (void)vm_regs_get(vm, &r);
    vm_count(&vm->exits[COR_VM_EXIT_OTHER], 1);
    switch (run->exit_reason) {
    case KVM_EXIT_HLT:
        vm_end_fault(vm, COR_EXIT_ILLEGAL, r.rip, "privileged instruction hlt");
        break;
    case KVM_EXIT_SHUTDOWN:
        vm_end_fault(vm, COR_EXIT_FAULT, r.rip, "triple fault");
        break;
    case KVM_EXIT_MMIO:
        vm_describe(vm, run->mmio.phys_addr, where, sizeof(where));
        vm_end_fault(vm, COR_EXIT_FAULT, r.rip, "%s no page at 0x%llx (%s)",
                     run->mmio.is_write ? "write to" : "read of",
                     (unsigned long long)run->mmio.phys_addr, where);
        break;
    case KVM_EXIT_INTERNAL_ERROR:
        vm_end(
            vm, COR_VM_END_HOST, COR_EXIT_LACKS,
            "KVM cannot run an instruction of the guest (internal error %u), rip 0x%llx%s",
            run->internal.suberror, (unsigned long long)r.rip,
            vm->confined ? "" : "; without --privileged-guest it may");
        break;
    default:
        vm_end(vm, COR_VM_END_HOST, COR_EXIT_INTERNAL,
               "unexpected KVM exit %u, rip 0x%llx", run->exit_reason,
               (unsigned long long)r.rip);
        break;
    }
}

static void handle_exit(struct cor_vm *vm)
{
    switch (vm->run->exit_reason) {
    case KVM_EXIT_IO:
        handle_io(vm);
        break;
    case KVM_EXIT_DEBUG:
        vm_count(&vm->exits[COR_VM_EXIT_DEBUG], 1);
        vm_debug_stop(vm, SIGTRAP);
        break;
    case KVM_EXIT_INTR:
        break;
    default:
        handle_odd_exit(vm);
        break;
    }
}

static void handle_run_error(struct cor_vm *vm, int error)
{
    struct kvm_regs r = {0};
    if (error == EINTR || error == EAGAIN) {
        vm_count(&vm->exits[COR_VM_EXIT_INTR], 1);
        (void)vm_serve_requests(vm);
        return;
    }
    (void)vm_regs_get(vm, &r);
    if (error == EFAULT)
        vm_end_fault(vm, COR_EXIT_FAULT, r.rip, "memory fault");
    else
        vm_end(vm, COR_VM_END_HOST, COR_EXIT_OS, "KVM_RUN: %s, rip 0x%llx",
               strerror(error), (unsigned long long)r.rip);
}

void cor_vm_run(struct cor_vm *vm, struct cor_vm_exit *ret)
{
    atomic_store(&vm->tid, (int)syscall(SYS_gettid));
    if (vm->wait_gdb && vm_debug_connect(vm) == 0)
        vm->gdb_signal = SIGTRAP;
    set_state(vm, COR_VM_RUNNING);
    if (atomic_load(&vm->requests))
        (void)vm_serve_requests(vm);
    while (!vm->ended) {
        if (vm->gdb_signal) {
            int sig = vm->gdb_signal;
            vm->gdb_signal = 0;
            vm_debug_stop(vm, sig);
            continue;
        }
        int r = ioctl(vm->vcpu_fd, KVM_RUN, 0);
        vm->io_pending = false;
        if (r < 0) {
            handle_run_error(vm, errno);
            continue;
        }
        /* A stub runs to its end inside one KVM_RUN: the next exit is the guest's. */
        vm->in_stub = false;
        handle_exit(vm);
    }
    set_state(vm, COR_VM_STOPPED);
    vm->exit.wants_core = vm->exit.kind == COR_VM_END_FAULT || vm->exit.code == 255 ||
                          (atomic_load(&vm->requests) & COR_VM_CORE);
    *ret = vm->exit;
}

int cor_vm_write_core(struct cor_vm *vm, const char *program,
                      const struct cor_vm_exit *e, struct cor_err *err)
{
    struct cor_core core = {.mem = vm->mem.base,
                            .mem_size = vm->mem.size,
                            .regs = e->regs,
                            .signal = SIGABRT,
                            .program = program,
                            .pid = getpid()};
    if (e->kind == COR_VM_END_FAULT)
        core.signal = e->code == COR_EXIT_ILLEGAL ? SIGILL : SIGSEGV;
    /* After a trap the guest's own account is where it happened. */
    if (e->has_trap) {
        core.regs.rip = e->trap.rip;
        core.regs.gpr[7] = e->trap.rsp;
        core.regs.eflags = (uint32_t)e->trap.rflags;
    }
    return cor_core_write(vm->config->core_fd, &core, err);
}

enum cor_vm_state cor_vm_get_state(const struct cor_vm *vm)
{
    return (enum cor_vm_state)atomic_load(&vm->state);
}

/* In pieces, so that the answer's buffer stays small. */
uint64_t cor_vm_resident(const struct cor_vm *vm)
{
    unsigned char in[4096];
    const uint64_t piece = sizeof(in) * COR_GMEM_PAGE;
    uint64_t pages = 0;
    for (uint64_t at = 0; at < vm->mem.size; at += piece) {
        uint64_t len = vm->mem.size - at < piece ? vm->mem.size - at : piece;
        if (mincore(vm->mem.base + at, len, in) < 0)
            return 0;
        for (uint64_t i = 0; i < len / COR_GMEM_PAGE; i++)
            pages += in[i] & 1;
    }
    return pages * COR_GMEM_PAGE;
}

bool cor_vm_confined(const struct cor_vm *vm)
{
    return vm->confined;
}

void cor_vm_get_stats(const struct cor_vm *vm, struct cor_vm_stats *ret)
{
    for (unsigned int i = 0; i < COR_VM_EXIT_REASONS; i++)
        ret->exits[i] = atomic_load_explicit(&vm->exits[i], memory_order_relaxed);
    ret->console_bytes = atomic_load_explicit(&vm->console_head, memory_order_relaxed);
    ret->console_dropped =
        atomic_load_explicit(&vm->console_dropped, memory_order_relaxed);
}

void cor_vm_get_dev_stats(const struct cor_vm *vm, unsigned int index,
                          struct cor_vm_dev_stats *ret)
{
    const struct vm_dev *d = &vm->dev[vm->handle_of[index]];
    ret->handle = vm->handle_of[index];
    ret->rx_bytes = atomic_load_explicit(&d->stats.rx_bytes, memory_order_relaxed);
    ret->tx_bytes = atomic_load_explicit(&d->stats.tx_bytes, memory_order_relaxed);
    ret->rx_ops = atomic_load_explicit(&d->stats.rx_ops, memory_order_relaxed);
    ret->tx_ops = atomic_load_explicit(&d->stats.tx_ops, memory_order_relaxed);
    ret->errors = atomic_load_explicit(&d->stats.errors, memory_order_relaxed);
}
