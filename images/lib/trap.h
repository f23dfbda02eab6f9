/*
 * trap.h - exceptions in the guest's own hands.
 *
 * Not needed to be told what went wrong: the monitor reports an exception of a guest
 * that has no handlers. A guest that calls cor_trap_init() gets what a Solo5 image sets
 * up for itself: a GDT, a TSS and an IDT.
 */
#ifndef CORACLE_TRAP_H
#define CORACLE_TRAP_H

#include <stdbool.h>
#include <stdint.h>

/* The interrupted program, as it lies on the handler's stack; what is changed in here
 * holds when the handler returns. */
struct cor_trap_regs {
    uint64_t r15, r14, r13, r12, r11, r10, r9, r8;
    uint64_t rbp, rdi, rsi, rdx, rcx, rbx, rax;
    uint64_t vector, error; /* error is 0 for vectors without error code */
    uint64_t rip, cs, rflags, rsp, ss;
};

/*
 * Called with CR2 and the interrupted program. True: resume it. False: print the trap
 * and halt with 255.
 */
typedef bool (*cor_trap_fn)(uint64_t cr2, struct cor_trap_regs *regs);

/**
 * cor_trap_init() - take over exceptions 0 to 31.
 * @ist: stack of the handler: 0 the interrupted program's, 1..3 one of its own through
 *       the TSS
 * @fn: asked first, may be NULL
 */
void cor_trap_init(unsigned int ist, cor_trap_fn fn);

#endif
