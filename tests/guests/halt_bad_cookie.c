/*
 * halt_bad_cookie.c - halts with a cookie that it could not read itself: a fault.
 *
 * The argument says where the cookie is: 0 at the end of memory and across it, 1 in the
 * monitor's own memory, 2 between boot information and nothing, 3 in its constants,
 * which is allowed.
 */
#include <coracle.h>

COR_MANIFEST();

/* A whole page, so that the cookie fits into the segment. */
static const uint8_t constants[4096] __attribute__((aligned(4096))) = {1};

int cor_main(const char *cmdline)
{
    const uint64_t places[] = {cor_boot_info()->mem_size - COR_HVT_COOKIE_SIZE + 1,
                               0x100000000ULL, COR_HVT_BOOT_GPA - 8,
                               (uintptr_t)constants};
    uint64_t n = 0;
    if (!cor_number(cmdline, &n) || n >= sizeof(places) / sizeof(places[0]))
        return 1;
    cor_halt_trap(255, cor_at(places[n]));
}
