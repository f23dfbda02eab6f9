/*
 * trap.c - GDT, TSS, IDT and the way from an exception to a C function.
 *
 * The tables are variables, for ltr marks its descriptor busy.
 * Spec: Intel SDM volume 3, 3.4.5 (descriptors), 6.14 (64-bit gates), 7.7 (TSS).
 */
#include "trap.h"

#include "coracle.h"

#define VECTORS    32u
#define CODE_SEL   0x08u
#define DATA_SEL   0x10u
#define TSS_SEL    0x18u
#define STACKS     3u
#define STACK_SIZE 4096u
#define GATE_BYTES 16u /* of code, see below */

struct pointer {
    uint16_t limit;
    uint64_t base;
} __attribute__((packed));

struct tss {
    uint32_t reserved0;
    uint64_t rsp[3];
    uint64_t reserved1;
    uint64_t ist[7];
    uint64_t reserved2;
    uint16_t reserved3, io_bitmap;
} __attribute__((packed));

_Static_assert(sizeof(struct tss) == 104, "TSS");

static uint64_t gdt[5] = {0, 0x00af99000000ffff, 0x00cf93000000ffff, 0, 0};
static uint64_t idt[VECTORS][2];
static struct tss tss;
static uint8_t stacks[STACKS][STACK_SIZE] __attribute__((aligned(16)));
static uint8_t cookie[COR_HVT_COOKIE_SIZE] __attribute__((aligned(8)));
static cor_trap_fn handler;

/*
 * One gate each GATE_BYTES: a zero where the processor pushes no error code, then the
 * vector. Behind it the stack is a struct cor_trap_regs, and aligned for a call.
 */
#define GATE(n)  ".balign 16\n pushq $0\n pushq $" #n "\n jmp cor_trap_common\n"
#define GATEC(n) ".balign 16\n pushq $" #n "\n jmp cor_trap_common\n"

__asm__(".pushsection .text\n"
        ".balign 16\n"
        "cor_trap_gates:\n" GATE(0) GATE(1) GATE(2) GATE(3) GATE(4) GATE(5) GATE(6)
            GATE(7) GATEC(8) GATE(9) GATEC(10) GATEC(11) GATEC(12) GATEC(13) GATEC(14)
                GATE(15) GATE(16) GATEC(17) GATE(18) GATE(19) GATE(20) GATEC(21)
                    GATE(22) GATE(23) GATE(24) GATE(25) GATE(26) GATE(27) GATE(28)
                        GATEC(29) GATEC(30) GATE(31)
        /* rax first, so that the order of struct cor_trap_regs comes out */
        "cor_trap_common:\n"
        "    push %rax; push %rbx; push %rcx; push %rdx\n"
        "    push %rsi; push %rdi; push %rbp\n"
        "    push %r8; push %r9; push %r10; push %r11\n"
        "    push %r12; push %r13; push %r14; push %r15\n"
        "    cld\n"
        "    mov %cr2, %rdi\n"
        "    mov %rsp, %rsi\n"
        "    call cor_trap_dispatch\n"
        "    pop %r15; pop %r14; pop %r13; pop %r12\n"
        "    pop %r11; pop %r10; pop %r9; pop %r8\n"
        "    pop %rbp; pop %rdi; pop %rsi\n"
        "    pop %rdx; pop %rcx; pop %rbx; pop %rax\n"
        "    add $16, %rsp\n"
        "    iretq\n"
        ".popsection\n");

extern char cor_trap_gates[];
void cor_trap_dispatch(uint64_t cr2, struct cor_trap_regs *regs);

__attribute__((used)) void cor_trap_dispatch(uint64_t cr2, struct cor_trap_regs *regs)
{
    if (handler && handler(cr2, regs))
        return;
    cor_printf("trap: vector %lu, error code 0x%lx, rip 0x%lx, rsp 0x%lx, cr2 0x%lx\n",
               regs->vector, regs->error, regs->rip, regs->rsp, cr2);
    struct cor_hvt_trap trap = {.cr2 = cr2,
                                .ec = regs->error,
                                .rip = regs->rip,
                                .cs = regs->cs,
                                .rflags = regs->rflags,
                                .rsp = regs->rsp,
                                .ss = regs->ss};
    memcpy(cookie, &trap, sizeof(trap));
    cor_halt_trap(255, cookie);
}

static void fill_tables(unsigned int ist)
{
    uint64_t base = (uintptr_t)&tss, limit = sizeof(tss) - 1;
    for (unsigned int i = 0; i < STACKS; i++)
        tss.ist[i] = (uintptr_t)stacks[i] + STACK_SIZE;
    tss.io_bitmap = sizeof(tss);
    gdt[3] =
        limit | (base & 0xffffff) << 16 | 0x89ULL << 40 | (base >> 24 & 0xff) << 56;
    gdt[4] = base >> 32;
    for (unsigned int v = 0; v < VECTORS; v++) {
        uint64_t to = (uintptr_t)cor_trap_gates + (uint64_t)v * GATE_BYTES;
        idt[v][0] = (to & 0xffff) | CODE_SEL << 16 | (uint64_t)(ist & 7) << 32 |
                    0x8eULL << 40 | (to >> 16 & 0xffff) << 48;
        idt[v][1] = to >> 32;
    }
}

void cor_trap_init(unsigned int ist, cor_trap_fn fn)
{
    const struct pointer gdtr = {sizeof(gdt) - 1, (uintptr_t)gdt};
    const struct pointer idtr = {sizeof(idt) - 1, (uintptr_t)idt};
    handler = fn;
    fill_tables(ist);
    __asm__ volatile("lgdt %0\n"
                     "pushq %2\n"
                     "lea 1f(%%rip), %%rax\n"
                     "push %%rax\n"
                     "lretq\n"
                     "1: mov %3, %%eax\n"
                     "mov %%eax, %%ss\n"
                     "mov %%eax, %%ds\n"
                     "mov %%eax, %%es\n"
                     "mov %4, %%eax\n"
                     "ltr %%ax\n"
                     "lidt %1\n"
                     :
                     : "m"(gdtr), "m"(idtr), "i"(CODE_SEL), "i"(DATA_SEL), "i"(TSS_SEL)
                     : "rax", "memory");
}
