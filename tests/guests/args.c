/*
 * args.c - prints its command line and nothing else.
 */
#include <coracle.h>

COR_MANIFEST();

int cor_main(const char *cmdline)
{
    cor_puts(cmdline);
    return 0;
}
