/*
 * exec_data.c - jumps into its data: a fault.
 */
#include <coracle.h>

static uint8_t code[16] = {0xc3};

static void jump(uint64_t at)
{
    __asm__ volatile("call *%0" : : "r"(at) : "memory");
}

COR_MANIFEST();

int cor_main(const char *cmdline)
{
    (void)cmdline;
    jump((uintptr_t)code);
    return 1;
}
