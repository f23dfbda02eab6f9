/*
 * test_vm_decode.c - the decoder of privileged instructions, row by row.
 */
#include <string.h>

#include <cor/vm/decode.h>

#include "cor_cmocka.h"

#define RIP 0x100000ULL

static const uint64_t gpr[16] = {0x10, 0x11, 0x12, 0x13, 0x1000, 0x15, 0x16, 0x17,
                                 0x18, 0x19, 0x1a, 0x1b, 0x1c,   0x1d, 0x1e, 0x1f};

struct row {
    const char *bytes;
    size_t size;
    enum cor_insn_op op;
    unsigned int len, rm, memory;
    uint64_t address;
};

#define ROW(bytes, ...)                       \
    {                                         \
        bytes, sizeof(bytes) - 1, __VA_ARGS__ \
    }

static const struct row rows[] = {
    ROW("\x48\xcb", COR_INSN_LRET, 2, 0, 0, 0),
    ROW("\xcb", COR_INSN_NONE, 0, 0, 0, 0), /* a 32-bit far return */
    ROW("\x48\xcf", COR_INSN_IRET, 2, 0, 0, 0),
    ROW("\xcf", COR_INSN_NONE, 0, 0, 0, 0),
    ROW("\x8e\xd8", COR_INSN_MOV_SREG, 2, 0, 0, 0),
    ROW("\x8e", COR_INSN_NONE, 0, 0, 0, 0),
    ROW("\xfa", COR_INSN_CLI, 1, 0, 0, 0),
    ROW("\xfb\x90", COR_INSN_STI, 1, 0, 0, 0),
    ROW("\xf4", COR_INSN_HLT, 1, 0, 0, 0),
    ROW("\x0f\x00\xd9", COR_INSN_LTR, 3, 1, 0, 0),
    ROW("\x0f\x00\xd1", COR_INSN_NONE, 0, 0, 0, 0), /* lldt */
    ROW("\x0f\x01\x10", COR_INSN_LGDT, 3, 0, 1, 0x10),
    ROW("\x0f\x01\x18", COR_INSN_LIDT, 3, 0, 1, 0x10),
    ROW("\x0f\x01\xd0", COR_INSN_NONE, 0, 0, 0, 0), /* xgetbv */
    ROW("\x0f\x01\x1d\x10\x00\x00\x00", COR_INSN_LIDT, 7, 5, 1, RIP + 7 + 0x10),
    ROW("\x0f\x01\x1d\xf9\xff\xff\xff", COR_INSN_LIDT, 7, 5, 1, RIP),
    ROW("\x0f\x01\x1c\x25\x78\x56\x34\x12", COR_INSN_LIDT, 8, 4, 1, 0x12345678),
    ROW("\x0f\x01\x5c\x24\xf0", COR_INSN_LIDT, 5, 4, 1, 0x1000 - 0x10),
    ROW("\x0f\x01\x9c\x88\x00\x01\x00\x00", COR_INSN_LIDT, 8, 4, 1,
        0x10 + 4 * 0x11 + 0x100),
    ROW("\x41\x0f\x01\x1f", COR_INSN_LIDT, 4, 15, 1, 0x1f),
    ROW("\x0f\x01\x9c\x88\x00\x01\x00", COR_INSN_NONE, 0, 0, 0, 0),
    ROW("\x0f\x30", COR_INSN_WRMSR, 2, 0, 0, 0),
    ROW("\x0f\x32", COR_INSN_RDMSR, 2, 0, 0, 0),
    ROW("\x0f\x20\xd7", COR_INSN_READ_CR2, 3, 7, 0, 0),
    ROW("\x41\x0f\x20\xd2", COR_INSN_READ_CR2, 4, 10, 0, 0),
    ROW("\x44\x0f\x20\xd7", COR_INSN_NONE, 0, 0, 0, 0), /* CR10 */
    ROW("\x0f\x20\xd8", COR_INSN_READ_CR, 3, 0, 0, 0),
    ROW("\x0f\x22\xd8", COR_INSN_WRITE_CR, 3, 0, 0, 0),
    ROW("\xe4\x60", COR_INSN_IN, 2, 0, 0, 0),
    ROW("\xef", COR_INSN_OUT, 1, 0, 0, 0),
    ROW("\x66\xef", COR_INSN_OUT, 2, 0, 0, 0),
    ROW("\xf3\x6f", COR_INSN_OUT, 2, 0, 0, 0),
    ROW("\x66\x0f\x30", COR_INSN_NONE, 0, 0, 0, 0),
    ROW("\x90", COR_INSN_NONE, 0, 0, 0, 0),
    ROW("\x0f", COR_INSN_NONE, 0, 0, 0, 0),
    ROW("", COR_INSN_NONE, 0, 0, 0, 0),
};

static void test_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct row *r = &rows[i];
        struct cor_insn in;
        cor_insn_decode((const uint8_t *)r->bytes, r->size, gpr, RIP, &in);
        if (in.op != r->op || in.len != r->len)
            fail_msg("row %zu: %s, %u bytes", i, cor_insn_name(in.op), in.len);
        assert_int_equal(in.memory, r->memory);
        if (in.memory)
            assert_true(in.address == r->address);
        else if (in.op == COR_INSN_LTR || in.op == COR_INSN_READ_CR2)
            assert_int_equal(in.rm, r->rm);
    }
}

static void test_every_op_has_a_name(void **state)
{
    (void)state;
    for (int op = 0; op < COR_INSN_OP_COUNT; op++)
        assert_true(strlen(cor_insn_name((enum cor_insn_op)op)) > 1);
}

/* All two-byte starts: whatever decodes has a length within the input. */
static void test_lengths(void **state)
{
    (void)state;
    for (unsigned int n = 0; n < 65536; n++) {
        uint8_t bytes[15] = {(uint8_t)n, (uint8_t)(n >> 8)};
        struct cor_insn in;
        cor_insn_decode(bytes, sizeof(bytes), gpr, RIP, &in);
        assert_true(in.len <= sizeof(bytes));
        assert_int_equal(in.op == COR_INSN_NONE, in.len == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows),
                                       cmocka_unit_test(test_every_op_has_a_name),
                                       cmocka_unit_test(test_lengths)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
