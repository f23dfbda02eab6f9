/*
 * coracle.h - what a guest of the "hvt" machine can call.
 *
 * A guest is one freestanding program: it declares its devices with COR_MANIFEST(),
 * defines cor_main(), and is linked with this library by the CMake function
 * cor_guest(). There is one thread of execution, no interrupt and no allocation. Memory
 * from cor_image_end up to the stack belongs to the guest; the stack grows down from
 * the top of memory.
 *
 * The library uses general registers only, so a guest needs no FPU unless it wants one.
 *
 * Spec: <cor/abi/hvt.h>.
 */
#ifndef CORACLE_H
#define CORACLE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cor/abi/hvt.h>

#define COR_NSEC_PER_SEC  1000000000ULL
#define COR_NSEC_PER_MSEC 1000000ULL

/* Longest text that one cor_printf() prints, bytes with the NUL. */
#define COR_PRINTF_MAX 512u

/* --- The devices that a guest wants -------------------------------------------------
 */

/** COR_BLOCK() - a disk named NAME, for COR_MANIFEST(). */
#define COR_BLOCK(NAME)                     \
    {                                       \
        .name = NAME, .type = COR_MFT_BLOCK \
    }

/** COR_NET() - a network interface named NAME, for COR_MANIFEST(). */
#define COR_NET(NAME)                     \
    {                                     \
        .name = NAME, .type = COR_MFT_NET \
    }

#define COR_MANIFEST_ENTRIES_(...) {.type = COR_MFT_RESERVED_FIRST}, __VA_ARGS__
#define COR_MANIFEST_COUNT_(...)                                            \
    (sizeof((struct cor_mft_entry[]){COR_MANIFEST_ENTRIES_(__VA_ARGS__)}) / \
     sizeof(struct cor_mft_entry))

/**
 * COR_MANIFEST() - declares the devices of a guest, once, at file scope. A device's
 * handle is its position in the list, from 1.
 */
#define COR_MANIFEST(...)                                                              \
    static const struct {                                                              \
        uint32_t namesz, descsz, type;                                                 \
        char name[8];                                                                  \
        uint32_t pad;                                                                  \
        uint32_t version, entries;                                                     \
        struct cor_mft_entry e[COR_MANIFEST_COUNT_(__VA_ARGS__)];                      \
    } cor_manifest_note                                                                \
        __attribute__((used, aligned(8), section(".note.solo5.manifest"))) = {         \
            .namesz = COR_NOTE_NAMESZ,                                                 \
            .descsz = COR_NOTE_MFT_DESC_PAD + sizeof(struct cor_mft) +                 \
                      COR_MANIFEST_COUNT_(__VA_ARGS__) * sizeof(struct cor_mft_entry), \
            .type = COR_NOTE_MFT,                                                      \
            .name = COR_NOTE_NAME,                                                     \
            .version = COR_MFT_VERSION,                                                \
            .entries = COR_MANIFEST_COUNT_(__VA_ARGS__),                               \
            .e = {COR_MANIFEST_ENTRIES_(__VA_ARGS__)}}

/* --- Start and end ------------------------------------------------------------------
 */

/**
 * cor_main() - the guest's own program, which the guest defines.
 * @cmdline: the command line, NUL-terminated, read-only, "" when there is none
 *
 * Return: the exit status, 0..255.
 */
int cor_main(const char *cmdline);

/**
 * cor_boot_info() - what the monitor told the guest at its start.
 *
 * Return: the read-only boot information.
 */
const struct cor_hvt_boot_info *cor_boot_info(void);

/**
 * cor_halt() - end the guest.
 * @status: exit status, 0..255
 */
__attribute__((noreturn)) void cor_halt(int status);

/**
 * cor_halt_trap() - end the guest and hand over what led to it.
 * @status: exit status, 0..255
 * @cookie: COR_HVT_COOKIE_SIZE readable bytes that begin with a struct cor_hvt_trap
 */
__attribute__((noreturn)) void cor_halt_trap(int status, const void *cookie);

/**
 * cor_hypercall() - the raw call, for those who want to say something else than the
 * functions below would.
 * @nr: which call
 * @gpa: address of its argument struct
 */
static inline void cor_hypercall(enum cor_hvt_call nr, uint32_t gpa)
{
    __asm__ volatile("outl %0, %w1"
                     :
                     : "a"(gpa), "d"(COR_HVT_PORT_BASE + (unsigned int)nr)
                     : "memory");
}

/**
 * cor_at() - memory at an address that came as a number.
 * @gpa: the address
 *
 * Return: the same as a pointer, which may point at anything.
 */
static inline void *cor_at(uint64_t gpa)
{
    return (void *)(uintptr_t)gpa;
}

/* --- Console ------------------------------------------------------------------------
 */

/**
 * cor_write() - write bytes to the console.
 * @data: the bytes
 * @len: their number
 */
void cor_write(const void *data, size_t len);

/**
 * cor_puts() - write a string to the console, as it is.
 * @text: NUL-terminated
 */
void cor_puts(const char *text);

/**
 * cor_printf() - format to the console, COR_PRINTF_MAX - 1 bytes at most.
 * @fmt: %c %s %d %u %x %p and %%, with width, 0, '-' and the sizes l, ll and z
 */
__attribute__((format(printf, 1, 2))) void cor_printf(const char *fmt, ...);

/**
 * cor_snprintf() - format to memory.
 * @buf: where to; NUL-terminated unless @size is 0
 * @size: bytes of @buf
 * @fmt: as cor_printf()
 *
 * Return: the length that the whole text has, without NUL; it was cut if >= @size.
 */
