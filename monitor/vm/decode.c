/*
 * decode.c - a table-driven decoder for the handful of privileged instructions.
 *
 * Spec: Intel SDM volume 2, 2.1 to 2.2 (prefixes, ModRM, SIB, REX).
 */
#include <stdbool.h>
#include <string.h>

#include <cor/vm/decode.h>

#define ANY 0xff

enum form {
    FORM_NONE,  /* no operand bytes */
    FORM_IMM8,  /* one immediate byte */
    FORM_MODRM, /* ModRM, memory or register */
    FORM_REG,   /* ModRM, register only; mod is ignored (control registers) */
    FORM_MEM    /* ModRM, memory only */
};

struct row {
    uint8_t two_byte; /* 1: after 0F */
    uint8_t opcode;
    uint8_t ext;   /* ModRM.reg, or ANY */
    uint8_t rex_w; /* 1: REX.W must be set */
    uint8_t form;
    uint8_t op;
};

static const struct row rows[] = {
    {0, 0xcb, ANY, 1, FORM_NONE, COR_INSN_LRET},
    {0, 0xcf, ANY, 1, FORM_NONE, COR_INSN_IRET},
    {0, 0x8e, ANY, 0, FORM_MODRM, COR_INSN_MOV_SREG},
    {0, 0xfa, ANY, 0, FORM_NONE, COR_INSN_CLI},
    {0, 0xfb, ANY, 0, FORM_NONE, COR_INSN_STI},
    {0, 0xf4, ANY, 0, FORM_NONE, COR_INSN_HLT},
    {1, 0x00, 3, 0, FORM_MODRM, COR_INSN_LTR},
    {1, 0x01, 2, 0, FORM_MEM, COR_INSN_LGDT},
    {1, 0x01, 3, 0, FORM_MEM, COR_INSN_LIDT},
    {1, 0x30, ANY, 0, FORM_NONE, COR_INSN_WRMSR},
    {1, 0x32, ANY, 0, FORM_NONE, COR_INSN_RDMSR},
    {1, 0x20, 2, 0, FORM_REG, COR_INSN_READ_CR2},
    {1, 0x20, ANY, 0, FORM_REG, COR_INSN_READ_CR},
    {1, 0x22, ANY, 0, FORM_REG, COR_INSN_WRITE_CR},
    {0, 0xe4, ANY, 0, FORM_IMM8, COR_INSN_IN},
    {0, 0xe5, ANY, 0, FORM_IMM8, COR_INSN_IN},
    {0, 0xec, ANY, 0, FORM_NONE, COR_INSN_IN},
    {0, 0xed, ANY, 0, FORM_NONE, COR_INSN_IN},
    {0, 0x6c, ANY, 0, FORM_NONE, COR_INSN_IN},
    {0, 0x6d, ANY, 0, FORM_NONE, COR_INSN_IN},
    {0, 0xe6, ANY, 0, FORM_IMM8, COR_INSN_OUT},
    {0, 0xe7, ANY, 0, FORM_IMM8, COR_INSN_OUT},
    {0, 0xee, ANY, 0, FORM_NONE, COR_INSN_OUT},
    {0, 0xef, ANY, 0, FORM_NONE, COR_INSN_OUT},
    {0, 0x6e, ANY, 0, FORM_NONE, COR_INSN_OUT},
    {0, 0x6f, ANY, 0, FORM_NONE, COR_INSN_OUT},
};

static const char *const names[COR_INSN_OP_COUNT] = {
    [COR_INSN_NONE] = "unknown",
    [COR_INSN_LGDT] = "lgdt",
    [COR_INSN_LIDT] = "lidt",
    [COR_INSN_LTR] = "ltr",
    [COR_INSN_LRET] = "lretq",
    [COR_INSN_MOV_SREG] = "mov to segment register",
    [COR_INSN_WRMSR] = "wrmsr",
    [COR_INSN_RDMSR] = "rdmsr",
    [COR_INSN_READ_CR2] = "mov from cr2",
    [COR_INSN_CLI] = "cli",
    [COR_INSN_STI] = "sti",
    [COR_INSN_HLT] = "hlt",
    [COR_INSN_IRET] = "iretq",
    [COR_INSN_READ_CR] = "mov from a control register",
    [COR_INSN_WRITE_CR] = "mov to a control register",
    [COR_INSN_IN] = "in",
    [COR_INSN_OUT] = "out",
};

/* The bytes left to decode; every read is checked, one past the end sets bad. */
struct cursor {
    const uint8_t *bytes;
    size_t len, at;
    bool bad;
};

