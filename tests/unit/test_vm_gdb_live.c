/*
 * test_vm_gdb_live.c - a real gdb against the server.
 *
 * The machine has two instructions: nop (0x90) and anything else, which ends it with
 * the status in al. A thread plays the vCPU; gdb runs as a child, with its commands on
 * the command line.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <cor/vm/gdb.h>

#include "cor_cmocka.h"

#define MEM_SIZE 0x4000u
#define ENTRY    0x1000u
#define LAST     0x1040u /* ends the machine */
#define ARGS_MAX 64u

struct machine {
    uint8_t mem[MEM_SIZE];
    struct cor_gdb_regs regs;
    bool spins; /* nops lead back to the entry */
    struct cor_gdb g;
    int listener;
    enum cor_gdb_action last;
    bool ended;
};

static int regs_get(void *ctx, struct cor_gdb_regs *ret)
{
    *ret = ((const struct machine *)ctx)->regs;
    return 0;
}

static int regs_set(void *ctx, const struct cor_gdb_regs *regs)
{
    ((struct machine *)ctx)->regs = *regs;
    return 0;
}

static int mem_read(void *ctx, uint64_t addr, void *buf, size_t len)
{
    const struct machine *m = ctx;
    if (addr > MEM_SIZE || len > MEM_SIZE - addr)
        return -EFAULT;
    memcpy(buf, m->mem + addr, len);
    return 0;
}

static int mem_write(void *ctx, uint64_t addr, const void *buf, size_t len)
{
    struct machine *m = ctx;
    if (addr > MEM_SIZE || len > MEM_SIZE - addr)
        return -EFAULT;
    memcpy(m->mem + addr, buf, len);
    return 0;
}

/* Runs on until something happens: the signal of a stop, or 0 at the end. */
static int execute(struct machine *m, bool step)
{
    do {
        char c;
        const uint64_t rip = m->regs.rip;
        if (rip >= MEM_SIZE)
            return SIGSEGV;
        if (cor_gdb_is_breakpoint(&m->g, rip))
            return SIGTRAP;
        if (m->mem[rip] != 0x90)
            return 0;
        m->regs.rip = m->spins && rip + 1 == LAST ? ENTRY : rip + 1;
        m->regs.gpr[2]++; /* counts in rcx */
        if (m->spins && recv(m->g.fd, &c, 1, MSG_DONTWAIT) == 1 && c == 0x03)
            return SIGINT;
    } while (!step);
    return SIGTRAP;
}

static void *vcpu(void *arg)
{
    struct machine *m = arg;
    const struct cor_gdb_ops ops = {m, regs_get, regs_set, mem_read, mem_write};
    struct cor_err err;
    int signal = SIGTRAP;
    int fd = accept(m->listener, NULL, NULL);
    if (fd < 0)
        return NULL;
    cor_gdb_init(&m->g, fd, -1, &ops);
    do {
        if (cor_gdb_stopped(&m->g, signal, &m->last, &err) < 0)
            break;
        if (m->last != COR_GDB_CONTINUE && m->last != COR_GDB_STEP)
            break;
        signal = execute(m, m->last == COR_GDB_STEP);
    } while (signal);
    m->ended = signal == 0;
    if (m->ended)
        (void)cor_gdb_exited(&m->g, (int)(m->regs.gpr[0] & 0xff));
    (void)close(fd);
    return NULL;
}

static void init_machine(struct machine *m)
{
    memset(m, 0, sizeof(*m));
    memset(m->mem + ENTRY, 0x90, LAST - ENTRY);
    m->mem[LAST] = 0xf4;
    memcpy(m->mem + 0x2000, "a guest's text", 15);
    m->regs.rip = ENTRY;
    m->regs.eflags = 0x246;
    m->regs.cs = 0x23;
    m->regs.gpr[0] = 7;
    m->regs.gpr[7] = 0x3ff0;
    m->regs.fs_base = 0xf5b;
    m->regs.gs_base = 0x65b;
    m->last = COR_GDB_WOKEN;
}

