/*
 * triple_fault.c - an illegal instruction under an IDT without gates: a triple fault.
 */
#include <coracle.h>

static const struct {
    uint16_t limit;
    uint64_t base;
} __attribute__((packed)) idt = {0, 0};

COR_MANIFEST();

int cor_main(const char *cmdline)
{
    (void)cmdline;
    __asm__ volatile("lidt %0\n\tud2" : : "m"(idt) : "memory");
    return 1;
}
