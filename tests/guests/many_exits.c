/*
 * many_exits.c - makes 100000 hypercalls: for benches.
 */
#include <coracle.h>

COR_MANIFEST();

int cor_main(const char *cmdline)
{
    (void)cmdline;
    for (unsigned int i = 0; i < 100000; i++)
        (void)cor_clock_wall();
    return 0;
}
