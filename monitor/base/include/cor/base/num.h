/*
 * num.h - numbers, sizes and addresses from text, strictly.
 */
#ifndef COR_BASE_NUM_H
#define COR_BASE_NUM_H

#include <cor/base/err.h>
#include <stdint.h>

/**
 * cor_num_u64() - an unsigned decimal (or 0x hexadecimal) number, nothing around it.
 * @text: NUL-terminated text; sign, blanks and trailing characters are errors
 * @min: smallest accepted value
 * @max: largest accepted value
 * @ret: written only on success
 * @err: the caller's error
 *
 * Return: 0; -EINVAL for text that is not a number, -ERANGE outside [@min, @max].
 */
int cor_num_u64(const char *text, uint64_t min, uint64_t max, uint64_t *ret,
                struct cor_err *err);

/**
 * cor_num_size() - a size: a number with an optional unit K, M, G (powers of 1024, "KiB"
 * and the like are accepted too, and "B" for bytes).
 * @text: NUL-terminated text
 * @unit: bytes that a number without a unit counts in (1 for bytes, 1 << 20 for MiB)
 * @ret: bytes, written only on success
 * @err: the caller's error
 *
 * Return: 0; -EINVAL for text that is not a size, -ERANGE when it does not fit in 64 bits.
 */
int cor_num_size(const char *text, uint64_t unit, uint64_t *ret, struct cor_err *err);

/**
 * cor_num_mac() - an Ethernet address, six two-digit hexadecimal numbers with colons.
 * @text: NUL-terminated text
 * @mac: six bytes, written only on success
 * @err: the caller's error
 *
 * Return: 0; -EINVAL when malformed, a multicast address or all zeros.
 */
int cor_num_mac(const char *text, uint8_t mac[6], struct cor_err *err);

#endif
