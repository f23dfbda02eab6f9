/*
 * string.c - memory and strings; the compiler emits calls of the first four by itself.
 *
 * Written with string instructions because a loop would be compiled into a call of the
 * function that it is in, and because processors run these as fast as anything else.
 */
#include "coracle.h"

void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
    void *d = to;
    __asm__ volatile("rep movsb" : "+D"(d), "+S"(from), "+c"(n) : : "memory");
    return to;
}

void *memmove(void *to, const void *from, size_t n)
{
    if ((uintptr_t)to - (uintptr_t)from >= n)
        return memcpy(to, from, n);
    char *d = (char *)to + n - 1;
    const char *s = (const char *)from + n - 1;
    __asm__ volatile("std; rep movsb; cld" : "+D"(d), "+S"(s), "+c"(n) : : "memory");
    return to;
}

void *memset(void *to, int c, size_t n)
{
    void *d = to;
    __asm__ volatile("rep stosb" : "+D"(d), "+c"(n) : "a"(c) : "memory");
    return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
    const unsigned char *p = a, *q = b;
    for (; n > 0; n--, p++, q++) {
        if (*p != *q)
            return *p - *q;
    }
    return 0;
}

size_t strlen(const char *s)
{
    size_t n = 0;
    while (s[n])
        n++;
    return n;
}

int strncmp(const char *a, const char *b, size_t n)
{
    for (; n > 0; n--, a++, b++) {
        if (*a != *b || !*a)
            return (unsigned char)*a - (unsigned char)*b;
    }
    return 0;
}

int strcmp(const char *a, const char *b)
{
    return strncmp(a, b, SIZE_MAX);
}

static unsigned int digit(char c)
{
    if (c >= '0' && c <= '9')
        return (unsigned int)(c - '0');
    if (c >= 'a' && c <= 'f')
        return (unsigned int)(c - 'a') + 10;
    if (c >= 'A' && c <= 'F')
        return (unsigned int)(c - 'A') + 10;
    return UINT32_MAX;
}

const char *cor_number(const char *text, uint64_t *ret)
{
    unsigned int base = 10;
    uint64_t v = 0;
    if (text[0] == '0' && text[1] == 'x') {
        base = 16;
        text += 2;
    }
    if (digit(*text) >= base)
        return NULL;
    for (; digit(*text) < base; text++) {
        if (__builtin_mul_overflow(v, base, &v) ||
            __builtin_add_overflow(v, digit(*text), &v))
            return NULL;
    }
    *ret = v;
    return text;
}

bool cor_option(const char *cmdline, const char *prefix, char *buf, size_t size)
{
    size_t skip = strlen(prefix);
    while (*cmdline) {
        size_t len = 0;
        while (cmdline[len] && cmdline[len] != ' ')
            len++;
        if (len >= skip && strncmp(cmdline, prefix, skip) == 0) {
            if (len - skip >= size)
                return false;
            memcpy(buf, cmdline + skip, len - skip);
            buf[len - skip] = '\0';
            return true;
        }
        cmdline += len;
        while (*cmdline == ' ')
            cmdline++;
    }
    return false;
}
