/*
 * hvt.c - the eight hypercalls.
 *
 * Each request is copied once and decided on that copy; only OUT fields are written
 * back. A pointer that the guest itself could not use so ends the guest with a fault; a
 * value that makes no sense is answered with EINVAL. Spec: hvt ABI section 6.1.
 *
 * #syscalls:vcpu,vcpu_gdb write(CONSOLE) write(NOTIFY) ppoll clock_gettime
 * #syscalls:vcpu,vcpu_gdb pread64(DEV) pwrite64(DEV) read(DEV) write(DEV) read(WAKE)
 */
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "vm_priv.h"

#define RW_CHUNK \
    (4UL << 20) /* bytes a system call, so that a stop is not kept waiting */

static const char *const call_names[COR_HVT_CALL_MAX] = {
    "?",          "WALLTIME",  "PUTS",     "POLL", "BLOCK_WRITE",
    "BLOCK_READ", "NET_WRITE", "NET_READ", "HALT"};

static void bad_pointer(struct cor_vm *vm, unsigned int nr, const char *what,
                        uint64_t gpa, uint64_t len)
{
    char where[128];
    struct cor_gdb_regs r = {.rip = 0};
    (void)vm_guest_regs_get(vm, &r);
    vm_describe(vm, gpa, where, sizeof(where));
    vm_end_fault(vm, COR_EXIT_FAULT, r.rip,
                 "hypercall %s with a bad %s pointer: 0x%llx, %llu bytes, %s",
                 call_names[nr], what, (unsigned long long)gpa, (unsigned long long)len,
                 where);
}

/* The argument struct, readable, and writable where there are OUT fields. */
static bool get_args(struct cor_vm *vm, unsigned int nr, uint32_t gpa, void *args,
                     size_t size, bool out)
{
    uint8_t prot = COR_PROT_R | (out ? COR_PROT_W : 0);
    const void *p = cor_gmem_at(&vm->mem, COR_GPA(gpa), size, prot);
    if (!p) {
        bad_pointer(vm, nr, "argument", gpa, size);
        return false;
    }
    memcpy(args, p, size);
    return true;
}

static void *get_data(struct cor_vm *vm, unsigned int nr, uint64_t gpa, uint64_t len,
                      uint8_t prot)
{
    void *p = cor_gmem_at(&vm->mem, COR_GPA(gpa), len, prot);
    if (!p)
        bad_pointer(vm, nr, "data", gpa, len);
    return p;
}

/* The range was checked when the arguments were read, and ranges never change. */
#define PUT_FIELD(vm, gpa, type, field, value)                                   \
    do {                                                                         \
        __typeof__(((type *)0)->field) v_ = (value);                             \
        memcpy((vm)->mem.base + (gpa) + offsetof(type, field), &v_, sizeof(v_)); \
    } while (0)

static void do_walltime(struct cor_vm *vm, uint32_t gpa)
{
    struct cor_hvt_walltime a;
    struct timespec ts;
    if (!get_args(vm, COR_HVT_WALLTIME, gpa, &a, sizeof(a), true))
        return;
    (void)clock_gettime(CLOCK_REALTIME, &ts);
    PUT_FIELD(vm, gpa, struct cor_hvt_walltime, nsecs,
              (uint64_t)ts.tv_sec * 1000000000ULL + (uint64_t)ts.tv_nsec);
}

static void do_puts(struct cor_vm *vm, uint32_t gpa)
{
    struct cor_hvt_puts a;
    if (!get_args(vm, COR_HVT_PUTS, gpa, &a, sizeof(a), false))
        return;
    const uint8_t *data = get_data(vm, COR_HVT_PUTS, a.data, a.len, COR_PROT_R);
    if (data)
        vm_console_write(vm, data, a.len);
}