static uint8_t next(struct cursor *c)
{
    if (c->at >= c->len) {
        c->bad = true;
        return 0;
    }
    return c->bytes[c->at++];
}

static uint64_t next_disp(struct cursor *c, unsigned int bytes)
{
    uint32_t v = 0;
    for (unsigned int i = 0; i < bytes; i++)
        v |= (uint32_t)next(c) << (8 * i);
    return bytes == 1 ? (uint64_t)(int64_t)(int8_t)v : (uint64_t)(int64_t)(int32_t)v;
}

/* Memory operand: SDM volume 2, tables 2-2 and 2-3, 64-bit addressing. */
static uint64_t address(struct cursor *c, uint8_t modrm, uint8_t rex,
                        const uint64_t gpr[16], bool *rip_relative)
{
    uint8_t mod = modrm >> 6, rm = modrm & 7;
    uint64_t base = 0, index = 0;
    *rip_relative = false;
    if (rm == 4) {
        uint8_t sib = next(c);
        uint8_t idx = (uint8_t)((sib >> 3 & 7) | (rex & 2) << 2);
        if (idx != 4)
            index = gpr[idx] << (sib >> 6);
        if ((sib & 7) == 5 && mod == 0)
            return index + next_disp(c, 4);
        base = gpr[(sib & 7) | (rex & 1) << 3];
    } else if (rm == 5 && mod == 0) {
        *rip_relative = true;
        return next_disp(c, 4);
    } else {
        base = gpr[rm | (rex & 1) << 3];
    }
    if (mod == 1)
        base += next_disp(c, 1);
    if (mod == 2)
        base += next_disp(c, 4);
    return base + index;
}

static const struct row *find(bool two_byte, uint8_t opcode, uint8_t rex, uint8_t ext)
{
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct row *r = &rows[i];
        if (r->two_byte == two_byte && r->opcode == opcode &&
            (!r->rex_w || (rex & 8)) && (r->ext == ANY || r->ext == ext))
            return r;
    }
    return NULL;
}

static void operand(const struct row *r, struct cursor *c, uint8_t rex,
                    const uint64_t gpr[16], uint64_t rip, struct cor_insn *in)
{
    bool rip_relative = false;
    uint8_t modrm = next(c);
    in->reg = (uint8_t)((modrm >> 3 & 7) | (rex & 4) << 1);
    in->rm = (uint8_t)((modrm & 7) | (rex & 1) << 3);
    if (r->form == FORM_REG || modrm >> 6 == 3) {
        if (r->form == FORM_MEM)
            c->bad = true;
        return;
    }
    in->memory = 1;
    in->address = address(c, modrm, rex, gpr, &rip_relative);
    if (rip_relative)
        in->address += rip + c->at;
}

void cor_insn_decode(const uint8_t *bytes, size_t len, const uint64_t gpr[16],
                     uint64_t rip, struct cor_insn *ret)
{
    struct cursor c = {.bytes = bytes, .len = len < COR_INSN_MAX ? len : COR_INSN_MAX};
    struct cor_insn in = {.op = COR_INSN_NONE};
    uint8_t rex = 0, opcode = next(&c);
    memset(ret, 0, sizeof(*ret));
    /* Operand-size and repeat prefixes occur before in and out only. */
    bool prefixed = false;
    while (opcode == 0x66 || opcode == 0xf2 || opcode == 0xf3) {
        prefixed = true;
        opcode = next(&c);
    }
    if ((opcode & 0xf0) == 0x40) {
        rex = opcode;
        opcode = next(&c);
    }
    bool two_byte = opcode == 0x0f;
    if (two_byte)
        opcode = next(&c);
    uint8_t ext = c.at < c.len ? bytes[c.at] >> 3 & 7 : 0;
    const struct row *r = find(two_byte, opcode, rex, ext);
    if (!r || c.bad || (prefixed && r->op != COR_INSN_IN && r->op != COR_INSN_OUT))
        return;
    if (r->form == FORM_IMM8)
        (void)next(&c);
    else if (r->form != FORM_NONE)
        operand(r, &c, rex, gpr, rip, &in);
    /* CR10 is not CR2. */
    if (c.bad || (r->op == COR_INSN_READ_CR2 && in.reg != 2))
        return;
    in.op = (enum cor_insn_op)r->op;
    in.len = (uint8_t)c.at;
    *ret = in;
}

const char *cor_insn_name(enum cor_insn_op op)
{
    return (unsigned int)op < COR_INSN_OP_COUNT ? names[op] : "unknown";
}
