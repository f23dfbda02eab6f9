/*
 * bootinfo.c - checks what it was given at its entry.
 */
#include <coracle.h>

COR_MANIFEST();

static int check(const char *what, bool good)
{
    if (!good)
        cor_printf("FAIL: %s\n", what);
    return good ? 0 : 1;
}

int cor_main(const char *cmdline)
{
    const struct cor_hvt_boot_info *b = cor_boot_info();
    const struct cor_mft *mft = cor_at(b->mft);
    volatile uint64_t *top = cor_at(b->mem_size - 8);
    int bad = 0;
    *top = *top + 1;
    bad |= check("address", (uintptr_t)b == COR_HVT_BOOT_GPA);
    bad |= check("mem_size", b->mem_size % COR_HVT_MEM_STEP == 0);
    bad |= check("cpu_cycle_freq", b->cpu_cycle_freq > 100000000ULL);
    bad |= check("kernel_end", b->kernel_end > COR_HVT_IMAGE_MIN);
    bad |= check("cmdline", (uintptr_t)cmdline == b->cmdline);
    bad |= check("manifest", mft->version == 1 && mft->entries == 1);
    bad |= check("manifest behind boot info", b->mft >= COR_HVT_BOOT_GPA + sizeof(*b));
    bad |= check("no ring",
                 b->host_features == 0 && b->guest_features == 0 && b->net_ring == 0);
    return bad;
}
