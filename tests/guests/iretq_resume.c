/*
 * iretq_resume.c - its handler resumes behind a breakpoint and an illegal instruction.
 */
#include <coracle.h>
#include <trap.h>

static unsigned int traps;

static bool handler(uint64_t cr2, struct cor_trap_regs *regs)
{
    (void)cr2;
    traps++;
    if (regs->vector == 6)
        regs->rip += 2;
    return true;
}

COR_MANIFEST();

int cor_main(const char *cmdline)
{
    (void)cmdline;
    cor_trap_init(1, handler);
    __asm__ volatile("int3\n\tud2" : : : "memory");
    return traps == 2 ? 0 : 1;
}
