/*
 * console.c - guest output: to the console descriptor, and to a ring for who attaches.
 *
 * One hypercall's output is one write. A reader that does not keep up stalls the guest,
 * but only as long as the configuration says; then output is dropped and counted, and
 * the guest is not stalled again until the reader has caught up.
 */
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "vm_priv.h"

static void to_ring(struct cor_vm *vm, const uint8_t *data, size_t len)
{
    uint64_t head = atomic_load_explicit(&vm->console_head, memory_order_relaxed);
    uint64_t end = head + len;
    if (len > CONSOLE_RING) {
        data += len - CONSOLE_RING;
        head = end - CONSOLE_RING;
    }
    while (head < end) {
        size_t at = head % CONSOLE_RING;
        size_t n = CONSOLE_RING - at < end - head ? CONSOLE_RING - at : end - head;
        memcpy(vm->console_ring + at, data, n);
        data += n;
        head += n;
    }
    atomic_store_explicit(&vm->console_head, end, memory_order_release);
}

static uint64_t now_ms(void)
{
    struct timespec ts;
    (void)clock_gettime(CLOCK_MONOTONIC, &ts);
    return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

/* Waits until the console takes more. False: give up on this output. */
static bool wait_writable(struct cor_vm *vm, uint64_t since)
{
    struct pollfd p[2] = {{.fd = vm->config->console_fd, .events = POLLOUT},
                          {.fd = vm->wake_fd, .events = POLLIN}};
    struct timespec ts, *timeout = NULL;
    int64_t stall = vm->config->console_stall_ms;
    if (atomic_load(&vm->requests) & COR_VM_STOP)
        return false;
    if (stall >= 0) {
        int64_t left = stall - (int64_t)(now_ms() - since);
        if (left <= 0 || vm->console_given_up)
            return false;
        ts = (struct timespec){left / 1000, left % 1000 * 1000000};
        timeout = &ts;
    }
    int r = ppoll(p, 2, timeout, NULL);
    if (r > 0 && (p[1].revents & POLLIN))
        (void)vm_serve_requests(vm);
    return (r > 0 || errno == EINTR) && !vm->ended;
}

/*
 * Where stalls are bounded, ask before each write: the descriptor may be a blocking
 * pipe that somebody else shares, so its flags are not ours to change. A pipe that
 * polls as writable takes PIPE_BUF bytes without blocking.
 */
static ssize_t write_some(struct cor_vm *vm, const uint8_t *data, size_t len,
                          bool bounded)
{
    struct pollfd p = {.fd = vm->config->console_fd, .events = POLLOUT};
    if (bounded) {
        struct timespec zero = {0};
        if (ppoll(&p, 1, &zero, NULL) == 0) {
            errno = EAGAIN;
            return -1;
        }
        len = len > PIPE_BUF ? PIPE_BUF : len;
    }
    return write(vm->config->console_fd, data, len);
}

void vm_console_write(struct cor_vm *vm, const uint8_t *data, size_t len)
{
    uint64_t since = 0;
    to_ring(vm, data, len);
    if (atomic_load_explicit(&vm->watch_console, memory_order_relaxed)) {
        uint64_t one = 1;
        if (write(vm->notify_fd, &one, sizeof(one)) < 0)
            vm_count(&vm->exits[COR_VM_EXIT_OTHER],
                     0); /* a full counter wakes as well */
    }
    while (len > 0 && vm->config->console_fd >= 0) {
        ssize_t n = write_some(vm, data, len, vm->config->console_stall_ms >= 0);
        if (n > 0) {
            vm->console_given_up = false;
            data += n;
            len -= (size_t)n;
            continue;
        }
        if (n < 0 && errno == EINTR) {
            (void)vm_serve_requests(vm);
            if (vm->ended)
                break;
            continue;
        }
        if (since == 0)
            since = now_ms();
        if (n < 0 && errno == EAGAIN && wait_writable(vm, since))
            continue;
        vm->console_given_up = true;
        break;
    }
    if (len > 0 && vm->config->console_fd >= 0)
        vm_count(&vm->console_dropped, len);
}

void cor_vm_watch_console(struct cor_vm *vm, bool on)
{
    atomic_store(&vm->watch_console, on);
}

size_t cor_vm_console_read(const struct cor_vm *vm, uint64_t *offset, void *buf,
                           size_t len, uint64_t *lost)
{
    uint64_t head = atomic_load_explicit(&vm->console_head, memory_order_acquire);
    uint64_t at = *offset, oldest = head > CONSOLE_RING ? head - CONSOLE_RING : 0;
    *lost = 0;
    if (at > head)
        at = head;
    if (at < oldest) {
        *lost = oldest - at;
        at = oldest;
    }
    size_t n = head - at < len ? (size_t)(head - at) : len;
    for (size_t done = 0; done < n;) {
        size_t from = (at + done) % CONSOLE_RING;
        size_t part = CONSOLE_RING - from < n - done ? CONSOLE_RING - from : n - done;
        memcpy((uint8_t *)buf + done, vm->console_ring + from, part);
        done += part;
    }
    *offset = at + n;
    return n;
}
