/* Builds the text of a record: key="value" pairs in one line that no value can break out of. Pure. Called by the engine
 * thread (daemon/record/audit.c) and by the recorder for rows of its own.
 *
 * What does not fit is cut between two characters, and the line says so by its last pair. */
#include "vitals/record.h"

#include <string.h>

#define LINE_CUT  " truncated=\"1\""
#define LINE_ROOM (RECORD_TEXT_BYTES - RECORD_BEDSIDE_BYTES - sizeof(LINE_CUT))

void line_start(struct line *line)
{
	line->count = 0;
	line->truncated = false;
	line->text[0] = '\0';
}

static void put(struct line *line, const char *bytes, size_t size)
{
	memcpy(line->text + line->count, bytes, size);
	line->count = (uint16_t)(line->count + size);
	line->text[line->count] = '\0';
}

static bool fits(const struct line *line, size_t size)
{
	return line->count + size <= LINE_ROOM;
}

static void cut(struct line *line)
{
	line->truncated = true;
	put(line, LINE_CUT, sizeof(LINE_CUT) - 1);
}

size_t line_utf8_size(const unsigned char *from)
{
	static const struct {
		unsigned char first, last, second, second_last;
		size_t size;
	} ranges[] = {{0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3}, {0xe1, 0xec, 0x80, 0xbf, 3},
	              {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3}, {0xf0, 0xf0, 0x90, 0xbf, 4},
	              {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4}};
	for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
		if (from[0] < ranges[i].first || from[0] > ranges[i].last)
			continue;
		if (from[1] < ranges[i].second || from[1] > ranges[i].second_last)
			return 0;
		for (size_t k = 2; k < ranges[i].size; k++)
			if ((from[k] & 0xc0) != 0x80)
				return 0;
		return ranges[i].size;
	}
	return 0;
}

/* One character as it stands in a line. Returns its size in `out`, which holds 4, and how far it took us. */
static size_t escape(char out[4], const char *from, size_t *taken)
{
	static const char digits[] = "0123456789abcdef";
	unsigned char byte = (unsigned char)*from;
	*taken = 1;
	if (byte >= 0x80 && line_utf8_size((const unsigned char *)from) > 0) {
		*taken = line_utf8_size((const unsigned char *)from);
		memcpy(out, from, *taken);
		return *taken;
	}
	if (byte >= 0x20 && byte <= 0x7E && byte != '"' && byte != '\\' && byte != ']') {
		out[0] = (char)byte;
		return 1;
	}
	out[0] = '\\';
	out[1] = 'x';
	out[2] = digits[byte >> 4];
	out[3] = digits[byte & 15];
	return 4;
}

void line_text(struct line *line, const char *key, const char *value)
{
	size_t key_size = strlen(key);
	if (line->truncated)
		return;
	/* Space, =, two quotes and the first character: an empty value would say something else. */
	if (!fits(line, key_size + 4 + (value[0] == '\0' ? 0 : 4))) {
		cut(line);
		return;
	}
	if (line->count > 0)
		put(line, " ", 1);
	put(line, key, key_size);
	put(line, "=\"", 2);
	bool whole = true;
	size_t taken;
	for (const char *c = value; *c != '\0' && whole; c += taken) {
		char bytes[4];
		size_t size = escape(bytes, c, &taken);
		whole = fits(line, size + 1); /* the closing quote */
		if (whole)
			put(line, bytes, size);
	}
	put(line, "\"", 1);
	if (!whole)
		cut(line);
}

/* Decimal digits of `value`, at least `width` of them, ending at out[31]. Returns where they begin. */
static char *digits_of(char out[32], uint64_t value, int width)
{
	char *begin = out + 31;
	*begin = '\0';
	do {
		*--begin = (char)('0' + value % 10);
		value /= 10;
		width--;
	} while (value > 0 || width > 0);
	return begin;
}

void line_number(struct line *line, const char *key, int64_t value)
{
	char digits[32];
	char *begin = digits_of(digits, value < 0 ? 0 - (uint64_t)value : (uint64_t)value, 1);
	if (value < 0)
		*--begin = '-';
	line_text(line, key, begin);
}

void line_milli(struct line *line, const char *key, int32_t milli)
{
	char digits[32];
	char *begin = digits_of(digits, milli < 0 ? 0 - (uint64_t)milli : (uint64_t)milli, 4);
	char *point = digits + 31 - 3;
	memmove(begin - 1, begin, (size_t)(point - begin));
	begin--;
	point[-1] = '.';
	if (milli < 0)
		*--begin = '-';
	line_text(line, key, begin);
}
