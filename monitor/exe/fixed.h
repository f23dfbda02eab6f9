/*
 * fixed.h - descriptors at the fixed numbers that the seccomp filters compare with.
 */
#ifndef MON_FIXED_H
#define MON_FIXED_H

#include <cor/base/err.h>
#include <cor/config/config.h>

/**
 * mon_fixed_stdio() - have 0, 1 and 2 open, so that nothing else lands there.
 */
void mon_fixed_stdio(void);

/**
 * mon_fixed_move() - move each descriptor of a configuration to its fixed number and
 * close every other one but 0, 1 and 2.
 * @c: the configuration; its numbers are replaced
 * @kvm: /dev/kvm, kept; replaced by its new number
 * @guard: pipe to the guardian, kept; replaced by its new number, -1 none
 * @err: the caller's error
 *
 * Return: 0; a negative errno.
 */
int mon_fixed_move(struct cor_config *c, int *kvm, int *guard, struct cor_err *err);

#endif
