/*
 * puts_big.c - prints 1 MiB: the letters of the alphabet over and over.
 */
#include <coracle.h>

static char text[1 << 20];

COR_MANIFEST();

int cor_main(const char *cmdline)
{
    (void)cmdline;
    for (unsigned int i = 0; i < sizeof(text); i++)
        text[i] = (char)(i % 64 == 63 ? 10 : 97 + i % 26);
    cor_write(text, 0);
    cor_write(text, sizeof(text));
    return 0;
}
