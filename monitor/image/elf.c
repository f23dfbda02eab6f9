/*
 * elf.c - the ELF side of an image: header, segments, and where its notes are.
 *
 * The header and the whole program header table are copied first; everything after that
 * works on the copies. Program headers are numbered in messages as readelf -l lists
 * them, from 0.
 */
#include <elf.h>
#include <string.h>

#include <cor/base/cleanup.h>
#include <cor/base/fd.h>
#include <cor/image/image.h>
#include <cor/image/note.h>

#define PAGE      4096ULL
#define MAX_PHDRS 128u

struct elf {
    Elf64_Ehdr eh;
    Elf64_Phdr ph[MAX_PHDRS];
};

static int read_at(int fd, void *buf, size_t len, uint64_t offset, const char *what,
                   struct cor_err *err)
{
    int r =
        offset > INT64_MAX - len ? -ENODATA : cor_fd_pread_full(fd, buf, len, offset);
    if (r == -ENODATA)
        return cor_err_set(err, EINVAL, "the file is too short for %s", what);
    if (r < 0)
        return cor_err_os(err, -r, "cannot read %s", what);
    return 0;
}

static int check_ident(const Elf64_Ehdr *eh, struct cor_err *err)
{
    if (eh->e_ident[EI_CLASS] != ELFCLASS64)
        return cor_err_set(err, ENOEXEC, "not a 64-bit ELF file");
    if (eh->e_ident[EI_DATA] != ELFDATA2LSB)
        return cor_err_set(err, ENOEXEC, "not a little-endian ELF file");
    if (eh->e_machine == EM_AARCH64)
        return cor_err_set(err, ENOEXEC, "image is for aarch64, not x86-64");
    if (eh->e_machine != EM_X86_64)
        return cor_err_set(err, ENOEXEC, "image is for ELF machine %u, not x86-64",
                           eh->e_machine);
    if (eh->e_type != ET_EXEC)
        return cor_err_set(err, ENOEXEC, "ELF type is %u, not an executable",
                           eh->e_type);
    if (eh->e_version != EV_CURRENT)
        return cor_err_set(err, EINVAL, "ELF version is %u, not 1", eh->e_version);
    if (eh->e_ehsize != sizeof(*eh))
        return cor_err_set(err, EINVAL, "ELF header size is %u, not %zu", eh->e_ehsize,
                           sizeof(*eh));
    return 0;
}

/* A short file cannot be told from one that is no ELF file, but by its first bytes. */
static int read_headers(int fd, struct elf *ret, struct cor_err *err)
{
    Elf64_Ehdr *eh = &ret->eh;
    int r = cor_fd_pread_full(fd, eh->e_ident, SELFMAG, 0);
    if (r < 0 && r != -ENODATA)
        return cor_err_os(err, -r, "cannot read the image");
    if (r < 0 || memcmp(eh->e_ident, ELFMAG, SELFMAG) != 0)
        return cor_err_set(err, ENOEXEC, "not an ELF file");
    r = read_at(fd, (char *)eh + SELFMAG, sizeof(*eh) - SELFMAG, SELFMAG,
                "the ELF header", err);
    if (r == 0)
        r = check_ident(eh, err);
    if (r < 0)
        return r;
    if (eh->e_phentsize != sizeof(ret->ph[0]))
        return cor_err_set(err, EINVAL, "program header size is %u, not %zu",
                           eh->e_phentsize, sizeof(ret->ph[0]));
    if (eh->e_phnum < 1 || eh->e_phnum > MAX_PHDRS)
        return cor_err_set(err, EINVAL, "%u program headers, not 1..%u", eh->e_phnum,
                           MAX_PHDRS);
    return read_at(fd, ret->ph, eh->e_phnum * sizeof(ret->ph[0]), eh->e_phoff,
                   "the program header table", err);
}

static int read_notes(int fd, const struct elf *elf, struct cor_image *img,
                      struct cor_err *err)
{
    uint8_t note[COR_IMAGE_NOTE_MAX];
    for (unsigned int i = 0; i < elf->eh.e_phnum; i++) {
        const Elf64_Phdr *ph = &elf->ph[i];
        if (ph->p_type != PT_NOTE)
            continue;
        size_t size = ph->p_filesz < sizeof(note) ? ph->p_filesz : sizeof(note);
        int r = read_at(fd, note, size, ph->p_offset, "the note", err);
        if (r == 0)
            r = cor_image_note(note, size, img, err);
        if (r < 0)
            return cor_err_wrap(err, "program header %u", i);
    }
    if (!img->target)
        return cor_err_set(err, ENOEXEC, "not a Solo5 image: no ABI1 note");
    if (!img->nentries)
        return cor_err_set(err, EINVAL, "no device manifest: no MFT1 note");
    return 0;
}

