/*
 * test_vm_gmem.c - the range check, at every boundary.
 */
#include <errno.h>
#include <string.h>

#include <cor/vm/gmem.h>

#include "cor_cmocka.h"

#define MEM (16ULL << 20)
#define R   COR_PROT_R
#define W   COR_PROT_W
#define X   COR_PROT_X

static struct cor_gmem mem;

static int setup(void **state)
{
    static struct cor_image image = {.nsegments = 3};
    struct cor_err err;
    (void)state;
    image.seg[0] = (struct cor_segment){
        .vaddr = 0x100000, .start = 0x100000, .end = 0x102000, .prot = X};
    image.seg[1] = (struct cor_segment){
        .vaddr = 0x102000, .start = 0x102000, .end = 0x103000, .prot = R};
    image.seg[2] = (struct cor_segment){
        .vaddr = 0x104000, .start = 0x104000, .end = 0x106000, .prot = R | W};
    assert_int_equal(cor_gmem_init(&mem, MEM, &err), 0);
    cor_gmem_protect(&mem, &image);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    cor_gmem_done(&mem);
    return 0;
}

static const struct {
    uint64_t gpa, len;
    uint8_t prot;
    int good;
} rows[] = {
    {0, 1, R, 0},
    {0xffff, 1, R, 0},
    {0xffff, 2, R, 0},
    {0x10000, 1, R, 1},
    {0x10000, 1, W, 0},
    {0x10000, 1, X, 0},
    {0xfffff, 1, R, 1},
    {0xfffff, 2, R, 1}, /* on into text, which is readable */
    {0xfffff, 2, W, 0},
    {0x100000, 0x3000, R, 1},
    {0x100000, 0x2000, X, 1},
    {0x100000, 0x2001, X, 0},
    {0x101fff, 1, W, 0},
    {0x102fff, 1, W, 0},
    {0x102fff, 2, W, 0},
    {0x103000, 1, W, 1}, /* between segments */
    {0x103000, 1, X, 0},
    {0x104000, 0x2000, W, 1},
    {0x104000, 0x2000, R | W, 1},
    {0x105fff, 2, W, 1},
    {MEM - 1, 1, W, 1},
    {MEM - 8, 8, W, 1},
    {MEM - 8, 9, W, 0},
    {MEM, 1, R, 0},
    {MEM, 0, R, 1},
    {0x104000, MEM - 0x104000, W, 1},
    {0x104000, MEM - 0x104000 + 1, W, 0},
    {0x104000, ~0ULL, R, 0},
    {~0ULL, 1, R, 0},
    {~0ULL, ~0ULL, R, 0},
    {~0ULL - 7, 16, R, 0},
    {0x100000000ULL, 1, R, 0},
    {0x100000000ULL + 0x4000, 8, W, 0},
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const uint8_t *p =
            cor_gmem_at(&mem, COR_GPA(rows[i].gpa), rows[i].len, rows[i].prot);
        if ((p != NULL) != rows[i].good)
            fail_msg("row %zu", i);
        if (p && rows[i].len)
            assert_ptr_equal(p, mem.base + rows[i].gpa);
    }
}

/* The fast check agrees with one that looks at each byte. */
static void test_against_byte_by_byte(void **state)
{
    static const uint64_t starts[] = {0,        0xfffe,   0x10000,  0xffffe, 0x101ffe,
                                      0x102fff, 0x103ffe, 0x105fff, MEM - 2, MEM};
    (void)state;
    for (size_t i = 0; i < sizeof(starts) / sizeof(starts[0]); i++) {
        for (uint64_t len = 1; len < 6; len++) {
            for (uint8_t prot = 1; prot < 8; prot++) {
                int good = 1;
                for (uint64_t b = starts[i]; b < starts[i] + len; b++) {
                    const struct cor_gmem_range *r = cor_gmem_find(&mem, COR_GPA(b));
                    good &= r && (r->prot & prot) == prot;
                }
                const void *p = cor_gmem_at(&mem, COR_GPA(starts[i]), len, prot);
                assert_int_equal(p != NULL, good);
            }
        }
    }
}

static void test_copies(void **state)
{
    uint8_t out[16], in[16];
    (void)state;
    memset(out, 0x5a, sizeof(out));
    assert_int_equal(cor_gmem_write(&mem, COR_GPA(MEM - 16), out, 16), 0);
    assert_int_equal(cor_gmem_read(&mem, COR_GPA(MEM - 16), in, 16), 0);
    assert_memory_equal(in, out, 16);
    assert_int_equal(cor_gmem_write(&mem, COR_GPA(0x100000), out, 16), -EFAULT);
    assert_int_equal(mem.base[0x100000], 0);
    assert_int_equal(cor_gmem_read(&mem, COR_GPA(MEM - 15), in, 16), -EFAULT);
}

static void test_ranges_are_ascending_and_whole(void **state)
{
    (void)state;
    assert_true(mem.nranges >= 5);
    for (unsigned int i = 1; i < mem.nranges; i++)
        assert_true(mem.range[i].start == mem.range[i - 1].end);
    assert_true(mem.range[0].start == 0x10000);
    assert_true(mem.range[mem.nranges - 1].end == MEM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows), cmocka_unit_test(test_against_byte_by_byte),
        cmocka_unit_test(test_copies),
        cmocka_unit_test(test_ranges_are_ascending_and_whole)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
