/*
 * core.c - an ELF core file of a guest.
 *
 * File: ELF header, two program headers, the notes; at the next page the guest's
 * memory, byte for byte, with holes where it is zero. The layout is fixed, so that the
 * head is built on the stack. It is written last: a file without it is not a core file.
 *
 * #syscalls:vcpu,vcpu_gdb pwrite64(CORE) ftruncate(CORE)
 */
#include <assert.h>
#include <elf.h>
#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <sys/procfs.h>

#include <cor/base/fd.h>
#include <cor/vm/core.h>

#define CORE_PAGE 4096u
/* Large enough to be fast, small enough to notice a full disk early. */
#define CORE_RUN_MAX ((uint64_t)4 << 20)

/* As Linux's core files have them on x86-64; gdb knows them by their sizes. */
static_assert(sizeof(struct elf_prstatus) == 336, "NT_PRSTATUS");
static_assert(sizeof(struct elf_prpsinfo) == 136, "NT_PRPSINFO");

struct core_note {
    Elf64_Nhdr header;
    char name[8]; /* "CORE", padded to a multiple of 4 */
};

/* A note's content is an array of words, so that nothing is between it and its header.
 */
struct core_notes {
    struct core_note status_note;
    uint32_t status[sizeof(struct elf_prstatus) / 4];
    struct core_note info_note;
    uint32_t info[sizeof(struct elf_prpsinfo) / 4];
};

struct core_head {
    Elf64_Ehdr ehdr;
    Elf64_Phdr notes_phdr, memory_phdr;
    struct core_notes notes;
};

static_assert(sizeof(struct core_notes) == 2 * 20 + 336 + 136, "notes without holes");
static_assert(offsetof(struct core_head, notes_phdr) == 64, "program headers follow");
static_assert(sizeof(struct core_head) <= CORE_PAGE, "memory starts at the next page");

static void fill_elf(struct core_head *h, uint64_t mem_size)
{
    static const unsigned char ident[EI_NIDENT] = {
        ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB, EV_CURRENT};
    memcpy(h->ehdr.e_ident, ident, sizeof(ident));
    h->ehdr.e_type = ET_CORE;
    h->ehdr.e_machine = EM_X86_64;
    h->ehdr.e_version = EV_CURRENT;
    h->ehdr.e_phoff = offsetof(struct core_head, notes_phdr);
    h->ehdr.e_ehsize = sizeof(h->ehdr);
    h->ehdr.e_phentsize = sizeof(Elf64_Phdr);
    h->ehdr.e_phnum = 2;
    h->notes_phdr.p_type = PT_NOTE;
    h->notes_phdr.p_offset = offsetof(struct core_head, notes);
    h->notes_phdr.p_filesz = sizeof(h->notes);
    h->notes_phdr.p_align = 4;
    h->memory_phdr.p_type = PT_LOAD;
    h->memory_phdr.p_flags = PF_R | PF_W | PF_X;
    h->memory_phdr.p_offset = CORE_PAGE;
    h->memory_phdr.p_filesz = mem_size;
    h->memory_phdr.p_memsz = mem_size;
    h->memory_phdr.p_align = CORE_PAGE;
}

static void fill_note(struct core_note *n, uint32_t type, uint32_t size)
{
    n->header.n_namesz = sizeof("CORE");
    n->header.n_descsz = size;
    n->header.n_type = type;
    memcpy(n->name, "CORE", sizeof("CORE"));
}

/* In the order of Linux's struct user_regs_struct. */
static void fill_status(struct elf_prstatus *s, const struct cor_core *c)
{
    const struct cor_gdb_regs *r = &c->regs;
    const uint64_t *g = r->gpr;
    const uint64_t regs[] = {g[15],      g[14],      g[13],     g[12], g[6],
                             g[1],       g[11],      g[10],     g[9],  g[8],
                             g[0],       g[2],       g[3],      g[4],  g[5],
                             UINT64_MAX, /* orig_rax: not in a system call */
                             r->rip,     r->cs,      r->eflags, g[7],  r->ss,
                             r->fs_base, r->gs_base, r->ds,     r->es, r->fs,
                             r->gs};
    static_assert(sizeof(regs) == sizeof(s->pr_reg), "27 registers");
    memcpy(s->pr_reg, regs, sizeof(regs));
    s->pr_info.si_signo = c->signal;
    s->pr_cursig = (short)c->signal;
    s->pr_pid = c->pid;
}

static void copy_text(char *to, size_t size, const char *text)
{
    size_t len = strnlen(text, size - 1);
    memcpy(to, text, len);
    to[len] = '\0';
}

static void fill_info(struct elf_prpsinfo *p, const struct cor_core *c)
{
    const char *path = c->program ? c->program : "";
    const char *slash = strrchr(path, '/');
    p->pr_sname = 'R';
    p->pr_pid = c->pid;
    copy_text(p->pr_fname, sizeof(p->pr_fname), slash ? slash + 1 : path);
    copy_text(p->pr_psargs, sizeof(p->pr_psargs), path);
}

static void fill_notes(struct core_notes *n, const struct cor_core *c)
{
    struct elf_prstatus status = {0};
    struct elf_prpsinfo info = {0};
    fill_status(&status, c);
    fill_info(&info, c);
    fill_note(&n->status_note, NT_PRSTATUS, sizeof(status));
    fill_note(&n->info_note, NT_PRPSINFO, sizeof(info));
    memcpy(n->status, &status, sizeof(status));
    memcpy(n->info, &info, sizeof(info));
}

static size_t page_at(const struct cor_core *c, uint64_t at)
{
    return c->mem_size - at < CORE_PAGE ? (size_t)(c->mem_size - at) : CORE_PAGE;
}

static bool is_zero(const uint8_t *p, size_t len)
{
    return p[0] == 0 && memcmp(p, p + 1, len - 1) == 0;
}

/* Where the run of pages from at on ends that are all zero, or all not. */
static uint64_t run_end(const struct cor_core *c, uint64_t at, bool zero)
{
    const uint64_t limit =
        c->mem_size - at < CORE_RUN_MAX ? c->mem_size : at + CORE_RUN_MAX;
    while (at < limit && is_zero(c->mem + at, page_at(c, at)) == zero)
        at += page_at(c, at);
    return at;
}

static int write_memory(int fd, const struct cor_core *c)
{
    int r = 0;
    for (uint64_t at = 0; r == 0 && at < c->mem_size;) {
        at = run_end(c, at, true);
        const uint64_t end = run_end(c, at, false);
        r = cor_fd_pwrite_full(fd, c->mem + at, (size_t)(end - at), CORE_PAGE + at);
        at = end;
    }
    return r;
}

int cor_core_write(int fd, const struct cor_core *core, struct cor_err *err)
{
    struct core_head head = {0};
    if (core->mem_size > INT64_MAX - CORE_PAGE)
        return cor_err_set(err, EFBIG, "core file: %llu bytes of memory",
                           (unsigned long long)core->mem_size);
    /* To nothing first: what was there would shine through the holes. */
    if (ftruncate(fd, 0) < 0 || ftruncate(fd, (off_t)(CORE_PAGE + core->mem_size)) < 0)
        return cor_err_os(err, errno, "core file");
    fill_elf(&head, core->mem_size);
    fill_notes(&head.notes, core);
    int r = write_memory(fd, core);
    if (r == 0)
        r = cor_fd_pwrite_full(fd, &head, sizeof(head), 0);
    return r < 0 ? cor_err_os(err, -r, "core file") : 0;
}