static void do_poll(struct cor_vm *vm, uint32_t gpa)
{
    struct cor_hvt_poll a;
    struct pollfd p[COR_MFT_MAX_ENTRIES];
    uint8_t handle[COR_MFT_MAX_ENTRIES] = {0};
    nfds_t n = 1;
    if (!get_args(vm, COR_HVT_POLL, gpa, &a, sizeof(a), true))
        return;
    p[0] = (struct pollfd){.fd = vm->wake_fd, .events = POLLIN};
    for (unsigned int h = 1; h < vm->handles; h++) {
        if (vm->dev[h].fd >= 0 && vm->dev[h].type == COR_CONFIG_NET) {
            handle[n] = (uint8_t)h;
            p[n++] = (struct pollfd){.fd = vm->dev[h].fd, .events = POLLIN};
        }
    }
    struct timespec ts = {(time_t)(a.timeout_nsecs / 1000000000ULL),
                          (long)(a.timeout_nsecs % 1000000000ULL)};
    uint64_t ready = 0;
    int32_t count = 0;
    /* A wake-up before the time is legal: the guest asks the clock and polls again. */
    if (ppoll(p, n, &ts, NULL) > 0) {
        for (nfds_t i = 1; i < n; i++) {
            if (p[i].revents & (POLLIN | POLLERR | POLLHUP)) {
                ready |= 1ULL << handle[i];
                count++;
            }
        }
        if (p[0].revents & POLLIN)
            (void)vm_serve_requests(vm);
    }
    PUT_FIELD(vm, gpa, struct cor_hvt_poll, ready_set, ready);
    PUT_FIELD(vm, gpa, struct cor_hvt_poll, ret, count);
}

/* A device of the type wanted, NULL for a handle that names none. */
static struct vm_dev *get_dev(struct cor_vm *vm, uint64_t handle,
                              enum cor_config_dev_type type)
{
    if (handle == 0 || handle >= vm->handles)
        return NULL;
    struct vm_dev *d = &vm->dev[handle];
    return d->fd >= 0 && d->type == type ? d : NULL;
}

static int32_t transfer(struct vm_dev *d, bool write, uint8_t *data, uint64_t len,
                        uint64_t offset)
{
    while (len > 0) {
        size_t chunk = len < RW_CHUNK ? len : RW_CHUNK;
        ssize_t n = write ? pwrite(d->fd, data, chunk, (off_t)offset)
                          : pread(d->fd, data, chunk, (off_t)offset);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return COR_HVT_EUNSPEC;
        data += n;
        len -= (size_t)n;
        offset += (size_t)n;
    }
    return COR_HVT_OK;
}

static void do_block(struct cor_vm *vm, unsigned int nr, uint32_t gpa)
{
    struct cor_hvt_block a;
    bool write = nr == COR_HVT_BLOCK_WRITE;
    if (!get_args(vm, nr, gpa, &a, sizeof(a), true))
        return;
    int32_t ret = COR_HVT_EINVAL;
    struct vm_dev *d = get_dev(vm, a.handle, COR_CONFIG_BLOCK);
    if (d && !(write && d->readonly) && a.offset <= d->capacity &&
        a.len <= d->capacity - a.offset && a.len > 0 && a.offset % d->block_size == 0 &&
        a.len % d->block_size == 0) {
        uint8_t *data =
            get_data(vm, nr, a.data, a.len, write ? COR_PROT_R : COR_PROT_W);
        if (!data)
            return;
        ret = transfer(d, write, data, a.len, a.offset);
        vm_count(write ? &d->stats.tx_ops : &d->stats.rx_ops, 1);
        vm_count(write ? &d->stats.tx_bytes : &d->stats.rx_bytes, a.len);
    }
    if (d && ret != COR_HVT_OK)
        vm_count(&d->stats.errors, 1);
    PUT_FIELD(vm, gpa, struct cor_hvt_block, ret, ret);
}

