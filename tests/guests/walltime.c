/*
 * walltime.c - asks for the time and prints it, ns since the epoch.
 */
#include <coracle.h>

COR_MANIFEST();

int cor_main(const char *cmdline)
{
    (void)cmdline;
    cor_printf("%lu\n", cor_clock_wall());
    return 0;
}
