/*
 * device.c - disks and network interfaces.
 */
#include "coracle.h"

static const struct cor_mft *manifest(void)
{
    return cor_at(cor_boot_info()->mft);
}

const struct cor_mft_entry *cor_device(uint64_t handle)
{
    const struct cor_mft *m = manifest();
    if (handle < 1 || handle >= m->entries || !m->e[handle].attached)
        return NULL;
    return &m->e[handle];
}

unsigned int cor_device_find(const char *name)
{
    for (unsigned int h = 1; h < COR_MFT_MAX_ENTRIES; h++) {
        const struct cor_mft_entry *e = cor_device(h);
        if (e && strncmp(e->name, name, sizeof(e->name)) == 0)
            return h;
    }
    return 0;
}

static enum cor_hvt_result block(enum cor_hvt_call nr, uint64_t handle, uint64_t offset,
                                 uintptr_t data, uint64_t len)
{
    struct cor_hvt_block arg = {
        .handle = handle, .offset = offset, .data = data, .len = len};
    cor_hypercall(nr, (uint32_t)(uintptr_t)&arg);
    return (enum cor_hvt_result)arg.ret;
}

enum cor_hvt_result cor_block_read(uint64_t handle, uint64_t offset, void *data,
                                   uint64_t len)
{
    return block(COR_HVT_BLOCK_READ, handle, offset, (uintptr_t)data, len);
}

enum cor_hvt_result cor_block_write(uint64_t handle, uint64_t offset, const void *data,
                                    uint64_t len)
{
    return block(COR_HVT_BLOCK_WRITE, handle, offset, (uintptr_t)data, len);
}

enum cor_hvt_result cor_net_read(uint64_t handle, void *data, uint64_t *len)
{
    struct cor_hvt_net arg = {.handle = handle, .data = (uintptr_t)data, .len = *len};
    cor_hypercall(COR_HVT_NET_READ, (uint32_t)(uintptr_t)&arg);
    if (arg.ret == COR_HVT_OK)
        *len = arg.len;
    return (enum cor_hvt_result)arg.ret;
}

enum cor_hvt_result cor_net_write(uint64_t handle, const void *data, uint64_t len)
{
    struct cor_hvt_net arg = {.handle = handle, .data = (uintptr_t)data, .len = len};
    cor_hypercall(COR_HVT_NET_WRITE, (uint32_t)(uintptr_t)&arg);
    return (enum cor_hvt_result)arg.ret;
}
