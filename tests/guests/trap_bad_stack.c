/*
 * trap_bad_stack.c - an exception while its stack is its own text: a triple fault.
 */
#include <coracle.h>
#include <trap.h>

COR_MANIFEST();

int cor_main(const char *cmdline)
{
    (void)cmdline;
    cor_trap_init(0, NULL);
    __asm__ volatile("mov %0, %%rsp\n\tud2" : : "r"(cor_text_end) : "memory");
    return 1;
}
