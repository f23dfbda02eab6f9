/*
 * fs_base.c - sets FS_BASE by wrmsr and reads through it.
 */
#include <coracle.h>

static uint64_t value = 0x1122334455667788ULL;

COR_MANIFEST();

int cor_main(const char *cmdline)
{
    (void)cmdline;
    uint64_t at = (uintptr_t)&value, read;
    __asm__ volatile("wrmsr"
                     :
                     : "c"(0xc0000100u), "a"((uint32_t)at), "d"((uint32_t)(at >> 32))
                     : "memory");
    __asm__ volatile("mov %%fs:0, %0" : "=r"(read));
    return read == value ? 0 : 1;
}
