/*
 * eventloop.c - the event thread, and the way out of the process.
 *
 * The main thread becomes the vCPU thread. This one reads signals from a descriptor,
 * keeps the deadline of a stop, serves control clients, and watches a connected gdb for
 * its interrupt byte. It never touches the guest: it sends requests to the vCPU thread.
 *
 * #syscalls:vcpu,vcpu_gdb write(GUARD)
 * #syscalls:event ppoll read(SIGNAL) read(NOTIFY) recvfrom(GDB)
 * #syscalls:event,vcpu,vcpu_gdb getpid sched_yield
 */
#include "eventloop.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <sys/eventfd.h>
#include <sys/signalfd.h>
#include <sys/socket.h>

#include <cor/base/fd.h>
#include <cor/base/log.h>
#include <cor/ctl/server.h>
#include <cor/sandbox/fds.h>
#include <cor/sandbox/sandbox.h>

#include "control.h"
#include "exitreport.h"
#include "paths.h"
#include "timeline.h"

#define STACK_SIZE 65536u
#define FIXED_FDS  3u

static struct {
    uint64_t deadline; /* CLOCK_MONOTONIC, 0 none */
    int signal;
    _Atomic bool finished;
    _Atomic int ready; /* 0 not yet, 1 sandbox closed, -1 failed */
    struct cor_err err;
} ev;

static void kicked(int signal)
{
    (void)signal; /* its arrival ends KVM_RUN; there is nothing else to do */
}

int mon_event_prepare(struct cor_err *err)
{
    struct sigaction sa = {.sa_handler = kicked};
    sigset_t set;
    int fd[3];
    (void)sigemptyset(&set);
    (void)sigaddset(&set, SIGTERM);
    (void)sigaddset(&set, SIGINT);
    (void)sigaddset(&set, SIGQUIT);
    (void)sigaddset(&set, SIGUSR1);
    if (pthread_sigmask(SIG_BLOCK, &set, NULL) != 0 ||
        sigaction(SIGUSR2, &sa, NULL) < 0 || signal(SIGPIPE, SIG_IGN) == SIG_ERR)
        return cor_err_os(err, errno, "cannot set up signals");
    fd[0] = cor_fd_move(signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC), COR_FD_SIGNAL);
    fd[1] = cor_fd_move(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), COR_FD_WAKE);
    fd[2] = cor_fd_move(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), COR_FD_NOTIFY);
    if (fd[0] < 0 || fd[1] < 0 || fd[2] < 0)
        return cor_err_os(err, EMFILE, "cannot make event descriptors");
    return 0;
}

static void print_counters(const struct mon_machine *m)
{
    static const char *const names[COR_VM_EXIT_REASONS] = {
        NULL,         "walltime",  "puts",     "poll", "block_write",
        "block_read", "net_write", "net_read", "halt", "trap",
        "intr",       "debug",     "other"};
    struct cor_vm_stats s;
    cor_vm_get_stats(m->vm, &s);
    for (unsigned int i = 1; i < COR_VM_EXIT_REASONS; i++) {
        if (s.exits[i])
            cor_log(COR_LOG_INFO, "trace: %8llu exits  %s",
                    (unsigned long long)s.exits[i], names[i]);
    }
    if (s.console_dropped)
        cor_log(COR_LOG_WARN,
                "%llu bytes of console output dropped: the reader is too slow",
                (unsigned long long)s.console_dropped);
}

static uint64_t realtime(void)
{
    struct timespec ts;
    (void)clock_gettime(CLOCK_REALTIME, &ts);
    return (uint64_t)ts.tv_sec * 1000000000ULL + (uint64_t)ts.tv_nsec;
}

/* Only on the vCPU thread: the guest stands still then. */
static void write_core(const struct mon_machine *m, const struct cor_vm_exit *e)
{
    const char keep = MON_KEEP_CORE;
    struct cor_err err;
    if (m->config->core_fd < 0 || !e->wants_core)
        return;
    if (cor_vm_write_core(m->vm, m->program, e, &err) < 0)
        cor_log(COR_LOG_WARN, "%s", err.text);
    else if (write(COR_FD_GUARD, &keep, 1) < 0 && errno != EBADF)
        cor_log(COR_LOG_WARN, "the core file will be removed: the guardian has gone");
}

_Noreturn void mon_finish(struct mon_machine *m, struct cor_vm_exit *e)
{
    static char report[MON_EXITREPORT_SIZE];
    bool expected = false;
    if (!atomic_compare_exchange_strong(&ev.finished, &expected, true)) {
        for (;;)
            (void)ppoll(NULL, 0, NULL, NULL);
    }
    if (e->kind != COR_VM_END_GUEST || (e->has_trap && e->code))
        cor_log(e->kind == COR_VM_END_SIGNAL ? COR_LOG_INFO : COR_LOG_ERROR, "%s",
                e->reason);
    if (m->config->trace) {
        mon_timeline_mark("guest ended");
        mon_timeline_print();
        print_counters(m);
    }
    write_core(m, e);
    if (m->config->exit_fd >= 0) {
        uint64_t ended = realtime();
        size_t n = mon_exitreport_format(e, ended - (mon_now() - m->started), ended,
                                         report, sizeof(report));
        if (cor_fd_write_full(m->config->exit_fd, report, n) < 0)
            cor_log(COR_LOG_WARN, "cannot write the exit report");
    }
    _exit(e->code);
}

