/*
 * above_mem.c - reads the first byte past its memory: a fault.
 */
#include <coracle.h>

/* An address that the compiler knows nothing about. */
static volatile uint64_t *word(uint64_t at)
{
    __asm__("" : "+r"(at));
    return (volatile uint64_t *)cor_at(at);
}

COR_MANIFEST();

int cor_main(const char *cmdline)
{
    (void)cmdline;
    return (int)*word(cor_boot_info()->mem_size);
}
