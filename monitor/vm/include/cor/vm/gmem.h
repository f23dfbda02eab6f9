/*
 * gmem.h - guest memory, and the one function that turns a guest pointer into ours.
 *
 * Guest RAM is one mapping; GPA 0 is its first byte. A list of ranges says what the
 * guest itself may do with each page; the same list makes the page tables, so that a
 * hypercall pointer never reaches what the guest's own instructions could not. What no
 * range covers does not exist for the guest.
 */
#ifndef COR_VM_GMEM_H
#define COR_VM_GMEM_H

#include <stddef.h>
#include <stdint.h>

#include <cor/base/err.h>
#include <cor/image/image.h>

#define COR_GMEM_PAGE       4096ULL
#define COR_GMEM_LARGE_PAGE 0x200000ULL
#define COR_GMEM_MAX_RANGES (2 * COR_IMAGE_MAX_SEGMENTS + 2)

/* A guest physical address: a struct, so that it is neither dereferenced nor added to.
 */
typedef struct {
    uint64_t v;
} cor_gpa;

#define COR_GPA(x) ((cor_gpa){(x)})

struct cor_gmem_range {
    uint64_t start, end; /* page-aligned, end exclusive */
    uint8_t prot;        /* COR_PROT_*; X implies R */
    int8_t segment;      /* index in the image, -1 for none */
};

struct cor_gmem {
    uint8_t *base; /* host mapping */
    uint64_t size; /* bytes, a multiple of 2 MiB */
    unsigned int nranges;
    struct cor_gmem_range range[COR_GMEM_MAX_RANGES]; /* ascending, disjoint */
};

/**
 * cor_gmem_init() - map zero-filled guest RAM, aligned for large pages.
 * @m: initialised on success
 * @size: bytes, a multiple of 2 MiB, at most 4 GiB
 * @err: the caller's error
 *
 * Return: 0; -ENOMEM.
 */
int cor_gmem_init(struct cor_gmem *m, uint64_t size, struct cor_err *err);

/**
 * cor_gmem_done() - unmap guest RAM.
 * @m: initialised or zeroed
 */
void cor_gmem_done(struct cor_gmem *m);

/**
 * cor_gmem_protect() - make the list of ranges from an image's segments: boot area
 * read-only, segments with their own permissions, all else from 1 MiB up read-write.
 * @m: guest memory
 * @image: an image for which cor_image_fit() succeeded with this size
 */
void cor_gmem_protect(struct cor_gmem *m, const struct cor_image *image);

/**
 * cor_gmem_find() - the range that holds an address.
 * @m: guest memory
 * @gpa: any value
 *
 * Return: the range, NULL where the guest has no page.
 */
const struct cor_gmem_range *cor_gmem_find(const struct cor_gmem *m, cor_gpa gpa);

/**
 * cor_gmem_at() - the range check: host address of guest bytes.
 * @m: guest memory
 * @gpa: any value, foreign
 * @len: bytes, any value, foreign; with 0 nothing is touched and every address is good
 * @prot: COR_PROT_R or COR_PROT_W or COR_PROT_X, what is about to happen to the bytes
 *
 * Return: host address of @len bytes, each of which the guest itself may use so; NULL.
 */
void *cor_gmem_at(const struct cor_gmem *m, cor_gpa gpa, uint64_t len, uint8_t prot);

/**
 * cor_gmem_read() - copy from guest memory that the guest could read.
 * @m: guest memory
 * @gpa: foreign address
 * @buf: where to
 * @len: bytes
 *
 * Return: 0; -EFAULT, nothing was copied.
 */
int cor_gmem_read(const struct cor_gmem *m, cor_gpa gpa, void *buf, size_t len);

/**
 * cor_gmem_write() - copy to guest memory that the guest could write.
 * @m: guest memory
 * @gpa: foreign address
 * @buf: what
 * @len: bytes
 *
 * Return: 0; -EFAULT, nothing was copied.
 */
int cor_gmem_write(const struct cor_gmem *m, cor_gpa gpa, const void *buf, size_t len);

#endif
