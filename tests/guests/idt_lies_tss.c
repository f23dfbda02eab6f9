/*
 * idt_lies_tss.c - takes the stack of its handlers from a TSS that it does not have,
 * then faults: a triple fault.
 *
 * The argument says where the TSS is: 0 behind the end of memory, 1 in the monitor's
 * own memory, 2 across the end of the GDT, 3 in a valid place that names a bad stack.
 */
#include <coracle.h>

#define GATES 32u

struct pointer {
    uint16_t limit;
    uint64_t base;
} __attribute__((packed));

static uint64_t gdt[5] = {0, 0x00af99000000ffff, 0x00cf93000000ffff};
static uint64_t idt[GATES][2];
static uint32_t tss[26];

COR_MANIFEST();

static void handler(void)
{
    cor_puts("FAIL: the handler was entered\n");
    cor_halt(1);
}

static void describe_tss(uint64_t base)
{
    gdt[3] = 103 | (base & 0xffffff) << 16 | 0x89ULL << 40 | (base >> 24 & 0xff) << 56;
    gdt[4] = base >> 32;
}

int cor_main(const char *cmdline)
{
    const uint64_t places[] = {cor_boot_info()->mem_size, 0x100002000ULL,
                               (uintptr_t)tss, (uintptr_t)tss};
    uint64_t n = 0, to = (uintptr_t)handler;
    if (!cor_number(cmdline, &n) || n >= sizeof(places) / sizeof(places[0]))
        return 1;
    for (unsigned int v = 0; v < GATES; v++) {
        idt[v][0] = (to & 0xffff) | 0x8e01ULL << 32 | 8 << 16 | (to >> 16) << 48;
        idt[v][1] = 0;
    }
    describe_tss(places[n]);
    tss[9] = (uint32_t)(uintptr_t)cor_text_end; /* IST1 */
    const struct pointer gdtr = {n == 2 ? 31 : 39, (uintptr_t)gdt};
    const struct pointer idtr = {sizeof(idt) - 1, (uintptr_t)idt};
    __asm__ volatile("lgdt %0\n\tltr %w2\n\tlidt %1\n\tud2"
                     :
                     : "m"(gdtr), "m"(idtr), "r"(0x18)
                     : "memory");
    return 1;
}
