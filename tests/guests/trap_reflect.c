/*
 * trap_reflect.c - handles its own exceptions: prints the trap, halts with 255.
 */
#include <coracle.h>
#include <trap.h>

COR_MANIFEST();

int cor_main(const char *cmdline)
{
    uint64_t ist = 0;
    (void)cor_number(cmdline, &ist);
    cor_trap_init((unsigned int)ist, NULL);
    uint64_t at = 16;
    __asm__("" : "+r"(at)); /* an address that the compiler knows nothing about */
    *(volatile uint64_t *)cor_at(at) = 1;
    return 1;
}
