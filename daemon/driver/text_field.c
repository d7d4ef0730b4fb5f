/* Scanning of text fields; see text_field.h. Pure; called by drivers, on the thread of whoever feeds them. */
#include "daemon/driver/text_field.h"

#include <string.h>

bool text_is_digit(uint8_t byte)
{
	return byte >= '0' && byte <= '9';
}

bool text_is_capital(uint8_t byte)
{
	return byte >= 'A' && byte <= 'Z';
}

bool text_looks_like(struct text text, const char *picture)
{
	if (text.count != strlen(picture))
		return false;
	for (size_t i = 0; i < text.count; i++) {
		bool fits = picture[i] == '0'   ? text_is_digit(text.at[i])
		            : picture[i] == 'A' ? text_is_capital(text.at[i])
		                                : text.at[i] == (uint8_t)picture[i];
		if (!fits)
			return false;
	}
	return true;
}

bool text_is(struct text text, const char *other)
{
	return text.count == strlen(other) && memcmp(text.at, other, text.count) == 0;
}

bool text_begins(struct text text, const char *front)
{
	size_t count = strlen(front);
	return text.count >= count && memcmp(text.at, front, count) == 0;
}

int32_t text_number(struct text text)
{
	int32_t number = 0;

	for (size_t i = 0; i < text.count; i++)
		if (text_is_digit(text.at[i]))
			number = number * 10 + (text.at[i] - '0');
	return number;
}

bool text_read_number(struct text text, size_t max_digits, int32_t *number)
{
	if (text.count == 0 || text.count > max_digits)
		return false;
	for (size_t i = 0; i < text.count; i++)
		if (!text_is_digit(text.at[i]))
			return false;
	*number = text_number(text);
	return true;
}

struct text text_take(struct text *rest, uint8_t separator)
{
	struct text front = {rest->at, 0};

	while (front.count < rest->count && rest->at[front.count] != separator)
		front.count++;
	size_t taken = front.count < rest->count ? front.count + 1 : front.count;
	rest->at += taken;
	rest->count -= taken;
	return front;
}
