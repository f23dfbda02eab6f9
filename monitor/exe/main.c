/*
 * main.c - coracle-monitor: one process is one machine.
 *
 * Phases: options; open what they name; move descriptors to their fixed numbers; make
 * the machine; close the sandbox; run. After the second phase no path is opened, after
 * the fifth the thread can do little more than run the guest.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cor/base/cleanup.h>
#include <cor/base/fd.h>
#include <cor/base/log.h>
#include <cor/sandbox/fds.h>
#include <cor/sandbox/sandbox.h>

#include "devices.h"
#include "eventloop.h"
#include "fixed.h"
#include "inspect.h"
#include "options.h"
#include "paths.h"
#include "timeline.h"

static struct mon_options options;
static struct cor_config config;
static struct cor_image image;
static struct mon_machine machine;
static int guard = -1;

/* The one place where an errno becomes an exit code. */
static int exit_code(int code)
{
    switch (code) {
    case EINVAL:
    case ENOEXEC:
    case ERANGE:
    case E2BIG:
    case EFBIG:
        return COR_EXIT_DATA;
    case ENODEV:
    case ENOSYS:
    case EOPNOTSUPP:
        return COR_EXIT_LACKS;
    default:
        return COR_EXIT_OS;
    }
}

static int fail(const struct cor_err *err)
{
    cor_log(COR_LOG_ERROR, "%s", err->text);
    return exit_code(err->code);
}

static int read_config(const char *name, struct cor_err *err)
{
    COR_AUTO_FREE char *text = NULL;
    COR_AUTO_CLOSE int fd = mon_option_fd(name);
    size_t len;
    if (fd < 0)
        fd = open(name, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return cor_err_os(err, errno, "configuration %s", name);
    int r = cor_fd_read_all(fd, COR_CONFIG_JSON_MAX, &text, &len, err);
    if (r == 0)
        r = cor_config_parse(text, len, &config, err);
    return r < 0 ? cor_err_wrap(err, "configuration %s", name) : 0;
}

static int make_config(struct cor_err *err)
{
    cor_config_init(&config);
    if (options.config) {
        int r = read_config(options.config, err);
        config.trace |= options.trace;
        return r;
    }
    config.mem_size = options.mem_size;
    config.privileged_guest = options.privileged_guest;
    config.trace = options.trace;
    config.console_stall_ms = options.console_stall_ms;
    config.stop_timeout_ms = options.stop_timeout_ms;
    config.exit_fd = options.exit_fd;
    memcpy(config.cmdline, options.cmdline, sizeof(config.cmdline));
    int r = mon_devices_open(&options, &config, err);
    return r < 0 ? r : cor_config_check(&config, err);
}

static int make_machine(struct cor_err *err)
{
    struct cor_vm_opts o = {.config = &config,
                            .image = &image,
                            .wake_fd = COR_FD_WAKE,
                            .notify_fd = COR_FD_NOTIFY,
                            .vm_fd_to = COR_FD_VM,
                            .vcpu_fd_to = COR_FD_VCPU,
                            .gdb_fd_to = COR_FD_GDB,
                            .wait_gdb = config.gdb_fd >= 0};
    int kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
    if (kvm < 0 && errno == EACCES)
        return cor_err_set(err, ENODEV,
                           "/dev/kvm: permission denied (is the user in the "
                           "group that owns it?)");
    if (kvm < 0)
        return cor_err_set(err, ENODEV, "/dev/kvm: %s (is KVM loaded?)",
                           strerror(errno));
    int r = mon_fixed_move(&config, &kvm, &guard, err);
    if (r == 0)
        r = mon_event_prepare(err);
    o.kvm_fd = kvm;
    mon_timeline_mark("descriptors at their numbers");
    if (r == 0)
        r = cor_vm_create(&machine.vm, &o, err);
    (void)close(kvm);
    return r;
}

/* SIGSYS handler: says which call it was; the sandbox then ends the process with 159.
 */
static void violated(int nr, const char *name)
{
    cor_log(COR_LOG_ERROR, "sandbox violation: system call %s (%d)", name, nr);
}

static int close_sandbox(struct cor_err *err)
{
    int r = cor_sandbox_catch(violated, err);
    if (r == 0)
        r = cor_sandbox_drop(err);
    if (r == 0)
        r = cor_sandbox_landlock(err);
    if (r >= 0)
        r = mon_event_start(&machine, err);
    if (r == 0)
        r = cor_sandbox_enter(
            config.gdb_fd >= 0 ? COR_SANDBOX_VCPU_GDB : COR_SANDBOX_VCPU, err);
    return r;
}

static int inspect(void)
{
    struct cor_err err;
    COR_AUTO_CLOSE int fd = open(options.image, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0)
        (void)cor_err_os(&err, errno, "image %s", options.image);
    else if (mon_inspect_print(options.image, fd, options.json, stdout, &err) == 0)
        return 0;
    return fail(&err);
}

static int run(void)
{
    static struct cor_vm_exit end;
    struct cor_err err;
    if (make_config(&err) < 0)
        return fail(&err);
    mon_timeline_mark("options, files and devices opened");
    if (cor_image_read(config.image_fd, &image, &err) < 0) {
        (void)cor_err_wrap(&err, "image %s", options.image ? options.image : "");
        return fail(&err);
    }
    if (cor_image_fit(&image, config.mem_size, &err) < 0) {
        cor_log(COR_LOG_ERROR, "%s (--mem)", err.text);
        return COR_EXIT_DATA;
    }
    if (options.mode == MON_DRY_RUN)
        return 0;
    if (mon_paths_open(&options, &config, &guard, &err) < 0)
        return fail(&err);
    mon_timeline_mark("image read");
    machine.program = options.image;
    machine.config = &config;
    machine.image = &image;
    machine.confined = !config.privileged_guest;
    if (make_machine(&err) < 0)
        return fail(&err);
    mon_timeline_mark("machine made");
    machine.started = mon_now();
    if (close_sandbox(&err) < 0)
        return fail(&err);
    mon_timeline_mark("sandbox closed");
    cor_vm_run(machine.vm, &end);
    mon_finish(&machine, &end);
}

int main(int argc, char **argv)
{
    struct cor_err err;
    mon_timeline_mark("main");
    mon_fixed_stdio();
    cor_log_init("coracle-monitor", COR_LOG_INFO);
    if (mon_options_parse(argc, argv, &options, &err) < 0) {
        cor_log(COR_LOG_ERROR, "%s", err.text);
        (void)fputs("Try 'coracle-monitor --help'.\n", stderr);
        return COR_EXIT_USAGE;
    }
    cor_log_init("coracle-monitor", options.log_level);
    mon_options_warn(&options);
    switch (options.mode) {
    case MON_HELP:
        mon_options_help(stdout);
        return 0;
    case MON_VERSION:
        (void)puts("coracle-monitor " COR_VERSION "\nhvt ABI versions 1 and 2");
        return 0;
    case MON_LIST_OPTIONS:
        mon_options_list(stdout);
        return 0;
    case MON_INSPECT:
        return inspect();
    case MON_RUN:
    case MON_DEBUG:
    case MON_DRY_RUN:
        break;
    }
    return run();
}
