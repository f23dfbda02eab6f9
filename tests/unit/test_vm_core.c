/*
 * test_vm_core.c - core files, read back by hand and by gdb.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sys/mman.h>
#include <sys/procfs.h>
#include <sys/stat.h>
#include <sys/user.h>
#include <sys/wait.h>

#include <cor/base/cleanup.h>
#include <cor/vm/core.h>

#include "cor_cmocka.h"

#define PAGE 4096u

static uint8_t memory[32 * PAGE];

static const struct cor_gdb_regs some_regs = {.gpr = {0xa0, 0xb0, 0xc0, 0xd0, 0x51,
                                                      0xd1, 0xb9, 0x59, 8, 9, 10, 11,
                                                      12, 13, 14, 15},
                                              .rip = 0x5010,
                                              .eflags = 0x246,
                                              .cs = 0x23,
                                              .ss = 0x1b,
                                              .ds = 1,
                                              .es = 2,
                                              .fs = 3,
                                              .gs = 4,
                                              .fs_base = 0xf5b,
                                              .gs_base = 0x65b};

static struct cor_core some_core(uint64_t size)
{
    return (struct cor_core){.mem = memory,
                             .mem_size = size,
                             .regs = some_regs,
                             .signal = SIGSEGV,
                             .program = "images/a-unikernel-of-some-length.hvt",
                             .pid = 4711};
}

static int temporary(void)
{
    int fd = memfd_create("core", MFD_CLOEXEC);
    assert_true(fd >= 0);
    return fd;
}

static uint8_t *whole_file(int fd, size_t *size)
{
    struct stat st;
    assert_int_equal(fstat(fd, &st), 0);
    *size = (size_t)st.st_size;
    uint8_t *p = mmap(NULL, *size, PROT_READ, MAP_SHARED, fd, 0);
    assert_true(p != MAP_FAILED);
    return p;
}

/* The content of the first note of a type. */
static const uint8_t *find_note(const uint8_t *notes, size_t size, uint32_t type,
                                size_t want)
{
    size_t at = 0;
    while (at < size) {
        Elf64_Nhdr n;
        assert_true(size - at >= sizeof(n));
        memcpy(&n, notes + at, sizeof(n));
        const size_t name = at + sizeof(n), desc = name + ((n.n_namesz + 3) & ~3u);
        assert_int_equal(n.n_namesz, 5);
        assert_memory_equal(notes + name, "CORE", 5);
        assert_true(desc + n.n_descsz <= size);
        if (n.n_type == type) {
            assert_int_equal(n.n_descsz, want);
            return notes + desc;
        }
        at = desc + ((n.n_descsz + 3) & ~3u);
    }
    fail_msg("no note %u", type);
    return NULL;
}

static void fill_memory(void)
{
    memset(memory, 0, sizeof(memory));
    for (unsigned int i = 0; i < PAGE; i++)
        memory[5 * PAGE + i] = (uint8_t)(i * 7);
    memory[9 * PAGE - 1] = 1; /* the last byte of a page alone */
    memory[9 * PAGE] = 2;
    memory[sizeof(memory) - 1] = 3;
}

static void test_is_an_elf_core(void **state)
{
    (void)state;
    struct cor_err err;
    Elf64_Ehdr e;
    Elf64_Phdr ph[2];
    size_t size;
    COR_AUTO_CLOSE int fd = temporary();
    const struct cor_core c = some_core(sizeof(memory));
    fill_memory();
    assert_int_equal(cor_core_write(fd, &c, &err), 0);
    uint8_t *file = whole_file(fd, &size);
    memcpy(&e, file, sizeof(e));
    assert_memory_equal(e.e_ident, "\177ELF\2\1\1\0", 8);
    assert_int_equal(e.e_type, ET_CORE);
    assert_int_equal(e.e_machine, EM_X86_64);
    assert_int_equal(e.e_ehsize, sizeof(e));
    assert_int_equal(e.e_phentsize, sizeof(ph[0]));
    assert_int_equal(e.e_phnum, 2);
    memcpy(ph, file + e.e_phoff, sizeof(ph));
    assert_int_equal(ph[0].p_type, PT_NOTE);
    assert_int_equal(ph[1].p_type, PT_LOAD);
    assert_int_equal(ph[1].p_vaddr, 0);
    assert_int_equal(ph[1].p_memsz, sizeof(memory));
    assert_int_equal(ph[1].p_filesz, sizeof(memory));
    assert_int_equal(ph[1].p_offset % PAGE, 0);
    assert_true(ph[0].p_offset + ph[0].p_filesz <= ph[1].p_offset);
    assert_int_equal(size, ph[1].p_offset + ph[1].p_filesz);
    assert_memory_equal(file + ph[1].p_offset, memory, sizeof(memory));

    struct elf_prstatus status;
    struct elf_prpsinfo info;
    struct user_regs_struct r;
    const uint8_t *notes = file + ph[0].p_offset;
    memcpy(&status, find_note(notes, ph[0].p_filesz, NT_PRSTATUS, sizeof(status)),
           sizeof(status));
    memcpy(&info, find_note(notes, ph[0].p_filesz, NT_PRPSINFO, sizeof(info)),
           sizeof(info));
    memcpy(&r, status.pr_reg, sizeof(r));
    assert_int_equal(status.pr_cursig, SIGSEGV);
    assert_int_equal(status.pr_pid, 4711);
    assert_int_equal(info.pr_pid, 4711);
    assert_string_equal(info.pr_fname, "a-unikernel-of-");
    assert_string_equal(info.pr_psargs, c.program);
    const struct user_regs_struct want = {.rax = 0xa0,
                                          .rbx = 0xb0,
                                          .rcx = 0xc0,
                                          .rdx = 0xd0,
                                          .rsi = 0x51,
                                          .rdi = 0xd1,
                                          .rbp = 0xb9,
                                          .rsp = 0x59,
                                          .r8 = 8,
                                          .r9 = 9,
                                          .r10 = 10,
                                          .r11 = 11,
                                          .r12 = 12,
                                          .r13 = 13,
                                          .r14 = 14,
                                          .r15 = 15,
                                          .orig_rax = UINT64_MAX,
                                          .rip = 0x5010,
                                          .eflags = 0x246,
                                          .cs = 0x23,
                                          .ss = 0x1b,
                                          .ds = 1,
                                          .es = 2,
                                          .fs = 3,
                                          .gs = 4,
                                          .fs_base = 0xf5b,
                                          .gs_base = 0x65b};
    assert_memory_equal(&r, &want, sizeof(r));
    (void)munmap(file, size);
}

