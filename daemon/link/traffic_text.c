/* The text format of recorded traffic; see vitals/traffic.h. Called by the traffic writer's thread (traffic.c), by
 * vitalsctl and by tests. Pure. */
#include "vitals/traffic.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const char *const words[] = {
    [TRAFFIC_RECEIVED] = "<",  [TRAFFIC_SENT] = ">",    [TRAFFIC_CONNECTED] = "connected",
    [TRAFFIC_START] = "start", [TRAFFIC_STOP] = "stop",
};

static bool is_end(char c)
{
	return c == '\0' || c == '\n' || c == '\r' || c == '#';
}

static const char *skip_blanks(const char *text)
{
	return text + strspn(text, " \t");
}

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool traffic_is_ours(const uint8_t *head, size_t size)
{
	static const char header[] = TRAFFIC_HEADER;

	return size == 0 || (size >= sizeof header - 1 && memcmp(head, header, sizeof header - 1) == 0);
}

bool traffic_hex(const char *text, uint8_t *bytes, size_t size, size_t *count)
{
	*count = 0;
	for (text = skip_blanks(text); !is_end(*text) && strncmp(text, "->", 2) != 0; text = skip_blanks(text)) {
		int high = digit_of(text[0]);
		int low = high < 0 ? -1 : digit_of(text[1]);
		if (low < 0 || *count == size)
			return false;
		bytes[(*count)++] = (uint8_t)(high << 4 | low);
		text += 2;
	}
	return true;
}

/* The digits at *text, at most 16 of them; false if there is none or there are more. */
static bool read_digits(const char **text, int64_t *value)
{
	size_t count = strspn(*text, "0123456789");

	*value = 0;
	if (count == 0 || count > 16)
		return false;
	for (size_t i = 0; i < count; i++)
		*value = *value * 10 + ((*text)[i] - '0');
	*text += count;
	return true;
}

static bool read_time(const char **text, int64_t *us)
{
	if (!read_digits(text, us) || *us > TRAFFIC_US_MAX)
		return false;
	if (**text != '.')
		return true;
	int64_t fraction, scale = 1000000;
	const char *begin = ++*text;
	if (*us > TRAFFIC_US_MAX / 1000000 || !read_digits(text, &fraction) || *text - begin > 6)
		return false;
	for (const char *digit = begin; digit < *text; digit++)
		scale /= 10;
	*us = *us * 1000000 + fraction * scale;
	return true;
}

enum traffic_text traffic_parse(const char *text, struct traffic_line *line)
{
	struct traffic_line read = {0};

	text = skip_blanks(text);
	if (is_end(*text))
		return TRAFFIC_COMMENT;
	if (!read_time(&text, &read.at_us) || (*text != ' ' && *text != '\t'))
		return TRAFFIC_WRONG;
	text = skip_blanks(text);
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
		size_t length = strlen(words[i]), count = 0;
		if (strncmp(text, words[i], length) != 0)
			continue;
		read.kind = (enum traffic_kind)i;
		bool bytes = read.kind == TRAFFIC_RECEIVED || read.kind == TRAFFIC_SENT;
		if (!traffic_hex(text + length, read.bytes, bytes ? sizeof read.bytes : 0, &count) ||
		    bytes != (count > 0))
			return TRAFFIC_WRONG;
		read.count = (uint16_t)count;
		*line = read;
		return TRAFFIC_LINE;
	}
	return TRAFFIC_WRONG;
}

size_t traffic_format(const struct traffic_line *line, char text[TRAFFIC_LINE_BYTES])
{
	static const char digits[] = "0123456789ABCDEF";
	int head = snprintf(text, TRAFFIC_LINE_BYTES, "%" PRId64 " %s", line->at_us, words[line->kind]);
	size_t used = head > 0 ? (size_t)head : 0; /* 30 at most */

	if (line->count > 0)
		text[used++] = ' ';
	for (uint16_t i = 0; i < line->count; i++) {
		text[used++] = digits[line->bytes[i] >> 4];
		text[used++] = digits[line->bytes[i] & 15];
	}
	text[used++] = '\n';
	text[used] = '\0';
	return used;
}