/* Ethernet may lose frames: what the tap does not take now is dropped and counted. */
static void do_net_write(struct cor_vm *vm, uint32_t gpa)
{
    struct cor_hvt_net a;
    if (!get_args(vm, COR_HVT_NET_WRITE, gpa, &a, sizeof(a), true))
        return;
    int32_t ret = COR_HVT_EINVAL;
    struct vm_dev *d = get_dev(vm, a.handle, COR_CONFIG_NET);
    if (d) {
        const uint8_t *data =
            get_data(vm, COR_HVT_NET_WRITE, a.data, a.len, COR_PROT_R);
        if (!data)
            return;
        ssize_t n = write(d->fd, data, a.len);
        bool refused =
            n < 0 && (errno == EINVAL || errno == EMSGSIZE || errno == EFBIG);
        ret = refused ? COR_HVT_EINVAL : COR_HVT_OK;
        if (n > 0) {
            vm_count(&d->stats.tx_ops, 1);
            vm_count(&d->stats.tx_bytes, (uint64_t)n);
        } else {
            vm_count(&d->stats.errors, 1);
        }
    }
    PUT_FIELD(vm, gpa, struct cor_hvt_net, ret, ret);
}

static void do_net_read(struct cor_vm *vm, uint32_t gpa)
{
    struct cor_hvt_net a;
    if (!get_args(vm, COR_HVT_NET_READ, gpa, &a, sizeof(a), true))
        return;
    int32_t ret = COR_HVT_EINVAL;
    struct vm_dev *d = get_dev(vm, a.handle, COR_CONFIG_NET);
    if (d) {
        uint8_t *data = get_data(vm, COR_HVT_NET_READ, a.data, a.len, COR_PROT_W);
        if (!data)
            return;
        ssize_t n = read(d->fd, data, a.len);
        ret = n > 0 ? COR_HVT_OK : COR_HVT_AGAIN;
        if (n > 0) {
            vm_count(&d->stats.rx_ops, 1);
            vm_count(&d->stats.rx_bytes, (uint64_t)n);
            PUT_FIELD(vm, gpa, struct cor_hvt_net, len, (uint64_t)n);
        } else if (n < 0 && errno != EAGAIN && errno != EINTR) {
            vm_count(&d->stats.errors, 1);
        }
    }
    PUT_FIELD(vm, gpa, struct cor_hvt_net, ret, ret);
}

static void do_halt(struct cor_vm *vm, uint32_t gpa)
{
    struct cor_hvt_halt a;
    if (!get_args(vm, COR_HVT_HALT, gpa, &a, sizeof(a), false))
        return;
    if (a.cookie) {
        const void *p =
            get_data(vm, COR_HVT_HALT, a.cookie, COR_HVT_COOKIE_SIZE, COR_PROT_R);
        if (!p)
            return;
        memcpy(&vm->exit.trap, p, sizeof(vm->exit.trap));
        vm->exit.has_trap = true;
    }
    bool named = vm->exit.has_trap && vm->reflected[0];
    vm_end(vm, COR_VM_END_GUEST, a.exit_status & 0xff,
           "the guest halted with status %d%s%s", a.exit_status & 0xff,
           named ? " after a guest fault: " : "", named ? vm->reflected : "");
}

void vm_hypercall(struct cor_vm *vm, unsigned int nr, uint32_t gpa)
{
    vm_count(&vm->exits[nr], 1);
    switch ((enum cor_hvt_call)nr) {
    case COR_HVT_WALLTIME:
        do_walltime(vm, gpa);
        break;
    case COR_HVT_PUTS:
        do_puts(vm, gpa);
        break;
    case COR_HVT_POLL:
        do_poll(vm, gpa);
        break;
    case COR_HVT_BLOCK_WRITE:
    case COR_HVT_BLOCK_READ:
        do_block(vm, nr, gpa);
        break;
    case COR_HVT_NET_WRITE:
        do_net_write(vm, gpa);
        break;
    case COR_HVT_NET_READ:
        do_net_read(vm, gpa);
        break;
    case COR_HVT_HALT:
        do_halt(vm, gpa);
        break;
    case COR_HVT_CALL_MAX:
        break;
    }
}