/* Three pages have something in them, and the head is one. */
static void test_leaves_holes(void **state)
{
    (void)state;
    struct cor_err err;
    struct stat st;
    COR_AUTO_CLOSE int fd = temporary();
    const struct cor_core c = some_core(sizeof(memory));
    fill_memory();
    assert_int_equal(cor_core_write(fd, &c, &err), 0);
    assert_int_equal(fstat(fd, &st), 0);
    assert_int_equal(st.st_blocks, 5 * PAGE / 512);
}

/* Sizes around a page, and what was in the file before does not stay. */
static void test_replaces_what_was_there(void **state)
{
    (void)state;
    static const uint64_t sizes[] = {0, 1, PAGE - 1, PAGE, PAGE + 1, 3 * PAGE + 7};
    static char old[64 * PAGE];
    memset(old, 'o', sizeof(old));
    memset(memory, 0, sizeof(memory));
    for (size_t i = 0; i < COR_ARRAY_SIZE(sizes); i++) {
        struct cor_err err;
        size_t size;
        COR_AUTO_CLOSE int fd = temporary();
        struct cor_core c = some_core(sizes[i]);
        assert_int_equal(write(fd, old, sizeof(old)), sizeof(old));
        if (sizes[i] > 0)
            memory[sizes[i] - 1] = 0x55;
        else
            c.mem = NULL;
        assert_int_equal(cor_core_write(fd, &c, &err), 0);
        uint8_t *file = whole_file(fd, &size);
        assert_int_equal(size, PAGE + sizes[i]);
        assert_memory_equal(file + PAGE, memory, sizes[i]);
        (void)munmap(file, size);
        if (sizes[i] > 0)
            memory[sizes[i] - 1] = 0;
    }
}

/* Larger than what is written at once, with content on both sides of that limit. */
static void test_long_runs(void **state)
{
    (void)state;
    const size_t len = 13u << 20;
    struct cor_err err;
    size_t size;
    COR_AUTO_CLOSE int fd = temporary();
    uint8_t *mem =
        mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    assert_true(mem != MAP_FAILED);
    memset(mem + PAGE, 0xab, 5u << 20);
    mem[len - PAGE - 1] = 1;
    struct cor_core c = some_core(len);
    c.mem = mem;
    assert_int_equal(cor_core_write(fd, &c, &err), 0);
    uint8_t *file = whole_file(fd, &size);
    assert_int_equal(size, PAGE + len);
    assert_int_equal(memcmp(file + PAGE, mem, len), 0);
    (void)munmap(file, size);
    (void)munmap(mem, len);
}

static void test_names(void **state)
{
    (void)state;
    static char longest[200];
    memset(longest, 'n', sizeof(longest) - 1);
    const struct {
        const char *program, *name;
        size_t args;
    } rows[] = {{NULL, "", 0},
                {"", "", 0},
                {"/", "", 1},
                {"x", "x", 1},
                {"/a/b/c-15-characters", "c-15-characters", 20},
                {longest, "nnnnnnnnnnnnnnn", 79}};
    for (size_t i = 0; i < COR_ARRAY_SIZE(rows); i++) {
        struct cor_err err;
        struct elf_prpsinfo info;
        size_t size;
        COR_AUTO_CLOSE int fd = temporary();
        struct cor_core c = some_core(0);
        c.program = rows[i].program;
        assert_int_equal(cor_core_write(fd, &c, &err), 0);
        uint8_t *file = whole_file(fd, &size);
        memcpy(&info, find_note(file + 176, 512, NT_PRPSINFO, sizeof(info)),
               sizeof(info));
        assert_string_equal(info.pr_fname, rows[i].name);
        assert_int_equal(strnlen(info.pr_psargs, sizeof(info.pr_psargs)), rows[i].args);
        (void)munmap(file, size);
    }
}

