/*
 * start.c - a guest's first instruction, and its last.
 *
 * The monitor enters _start as if it had been called with boot information as its only
 * argument, on a stack at the top of memory.
 */
#include "coracle.h"

/* Spec: hvt ABI section 3.1. */
static const struct {
    uint32_t namesz, descsz, type;
    char name[8];
    struct cor_abi_note abi;
} abi_note __attribute__((used, aligned(4), section(".note.solo5.abi"))) = {
    .namesz = COR_NOTE_NAMESZ,
    .descsz = COR_NOTE_ABI_DESCSZ,
    .type = COR_NOTE_ABI,
    .name = COR_NOTE_NAME,
    .abi = {.target = COR_TARGET_HVT, .version = 2},
};

static const struct cor_hvt_boot_info *boot_info;

__attribute__((noreturn)) void _start(const struct cor_hvt_boot_info *info);

void _start(const struct cor_hvt_boot_info *info)
{
    boot_info = info;
    (void)cor_clock_monotonic(); /* the first reading is time zero */
    cor_halt(cor_main(cor_at(info->cmdline)));
}

const struct cor_hvt_boot_info *cor_boot_info(void)
{
    return boot_info;
}

void cor_halt_trap(int status, const void *cookie)
{
    struct cor_hvt_halt arg = {.cookie = (uintptr_t)cookie, .exit_status = status};
    cor_hypercall(COR_HVT_HALT, (uint32_t)(uintptr_t)&arg);
    for (;;) /* not reached: the monitor does not come back from it */
        __asm__ volatile("pause");
}

void cor_halt(int status)
{
    cor_halt_trap(status, NULL);
}
