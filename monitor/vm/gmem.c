/*
 * gmem.c - guest memory and its range check.
 */
#include <errno.h>
#include <string.h>

#include <sys/mman.h>

#include <cor/abi/hvt.h>
#include <cor/vm/gmem.h>

int cor_gmem_init(struct cor_gmem *m, uint64_t size, struct cor_err *err)
{
    /* One large page more than asked for, so that an aligned start fits; what lies
     * around it is never touched and costs address space only. */
    size_t whole = size + COR_GMEM_LARGE_PAGE;
    uint8_t *p = mmap(NULL, whole, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (p == MAP_FAILED)
        return cor_err_os(err, errno, "cannot map %llu MiB of guest memory",
                          (unsigned long long)(size >> 20));
    size_t skip = (size_t)(-(uintptr_t)p & (COR_GMEM_LARGE_PAGE - 1));
    memset(m, 0, sizeof(*m));
    m->base = p + skip;
    m->size = size;
    return 0;
}

void cor_gmem_done(struct cor_gmem *m)
{
    if (m->base)
        (void)munmap(m->base, m->size);
    memset(m, 0, sizeof(*m));
}

static void add_range(struct cor_gmem *m, uint64_t start, uint64_t end, uint8_t prot,
                      int segment)
{
    if (start < end)
        m->range[m->nranges++] = (struct cor_gmem_range){
            .start = start, .end = end, .prot = prot, .segment = (int8_t)segment};
}

void cor_gmem_protect(struct cor_gmem *m, const struct cor_image *image)
{
    uint64_t at = COR_HVT_IMAGE_MIN;
    m->nranges = 0;
    add_range(m, COR_HVT_BOOT_GPA, COR_HVT_BOOT_END, COR_PROT_R, -1);
    for (unsigned int i = 0; i < image->nsegments; i++) {
        const struct cor_segment *s = &image->seg[i];
        uint8_t prot = s->prot | ((s->prot & COR_PROT_X) ? COR_PROT_R : 0);
        add_range(m, at, s->start, COR_PROT_R | COR_PROT_W, -1);
        /* A .bss that begins in the last page of its data segment shares that page. */
        add_range(m, s->start > at ? s->start : at, s->end, prot, (int)i);
        if (s->end > at)
            at = s->end;
    }
    add_range(m, at, m->size, COR_PROT_R | COR_PROT_W, -1);
}

const struct cor_gmem_range *cor_gmem_find(const struct cor_gmem *m, cor_gpa gpa)
{
    for (unsigned int i = 0; i < m->nranges; i++) {
        if (gpa.v >= m->range[i].start && gpa.v < m->range[i].end)
            return &m->range[i];
    }
    return NULL;
}

void *cor_gmem_at(const struct cor_gmem *m, cor_gpa gpa, uint64_t len, uint8_t prot)
{
    uint64_t at = gpa.v, left = len;
    if (len == 0)
        return m->base;
    if (gpa.v >= m->size || len > m->size - gpa.v)
        return NULL;
    for (unsigned int i = 0; i < m->nranges; i++) {
        const struct cor_gmem_range *r = &m->range[i];
        if (at < r->start)
            return NULL;
        if (at >= r->end)
            continue;
        if ((r->prot & prot) != prot)
            return NULL;
        if (left <= r->end - at)
            return m->base + gpa.v;
        left -= r->end - at;
        at = r->end;
    }
    return NULL;
}

int cor_gmem_read(const struct cor_gmem *m, cor_gpa gpa, void *buf, size_t len)
{
    const void *p = cor_gmem_at(m, gpa, len, COR_PROT_R);
    if (!p)
        return -EFAULT;
    memcpy(buf, p, len);
    return 0;
}

int cor_gmem_write(const struct cor_gmem *m, cor_gpa gpa, const void *buf, size_t len)
{
    void *p = cor_gmem_at(m, gpa, len, COR_PROT_W);
    if (!p)
        return -EFAULT;
    memcpy(p, buf, len);
    return 0;
}