/* Runs gdb and takes all that it says; its exit status. */
static int run_gdb(const char *const *argv, char *text, size_t size)
{
    int out[2], status;
    size_t used = 0;
    ssize_t n;
    assert_int_equal(pipe(out), 0);
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        (void)dup2(out[1], 1);
        (void)dup2(out[1], 2);
        (void)close(out[0]);
        (void)close(out[1]);
        (void)unsetenv("DEBUGINFOD_URLS");
        (void)execvp("gdb", (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    (void)close(out[1]);
    while ((n = read(out[0], text + used, size - 1 - used)) > 0)
        used += (size_t)n;
    text[used] = '\0';
    (void)close(out[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}

/* A session: gdb connects to m and does the commands, up to a NULL. */
static const char *session(struct machine *m, const char *const *commands)
{
    static char text[1 << 16], target[160];
    char dir[] = P_tmpdir "/cor-gdb-XXXXXX";
    struct sockaddr_un addr = {.sun_family = AF_UNIX};
    const char *argv[ARGS_MAX] = {"gdb",         "-nx", "-batch",          "-ex",
                                  "set width 0", "-ex", "set confirm off", "-ex",
                                  target};
    unsigned int n = 9;
    pthread_t thread;
    for (unsigned int i = 0; commands[i]; i++) {
        assert_true(n + 3 < ARGS_MAX);
        argv[n++] = "-ex";
        argv[n++] = commands[i];
    }
    assert_non_null(mkdtemp(dir));
    (void)snprintf(addr.sun_path, sizeof(addr.sun_path), "%s/gdb", dir);
    (void)snprintf(target, sizeof(target), "target remote %s", addr.sun_path);
    m->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(m->listener >= 0);
    assert_int_equal(bind(m->listener, (struct sockaddr *)&addr, sizeof(addr)), 0);
    assert_int_equal(listen(m->listener, 1), 0);
    assert_int_equal(pthread_create(&thread, NULL, vcpu, m), 0);
    const int status = run_gdb(argv, text, sizeof(text));
    (void)shutdown(m->listener, SHUT_RDWR); /* ends accept() if gdb did not come */
    assert_int_equal(pthread_join(thread, NULL), 0);
    (void)close(m->listener);
    (void)unlink(addr.sun_path);
    (void)rmdir(dir);
    if (status == 127) {
        print_message("no gdb here\n");
        skip();
    }
    return text;
}

static void assert_says(const char *text, const char *what)
{
    if (strstr(text, what))
        return;
    (void)fprintf(stderr, "%s\n", text);
    fail_msg("gdb did not say '%s'", what);
}

static void test_looks_around(void **state)
{
    (void)state;
    static struct machine m;
    static const char *const commands[] = {"info registers",
                                           "p/x $fs_base",
                                           "p/x $gs_base",
                                           "x/3xb 0x103f",
                                           "x/s 0x2000",
                                           "x/4xb 0x3ffe",
                                           "p $st0",
                                           "info threads",
                                           "show architecture",
                                           NULL};
    init_machine(&m);
    const char *text = session(&m, commands);
    assert_says(text, "rax            0x7 ");
    assert_says(text, "rsp            0x3ff0 ");
    assert_says(text, "rip            0x1000 ");
    assert_says(text, "eflags         0x246               [ PF ZF IF ]");
    assert_says(text, "cs             0x23 ");
    assert_says(text, "$1 = 0xf5b\n");
    assert_says(text, "$2 = 0x65b\n");
    assert_says(text, "0x103f:\t0x90\t0xf4\t0x00\n");
    assert_says(text, "0x2000:\t\"a guest's text\"\n");
    assert_says(text, "0x3ffe:\t0x00\t0x00\tCannot access memory at address 0x4000\n");
    assert_says(text, "$3 = <unavailable>\n");
    assert_says(text, "* 1    Thread 1 ");
    assert_says(text, "currently \"i386:x86-64\"");
    assert_int_equal(m.last, COR_GDB_DETACH); /* gdb lets go at its end */
}

static void test_changes_things(void **state)
{
    (void)state;
    static struct machine m;
    static const char *const commands[] = {
        "set $rax = 0x1122334455667788",
        "set $eflags = 0x3",
        "set $rip = 0x1004",
        "set {int}0x3000 = 0x24232a7d", /* the four bytes that are escaped */
        "set {char[15]}0x2000 = \"another's text\"",
        NULL};
    init_machine(&m);
    (void)session(&m, commands);
    assert_int_equal(m.regs.gpr[0], 0x1122334455667788ULL);
    assert_int_equal(m.regs.gpr[7], 0x3ff0);
    assert_int_equal(m.regs.eflags, 3);
    assert_int_equal(m.regs.rip, 0x1004);
    assert_memory_equal(m.mem + 0x3000, "}*#$", 4);
    assert_string_equal(m.mem + 0x2000, "another's text");
    assert_int_equal(m.last, COR_GDB_DETACH);
}

/* Two breakpoints side by side: gdb must not take the second for the first. */
static void test_stops_at_breakpoints(void **state)
{
    (void)state;
    static struct machine m;
    static const char *const commands[] = {"break *0x100f",
                                           "break *0x1010",
                                           "tbreak *0x1020",
                                           "continue",
                                           "x/2xb 0x100f",
                                           "continue",
                                           "continue",
                                           "stepi",
                                           "stepi",
                                           "p $rcx",
                                           "delete",
                                           "continue",
                                           NULL};
    init_machine(&m);
    const char *text = session(&m, commands);
    assert_says(text, "\nBreakpoint 1, 0x000000000000100f in ?? ()\n");
    assert_says(text, "0x100f:\t0x90\t0x90\n");
    assert_says(text, "\nBreakpoint 2, 0x0000000000001010 in ?? ()\n");
    assert_says(text, "\nTemporary breakpoint 3, 0x0000000000001020 in ?? ()\n");
    assert_says(text, "\n0x0000000000001021 in ?? ()\n0x0000000000001022 in ?? ()\n");
    assert_says(text, "$1 = 34\n");
    assert_says(text, "[Inferior 1 (Remote target) exited with code 07]");
    assert_true(m.ended);
    assert_int_equal(m.regs.gpr[2], LAST - ENTRY);
    for (unsigned int a = ENTRY; a < LAST; a++)
        assert_int_equal(m.mem[a], 0x90);
}

static void test_detaches_with_breakpoints(void **state)
{
    (void)state;
    static struct machine m;
    static const char *const commands[] = {"break *0x1010", "continue", "detach", NULL};
    init_machine(&m);
    assert_says(session(&m, commands), "[Inferior 1 (Remote target) detached]");
    assert_int_equal(m.last, COR_GDB_DETACH);
    assert_int_equal(m.mem[0x1010], 0x90);
}

static void test_kills(void **state)
{
    (void)state;
    static struct machine m;
    static const char *const commands[] = {"kill", NULL};
    init_machine(&m);
    assert_says(session(&m, commands), "[Inferior 1 (Remote target) killed]");
    assert_int_equal(m.last, COR_GDB_KILL);
}

static void test_reports_a_fault(void **state)
{
    (void)state;
    static struct machine m;
    static const char *const commands[] = {"set $rip = 0x9999", "continue", NULL};
    init_machine(&m);
    assert_says(session(&m, commands),
                "Program received signal SIGSEGV, Segmentation fault.\n"
                "0x0000000000009999 in ?? ()\n");
}

static void test_interrupts(void **state)
{
    (void)state;
    static struct machine m;
    static const char *const commands[] = {
        "python import os, signal, threading",
        "python threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()",
        "continue", "p $rcx > 0", NULL};
    init_machine(&m);
    m.spins = true;
    const char *text = session(&m, commands);
    if (strstr(text, "Python scripting is not supported")) {
        print_message("a gdb without Python\n");
        skip();
    }
    assert_says(text, "Program received signal SIGINT, Interrupt.\n");
    assert_says(text, "$1 = 1\n");
    assert_int_equal(m.last, COR_GDB_DETACH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_looks_around),
        cmocka_unit_test(test_changes_things),
        cmocka_unit_test(test_stops_at_breakpoints),
        cmocka_unit_test(test_detaches_with_breakpoints),
        cmocka_unit_test(test_kills),
        cmocka_unit_test(test_reports_a_fault),
        cmocka_unit_test(test_interrupts),
    };
    (void)alarm(120); /* a session that never ends fails */
    return cmocka_run_group_tests(tests, NULL, NULL);
}
