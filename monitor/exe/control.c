/*
 * control.c - the control protocol's requests, carried out on this machine.
 *
 * All on the event thread. Pause and resume are answered when the vCPU thread has
 * changed its state, which mon_control_handle() notices on every round of the event
 * loop.
 *
 * #syscalls:event clock_gettime mincore
 */
#include "control.h"

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cor/ctl/server.h>
#include <cor/sandbox/fds.h>

#include "timeline.h"

static struct {
    struct mon_machine *m;
    struct cor_ctl_server server;
    clockid_t vcpu_clock;
    bool pausing, resuming, stopping;
    bool stop_now; /* a stop has been answered and is to be carried out */
    uint32_t stop_ms;
} control;

static int status(void *ctx, struct cor_ctl_status *ret)
{
    static const uint32_t states[] = {[COR_VM_CREATED] = COR_CTL_STATE_CREATED,
                                      [COR_VM_RUNNING] = COR_CTL_STATE_RUNNING,
                                      [COR_VM_PAUSED] = COR_CTL_STATE_PAUSED,
                                      [COR_VM_STOPPED] = COR_CTL_STATE_STOPPED};
    const struct mon_machine *m = ctx;
    enum cor_vm_state state = cor_vm_get_state(m->vm);
    ret->state = states[state];
    if (control.stopping && state != COR_VM_STOPPED)
        ret->state = COR_CTL_STATE_STOPPING;
    ret->pid = (uint32_t)getpid();
    ret->uptime_ns = mon_now() - m->started;
    ret->mem_size = m->config->mem_size;
    ret->abi_version = m->image->version;
    ret->flags = m->confined ? COR_CTL_CONFINED : 0;
    return 0;
}

static uint64_t clock_ns(clockid_t clock)
{
    struct timespec ts = {0};
    (void)clock_gettime(clock, &ts);
    return (uint64_t)ts.tv_sec * 1000000000ULL + (uint64_t)ts.tv_nsec;
}

static int stats(void *ctx, struct cor_ctl_stats *ret)
{
    const struct mon_machine *m = ctx;
    struct cor_vm_stats s;
    cor_vm_get_stats(m->vm, &s);
    memcpy(ret->exits, s.exits, sizeof(ret->exits));
    ret->console_bytes = s.console_bytes;
    ret->console_dropped = s.console_dropped;
    ret->mem_size = m->config->mem_size;
    ret->mem_resident = cor_vm_resident(m->vm);
    ret->vcpu_cpu_ns = clock_ns(control.vcpu_clock);
    ret->event_cpu_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID);
    ret->devices = m->config->ndevs;
    for (unsigned int i = 0; i < m->config->ndevs; i++) {
        struct cor_vm_dev_stats d;
        cor_vm_get_dev_stats(m->vm, i, &d);
        ret->device[i] = (struct cor_ctl_device){
            .handle = d.handle,
            .type = m->config->dev[i].type == COR_CONFIG_NET ? COR_CTL_DEVICE_NET
                                                             : COR_CTL_DEVICE_BLOCK,
            .rx_bytes = d.rx_bytes,
            .tx_bytes = d.tx_bytes,
            .rx_ops = d.rx_ops,
            .tx_ops = d.tx_ops,
            .errors = d.errors};
    }
    return 0;
}

static int do_pause(void *ctx)
{
    const struct mon_machine *m = ctx;
    if (control.stopping)
        return -ESHUTDOWN;
    if (cor_vm_get_state(m->vm) == COR_VM_PAUSED && !control.resuming)
        return 0;
    control.pausing = true;
    cor_vm_request(m->vm, COR_VM_PAUSE, 0);
    return COR_CTL_LATER;
}

static int do_resume(void *ctx)
{
    const struct mon_machine *m = ctx;
    if (control.stopping)
        return -ESHUTDOWN;
    if (cor_vm_get_state(m->vm) == COR_VM_RUNNING && !control.pausing)
        return 0;
    control.resuming = true;
    cor_vm_request(m->vm, COR_VM_RESUME, 0);
    return COR_CTL_LATER;
}

/* Only noted here: the answer goes out before the machine can be gone. */
static int do_stop(void *ctx, uint32_t timeout_ms)
{
    const struct mon_machine *m = ctx;
    control.stopping = control.stop_now = true;
    control.stop_ms =
        timeout_ms == COR_CTL_STOP_DEFAULT ? m->config->stop_timeout_ms : timeout_ms;
    return 0;
}

static size_t console(void *ctx, uint64_t *offset, void *buf, size_t len,
                      uint64_t *lost)
{
    const struct mon_machine *m = ctx;
    return cor_vm_console_read(m->vm, offset, buf, len, lost);
}

static void watch(void *ctx, bool on)
{
    const struct mon_machine *m = ctx;
    cor_vm_watch_console(m->vm, on);
}

void mon_control_init(struct mon_machine *m)
{
    static struct cor_ctl_ops ops = {.status = status,
                                     .stats = stats,
                                     .pause = do_pause,
                                     .resume = do_resume,
                                     .stop = do_stop,
                                     .console = console,
                                     .watch = watch};
    control.m = m;
    if (m->config->control_fd < 0)
        return;
    /* The main thread is the vCPU thread: its clock from its own thread id (pid). */
    control.vcpu_clock = (clockid_t)(~(unsigned int)getpid() << 3 | 6);
    ops.ctx = m;
    cor_ctl_server_init(&control.server, m->config->control_fd, COR_FD_CLIENT, &ops);
}

unsigned int mon_control_poll(struct pollfd *pfd, unsigned int max)
{
    if (control.m->config->control_fd < 0)
        return 0;
    return cor_ctl_server_poll(&control.server, pfd, max);
}

void mon_control_handle(const struct pollfd *pfd, unsigned int n)
{
    if (control.m->config->control_fd < 0)
        return;
    cor_ctl_server_handle(&control.server, pfd, n);
    if (control.stop_now)
        mon_request_stop(control.m,
                         control.stop_ms == COR_CTL_STOP_NOW ? SIGKILL : SIGTERM,
                         COR_VM_STOP, control.stop_ms);
    control.stop_now = false;
    enum cor_vm_state state = cor_vm_get_state(control.m->vm);
    if (control.pausing && state != COR_VM_RUNNING) {
        control.pausing = false;
        cor_ctl_server_complete(&control.server, COR_CTL_PAUSE,
                                state == COR_VM_PAUSED ? 0 : -ESHUTDOWN);
    }
    if (control.resuming && state != COR_VM_PAUSED) {
        control.resuming = false;
        cor_ctl_server_complete(&control.server, COR_CTL_RESUME,
                                state == COR_VM_RUNNING ? 0 : -ESHUTDOWN);
    }
    cor_ctl_server_console_ready(&control.server);
}
