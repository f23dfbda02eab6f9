/*
 * blockbench.c - how fast a disk is, and whether it keeps what it is given.
 *
 * blockbench [--size=BYTES] [--request=BYTES] [--random=COUNT] [--verify]
 *
 * Reads the disk "storage" from its beginning in requests of up to REQUEST_MAX bytes,
 * and COUNT times at random places. With --verify, writes a pattern over the same part
 * first and checks every byte that is read. Prints one line of key=value for each
 * phase.
 */
#include <coracle.h>

COR_MANIFEST(COR_BLOCK("storage"));

#define REQUEST_MAX     (1u << 20)
#define REQUEST_DEFAULT (64u << 10)
#define RANDOM_DEFAULT  1000u

struct bench {
    unsigned int handle;
    uint64_t block_size;
    uint64_t size;    /* bytes of the disk that are used, a multiple of request */
    uint64_t request; /* bytes, a multiple of block_size */
    uint64_t random;  /* requests */
    bool verify;
};

static uint8_t buffer[REQUEST_MAX] __attribute__((aligned(4096)));

/* Tells each 8 bytes of the disk from all others. */
static uint64_t pattern(uint64_t offset)
{
    uint64_t v = (offset + 1) * 0x9e3779b97f4a7c15ULL;
    return v ^ v >> 29;
}

static void fill(uint64_t offset, uint64_t len)
{
    for (uint64_t i = 0; i < len; i += 8) {
        uint64_t v = pattern(offset + i);
        memcpy(buffer + i, &v, sizeof(v));
    }
}

static bool check(uint64_t offset, uint64_t len)
{
    for (uint64_t i = 0; i < len; i += 8) {
        uint64_t v;
        memcpy(&v, buffer + i, sizeof(v));
        if (v != pattern(offset + i)) {
            cor_printf("blockbench: wrong data at %lu\n", offset + i);
            return false;
        }
    }
    return true;
}

static void report(const char *phase, uint64_t count, const struct bench *b,
                   uint64_t ns)
{
    uint64_t bytes = count * b->request;
    uint64_t us = ns / 1000 ? ns / 1000 : 1;
    cor_printf("blockbench phase=%s bytes=%lu requests=%lu request=%lu ns=%lu "
               "mib_per_s=%lu\n",
               phase, bytes, count, b->request, ns, (bytes * 1000000 / us) >> 20);
}

static bool write_at(const struct bench *b, uint64_t offset)
{
    fill(offset, b->request);
    if (cor_block_write(b->handle, offset, buffer, b->request) == COR_HVT_OK)
        return true;
    cor_printf("blockbench: cannot write %lu bytes at %lu\n", b->request, offset);
    return false;
}

static bool read_at(const struct bench *b, uint64_t offset)
{
    if (cor_block_read(b->handle, offset, buffer, b->request) != COR_HVT_OK) {
        cor_printf("blockbench: cannot read %lu bytes at %lu\n", b->request, offset);
        return false;
    }
    return !b->verify || check(offset, b->request);
}

static bool sequential(const struct bench *b, const char *phase,
                       bool (*each)(const struct bench *b, uint64_t offset))
{
    uint64_t start = cor_clock_monotonic();
    for (uint64_t offset = 0; offset < b->size; offset += b->request) {
        if (!each(b, offset))
            return false;
    }
    report(phase, b->size / b->request, b, cor_clock_monotonic() - start);
    return true;
}

static bool random_reads(const struct bench *b)
{
    uint64_t start = cor_clock_monotonic();
    for (uint64_t i = 0; i < b->random; i++) {
        uint64_t slot = pattern(i) % (b->size / b->request);
        if (!read_at(b, slot * b->request))
            return false;
    }
    report("random-read", b->random, b, cor_clock_monotonic() - start);
    return true;
}

static bool number(const char *cmdline, const char *prefix, uint64_t *ret)
{
    char text[24];
    if (!cor_option(cmdline, prefix, text, sizeof(text)))
        return true;
    const char *end = cor_number(text, ret);
    if (end && !*end)
        return true;
    cor_printf("blockbench: %s'%s' is not a number\n", prefix, text);
    return false;
}

static bool options(struct bench *b, const char *cmdline)
{
    char unused[1];
    const struct cor_mft_entry *e = cor_device(b->handle);
    b->block_size = e->u.block.block_size;
    b->size = e->u.block.capacity;
    b->request = REQUEST_DEFAULT;
    b->random = RANDOM_DEFAULT;
    b->verify = cor_option(cmdline, "--verify", unused, sizeof(unused));
    if (!number(cmdline, "--size=", &b->size) ||
        !number(cmdline, "--request=", &b->request) ||
        !number(cmdline, "--random=", &b->random))
        return false;
    if (b->request == 0 || b->request > REQUEST_MAX || b->request % b->block_size) {
        cor_printf("blockbench: a request of %lu bytes is not a multiple of %lu up to "
                   "%u\n",
                   b->request, b->block_size, REQUEST_MAX);
        return false;
    }
    if (b->size > e->u.block.capacity)
        b->size = e->u.block.capacity;
    if (b->request > b->size)
        b->request = b->block_size;
    b->size -= b->size % b->request;
    return true;
}

int cor_main(const char *cmdline)
{
    struct bench b = {.handle = cor_device_find("storage")};
    if (!options(&b, cmdline))
        return 1;
    if (b.verify && !sequential(&b, "write", write_at))
        return 1;
    return sequential(&b, "read", read_at) && random_reads(&b) ? 0 : 1;
}
