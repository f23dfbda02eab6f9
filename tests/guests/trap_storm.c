/*
 * trap_storm.c - its handlers cannot be executed: each exception leads to the next, for
 * ever. Whoever runs it must still be able to stop it.
 */
#include <coracle.h>
#include <trap.h>

static uint64_t idt[32][2];
static const struct {
    uint16_t limit;
    uint64_t *base;
} __attribute__((packed)) idtr = {sizeof(idt) - 1, &idt[0][0]};

COR_MANIFEST();

int cor_main(const char *cmdline)
{
    (void)cmdline;
    uint64_t to = (uintptr_t)idt; /* data */
    cor_trap_init(1, NULL);       /* for its GDT and TSS */
    for (unsigned int v = 0; v < 32; v++) {
        idt[v][0] = (to & 0xffff) | 0x8e01ULL << 32 | 8 << 16 | (to >> 16) << 48;
        idt[v][1] = 0;
    }
    cor_puts("storming\n");
    __asm__ volatile("lidt %0\n\tud2" : : "m"(idtr) : "memory");
    return 1;
}
