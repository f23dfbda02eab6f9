/*
 * console.c - text out, and a small printf.
 */
#include "coracle.h"

void cor_write(const void *data, size_t len)
{
    struct cor_hvt_puts arg = {.data = (uintptr_t)data, .len = len};
    cor_hypercall(COR_HVT_PUTS, (uint32_t)(uintptr_t)&arg);
}

void cor_puts(const char *text)
{
    cor_write(text, strlen(text));
}

/* Where text goes: counted to the end, kept as far as there is room. */
struct out {
    char *buf;
    size_t size, len;
};

/* One conversion of a format. */
struct spec {
    bool left, zero;
    unsigned int width;
    unsigned int longs; /* how many 'l'; 'z' counts as one */
};

static void put(struct out *o, char c)
{
    if (o->len + 1 < o->size)
        o->buf[o->len] = c;
    o->len++;
}

static void put_padded(struct out *o, const struct spec *s, const char *text,
                       size_t len)
{
    char fill = s->zero && !s->left ? '0' : ' ';
    size_t pad = s->width > len ? s->width - len : 0;
    if (fill == '0' && len > 0 && *text == '-') {
        put(o, *text++);
        len--;
    }
    for (size_t i = 0; !s->left && i < pad; i++)
        put(o, fill);
    for (size_t i = 0; i < len; i++)
        put(o, text[i]);
    for (size_t i = 0; s->left && i < pad; i++)
        put(o, ' ');
}

static void put_number(struct out *o, const struct spec *s, uint64_t v, bool negative,
                       unsigned int base)
{
    char digits[24];
    size_t at = sizeof(digits);
    do {
        digits[--at] = "0123456789abcdef"[v % base];
        v /= base;
    } while (v);
    if (negative)
        digits[--at] = '-';
    put_padded(o, s, digits + at, sizeof(digits) - at);
}

static const char *take_spec(const char *f, struct spec *s)
{
    for (; *f == '-' || *f == '0'; f++) {
        s->left |= *f == '-';
        s->zero |= *f == '0';
    }
    for (; *f >= '0' && *f <= '9'; f++)
        s->width = s->width * 10 + (unsigned int)(*f - '0');
    for (; *f == 'l' || *f == 'z'; f++)
        s->longs++;
    return f;
}

/* A list is handed on by its address, so that the caller's own moves on. */
struct args {
    va_list ap;
};

static void convert(struct out *o, const struct spec *s, char c, struct args *a)
{
    const char *text;
    int64_t i;
    char one;
    switch (c) {
    case 'd':
        i = s->longs ? va_arg(a->ap, int64_t) : va_arg(a->ap, int);
        put_number(o, s, i < 0 ? 0 - (uint64_t)i : (uint64_t)i, i < 0, 10);
        break;
    case 'u':
    case 'x':
        put_number(o, s,
                   s->longs ? va_arg(a->ap, uint64_t) : va_arg(a->ap, unsigned int),
                   false, c == 'u' ? 10 : 16);
        break;
    case 'p':
        put(o, '0');
        put(o, 'x');
        put_number(o, s, va_arg(a->ap, uintptr_t), false, 16);
        break;
    case 's':
        text = va_arg(a->ap, const char *);
        put_padded(o, s, text, strlen(text));
        break;
    case 'c':
        one = (char)va_arg(a->ap, int);
        put_padded(o, s, &one, 1);
        break;
    default:
        put(o, c);
        break;
    }
}

size_t cor_vsnprintf(char *buf, size_t size, const char *fmt, va_list ap)
{
    struct out o = {.buf = buf, .size = size};
    struct args a;
    va_copy(a.ap, ap);
    for (const char *f = fmt; *f; f++) {
        struct spec s = {0};
        if (*f != '%') {
            put(&o, *f);
            continue;
        }
        f = take_spec(f + 1, &s);
        if (!*f)
            break;
        convert(&o, &s, *f, &a);
    }
    va_end(a.ap);
    if (size)
        buf[o.len < size ? o.len : size - 1] = '\0';
    return o.len;
}

size_t cor_snprintf(char *buf, size_t size, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    size_t len = cor_vsnprintf(buf, size, fmt, ap);
    va_end(ap);
    return len;
}

void cor_printf(const char *fmt, ...)
{
    char buf[COR_PRINTF_MAX];
    va_list ap;
    va_start(ap, fmt);
    size_t len = cor_vsnprintf(buf, sizeof(buf), fmt, ap);
    va_end(ap);
    cor_write(buf, len < sizeof(buf) ? len : sizeof(buf) - 1);
}
