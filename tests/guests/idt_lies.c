/*
 * idt_lies.c - loads an IDT that is not its own memory, then faults.
 */
#include <coracle.h>

static struct {
    uint16_t limit;
    uint64_t base;
} __attribute__((packed)) idt = {0xfff, 0x100000000ULL};

COR_MANIFEST();

int cor_main(const char *cmdline)
{
    (void)cmdline;
    __asm__ volatile("lidt %0\n\tud2" : : "m"(idt) : "memory");
    return 1;
}
