/*
 * boot.c - the image, the manifest, the command line and boot info into guest memory.
 *
 * Spec: hvt ABI sections 2, 4, 5.2 and 7.
 */
#include <errno.h>
#include <string.h>

#include <linux/fs.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <cor/base/fd.h>

#include "vm_priv.h"

#define DEFAULT_BLOCK_SIZE 512u
#define DEFAULT_MTU        1500u

static int load_segments(struct cor_vm *vm, struct cor_err *err)
{
    for (unsigned int i = 0; i < vm->image->nsegments; i++) {
        const struct cor_segment *s = &vm->image->seg[i];
        int r = cor_fd_pread_full(vm->config->image_fd, vm->mem.base + s->vaddr,
                                  s->filesz, s->offset);
        if (r < 0)
            return cor_err_os(err, -r, "cannot read segment %u of the image", i);
    }
    return 0;
}

static int disk_size(const struct cor_config_dev *c, uint64_t *ret, struct cor_err *err)
{
    struct stat st;
    if (fstat(c->fd, &st) < 0)
        return cor_err_os(err, errno, "block device '%s'", c->name);
    *ret = (uint64_t)st.st_size;
    if (S_ISBLK(st.st_mode) && ioctl(c->fd, BLKGETSIZE64, ret) < 0)
        return cor_err_os(err, errno, "block device '%s'", c->name);
    return 0;
}

static int attach_block(struct vm_dev *d, const struct cor_config_dev *c,
                        struct cor_mft_entry *e, struct cor_err *err)
{
    int r = disk_size(c, &d->capacity, err);
    if (r < 0)
        return r;
    d->block_size = c->sector_size ? c->sector_size : DEFAULT_BLOCK_SIZE;
    if (d->capacity < d->block_size)
        return cor_err_set(err, EINVAL,
                           "block device '%s': %llu bytes are less than one "
                           "sector of %u bytes",
                           c->name, (unsigned long long)d->capacity, d->block_size);
    if (d->capacity % d->block_size)
        return cor_err_set(err, EINVAL,
                           "block device '%s': size %llu is not a multiple "
                           "of the sector size %u",
                           c->name, (unsigned long long)d->capacity, d->block_size);
    e->u.block.capacity = d->capacity;
    e->u.block.block_size = (uint16_t)d->block_size;
    return 0;
}

/* Connects one configured device with the manifest entry of its name. */
static int attach(struct cor_vm *vm, unsigned int index, struct cor_mft_entry *mft,
                  struct cor_err *err)
{
    const struct cor_config_dev *c = &vm->config->dev[index];
    unsigned int h = 1;
    while (h < vm->handles && strcmp(mft[h].name, c->name) != 0)
        h++;
    if (h == vm->handles)
        return cor_err_set(err, ENOEXEC, "device '%s' is not in the image's manifest",
                           c->name);
    struct vm_dev *d = &vm->dev[h];
    struct cor_mft_entry *e = &mft[h];
    uint32_t type = c->type == COR_CONFIG_BLOCK ? COR_MFT_BLOCK : COR_MFT_NET;
    if (e->type != type)
        return cor_err_set(err, ENOEXEC,
                           "device '%s' is a %s device in the image's "
                           "manifest",
                           c->name, e->type == COR_MFT_BLOCK ? "block" : "net");
    d->type = c->type;
    d->fd = c->fd;
    d->readonly = c->readonly;
    vm->handle_of[index] = (uint8_t)h;
    if (c->type == COR_CONFIG_BLOCK) {
        int r = attach_block(d, c, e, err);
        if (r < 0)
            return r;
    } else {
        d->mtu = c->mtu ? c->mtu : DEFAULT_MTU;
        memcpy(e->u.net.mac, c->mac, sizeof(e->u.net.mac));
        e->u.net.mtu = d->mtu;
    }
    e->attached = 1;
    return 0;
}

static int attach_all(struct cor_vm *vm, struct cor_mft_entry *mft, struct cor_err *err)
{
    for (unsigned int h = 0; h < COR_MFT_MAX_ENTRIES; h++)
        vm->dev[h].fd = -1;
    for (unsigned int i = 0; i < vm->config->ndevs; i++) {
        int r = attach(vm, i, mft, err);
        if (r < 0)
            return r;
    }
    for (unsigned int h = 1; h < vm->handles; h++) {
        if (!mft[h].attached)
            return cor_err_set(
                err, ENOEXEC,
                "the image wants a %s device '%s': give it "
                "with --%s %s=...",
                mft[h].type == COR_MFT_BLOCK ? "block" : "net", mft[h].name,
                mft[h].type == COR_MFT_BLOCK ? "block" : "net", mft[h].name);
    }
    return 0;
}

int vm_boot_load(struct cor_vm *vm, struct cor_err *err)
{
    struct cor_mft_entry mft[COR_MFT_MAX_ENTRIES];
    struct cor_mft head = {.version = COR_MFT_VERSION, .entries = vm->image->nentries};
    struct cor_hvt_boot_info info = {0};
    size_t size = vm->image->nentries * sizeof(mft[0]);
    uint64_t at = COR_HVT_BOOT_GPA + sizeof(info);

    vm->handles = vm->image->nentries;
    memcpy(mft, vm->image->mft, size);
    int r = attach_all(vm, mft, err);
    if (r == 0)
        r = load_segments(vm, err);
    if (r < 0)
        return r;
    info.mem_size = vm->mem.size;
    info.kernel_end = vm->image->kernel_end;
    info.cpu_cycle_freq = vm->tsc_hz;
    info.mft = at;
    memcpy(vm->mem.base + at, &head, sizeof(head));
    memcpy(vm->mem.base + at + sizeof(head), mft, size);
    info.cmdline = at + sizeof(head) + size;
    memcpy(vm->mem.base + info.cmdline, vm->config->cmdline,
           strlen(vm->config->cmdline) + 1);
    memcpy(vm->mem.base + COR_HVT_BOOT_GPA, &info, sizeof(info));
    return 0;
}
