/*
 * net_handles.c - handles that name no interface, an interface that has no frame, and
 * an interface taken for a disk.
 */
#include <coracle.h>

static uint8_t frame[1514];

COR_MANIFEST(COR_NET("service"));

static int check(const char *what, bool good)
{
    if (!good)
        cor_printf("FAIL: %s\n", what);
    return good ? 0 : 1;
}

static int bad_handles(void)
{
    const uint64_t handles[] = {0, 2, 63, 64, 1ULL << 32 | 1, ~0ULL};
    int bad = 0;
    for (unsigned int i = 0; i < sizeof(handles) / sizeof(handles[0]); i++) {
        uint64_t len = sizeof(frame);
        bad |= check("read", cor_net_read(handles[i], frame, &len) == COR_HVT_EINVAL);
        bad |= check("length of a read that failed", len == sizeof(frame));
        bad |= check("write", cor_net_write(handles[i], frame, 60) == COR_HVT_EINVAL);
    }
    return bad;
}

int cor_main(const char *cmdline)
{
    (void)cmdline;
    unsigned int h = cor_device_find("service");
    int bad = check("handle", h == 1) | bad_handles();
    bad |= check("disk", cor_block_read(h, 0, frame, 512) == COR_HVT_EINVAL);
    /* the host may have sent frames of its own by now: they end */
    enum cor_hvt_result r = COR_HVT_OK;
    for (int i = 0; i < 1000 && r == COR_HVT_OK; i++) {
        uint64_t len = sizeof(frame);
        r = cor_net_read(h, frame, &len);
        bad |= check("length", r != COR_HVT_OK || (len > 0 && len <= sizeof(frame)));
    }
    return bad | check("no frame", r == COR_HVT_AGAIN);
}
