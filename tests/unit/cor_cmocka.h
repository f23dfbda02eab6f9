/*
 * cor_cmocka.h - cmocka 1.1.5 needs these headers first, in this order.
 */
#ifndef COR_CMOCKA_H
#define COR_CMOCKA_H

/* clang-format off */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>
/* clang-format on */

#endif
