/*
 * block_two.c - two disks that are not mixed up.
 */
#include <coracle.h>

static uint8_t first[512], second[512], in[512];

COR_MANIFEST(COR_BLOCK("storage"), COR_BLOCK("second"));

static bool holds(uint64_t handle, const uint8_t *what)
{
    return cor_block_read(handle, 512, in, sizeof(in)) == COR_HVT_OK &&
           memcmp(in, what, sizeof(in)) == 0;
}

int cor_main(const char *cmdline)
{
    (void)cmdline;
    unsigned int a = cor_device_find("storage"), b = cor_device_find("second");
    memset(first, 0x11, sizeof(first));
    memset(second, 0x22, sizeof(second));
    if (a != 1 || b != 2) {
        cor_printf("FAIL: handles %u and %u\n", a, b);
        return 1;
    }
    if (cor_block_write(a, 512, first, sizeof(first)) != COR_HVT_OK ||
        cor_block_write(b, 512, second, sizeof(second)) != COR_HVT_OK) {
        cor_puts("FAIL: write\n");
        return 1;
    }
    if (!holds(a, first) || !holds(b, second)) {
        cor_puts("FAIL: one disk holds what the other was given\n");
        return 1;
    }
    return 0;
}