static int check_target(const struct cor_image *img, struct cor_err *err)
{
    if (img->target != COR_TARGET_HVT)
        return cor_err_set(err, ENOEXEC, "image is for Solo5's %s, not hvt",
                           cor_image_target_name(img->target));
    if (img->version != 1 && img->version != 2)
        return cor_err_set(err, ENOEXEC,
                           "image wants version %u of Solo5's hvt, not 1 or 2",
                           img->version);
    return 0;
}

static uint8_t prot_of(uint32_t flags)
{
    unsigned int prot = flags & PF_R ? COR_PROT_R : 0;
    if (flags & PF_W)
        prot |= COR_PROT_W | COR_PROT_R;
    if (flags & PF_X)
        prot |= COR_PROT_X | COR_PROT_R;
    return (uint8_t)prot;
}

/* What one program header says, without the others. */
static int check_segment(const Elf64_Phdr *ph, struct cor_err *err)
{
    uint64_t end;
    if (ph->p_filesz > ph->p_memsz)
        return cor_err_set(err, EINVAL, "larger in the file than in memory");
    if (ph->p_vaddr < COR_HVT_IMAGE_MIN)
        return cor_err_set(err, EINVAL, "address 0x%llx is below 1 MiB",
                           (unsigned long long)ph->p_vaddr);
    if (__builtin_add_overflow(ph->p_vaddr, ph->p_memsz, &end) || end > COR_HVT_MEM_MAX)
        return cor_err_set(err, EINVAL, "ends above 4 GiB");
    if ((ph->p_flags & PF_W) && (ph->p_flags & PF_X))
        return cor_err_set(err, EINVAL, "both writable and executable");
    return 0;
}

/* Solo5 protects whole multiples of p_align, so that these must be whole pages. */
static int round_segment(const Elf64_Phdr *ph, struct cor_segment *seg,
                         struct cor_err *err)
{
    uint64_t align = ph->p_filesz ? ph->p_align : PAGE;
    if (align == 0 || (align & (align - 1)) != 0)
        return cor_err_set(err, EINVAL, "alignment 0x%llx is not a power of two",
                           (unsigned long long)align);
    seg->start = ph->p_vaddr & ~(align - 1);
    if (__builtin_add_overflow(ph->p_vaddr + ph->p_memsz, align - 1, &seg->end))
        return cor_err_set(err, EINVAL, "ends above 4 GiB");
    seg->end &= ~(align - 1);
    if (seg->start % PAGE != 0 || seg->end % PAGE != 0)
        return cor_err_set(err, EINVAL, "does not begin and end at a page boundary");
    if (seg->start < COR_HVT_IMAGE_MIN)
        return cor_err_set(err, EINVAL, "begins below 1 MiB when aligned to 0x%llx",
                           (unsigned long long)align);
    if (seg->end > COR_HVT_MEM_MAX)
        return cor_err_set(err, EINVAL, "ends above 4 GiB");
    return 0;
}

/* Keeps ranges ascending and disjoint; only .bss may share a page, and only with its
 * like. */
static int order_segment(const struct cor_segment *prev, struct cor_segment *seg,
                         struct cor_err *err)
{
    if (seg->vaddr < prev->vaddr)
        return cor_err_set(err, EINVAL, "lies below the segment before it");
    if (seg->start >= prev->end)
        return 0;
    if (seg->vaddr < prev->vaddr + prev->memsz)
        return cor_err_set(err, EINVAL, "overlaps the segment before it");
    if (seg->filesz)
        return cor_err_set(err, EINVAL, "shares a page with the segment before it");
    if (seg->prot != prev->prot)
        return cor_err_set(err, EINVAL,
                           "shares a page with a segment of other permissions");
    seg->start = prev->end;
    if (seg->end < seg->start)
        seg->end = seg->start;
    return 0;
}

