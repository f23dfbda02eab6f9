/*
 * symbol.c - the name of an address, for a fault report.
 *
 * Runs inside the sandbox, after a guest has crashed: section headers and symbols are
 * streamed through a small buffer on the stack, nothing else is needed but pread. The
 * table may lie in every way; the worst outcome is a wrong name.
 */
#include <elf.h>
#include <errno.h>
#include <string.h>

#include <cor/base/fd.h>
#include <cor/image/image.h>

#define MAX_SYMBOLS  (1u << 20)
#define MAX_SECTIONS 4096u
#define CHUNK        128u

/* Where the symbols are, and the section that holds the address. */
struct tables {
    uint64_t symbols, nsymbols;
    uint32_t strings_index;
    uint64_t strings, strings_size;
    uint16_t section;
};

static int read_at(int fd, void *buf, size_t len, uint64_t offset)
{
    if (offset > INT64_MAX - len || cor_fd_pread_full(fd, buf, len, offset) < 0)
        return -ENOENT;
    return 0;
}

static int read_section(int fd, const Elf64_Ehdr *eh, uint32_t i, Elf64_Shdr *ret)
{
    uint64_t offset;
    if (__builtin_add_overflow(eh->e_shoff, (uint64_t)i * sizeof(*ret), &offset))
        return -ENOENT;
    return read_at(fd, ret, sizeof(*ret), offset);
}

static void note_section(const Elf64_Shdr *sh, uint16_t i, uint64_t addr,
                         struct tables *t)
{
    if (sh->sh_type == SHT_SYMTAB && t->nsymbols == 0 &&
        sh->sh_entsize == sizeof(Elf64_Sym)) {
        t->symbols = sh->sh_offset;
        t->nsymbols = sh->sh_size / sizeof(Elf64_Sym);
        t->strings_index = sh->sh_link;
    }
    /* .tbss has an address but occupies nothing there. */
    if ((sh->sh_flags & SHF_ALLOC) && !(sh->sh_flags & SHF_TLS) &&
        addr >= sh->sh_addr && addr - sh->sh_addr < sh->sh_size)
        t->section = i;
}

static int find_tables(int fd, uint64_t addr, struct tables *t)
{
    Elf64_Ehdr eh;
    Elf64_Shdr sh;
    if (read_at(fd, &eh, sizeof(eh), 0) < 0 || memcmp(eh.e_ident, ELFMAG, SELFMAG) != 0)
        return -ENOENT;
    if (eh.e_ident[EI_CLASS] != ELFCLASS64 || eh.e_shentsize != sizeof(sh) ||
        eh.e_shnum > MAX_SECTIONS)
        return -ENOENT;
    for (uint16_t i = 1; i < eh.e_shnum; i++) {
        if (read_section(fd, &eh, i, &sh) < 0)
            return -ENOENT;
        note_section(&sh, i, addr, t);
    }
    if (t->nsymbols == 0 || t->section == SHN_UNDEF || t->strings_index >= eh.e_shnum)
        return -ENOENT;
    if (read_section(fd, &eh, t->strings_index, &sh) < 0 || sh.sh_type != SHT_STRTAB)
        return -ENOENT;
    t->strings = sh.sh_offset;
    t->strings_size = sh.sh_size;
    if (t->nsymbols > MAX_SYMBOLS)
        t->nsymbols = MAX_SYMBOLS;
    return 0;
}

/* Higher is nearer; of two at one address a function says more than a label. */
static bool better(const Elf64_Sym *s, const Elf64_Sym *best, bool found)
{
    if (!found || s->st_value > best->st_value)
        return true;
    return s->st_value == best->st_value && ELF64_ST_TYPE(s->st_info) == STT_FUNC &&
           ELF64_ST_TYPE(best->st_info) != STT_FUNC;
}

static bool eligible(const Elf64_Sym *s, const struct tables *t, uint64_t addr)
{
    unsigned int type = ELF64_ST_TYPE(s->st_info);
    return (type == STT_FUNC || type == STT_NOTYPE) && s->st_shndx == t->section &&
           s->st_name != 0 && s->st_name < t->strings_size && s->st_value <= addr;
}

static int find_symbol(int fd, const struct tables *t, uint64_t addr, Elf64_Sym *best)
{
    bool found = false;
    for (uint64_t i = 0; i < t->nsymbols;) {
        Elf64_Sym chunk[CHUNK];
        uint64_t left = t->nsymbols - i, offset;
        size_t n = left < CHUNK ? (size_t)left : CHUNK;
        if (__builtin_add_overflow(t->symbols, i * sizeof(chunk[0]), &offset) ||
            read_at(fd, chunk, n * sizeof(chunk[0]), offset) < 0)
            return -ENOENT;
        for (size_t k = 0; k < n; k++) {
            if (eligible(&chunk[k], t, addr) && better(&chunk[k], best, found)) {
                *best = chunk[k];
                found = true;
            }
        }
        i += n;
    }
    return found ? 0 : -ENOENT;
}

/* Printable, because it goes to a terminal and into JSON. */
static int read_name(int fd, const struct tables *t, uint32_t at, char *name,
                     size_t size)
{
    char text[256];
    uint64_t room = t->strings_size - at, offset;
    size_t n = room < sizeof(text) ? (size_t)room : sizeof(text);
    if (__builtin_add_overflow(t->strings, at, &offset) ||
        read_at(fd, text, n, offset) < 0)
        return -ENOENT;
    size_t len = strnlen(text, n);
    if (len == 0 || size < 2)
        return -ENOENT;
    if (len > size - 1)
        len = size - 1;
    for (size_t i = 0; i < len; i++) {
        if (text[i] <= 0x20 || text[i] >= 0x7f)
            text[i] = '?';
    }
    memcpy(name, text, len);
    name[len] = '\0';
    return 0;
}

int cor_image_symbol(int fd, uint64_t addr, char *name, size_t size, uint64_t *offset)
{
    struct tables t = {0};
    Elf64_Sym best = {0};
    int r = find_tables(fd, addr, &t);
    if (r == 0)
        r = find_symbol(fd, &t, addr, &best);
    if (r == 0)
        r = read_name(fd, &t, best.st_name, name, size);
    if (r == 0)
        *offset = addr - best.st_value;
    return r;
}
