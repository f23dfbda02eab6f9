/*
 * fuzz_vm_decode.c - any bytes into the decoder of privileged instructions.
 */
#include <stdlib.h>
#include <string.h>

#include <cor/vm/decode.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint64_t gpr[16] = {0, 1, ~0ULL, 1ULL << 63, 0x1000, 5,  6,  7,
                                     8, 9, 10,    11,         12,     13, 14, 15};
    struct cor_insn in;
    cor_insn_decode(data, size, gpr, 0x100000, &in);
    if ((in.op == COR_INSN_NONE) != (in.len == 0) || in.len > size ||
        in.len > COR_INSN_MAX || in.reg > 15 || in.rm > 15 ||
        in.op >= COR_INSN_OP_COUNT)
        abort();
    /* A shorter input never decodes to more. */
    for (size_t n = 0; n < in.len; n++) {
        struct cor_insn cut;
        cor_insn_decode(data, n, gpr, 0x100000, &cut);
        if (cut.op != COR_INSN_NONE)
            abort();
    }
    return 0;
}