/* Reads the segment's last byte only to learn whether the file has one there. */
static int check_contents(int fd, const Elf64_Phdr *ph, struct cor_err *err)
{
    uint64_t last;
    char byte;
    if (ph->p_filesz == 0)
        return 0;
    if (__builtin_add_overflow(ph->p_offset, ph->p_filesz - 1, &last))
        last = UINT64_MAX;
    return read_at(fd, &byte, 1, last, "its contents", err);
}

static int add_segment(int fd, const Elf64_Phdr *ph, struct cor_image *img,
                       struct cor_err *err)
{
    struct cor_segment seg = {.vaddr = ph->p_vaddr,
                              .offset = ph->p_offset,
                              .filesz = ph->p_filesz,
                              .memsz = ph->p_memsz,
                              .prot = prot_of(ph->p_flags)};
    if (img->nsegments == COR_IMAGE_MAX_SEGMENTS)
        return cor_err_set(err, EINVAL, "more than %d segments",
                           COR_IMAGE_MAX_SEGMENTS);
    int r = check_segment(ph, err);
    if (r == 0)
        r = round_segment(ph, &seg, err);
    if (r == 0 && img->nsegments > 0)
        r = order_segment(&img->seg[img->nsegments - 1], &seg, err);
    if (r == 0)
        r = check_contents(fd, ph, err);
    if (r < 0)
        return r;
    if ((ph->p_flags & PF_X) && !(ph->p_flags & PF_R))
        img->exec_only = true;
    if (seg.filesz)
        img->kernel_end = seg.end;
    img->image_end = seg.end;
    img->seg[img->nsegments++] = seg;
    return 0;
}

static int read_segments(int fd, const struct elf *elf, struct cor_image *img,
                         struct cor_err *err)
{
    for (unsigned int i = 0; i < elf->eh.e_phnum; i++) {
        const Elf64_Phdr *ph = &elf->ph[i];
        /* The Solo5 linker script leaves empty ones, at address 0, for absent .tdata.
         */
        if (ph->p_type != PT_LOAD || (ph->p_filesz == 0 && ph->p_memsz == 0))
            continue;
        if (add_segment(fd, ph, img, err) < 0)
            return cor_err_wrap(err, "segment %u", i);
    }
    if (img->nsegments == 0)
        return cor_err_set(err, EINVAL, "no segment to load");
    return 0;
}

static int check_entry(const struct cor_image *img, struct cor_err *err)
{
    for (unsigned int i = 0; i < img->nsegments; i++) {
        const struct cor_segment *s = &img->seg[i];
        if ((s->prot & COR_PROT_X) && img->entry >= s->vaddr &&
            img->entry - s->vaddr < s->filesz)
            return 0;
    }
    return cor_err_set(err, EINVAL,
                       "entry point 0x%llx is not in an executable segment",
                       (unsigned long long)img->entry);
}

static int read_image(int fd, bool any, struct cor_image *ret, struct cor_err *err)
{
    struct elf elf;
    struct cor_image img;
    int r = read_headers(fd, &elf, err);
    if (r < 0)
        return r;
    memset(&img, 0, sizeof(img));
    img.entry = elf.eh.e_entry;
    r = read_notes(fd, &elf, &img, err);
    if (r == 0 && !any)
        r = check_target(&img, err);
    if (r == 0)
        r = read_segments(fd, &elf, &img, err);
    if (r == 0)
        r = check_entry(&img, err);
    if (r == 0)
        *ret = img;
    return r;
}

int cor_image_read(int fd, struct cor_image *ret, struct cor_err *err)
{
    return read_image(fd, false, ret, err);
}

int cor_image_read_any(int fd, struct cor_image *ret, struct cor_err *err)
{
    return read_image(fd, true, ret, err);
}

uint64_t cor_image_memory_min(const struct cor_image *img)
{
    uint64_t need = img->image_end + COR_IMAGE_HEAP_MIN;
    return (need + COR_HVT_MEM_STEP - 1) & ~(COR_HVT_MEM_STEP - 1);
}

int cor_image_fit(const struct cor_image *img, uint64_t mem_size, struct cor_err *err)
{
    if (img->image_end + COR_IMAGE_HEAP_MIN <= mem_size)
        return 0;
    return cor_err_set(err, ENOMEM, "image needs at least %llu MiB of memory, not %llu",
                       (unsigned long long)(cor_image_memory_min(img) >> 20),
                       (unsigned long long)(mem_size >> 20));
}
