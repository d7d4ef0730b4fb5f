/* Scanning of text fields: what drivers of text protocols share. Pure. Included by daemon/driver only. */
#ifndef VITALS_DAEMON_DRIVER_TEXT_FIELD_H
#define VITALS_DAEMON_DRIVER_TEXT_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A piece of a frame; never outlives the stream buffer. */
struct text {
	const uint8_t *at;
	size_t count;
};

bool text_is_digit(uint8_t byte);
bool text_is_capital(uint8_t byte);

/* Compares with a picture: '0' stands for any digit, 'A' for any capital, anything else for itself. */
bool text_looks_like(struct text text, const char *picture);
bool text_is(struct text text, const char *other);
bool text_begins(struct text text, const char *front);

/* The digits of a text, base 10 whatever they begin with; anything else is skipped. At most 9 digits. */
int32_t text_number(struct text text);

/* One to `max_digits` digits and nothing else. False if it is anything else. */
bool text_read_number(struct text text, size_t max_digits, int32_t *number);

/* Takes what stands before the first `separator` off the front of `rest`, and the separator with it; all of it if there
 * is none. */
struct text text_take(struct text *rest, uint8_t separator);

#endif
