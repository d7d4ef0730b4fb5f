/* Which names and texts from outside may go in; see plain.h. */
#include "daemon/plain.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

static bool in_name(char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '_' ||
	       c == '-';
}

bool is_token(const char *text)
{
	size_t size = strnlen(text, NAME_BYTES);
	for (size_t i = 0; i < size; i++)
		if (!in_name(text[i]))
			return false;
	return size >= 1 && size < NAME_BYTES;
}

void plain_name(char name[NAME_BYTES], const char *from)
{
	size_t size = strnlen(from, NAME_BYTES - 1);
	for (size_t i = 0; i < size; i++)
		name[i] = in_name(from[i]) ? from[i] : '_';
	memset(name + size, 0, NAME_BYTES - size);
}

/* Bytes of the UTF-8 sequence at `text` (RFC 3629: shortest form, no surrogates, at most U+10FFFF), 0 if it is none. */
static size_t utf8_sequence(const uint8_t *text, uint32_t *code)
{
	static const uint32_t shortest[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t size;
	if (text[0] < 0x80)
		size = 1;
	else if ((text[0] & 0xE0) == 0xC0)
		size = 2;
	else if ((text[0] & 0xF0) == 0xE0)
		size = 3;
	else if ((text[0] & 0xF8) == 0xF0)
		size = 4;
	else
		return 0;
	*code = size == 1 ? text[0] : text[0] & (0x7Fu >> size);
	for (size_t i = 1; i < size; i++) {
		if ((text[i] & 0xC0) != 0x80) /* the closing NUL ends it here */
			return 0;
		*code = *code << 6 | (text[i] & 0x3Fu);
	}
	if (*code < shortest[size] || *code > 0x10FFFF || (*code >= 0xD800 && *code <= 0xDFFF))
		return 0;
	return size;
}

bool is_plain_text(const char *text)
{
	const uint8_t *at = (const uint8_t *)text;
	while (*at != 0) {
		uint32_t code;
		size_t size = utf8_sequence(at, &code);
		if (size == 0 || code < 0x20 || (code >= 0x7F && code <= 0x9F))
			return false;
		at += size;
	}
	return true;
}
