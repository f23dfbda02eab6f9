/*
 * block_rw.c - writes, reads back, and tries what must be refused.
 */
#include <coracle.h>

static uint8_t out[4096], in[4096];

static int check(const char *what, bool good)
{
    if (!good)
        cor_printf("FAIL: %s\n", what);
    return good ? 0 : 1;
}

COR_MANIFEST(COR_BLOCK("storage"));

int cor_main(const char *cmdline)
{
    (void)cmdline;
    uint64_t h = cor_device_find("storage"), size = cor_device(h)->u.block.capacity;
    int bad = 0;
    for (unsigned int i = 0; i < sizeof(out); i++)
        out[i] = (uint8_t)(i * 7 + 3);
    bad |=
        check("write of 8 blocks", cor_block_write(h, 4096, out, 4096) == COR_HVT_OK);
    bad |= check("read of 8 blocks", cor_block_read(h, 4096, in, 4096) == COR_HVT_OK);
    bad |= check("what was written", memcmp(in, out, sizeof(in)) == 0);
    bad |=
        check("the last block", cor_block_read(h, size - 512, in, 512) == COR_HVT_OK);
    bad |= check("past the end", cor_block_read(h, size, in, 512) == COR_HVT_EINVAL);
    bad |= check("over the end",
                 cor_block_read(h, size - 512, in, 1024) == COR_HVT_EINVAL);
    bad |=
        check("overflow", cor_block_read(h, ~0ULL - 511, in, 1024) == COR_HVT_EINVAL);
    bad |= check("no length", cor_block_read(h, 0, in, 0) == COR_HVT_EINVAL);
    bad |= check("odd length", cor_block_write(h, 0, out, 100) == COR_HVT_EINVAL);
    bad |= check("odd offset", cor_block_write(h, 7, out, 512) == COR_HVT_EINVAL);
    bad |= check("handle 0", cor_block_read(0, 0, in, 512) == COR_HVT_EINVAL);
    bad |= check("handle 63", cor_block_read(63, 0, in, 512) == COR_HVT_EINVAL);
    bad |= check("handle -1", cor_block_read(~0ULL, 0, in, 512) == COR_HVT_EINVAL);
    return bad;
}
