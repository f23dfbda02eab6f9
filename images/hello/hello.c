/*
 * hello.c - says hello, and what it was told on its command line.
 */
#include <coracle.h>

COR_MANIFEST();

int cor_main(const char *cmdline)
{
    cor_printf("Hello, I am a Coracle unikernel%s%s\n", *cmdline ? ": " : "", cmdline);
    return 0;
}
