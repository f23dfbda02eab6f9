/*
 * decode.h - the privileged instructions that a unikernel executes at CPL3.
 *
 * The boot code of a Solo5 image was written for ring 0. Confined, each of its few
 * privileged instructions raises #GP once, and the monitor does what it would have
 * done. The table holds those instructions and no others.
 */
#ifndef COR_VM_DECODE_H
#define COR_VM_DECODE_H

#include <stddef.h>
#include <stdint.h>

#define COR_INSN_MAX 15u /* bytes, Intel SDM volume 2, 2.3.11 */

enum cor_insn_op {
    COR_INSN_NONE, /* not in the table */
    COR_INSN_LGDT,
    COR_INSN_LIDT,
    COR_INSN_LTR,
    COR_INSN_LRET,     /* REX.W CB */
    COR_INSN_MOV_SREG, /* 8E /r */
    COR_INSN_WRMSR,
    COR_INSN_RDMSR,
    COR_INSN_READ_CR2, /* 0F 20 /2 */
    COR_INSN_CLI,
    COR_INSN_STI,
    COR_INSN_HLT,
    COR_INSN_IRET,    /* REX.W CF */
    COR_INSN_READ_CR, /* the rest are recognised so that a report can name them */
    COR_INSN_WRITE_CR,
    COR_INSN_IN,
    COR_INSN_OUT,
    COR_INSN_OP_COUNT
};

struct cor_insn {
    enum cor_insn_op op;
    uint8_t len;      /* bytes, 0 with COR_INSN_NONE */
    uint8_t reg;      /* ModRM.reg with REX.R, 0..15 */
    uint8_t rm;       /* register of ModRM.rm with REX.B, when !memory */
    uint8_t memory;   /* 1: @address is the operand's address */
    uint64_t address; /* effective address, segment base 0 */
};

/**
 * cor_insn_decode() - decode one instruction of the table.
 * @bytes: instruction bytes, foreign
 * @len: how many there are, 0..15
 * @gpr: general registers in the order of their encoding (rax rcx rdx rbx rsp rbp rsi
 * rdi r8..r15)
 * @rip: address of @bytes
 * @ret: always written
 */
void cor_insn_decode(const uint8_t *bytes, size_t len, const uint64_t gpr[16],
                     uint64_t rip, struct cor_insn *ret);

/**
 * cor_insn_name() - the instruction's mnemonic, for a report.
 * @op: any value
 *
 * Return: a string that lives on.
 */
const char *cor_insn_name(enum cor_insn_op op);

#endif
