/*
 * num.c - numbers, sizes and addresses from text, strictly.
 */
#include <cor/base/num.h>
#include <errno.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

static int digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return 99;
}

/* Digits of @base at *@text; moves *@text behind them. */
static int scan(const char **text, unsigned int base, uint64_t *ret)
{
    const char *p = *text;
    uint64_t v = 0;
    if (digit(*p) >= (int)base)
        return -EINVAL;
    for (; digit(*p) < (int)base; p++) {
        if (__builtin_mul_overflow(v, base, &v) ||
            __builtin_add_overflow(v, (unsigned int)digit(*p), &v))
            return -ERANGE;
    }
    *text = p;
    *ret = v;
    return 0;
}

int cor_num_u64(const char *text, uint64_t min, uint64_t max, uint64_t *ret,
                struct cor_err *err)
{
    const char *p = text;
    bool hex = p[0] == '0' && (p[1] == 'x' || p[1] == 'X');
    uint64_t v;
    if (hex)
        p += 2;
    int r = scan(&p, hex ? 16 : 10, &v);
    if (r == -EINVAL || (r == 0 && *p))
        return cor_err_set(err, EINVAL, "'%s' is not a number", text);
    if (r < 0 || v < min || v > max)
        return cor_err_set(err, ERANGE, "'%s' is outside %llu..%llu", text,
                           (unsigned long long)min, (unsigned long long)max);
    *ret = v;
    return 0;
}

int cor_num_size(const char *text, uint64_t unit, uint64_t *ret, struct cor_err *err)
{
    static const struct {
        const char *suffix;
        uint64_t bytes;
    } units[] = {
        {"B", 1},          {"K", 1ULL << 10},   {"KB", 1ULL << 10}, {"KiB", 1ULL << 10},
        {"M", 1ULL << 20}, {"MB", 1ULL << 20},  {"MiB", 1ULL << 20}, {"G", 1ULL << 30},
        {"GB", 1ULL << 30}, {"GiB", 1ULL << 30},
    };
    const char *p = text;
    uint64_t v;
    int r = scan(&p, 10, &v);
    if (r == 0 && *p) {
        unit = 0;
        for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
            if (strcasecmp(p, units[i].suffix) == 0)
                unit = units[i].bytes;
        }
    }
    if (r == -EINVAL || unit == 0)
        return cor_err_set(err, EINVAL, "'%s' is not a size (try 64M or 1G)", text);
    if (r < 0 || __builtin_mul_overflow(v, unit, &v))
        return cor_err_set(err, ERANGE, "'%s' is too large", text);
    *ret = v;
    return 0;
}

int cor_num_mac(const char *text, uint8_t mac[6], struct cor_err *err)
{
    static const uint8_t zero[6];
    uint8_t m[6];
    const char *p = text;
    for (int i = 0; i < 6; i++, p += 3) {
        if (digit(p[0]) > 15 || digit(p[1]) > 15 || p[2] != (i < 5 ? ':' : '\0'))
            return cor_err_set(err, EINVAL,
                               "'%s' is not a MAC address (try 02:00:00:00:00:01)", text);
        m[i] = (uint8_t)(digit(p[0]) << 4 | digit(p[1]));
    }
    if (m[0] & 1)
        return cor_err_set(err, EINVAL, "MAC address '%s' is a multicast address", text);
    if (memcmp(m, zero, 6) == 0)
        return cor_err_set(err, EINVAL, "MAC address '%s' is all zeros", text);
    memcpy(mac, m, 6);
    return 0;
}
