/* Numbers typed by people, read exactly: no floating point, no rounding. Pure. */
#ifndef CLIENT_DECIMAL_H
#define CLIENT_DECIMAL_H

#include <stdbool.h>
#include <stdint.h>

/* "72.5" -> 72500. At most three digits after the point may be other than 0. False if it is no plain decimal number, is
 * finer than a thousandth or does not fit. */
bool decimal_milli(const char *text, int64_t *milli);

/* A whole number without sign. */
bool decimal_count(const char *text, uint32_t *count);

#endif