__attribute__((format(printf, 3, 4))) size_t cor_snprintf(char *buf, size_t size,
                                                          const char *fmt, ...);

/**
 * cor_vsnprintf() - cor_snprintf() with an argument list.
 * @buf: where to
 * @size: bytes of @buf
 * @fmt: as cor_printf()
 * @ap: the arguments
 *
 * Return: as cor_snprintf().
 */
__attribute__((format(printf, 3, 0))) size_t cor_vsnprintf(char *buf, size_t size,
                                                           const char *fmt, va_list ap);

/* --- Command line -------------------------------------------------------------------
 */

/**
 * cor_option() - the value of a word of the command line that begins with a prefix.
 * @cmdline: words separated by spaces
 * @prefix: for example "--ipv4="
 * @buf: the rest of the first such word, NUL-terminated; untouched if there is none
 * @size: bytes of @buf, > 0
 *
 * Return: false when there is no such word or its rest does not fit.
 */
bool cor_option(const char *cmdline, const char *prefix, char *buf, size_t size);

/**
 * cor_number() - read a decimal number, or a hexadecimal one after 0x.
 * @text: where it begins
 * @ret: the number, written only on success
 *
 * Return: the first character behind it; NULL when there is no number or it is too
 * large.
 */
const char *cor_number(const char *text, uint64_t *ret);

/* --- Time ---------------------------------------------------------------------------
 */

/**
 * cor_clock_tsc() - the processor's time stamp counter.
 *
 * Return: cycles; cpu_cycle_freq of them are a second.
 */
static inline uint64_t cor_clock_tsc(void)
{
    uint32_t low, high;
    __asm__ volatile("rdtsc" : "=a"(low), "=d"(high));
    return (uint64_t)high << 32 | low;
}

/**
 * cor_clock_monotonic() - time since the guest's start, read without leaving it.
 *
 * Return: nanoseconds, never decreasing.
 */
uint64_t cor_clock_monotonic(void);

/**
 * cor_clock_wall() - time of day.
 *
 * Return: nanoseconds since the epoch (UTC).
 */
uint64_t cor_clock_wall(void);

/**
 * cor_poll() - wait until a network interface has a frame, or until time has passed.
 * @timeout_ns: how long to wait at most; waking up early is allowed
 * @ready: bit 1 << handle for each interface that has one; may be NULL
 *
 * Return: how many interfaces have one.
 */
int cor_poll(uint64_t timeout_ns, uint64_t *ready);

/**
 * cor_sleep() - let time pass.
 * @ns: at least so much
 */
void cor_sleep(uint64_t ns);

/* --- Devices ------------------------------------------------------------------------
 */

/**
 * cor_device() - what the monitor has attached under a handle.
 * @handle: any value
 *
 * Return: its manifest entry (for a disk u.block, for an interface u.net); NULL when
 * there is none.
 */
const struct cor_mft_entry *cor_device(uint64_t handle);

/**
 * cor_device_find() - the handle of a device.
 * @name: as in COR_MANIFEST()
 *
 * Return: 1..63; 0 when there is none.
 */
unsigned int cor_device_find(const char *name);

/**
 * cor_block_read() - read from a disk.
 * @handle: of a disk
 * @offset: bytes, a multiple of the block size
 * @data: where to
 * @len: bytes, a multiple of the block size; more than one block is fine
 *
 * Return: COR_HVT_OK, COR_HVT_EINVAL or COR_HVT_EUNSPEC.
 */
enum cor_hvt_result cor_block_read(uint64_t handle, uint64_t offset, void *data,
                                   uint64_t len);

/**
 * cor_block_write() - write to a disk.
 * @handle: of a disk
 * @offset: bytes, a multiple of the block size
 * @data: what
 * @len: bytes, a multiple of the block size; more than one block is fine
 *
 * Return: COR_HVT_OK, COR_HVT_EINVAL or COR_HVT_EUNSPEC.
 */
enum cor_hvt_result cor_block_write(uint64_t handle, uint64_t offset, const void *data,
                                    uint64_t len);

/**
 * cor_net_read() - take one Ethernet frame, without waiting.
 * @handle: of an interface
 * @data: where to; at least MTU + 14 bytes
 * @len: bytes of @data, then bytes of the frame
 *
 * Return: COR_HVT_OK, COR_HVT_AGAIN when there is none, COR_HVT_EINVAL.
 */
enum cor_hvt_result cor_net_read(uint64_t handle, void *data, uint64_t *len);

/**
 * cor_net_write() - send one Ethernet frame.
 * @handle: of an interface
 * @data: the frame, without checksum
 * @len: its bytes
 *
 * Return: COR_HVT_OK (which does not promise that it arrives), COR_HVT_EINVAL.
 */
enum cor_hvt_result cor_net_write(uint64_t handle, const void *data, uint64_t len);

/* --- What the compiler and everyone else expects ------------------------------------
 */

void *memcpy(void *restrict to, const void *restrict from, size_t n);
void *memmove(void *to, const void *from, size_t n);
void *memset(void *to, int c, size_t n);
int memcmp(const void *a, const void *b, size_t n);
size_t strlen(const char *s);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t n);

/* From the linker script; addresses, not objects. */
extern char cor_text_start[], cor_text_end[];
extern char cor_rodata_start[], cor_rodata_end[];
extern char cor_data_start[], cor_image_end[];

#endif
