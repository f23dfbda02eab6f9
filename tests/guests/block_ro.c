/*
 * block_ro.c - is refused to write a read-only disk, and reads it.
 */
#include <coracle.h>

static uint8_t buf[512];

COR_MANIFEST(COR_BLOCK("storage"));

int cor_main(const char *cmdline)
{
    (void)cmdline;
    uint64_t h = cor_device_find("storage");
    if (cor_block_write(h, 0, buf, sizeof(buf)) == COR_HVT_OK)
        return 1;
    return cor_block_read(h, 0, buf, sizeof(buf)) == COR_HVT_OK ? 0 : 2;
}