static void test_fails(void **state)
{
    (void)state;
    struct cor_err err;
    struct cor_core c = some_core(sizeof(memory));
    int end[2];
    assert_int_equal(cor_core_write(-1, &c, &err), -EBADF);
    assert_string_equal(err.text, "core file: Bad file descriptor");
    assert_int_equal(pipe(end), 0);
    assert_int_equal(cor_core_write(end[1], &c, &err), -EINVAL);
    (void)close(end[0]);
    (void)close(end[1]);
    COR_AUTO_CLOSE int fd = temporary();
    c.mem_size = UINT64_MAX;
    assert_int_equal(cor_core_write(fd, &c, &err), -EFBIG);
    assert_int_equal(err.code, EFBIG);
}

/* What cannot be written leaves nothing that passes for a core. */
static void test_fails_while_writing(void **state)
{
    (void)state;
    struct cor_err err;
    const struct cor_core c = some_core(sizeof(memory));
    COR_AUTO_CLOSE int fd = memfd_create("core", MFD_CLOEXEC | MFD_ALLOW_SEALING);
    assert_true(fd >= 0);
    assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), 0);
    fill_memory();
    assert_int_equal(cor_core_write(fd, &c, &err), -EPERM);
    assert_string_equal(err.text, "core file: Operation not permitted");
    uint8_t *file = mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0);
    assert_true(file != MAP_FAILED);
    assert_int_equal(file[0], 0);
    (void)munmap(file, PAGE);
}

/* All that a gdb says about the core file. */
static void run_gdb(const char *core, char *text, size_t size)
{
    char file[64];
    int out[2], status;
    (void)snprintf(file, sizeof(file), "core-file %s", core);
    assert_int_equal(pipe(out), 0);
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        (void)dup2(out[1], 1);
        (void)dup2(out[1], 2);
        (void)close(out[0]);
        (void)close(out[1]);
        (void)unsetenv("DEBUGINFOD_URLS");
        (void)execlp("gdb", "gdb", "-nx", "-batch", "-ex", "set width 0", "-ex", file,
                     "-ex", "info registers", "-ex", "p/x $fs_base", "-ex",
                     "p/x $gs_base", "-ex", "x/4xb 0x5000", "-ex", "x/2xb 0x8fff",
                     "-ex", "x/2xb 0x6000", "-ex", "x/2xb 0x1ffff", (char *)NULL);
        _exit(127);
    }
    (void)close(out[1]);
    size_t used = 0;
    ssize_t n;
    while ((n = read(out[0], text + used, size - 1 - used)) > 0)
        used += (size_t)n;
    text[used] = '\0';
    (void)close(out[0]);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 127) {
        print_message("no gdb here\n");
        skip();
    }
}

static void assert_says(const char *text, const char *what)
{
    if (!strstr(text, what))
        fail_msg("no '%s' in:\n%s", what, text);
}

static void test_gdb_reads_it(void **state)
{
    (void)state;
    static const char *const expect[] = {
        "Core was generated by `images/a-unikernel-of-some-length.hvt'.",
        "Program terminated with signal SIGSEGV, Segmentation fault.",
        "rax            0xa0 ",
        "rbx            0xb0 ",
        "rdi            0xd1 ",
        "rsp            0x59 ",
        "r15            0xf ",
        "rip            0x5010 ",
        "eflags         0x246               [ PF ZF IF ]",
        "cs             0x23 ",
        "gs             0x4 ",
        "$1 = 0xf5b\n",
        "$2 = 0x65b\n",
        "0x5000:\t0x00\t0x07\t0x0e\t0x15\n",
        "0x8fff:\t0x01\t0x02\n",
        "0x6000:\t0x00\t0x00\n",
        "0x1ffff:\t0x03\tCannot access memory at address 0x20000\n",
    };
    static char text[1 << 16];
    char path[64];
    struct cor_err err;
    const struct cor_core c = some_core(sizeof(memory));
    COR_AUTO_CLOSE int fd = temporary();
    fill_memory();
    assert_int_equal(cor_core_write(fd, &c, &err), 0);
    (void)snprintf(path, sizeof(path), "/proc/%d/fd/%d", getpid(), fd);
    run_gdb(path, text, sizeof(text));
    for (size_t i = 0; i < COR_ARRAY_SIZE(expect); i++)
        assert_says(text, expect[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_is_an_elf_core),
        cmocka_unit_test(test_leaves_holes),
        cmocka_unit_test(test_replaces_what_was_there),
        cmocka_unit_test(test_long_runs),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_fails),
        cmocka_unit_test(test_fails_while_writing),
        cmocka_unit_test(test_gdb_reads_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
