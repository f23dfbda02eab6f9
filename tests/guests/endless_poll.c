/*
 * endless_poll.c - never ends, sleeps all the time.
 */
#include <coracle.h>

COR_MANIFEST();

int cor_main(const char *cmdline)
{
    (void)cmdline;
    cor_puts("sleeping\n");
    for (;;)
        cor_sleep(3600 * COR_NSEC_PER_SEC);
}
