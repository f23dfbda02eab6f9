/*
 * hyper_bad_ptr.c - each hypercall with pointers that its own instructions could not
 * use.
 *
 * With a case number it says what must follow, "EXPECT FAULT" or "EXPECT OK", and does
 * it; without one it prints how many cases there are.
 */
#include <coracle.h>

COR_MANIFEST(COR_BLOCK("storage"), COR_NET("service"));

enum where { NULL_PAGE, LOW, BOOT, TEXT, RODATA, DATA, TOP_ACROSS, LAST_BYTES, PLACES };

static struct {
    uint64_t word[8];
} args;
static uint8_t buffer[4096];

static uint64_t place(enum where w)
{
    switch (w) {
    case NULL_PAGE:
        return 0;
    case LOW:
        return 0x9000;
    case BOOT:
        return COR_HVT_BOOT_GPA;
    case TEXT:
        return (uintptr_t)cor_text_start;
    case RODATA:
        return (uintptr_t)cor_rodata_start;
    case TOP_ACROSS:
        return cor_boot_info()->mem_size - 4;
    case LAST_BYTES:
        return 0xfffffff8u;
    case DATA:
    case PLACES:
        break;
    }
    return (uintptr_t)&args;
}

/* Argument structs of calls that only read may lie in pages that are readable. Their
 * contents there are arbitrary, so only those that must fault are tried. */
static bool struct_case(unsigned int n)
{
    enum cor_hvt_call call = (enum cor_hvt_call)(n / PLACES + 1);
    enum where w = (enum where)(n % PLACES);
    bool only_reads = call == COR_HVT_PUTS || call == COR_HVT_HALT;
    bool legal = w == DATA || (only_reads && (w == BOOT || w == TEXT || w == RODATA));
    if (legal) {
        cor_puts("EXPECT OK\n");
        return true;
    }
    cor_puts("EXPECT FAULT\n");
    cor_hypercall(call, (uint32_t)place(w));
    return true;
}

struct data_case {
    enum cor_hvt_call call;
    bool fault;
    uint64_t data, len;
};

static void run(const struct data_case *c)
{
    bool block = c->call == COR_HVT_BLOCK_READ || c->call == COR_HVT_BLOCK_WRITE;
    cor_puts(c->fault ? "EXPECT FAULT\n" : "EXPECT OK\n");
    if (c->call == COR_HVT_PUTS) {
        args.word[0] = c->data;
        args.word[1] = c->len;
    } else if (c->call == COR_HVT_HALT) {
        args.word[0] = c->data;
        args.word[1] = 0;
    } else {
        args.word[0] = cor_device_find(block ? "storage" : "service");
        args.word[1] = block ? 0 : c->data;
        args.word[2] = block ? c->data : c->len;
        args.word[3] = c->len;
    }
    cor_hypercall(c->call, (uint32_t)(uintptr_t)&args);
}

int cor_main(const char *cmdline)
{
    const uint64_t text = (uintptr_t)cor_text_start, ro = (uintptr_t)cor_rodata_start;
    const uint64_t top = cor_boot_info()->mem_size, buf = (uintptr_t)buffer;
    const struct data_case cases[] = {
        {COR_HVT_PUTS, true, 0, 16},
        {COR_HVT_PUTS, true, buf, ~0ULL},
        {COR_HVT_PUTS, true, top - 8, 16},
        {COR_HVT_PUTS, true, ~0ULL - 7, 16},
        {COR_HVT_PUTS, true, 0x100000000ULL, 16},
        {COR_HVT_PUTS, true, 0x100004000ULL, 16},
        {COR_HVT_PUTS, false, ro, 1},
        {COR_HVT_BLOCK_READ, true, text, 512},
        {COR_HVT_BLOCK_READ, true, ro, 512},
        {COR_HVT_BLOCK_READ, true, COR_HVT_BOOT_GPA, 512},
        {COR_HVT_BLOCK_READ, true, 0x2000, 512},
        {COR_HVT_BLOCK_READ, true, 0x100004000ULL, 512},
        {COR_HVT_BLOCK_READ, true, top - 256, 512},
        {COR_HVT_BLOCK_READ, false, buf, 512},
        {COR_HVT_BLOCK_WRITE, true, 0x4000, 512},
        {COR_HVT_BLOCK_WRITE, true, 0x100004000ULL, 512},
        {COR_HVT_BLOCK_WRITE, false, text, 512},
        {COR_HVT_NET_READ, true, text, 1514},
        {COR_HVT_NET_READ, true, ro, 1514},
        {COR_HVT_NET_READ, true, buf, ~0ULL},
        {COR_HVT_NET_READ, true, 0x100004000ULL, 1514},
        {COR_HVT_NET_READ, false, buf, 1514},
        {COR_HVT_NET_WRITE, true, 0x3000, 60},
        {COR_HVT_NET_WRITE, true, buf, ~0ULL},
        {COR_HVT_HALT, true, 0x8000, 0},
        {COR_HVT_HALT, true, top - 256, 0},
    };
    const unsigned int structs = PLACES * 8, all = sizeof(cases) / sizeof(cases[0]);
    uint64_t n;
    if (!cor_number(cmdline, &n)) {
        cor_printf("%u\n", structs + all);
        return 0;
    }
    if (n < structs)
        return struct_case((unsigned int)n) ? 0 : 1;
    if (n - structs >= all)
        return 1;
    run(&cases[n - structs]);
    return 0;
}
