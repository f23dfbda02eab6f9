/*
 * sandbox.c - giving up: privileges, files, and nearly every system call.
 *
 * What every thread needs, whatever it does:
 * #syscalls:vcpu,event,vcpu_gdb write(STDERR) exit_group rt_sigreturn futex
 * #syscalls:vcpu,event,vcpu_gdb clock_gettime restart_syscall
 *
 * abort() after a failed assertion needs calls that the list does not have; it then
 * ends as a violation that names tgkill or rt_sigprocmask, behind the assertion's own
 * line.
 */
#include <errno.h>
#include <filters.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include <cor/sandbox/sandbox.h>

/* Landlock's interface, for headers that are older than the kernel. */
#define LANDLOCK_VERSION_FLAG 1u
#define LANDLOCK_FS_ALL       0x1fffULL /* ABI 1 */
#define LANDLOCK_NET_ALL      3ULL      /* ABI 4: bind and connect TCP */
#define LANDLOCK_SCOPE_ALL    3ULL      /* ABI 6: abstract unix sockets, signals */

struct landlock_attr {
    uint64_t handled_access_fs, handled_access_net, scoped;
};

static cor_sandbox_report *reporter;

int cor_sandbox_drop(struct cor_err *err)
{
    struct __user_cap_header_struct head = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[2] = {{0}};
    /* With no_new_privs an exec can give nothing back, so the bounding set may stay. */
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
        return cor_err_os(err, errno, "sandbox: no_new_privs");
    if (syscall(SYS_capset, &head, none) < 0)
        return cor_err_os(err, errno, "sandbox: cannot drop capabilities");
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) < 0)
        return cor_err_os(err, errno, "sandbox: cannot become undumpable");
    return 0;
}

int cor_sandbox_landlock(struct cor_err *err)
{
    struct landlock_attr attr = {.handled_access_fs = LANDLOCK_FS_ALL};
    long abi = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_VERSION_FLAG);
    if (abi <= 0)
        return 0; /* the kernel has none: seccomp has no call that opens a path */
    size_t size = offsetof(struct landlock_attr, handled_access_net);
    if (abi >= 4) {
        attr.handled_access_net = LANDLOCK_NET_ALL;
        size = offsetof(struct landlock_attr, scoped);
    }
    if (abi >= 6) {
        attr.scoped = LANDLOCK_SCOPE_ALL;
        size = sizeof(attr);
    }
    long fd = syscall(SYS_landlock_create_ruleset, &attr, size, 0);
    if (fd < 0)
        return cor_err_os(err, errno, "sandbox: Landlock");
    long r = syscall(SYS_landlock_restrict_self, fd, 0);
    int saved = errno;
    (void)close((int)fd);
    return r < 0 ? cor_err_os(err, saved, "sandbox: Landlock") : (int)abi;
}

const char *cor_sandbox_syscall_name(int nr)
{
    if (nr < 0 || (size_t)nr >= sizeof(syscall_names) / sizeof(syscall_names[0]) ||
        !syscall_names[nr])
        return "unknown";
    return syscall_names[nr];
}

static void on_sigsys(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)context;
    if (reporter)
        reporter(info->si_syscall, cor_sandbox_syscall_name(info->si_syscall));
    _exit(COR_EXIT_SANDBOX);
}

int cor_sandbox_catch(cor_sandbox_report *report, struct cor_err *err)
{
    struct sigaction sa = {.sa_sigaction = on_sigsys, .sa_flags = SA_SIGINFO};
    reporter = report;
    if (sigaction(SIGSYS, &sa, NULL) < 0)
        return cor_err_os(err, errno, "sandbox: SIGSYS");
    return 0;
}

int cor_sandbox_enter(enum cor_sandbox_filter f, struct cor_err *err)
{
#define FILTER(list)                                       \
    {                                                      \
        sizeof(filter_##list) / sizeof(filter_##list[0]),  \
            (struct sock_filter *)(uintptr_t)filter_##list \
    }
    static const struct sock_fprog programs[] = {[COR_SANDBOX_VCPU] = FILTER(vcpu),
                                                 [COR_SANDBOX_EVENT] = FILTER(event),
                                                 [COR_SANDBOX_VCPU_GDB] =
                                                     FILTER(vcpu_gdb)};
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &programs[f]) != 0)
        return cor_err_os(err, errno, "sandbox: seccomp");
    return 0;
}
