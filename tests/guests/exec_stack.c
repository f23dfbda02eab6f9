/*
 * exec_stack.c - jumps into its stack: a fault.
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
    volatile uint8_t local[16];
    local[0] = code[0];
    jump((uintptr_t)local);
    return 1;
}
