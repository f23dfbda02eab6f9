/*
 * note.c - the two Solo5 notes of an image, checked field by field.
 */
#include <elf.h>
#include <string.h>

#include <cor/base/cleanup.h>
#include <cor/image/note.h>

static const char *const target_names[] = {
    [COR_TARGET_HVT] = "hvt",       [COR_TARGET_SPT] = "spt",
    [COR_TARGET_VIRTIO] = "virtio", [COR_TARGET_MUEN] = "muen",
    [COR_TARGET_GENODE] = "genode", [COR_TARGET_XEN] = "xen",
};

const char *cor_image_target_name(uint32_t target)
{
    if (target >= COR_ARRAY_SIZE(target_names) || !target_names[target])
        return "unknown";
    return target_names[target];
}

static int take_abi(const uint8_t *desc, size_t size, struct cor_image *img,
                    struct cor_err *err)
{
    struct cor_abi_note abi;
    if (img->target)
        return cor_err_set(err, EINVAL, "more than one ABI1 note");
    if (size != sizeof(abi))
        return cor_err_set(err, EINVAL, "ABI1 note: %zu bytes long, not %zu", size,
                           sizeof(abi));
    memcpy(&abi, desc, sizeof(abi));
    if (abi.target < COR_TARGET_HVT || abi.target > COR_TARGET_XEN)
        return cor_err_set(err, EINVAL, "ABI1 note: unknown target %u", abi.target);
    img->target = abi.target;
    img->version = abi.version;
    return 1;
}

/* Device names select what is attached and end up in messages: [A-Za-z0-9]{1,67}. */
static bool name_valid(const char name[COR_MFT_NAME_SIZE])
{
    size_t len = strnlen(name, COR_MFT_NAME_SIZE);
    if (len == 0 || len == COR_MFT_NAME_SIZE)
        return false;
    for (size_t i = 0; i < len; i++) {
        char c = name[i];
        if (!(c >= 'A' && c <= 'Z') && !(c >= 'a' && c <= 'z') &&
            !(c >= '0' && c <= '9'))
            return false;
    }
    return true;
}

static bool name_taken(const struct cor_image *img, unsigned int count,
                       const char *name)
{
    for (unsigned int i = 1; i < count; i++) {
        if (strcmp(img->mft[i].name, name) == 0)
            return true;
    }
    return false;
}

/* Entry @i becomes a fresh one of which only name and type are foreign. */
static int take_entry(const struct cor_mft_entry *e, unsigned int i,
                      struct cor_image *img, struct cor_err *err)
{
    struct cor_mft_entry *to = &img->mft[i];
    if (e->attached)
        return cor_err_set(err, EINVAL, "MFT1 note: device %u is already attached", i);
    memset(to, 0, sizeof(*to));
    to->type = e->type;
    if (i == 0) {
        if (e->type != COR_MFT_RESERVED_FIRST || e->name[0])
            return cor_err_set(err, EINVAL,
                               "MFT1 note: first entry is not the reserved one");
        return 0;
    }
    if (!name_valid(e->name))
        return cor_err_set(err, EINVAL, "MFT1 note: device %u has an invalid name", i);
    if (e->type != COR_MFT_BLOCK && e->type != COR_MFT_NET)
        return cor_err_set(err, EINVAL, "MFT1 note: device '%s' has unknown type %u",
                           e->name, e->type);
    if (name_taken(img, i, e->name))
        return cor_err_set(err, EINVAL, "MFT1 note: two devices are named '%s'",
                           e->name);
    memcpy(to->name, e->name, strlen(e->name));
    return 0;
}

static int take_mft(const uint8_t *desc, size_t size, struct cor_image *img,
                    struct cor_err *err)
{
    struct cor_mft mft;
    if (img->nentries)
        return cor_err_set(err, EINVAL, "more than one MFT1 note");
    if (size < COR_NOTE_MFT_DESC_PAD + sizeof(mft))
        return cor_err_set(err, EINVAL, "MFT1 note: %zu bytes cannot hold a manifest",
                           size);
    desc += COR_NOTE_MFT_DESC_PAD;
    size -= COR_NOTE_MFT_DESC_PAD;
    memcpy(&mft, desc, sizeof(mft));
    if (mft.version != COR_MFT_VERSION)
        return cor_err_set(err, EINVAL, "MFT1 note: version %u, not %u", mft.version,
                           COR_MFT_VERSION);
    if (mft.entries < 1 || mft.entries > COR_MFT_MAX_ENTRIES)
        return cor_err_set(err, EINVAL, "MFT1 note: %u entries, not 1..%u", mft.entries,
                           COR_MFT_MAX_ENTRIES);
    if (size != sizeof(mft) + mft.entries * sizeof(struct cor_mft_entry))
        return cor_err_set(err, EINVAL, "MFT1 note: %zu bytes do not hold %u entries",
                           size, mft.entries);
    for (unsigned int i = 0; i < mft.entries; i++) {
        struct cor_mft_entry e;
        memcpy(&e, desc + sizeof(mft) + i * sizeof(e), sizeof(e));
        int r = take_entry(&e, i, img, err);
        if (r < 0)
            return r;
    }
    img->nentries = mft.entries;
    return 1;
}

int cor_image_note(const uint8_t *note, size_t size, struct cor_image *img,
                   struct cor_err *err)
{
    static const char name[8] = COR_NOTE_NAME;
    Elf64_Nhdr h;
    if (size < sizeof(h))
        return cor_err_set(err, EINVAL, "note: %zu bytes cannot hold its header", size);
    memcpy(&h, note, sizeof(h));
    if (size < COR_NOTE_HEADER_SIZE || h.n_namesz != COR_NOTE_NAMESZ ||
        memcmp(note + sizeof(h), name, sizeof(name)) != 0)
        return 0;
    if (h.n_type != COR_NOTE_ABI && h.n_type != COR_NOTE_MFT)
        return 0;

    const char *what = h.n_type == COR_NOTE_ABI ? "ABI1" : "MFT1";
    size_t room = (size < COR_IMAGE_NOTE_MAX ? size : COR_IMAGE_NOTE_MAX);
    room -= COR_NOTE_HEADER_SIZE;
    if (h.n_descsz == 0 || h.n_descsz > room)
        return cor_err_set(err, EINVAL, "%s note: %u bytes are not within 1..%zu", what,
                           h.n_descsz, room);
    const uint8_t *desc = note + COR_NOTE_HEADER_SIZE;
    return h.n_type == COR_NOTE_ABI ? take_abi(desc, h.n_descsz, img, err)
                                    : take_mft(desc, h.n_descsz, img, err);
}
