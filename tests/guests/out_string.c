/*
 * out_string.c - hypercalls from memory by outsl, with no handler: a fault.
 */
#include <coracle.h>

static uint32_t words[4];

COR_MANIFEST();

int cor_main(const char *cmdline)
{
    (void)cmdline;
    const void *from = words;
    uint64_t count = 4;
    __asm__ volatile("rep outsl"
                     : "+S"(from), "+c"(count)
                     : "d"(COR_HVT_PORT_BASE + COR_HVT_PUTS)
                     : "memory");
    return 1;
}