void mon_request_stop(struct mon_machine *m, int signal, unsigned int what,
                      uint32_t timeout_ms)
{
    uint64_t at = mon_now() + (uint64_t)timeout_ms * 1000000ULL;
    if (ev.deadline == 0 || at < ev.deadline)
        ev.deadline = at;
    ev.signal = signal;
    cor_vm_request(m->vm, what, signal);
}

static void handle_signals(struct mon_machine *m)
{
    struct signalfd_siginfo si;
    while (read(COR_FD_SIGNAL, &si, sizeof(si)) == (ssize_t)sizeof(si)) {
        int sig = (int)si.ssi_signo;
        if (sig == SIGUSR1)
            print_counters(m);
        else
            mon_request_stop(m, sig, COR_VM_STOP | (sig == SIGQUIT ? COR_VM_CORE : 0),
                             m->config->stop_timeout_ms);
    }
}

/*
 * While the guest runs, gdb sends nothing but its interrupt byte, or hangs up. A packet
 * means that the guest has just stopped: it is the vCPU thread's.
 */
static void handle_gdb(const struct mon_machine *m)
{
    char c;
    ssize_t n = recv(COR_FD_GDB, &c, 1, MSG_PEEK | MSG_DONTWAIT);
    if (n == 1 && c == 0x03)
        (void)recv(COR_FD_GDB, &c, 1, MSG_DONTWAIT);
    if (n == 0 || (n == 1 && c == 0x03))
        cor_vm_request(m->vm, COR_VM_INTERRUPT, 0);
}

static void check_deadline(struct mon_machine *m)
{
    static struct cor_vm_exit e;
    if (ev.deadline == 0 || mon_now() < ev.deadline)
        return;
    e.kind = COR_VM_END_SIGNAL;
    e.code = 128 + SIGKILL;
    (void)snprintf(e.reason, sizeof(e.reason),
                   "did not stop within the deadline after signal %d: ended by force",
                   ev.signal);
    mon_finish(m, &e);
}

static void loop(struct mon_machine *m)
{
    struct pollfd p[FIXED_FDS + COR_CTL_POLL_MAX] = {
        {.fd = COR_FD_SIGNAL, .events = POLLIN},
        {.fd = COR_FD_NOTIFY, .events = POLLIN},
        {.fd = -1, .events = POLLIN}};
    for (;;) {
        struct timespec ts = {0}, *timeout = NULL;
        uint64_t count, now = mon_now();
        unsigned int n = mon_control_poll(p + FIXED_FDS, COR_CTL_POLL_MAX);
        p[2].fd = cor_vm_gdb_connected(m->vm) ? COR_FD_GDB : -1;
        if (ev.deadline) {
            uint64_t left = ev.deadline > now ? ev.deadline - now : 0;
            ts = (struct timespec){(time_t)(left / 1000000000ULL),
                                   (long)(left % 1000000000ULL)};
            timeout = &ts;
        }
        if (ppoll(p, FIXED_FDS + n, timeout, NULL) < 0)
            continue;
        if (p[1].revents)
            (void)(read(COR_FD_NOTIFY, &count, sizeof(count)) < 0);
        if (p[0].revents)
            handle_signals(m);
        if (p[2].fd >= 0 && p[2].revents)
            handle_gdb(m);
        mon_control_handle(p + FIXED_FDS, n);
        check_deadline(m);
    }
}

static void *event_thread(void *arg)
{
    struct mon_machine *m = arg;
    if (cor_sandbox_enter(COR_SANDBOX_EVENT, &ev.err) < 0) {
        atomic_store(&ev.ready, -1);
        return NULL;
    }
    atomic_store(&ev.ready, 1);
    mon_control_init(m);
    loop(m);
    return NULL;
}

int mon_event_start(struct mon_machine *m, struct cor_err *err)
{
    pthread_attr_t attr;
    pthread_t thread;
    int r = pthread_attr_init(&attr);
    if (r == 0)
        r = pthread_attr_setstacksize(&attr, STACK_SIZE);
    if (r == 0)
        r = pthread_create(&thread, &attr, event_thread, m);
    if (r != 0)
        return cor_err_os(err, r, "cannot start the event thread");
    while (atomic_load(&ev.ready) == 0)
        (void)sched_yield();
    if (atomic_load(&ev.ready) < 0) {
        *err = ev.err;
        return -err->code;
    }
    return 0;
}
