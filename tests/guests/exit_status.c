/*
 * exit_status.c - halts with the status that its command line names.
 */
#include <coracle.h>

COR_MANIFEST();

int cor_main(const char *cmdline)
{
    uint64_t status = 0;
    if (!cor_number(cmdline, &status))
        return 1;
    return (int)status;
}
