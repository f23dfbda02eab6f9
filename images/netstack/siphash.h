/*
 * siphash.h - a keyed hash of two words.
 */
#ifndef NETSTACK_SIPHASH_H
#define NETSTACK_SIPHASH_H

#include <stdint.h>

/**
 * siphash() - SipHash-2-4 of 16 bytes.
 * @key: secret
 * @a: first word
 * @b: second word
 *
 * Return: the hash, which tells nothing of @key.
 */
uint64_t siphash(const uint64_t key[2], uint64_t a, uint64_t b);

#endif
