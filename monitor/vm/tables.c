/*
 * tables.c - GDT, TSS, IDT, trap stubs and page tables, all in private memory.
 *
 * Page tables follow the list of ranges of guest memory, so that what the CPU allows
 * and what the range check of hypercalls allows cannot differ. Accessed and dirty bits
 * are set beforehand: the CPU then writes nothing here but the stub stack. Spec: Intel
 * SDM volume 3, 4.5 (paging), 3.4.5 and 6.14 (descriptors, gates), 7.7 (TSS), volume
 * 1, 19.5.2 (I/O bitmap).
 */
#include <string.h>

#include "vm_priv.h"

#define PTE_P  1ULL
#define PTE_W  2ULL
#define PTE_U  4ULL
#define PTE_AD 0x60ULL
#define PTE_PS 0x80ULL
#define PTE_NX (1ULL << 63)

#define TSS_IOMAP_OFFSET 104u
#define TSS_LIMIT        (TSS_IOMAP_OFFSET + (0x50fu >> 3) + 1)

static void put64(uint8_t *p, uint64_t v)
{
    memcpy(p, &v, sizeof(v));
}

static bool has_error_code(unsigned int vector)
{
    return (0x60227d00u >> vector) & 1;
}

static void build_descriptors(uint8_t *priv)
{
    uint8_t *gdt = priv + PRIV_GDT, *tss = priv + PRIV_TSS;
    uint64_t base = PRIV_GPA + PRIV_TSS;
    put64(gdt + SEL_KCODE, 0x00af9b000000ffffULL);
    put64(gdt + SEL_KDATA, 0x00cf93000000ffffULL);
    put64(gdt + (SEL_UDATA & ~7), 0x00cff3000000ffffULL);
    put64(gdt + (SEL_UCODE & ~7), 0x00affb000000ffffULL);
    /* A busy 64-bit TSS: type 11. */
    put64(gdt + SEL_TSS, (TSS_LIMIT & 0xffff) | (base & 0xffffff) << 16 |
                             0x8bULL << 40 | (base >> 24 & 0xff) << 56);
    put64(gdt + SEL_TSS + 8, base >> 32);

    put64(tss + 4, PRIV_GPA + PRIV_STACK_TOP); /* RSP0 */
    tss[102] = TSS_IOMAP_OFFSET;
    /* Ports 0x500..0x50f exit directly as I/O; all others raise #GP. */
    memset(tss + TSS_IOMAP_OFFSET, 0xff, TSS_LIMIT + 1 - TSS_IOMAP_OFFSET);
    tss[TSS_IOMAP_OFFSET + (COR_HVT_PORT_BASE >> 3)] = 0;
    tss[TSS_IOMAP_OFFSET + (COR_HVT_PORT_BASE >> 3) + 1] = 0;
}

/* Each stub tells the monitor its vector by an OUT and returns to the frame. */
static void build_stubs(uint8_t *priv)
{
    for (unsigned int v = 0; v < VECTORS; v++) {
        uint64_t at = PRIV_GPA + PRIV_STUBS + (uint64_t)v * STUB_STEP;
        uint8_t *code = priv + PRIV_STUBS + (size_t)v * STUB_STEP;
        uint64_t dpl = v == VEC_BP ? 3 : 0;
        put64(priv + PRIV_IDT + 16 * (size_t)v, (at & 0xffff) | SEL_KCODE << 16 |
                                                    (0x8eULL | dpl << 5) << 40 |
                                                    (at >> 16 & 0xffff) << 48);
        put64(priv + PRIV_IDT + 16 * (size_t)v + 8, at >> 32);
        *code++ = 0xe6; /* out %al, $port */
        *code++ = (uint8_t)(STUB_PORT + v);
        if (has_error_code(v)) {
            memcpy(code, "\x48\x83\xc4\x08", 4); /* add $8, %rsp */
            code += 4;
        }
        memcpy(code, "\x48\xcf", 2); /* iretq */
    }
}

