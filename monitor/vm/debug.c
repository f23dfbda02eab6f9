/*
 * debug.c - a debugger's view of the guest: stops, steps and breakpoints.
 *
 * Confined, int3 and the trap flag end in our own stubs, so that breakpoints and single
 * steps need nothing of KVM. At ring 0 KVM_SET_GUEST_DEBUG delivers them.
 *
 * #syscalls:vcpu_gdb accept4(GDB_LISTEN) dup3 close ioctl(VCPU,KVM_SET_GUEST_DEBUG)
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <sys/ioctl.h>
#include <sys/socket.h>

#include <cor/base/fd.h>

#include "vm_priv.h"

static int regs_get(void *ctx, struct cor_gdb_regs *ret)
{
    return vm_guest_regs_get(ctx, ret);
}

static int regs_set(void *ctx, const struct cor_gdb_regs *regs)
{
    return vm_guest_regs_set(ctx, regs);
}

/* A debugger may see and change every page that the guest has. */
static int mem_read(void *ctx, uint64_t addr, void *buf, size_t len)
{
    struct cor_vm *vm = ctx;
    if (addr >= vm->mem.size || len > vm->mem.size - addr)
        return -EFAULT;
    memcpy(buf, vm->mem.base + addr, len);
    return 0;
}

static int mem_write(void *ctx, uint64_t addr, const void *buf, size_t len)
{
    struct cor_vm *vm = ctx;
    if (addr >= vm->mem.size || len > vm->mem.size - addr)
        return -EFAULT;
    memcpy(vm->mem.base + addr, buf, len);
    return 0;
}

int vm_debug_connect(struct cor_vm *vm)
{
    static const struct cor_gdb_ops ops = {.regs_get = regs_get,
                                           .regs_set = regs_set,
                                           .mem_read = mem_read,
                                           .mem_write = mem_write};
    struct cor_gdb_ops mine = ops;
    mine.ctx = vm;
    struct pollfd p[2] = {{.fd = vm->config->gdb_fd, .events = POLLIN},
                          {.fd = vm->wake_fd, .events = POLLIN}};
    while (!vm->ended) {
        (void)ppoll(p, 2, NULL, NULL);
        if (p[1].revents & POLLIN)
            (void)vm_serve_requests(vm);
        if (!(p[0].revents & POLLIN))
            continue;
        int fd = accept4(vm->config->gdb_fd, NULL, NULL, SOCK_CLOEXEC);
        if (fd < 0)
            continue;
        fd = cor_fd_move(fd, vm->gdb_fd_to);
        if (fd < 0)
            return fd;
        cor_gdb_init(&vm->gdb, fd, vm->wake_fd, &mine);
        vm->debugging = true;
        return 0;
    }
    return -EINTR;
}

/* One instruction more, or free running. */
static void set_step(struct cor_vm *vm, bool step)
{
    struct cor_gdb_regs regs;
    vm->stepping = step;
    if (!vm->confined) {
        struct kvm_guest_debug d = {.control =
                                        KVM_GUESTDBG_ENABLE | KVM_GUESTDBG_USE_SW_BP};
        if (step)
            d.control |= KVM_GUESTDBG_SINGLESTEP;
        if (!vm->debugging)
            d.control = 0;
        vm_complete_io(vm);
        (void)ioctl(vm->vcpu_fd, KVM_SET_GUEST_DEBUG, &d);
        return;
    }
    if (vm_guest_regs_get(vm, &regs) < 0)
        return;
    regs.eflags =
        step ? regs.eflags | (uint32_t)RFLAGS_TF : regs.eflags & ~(uint32_t)RFLAGS_TF;
    (void)vm_guest_regs_set(vm, &regs);
}

void vm_debug_stop(struct cor_vm *vm, int signal)
{
    enum cor_gdb_action action = COR_GDB_CONTINUE;
    struct cor_err err;
    if (!vm->debugging || vm->ended)
        return;
    atomic_store(&vm->gdb_running, false);
    do {
        if (cor_gdb_stopped(&vm->gdb, signal, &action, &err) < 0)
            action = COR_GDB_LOST;
        if (action == COR_GDB_WOKEN)
            (void)vm_serve_requests(vm);
        signal = 0;
    } while (action == COR_GDB_WOKEN && !vm->ended);
    if (action == COR_GDB_KILL)
        vm_end(vm, COR_VM_END_SIGNAL, 128 + SIGKILL, "killed by the debugger");
    if (action == COR_GDB_DETACH || action == COR_GDB_LOST)
        vm->debugging = false;
    if (vm->ended)
        return;
    set_step(vm, action == COR_GDB_STEP);
    atomic_store(&vm->gdb_running, vm->debugging);
    /* The event thread now has a connection to watch. */
    uint64_t one = 1;
    while (write(vm->notify_fd, &one, sizeof(one)) < 0 && errno == EINTR)
        continue;
}

/* A trap that is the debugger's and not the guest's. True: it has been handled. */
bool vm_debug_trap(struct cor_vm *vm, unsigned int vector, struct trap_frame *f)
{
    static const uint8_t signals[VECTORS] = {
        [VEC_DE] = SIGFPE, [VEC_UD] = SIGILL, [VEC_GP] = 0, [VEC_PF] = SIGSEGV};
    if (!vm->debugging)
        return false;
    if (vector == VEC_DB && vm->stepping) {
        f->rflags &= ~RFLAGS_TF;
        vm_debug_stop(vm, SIGTRAP);
        return true;
    }
    if (vector == VEC_BP && cor_gdb_is_breakpoint(&vm->gdb, f->rip - 1)) {
        f->rip--;
        vm_debug_stop(vm, SIGTRAP);
        return true;
    }
    /* The debugger sees a fault first; what it does not change goes on to the guest. */
    if (signals[vector]) {
        uint64_t rip = f->rip;
        vm_debug_stop(vm, signals[vector]);
        return vm->ended || f->rip != rip;
    }
    return false;
}

bool cor_vm_gdb_connected(const struct cor_vm *vm)
{
    return atomic_load(&vm->gdb_running);
}
