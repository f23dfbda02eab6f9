/*
 * core.c - an ELF core file of a guest.
 *
 * Layout: file header, two program headers, the notes, then guest memory at the next
 * page, with holes where it is zero.
 *
 * #syscalls:vcpu,vcpu_gdb pwrite64(CORE) ftruncate(CORE)
 */
#include <elf.h>
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <unistd.h>

#include <sys/procfs.h>

#include <cor/base/fd.h>
#include <cor/vm/core.h>

#define PAGE 4096u

struct note_head {
    Elf64_Nhdr h;
    char name[8]; /* "CORE", padded */
};

/* Packed: a note's description follows its name without the padding of its type. */
struct __attribute__((packed)) head {
    Elf64_Ehdr ehdr;
    Elf64_Phdr phdr[2];
    struct note_head status_note;
    struct elf_prstatus status;
    struct note_head info_note;
    struct elf_prpsinfo info;
};

_Static_assert(sizeof(struct head) <= PAGE, "the head is one page");
_Static_assert(sizeof(struct elf_prstatus) % 4 == 0, "notes are padded to 4");
_Static_assert(sizeof(struct elf_prpsinfo) % 4 == 0, "notes are padded to 4");

static struct note_head note(uint32_t type, size_t size)
{
    return (struct note_head){
        .h = {.n_namesz = 5, .n_descsz = (uint32_t)size, .n_type = type},
        .name = "CORE"};
}

/* Linux's order of registers in a core file: struct user_regs_struct. */
static struct elf_prstatus status(const struct cor_core *core)
{
    struct elf_prstatus st = {.pr_cursig = (short)core->signal,
                              .pr_info.si_signo = core->signal,
                              .pr_pid = core->pid};
    const struct cor_gdb_regs *r = &core->regs;
    const uint64_t *g = r->gpr; /* rax rbx rcx rdx rsi rdi rbp rsp r8..r15 */
    const uint64_t regs[] = {
        g[15],     g[14], g[13], g[12],      g[6],       g[1],  g[11], g[10],  g[9],
        g[8],      g[0],  g[2],  g[3],       g[4],       g[5],  g[0],  r->rip, r->cs,
        r->eflags, g[7],  r->ss, r->fs_base, r->gs_base, r->ds, r->es, r->fs,  r->gs};
    _Static_assert(sizeof(regs) <= sizeof(st.pr_reg), "registers");
    memcpy(&st.pr_reg, regs, sizeof(regs));
    return st;
}

static struct elf_prpsinfo info(const struct cor_core *core)
{
    struct elf_prpsinfo in = {.pr_pid = core->pid};
    if (core->program) {
        const char *slash = strrchr(core->program, '/');
        const char *name = slash ? slash + 1 : core->program;
        memcpy(in.pr_fname, name, strnlen(name, sizeof(in.pr_fname) - 1));
        memcpy(in.pr_psargs, core->program,
               strnlen(core->program, sizeof(in.pr_psargs) - 1));
    }
    return in;
}

static void build(struct head *h, const struct cor_core *core)
{
    memset(h, 0, sizeof(*h));
    memcpy(h->ehdr.e_ident, ELFMAG, SELFMAG);
    h->ehdr.e_ident[EI_CLASS] = ELFCLASS64;
    h->ehdr.e_ident[EI_DATA] = ELFDATA2LSB;
    h->ehdr.e_ident[EI_VERSION] = EV_CURRENT;
    h->ehdr.e_type = ET_CORE;
    h->ehdr.e_machine = EM_X86_64;
    h->ehdr.e_version = EV_CURRENT;
    h->ehdr.e_phoff = offsetof(struct head, phdr);
    h->ehdr.e_ehsize = sizeof(h->ehdr);
    h->ehdr.e_phentsize = sizeof(h->phdr[0]);
    h->ehdr.e_phnum = 2;
    h->phdr[0] =
        (Elf64_Phdr){.p_type = PT_NOTE,
                     .p_offset = offsetof(struct head, status_note),
                     .p_filesz = sizeof(*h) - offsetof(struct head, status_note),
                     .p_align = 4};
    h->phdr[1] = (Elf64_Phdr){.p_type = PT_LOAD,
                              .p_flags = PF_R | PF_W | PF_X,
                              .p_offset = PAGE,
                              .p_filesz = core->mem_size,
                              .p_memsz = core->mem_size,
                              .p_align = PAGE};
    h->status_note = note(NT_PRSTATUS, sizeof(h->status));
    h->status = status(core);
    h->info_note = note(NT_PRPSINFO, sizeof(h->info));
    h->info = info(core);
}

static bool is_zero(const uint8_t *page)
{
    return page[0] == 0 && memcmp(page, page + 1, PAGE - 1) == 0;
}

int cor_core_write(int fd, const struct cor_core *core, struct cor_err *err)
{
    static struct head h;
    if (core->mem_size % PAGE || core->mem_size > (uint64_t)INT64_MAX - PAGE)
        return cor_err_set(err, EFBIG, "core file: %llu bytes of memory",
                           (unsigned long long)core->mem_size);
    build(&h, core);
    if (ftruncate(fd, 0) < 0 || ftruncate(fd, (off_t)(PAGE + core->mem_size)) < 0)
        return cor_err_os(err, errno, "core file");
    int r = cor_fd_pwrite_full(fd, &h, sizeof(h), 0);
    for (uint64_t at = 0; r == 0 && at < core->mem_size; at += PAGE) {
        if (!is_zero(core->mem + at))
            r = cor_fd_pwrite_full(fd, core->mem + at, PAGE, PAGE + at);
    }
    return r < 0 ? cor_err_os(err, -r, "core file") : 0;
}