static uint64_t page_bits(const struct cor_gmem_range *r, bool confined)
{
    uint64_t bits = PTE_P | PTE_AD;
    if (confined)
        bits |= PTE_U;
    if (r->prot & COR_PROT_W)
        bits |= PTE_W;
    if (!(r->prot & COR_PROT_X))
        bits |= PTE_NX;
    return bits;
}

/* The range that a whole 2 MiB page lies in, NULL when it needs 4 KiB pages. */
static const struct cor_gmem_range *large(const struct cor_gmem *mem, uint64_t gpa)
{
    const struct cor_gmem_range *r = cor_gmem_find(mem, COR_GPA(gpa));
    return r && r->end - gpa >= COR_GMEM_LARGE_PAGE ? r : NULL;
}

size_t vm_tables_size(const struct cor_gmem *mem)
{
    size_t pages = 0;
    for (uint64_t gpa = 0; gpa < mem->size; gpa += COR_GMEM_LARGE_PAGE)
        pages += large(mem, gpa) == NULL;
    return PRIV_PT + pages * COR_GMEM_PAGE;
}

static void build_small(uint8_t *pt, const struct cor_gmem *mem, uint64_t gpa,
                        bool confined)
{
    for (unsigned int i = 0; i < 512; i++, gpa += COR_GMEM_PAGE) {
        const struct cor_gmem_range *r = cor_gmem_find(mem, COR_GPA(gpa));
        if (r)
            put64(pt + 8 * (size_t)i, gpa | page_bits(r, confined));
    }
}

static void build_pages(uint8_t *priv, const struct cor_gmem *mem, bool confined)
{
    const uint64_t table = PTE_P | PTE_W | PTE_U | PTE_AD;
    size_t pt = PRIV_PT;
    put64(priv + PRIV_PML4, (PRIV_GPA + PRIV_PDPT) | table);
    for (size_t i = 0; i < 4; i++)
        put64(priv + PRIV_PDPT + 8 * i,
              (PRIV_GPA + PRIV_PD + i * COR_GMEM_PAGE) | table);
    for (uint64_t gpa = 0; gpa < mem->size; gpa += COR_GMEM_LARGE_PAGE) {
        uint8_t *pde = priv + PRIV_PD + 8 * (gpa / COR_GMEM_LARGE_PAGE);
        const struct cor_gmem_range *r = large(mem, gpa);
        if (r) {
            put64(pde, gpa | page_bits(r, confined) | PTE_PS);
            continue;
        }
        put64(pde, (PRIV_GPA + pt) | table);
        build_small(priv + pt, mem, gpa, confined);
        pt += COR_GMEM_PAGE;
    }
}

/* The four pages that the CPU itself uses, supervisor-only. */
static void build_own_pages(uint8_t *priv)
{
    const uint64_t table = PTE_P | PTE_W | PTE_AD;
    uint8_t *pt = priv + PRIV_OWN_PT;
    put64(priv + PRIV_PDPT + 8 * (PRIV_GPA >> 30), (PRIV_GPA + PRIV_OWN_PD) | table);
    put64(priv + PRIV_OWN_PD, (PRIV_GPA + PRIV_OWN_PT) | table);
    put64(pt, (PRIV_GPA + PRIV_GDT) | PTE_P | PTE_AD | PTE_NX);
    put64(pt + 8, (PRIV_GPA + PRIV_IDT) | PTE_P | PTE_AD | PTE_NX);
    put64(pt + 16, (PRIV_GPA + PRIV_STUBS) | PTE_P | PTE_AD);
    put64(pt + 24, (PRIV_GPA + PRIV_STACK) | PTE_P | PTE_AD | PTE_W | PTE_NX);
}

void vm_tables_build(uint8_t *priv, const struct cor_gmem *mem, bool confined)
{
    build_descriptors(priv);
    build_pages(priv, mem, confined);
    if (!confined)
        return;
    build_stubs(priv);
    build_own_pages(priv);
}
