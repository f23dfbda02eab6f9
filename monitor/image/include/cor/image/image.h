/*
 * image.h - what a unikernel image is: its segments, its ABI and its devices.
 *
 * An image is foreign bytes in a file that somebody else may be writing to. Each
 * header, table and note is read once with pread and decided on in that copy only; the
 * contents of segments are not looked at here. Nothing allocates and nothing is mapped.
 */
#ifndef COR_IMAGE_IMAGE_H
#define COR_IMAGE_IMAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cor/abi/hvt.h>
#include <cor/base/err.h>

#define COR_IMAGE_MAX_SEGMENTS 32

/* What a guest may do with a page. x86 page tables make W and X imply R, so a segment
 * that has either always has R here too. */
#define COR_PROT_R 1
#define COR_PROT_W 2
#define COR_PROT_X 4

/* The guest's own start-up gives up with less than this above the image. */
#define COR_IMAGE_HEAP_MIN 0x80000ULL

/*
 * One PT_LOAD. The ranges [start, end) of an image are ascending and disjoint. A
 * segment without file contents may begin in a page of the one before it with the same
 * permissions: its range then starts behind that page and can be empty.
 */
struct cor_segment {
    uint64_t vaddr;      /* GPA of the first byte */
    uint64_t offset;     /* in the file */
    uint64_t filesz;     /* bytes in the file, 0 for .bss on its own */
    uint64_t memsz;      /* bytes in memory, >= filesz, > 0; the rest is zero */
    uint64_t start, end; /* multiples of 4 KiB, end exclusive */
    uint8_t prot;        /* COR_PROT_*, never W and X */
};

struct cor_image {
    uint64_t entry; /* GPA of the first instruction, in an executable segment */
    uint32_t target, version; /* of the ABI1 note */
    unsigned int nsegments;
    struct cor_segment seg[COR_IMAGE_MAX_SEGMENTS]; /* ascending, .bss included */
    uint64_t kernel_end; /* end of the highest segment with file contents */
    uint64_t image_end;  /* end of the highest segment */
    unsigned int nentries;
    struct cor_mft_entry mft[COR_MFT_MAX_ENTRIES]; /* only name and type are set */
    bool exec_only; /* a segment asks for X without R, which x86 cannot express */
};

/**
 * cor_image_read() - read and check everything of a Solo5 "hvt" image that does not
 * depend on the size of guest memory.
 * @fd: the file; pread is the only call made on it
 * @ret: the image, written only on success
 * @err: the caller's error; names the segment, the note or the device at fault
 *
 * Context: uses about 25 KiB of stack.
 *
 * Return: 0; -ENOEXEC for a file that is no ELF file, no Solo5 image, or one for
 * another machine or tender; -EINVAL for one that breaks a rule; a read's errno.
 */
int cor_image_read(int fd, struct cor_image *ret, struct cor_err *err);

/**
 * cor_image_read_any() - cor_image_read() for an image of any Solo5 tender, to describe
 * it.
 * @fd: the file; pread is the only call made on it
 * @ret: the image, written only on success; @ret->target may be anything that
 *       cor_image_target_name() knows
 * @err: the caller's error
 *
 * Context: uses about 25 KiB of stack.
 *
 * Return: as cor_image_read().
 */
int cor_image_read_any(int fd, struct cor_image *ret, struct cor_err *err);

/**
 * cor_image_memory_min() - the smallest guest memory that holds an image.
 * @img: an image that was read
 *
 * Return: bytes, a multiple of COR_HVT_MEM_STEP; more than COR_HVT_MEM_MAX for an image
 * that fits in no guest.
 */
uint64_t cor_image_memory_min(const struct cor_image *img);

/**
 * cor_image_fit() - check that an image, its .bss and a minimal heap fit in memory.
 * @img: an image that was read
 * @mem_size: guest memory, bytes
 * @err: the caller's error; says the minimum
 *
 * Return: 0; -ENOMEM.
 */
int cor_image_fit(const struct cor_image *img, uint64_t mem_size, struct cor_err *err);

/**
 * cor_image_symbol() - the function or label that an address belongs to.
 * @fd: the file; pread is the only call made on it
 * @addr: GPA, any value
 * @name: its name, cut to @size - 1 printable characters; written only on success
 * @size: bytes of @name, at least 2
 * @offset: bytes from the symbol to @addr, written only on success
 *
 * Takes the symbol of type FUNC or NOTYPE with the highest value up to @addr in the
 * section that holds @addr; at most 2^20 symbols are looked at.
 *
 * Context: allocates nothing and maps nothing, so it may run inside the sandbox.
 *
 * Return: 0; -ENOENT when the file has no such symbol, whatever the reason.
 */
int cor_image_symbol(int fd, uint64_t addr, char *name, size_t size, uint64_t *offset);

/**
 * cor_image_target_name() - what Solo5 calls a target of an ABI1 note.
 * @target: any value
 *
 * Return: a static string such as "hvt"; "unknown" for other values.
 */
const char *cor_image_target_name(uint32_t target);

#endif
