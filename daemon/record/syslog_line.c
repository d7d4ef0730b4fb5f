/* See syslog_line.h. */
#include "daemon/record/syslog_line.h"

#include <inttypes.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char cut_mark[] = " cut=\"1\"";

/* What is shorter was not cut by us: up to four bytes less than the room that the mark leaves. Who forges a text must
 * not be believed for writing the mark behind it. */
#define CUT_LINE_LEAST (SYSLOG_LINE_BYTES - 4)

void syslog_line_write(char line[SYSLOG_LINE_BYTES], const struct chain_row *row, const uint8_t *hash)
{
	char hex[2 * CHAIN_BYTES + 1];
	int length;
	if (hash != NULL)
		length = snprintf(line, SYSLOG_LINE_BYTES,
		                  "kind=\"%s\" seq=\"%" PRId64 "\" t=\"%" PRId64 "\" p=\"%u\" hash=\"%s\" ", row->kind,
		                  row->seq, row->wall_ns, row->severity,
		                  sodium_bin2hex(hex, sizeof(hex), hash, CHAIN_BYTES));
	else
		length = snprintf(line, SYSLOG_LINE_BYTES, "kind=\"%s\" recorded=\"no\" ", row->kind);
	size_t used = (size_t)length; /* fits: a name, three numbers, a hash */
	for (size_t i = 0; i < row->text_size; i++) {
		unsigned char byte = (unsigned char)row->text[i];
		size_t size = byte > 0x7e ? 4 : 1;
		bool last = i + 1 == row->text_size;
		if (used + size + (last ? 1 : sizeof(cut_mark)) > SYSLOG_LINE_BYTES) {
			memcpy(line + used, cut_mark, sizeof(cut_mark));
			return;
		}
		if (size == 1)
			line[used] = (char)byte;
		else
			(void)snprintf(line + used, 5, "\\x%02x", byte); /* fits */
		used += size;
	}
	line[used] = '\0';
}

/* The value of KEY="..." if exactly that stands at *at; moves on behind it. */
static const char *take(const char **at, const char *key, size_t *size)
{
	size_t length = strlen(key);
	if (strncmp(*at, key, length) != 0 || strncmp(*at + length, "=\"", 2) != 0)
		return NULL;
	const char *value = *at + length + 2, *end = strchr(value, '"');
	if (end == NULL || end[1] != ' ')
		return NULL;
	*size = (size_t)(end - value);
	*at = end + 2;
	return value;
}

static bool take_number(const char **at, const char *key, int64_t *number)
{
	size_t size;
	char *end;
	const char *value = take(at, key, &size);
	if (value == NULL || size == 0 || !(value[0] == '-' || (value[0] >= '0' && value[0] <= '9')))
		return false;
	*number = strtoll(value, &end, 10);
	return end == value + size;
}

static int nibble(char digit)
{
	static const char digits[] = "0123456789abcdef";
	const char *at = digit == '\0' ? NULL : strchr(digits, digit);
	return at == NULL ? -1 : (int)(at - digits);
}

/* The byte above 0x7f that stands escaped at `text`; 0 if there is none. */
static unsigned char escaped(const char *text, size_t size)
{
	int high = size >= 4 && text[0] == '\\' && text[1] == 'x' ? nibble(text[2]) : -1;
	int low = high >= 8 ? nibble(text[3]) : -1;
	return low >= 0 ? (unsigned char)(high * 16 + low) : 0;
}

/* Characters of UTF-8 come back. What the record itself has escaped, because it was none, stays so. */
static bool unescape(struct syslog_line *line, const char *text, size_t size)
{
	line->text_size = 0;
	for (size_t i = 0; i < size;) {
		unsigned char bytes[5] = {0};
		size_t count = 0, length = 1;
		while (count < 4 && (bytes[count] = escaped(text + i + 4 * count, size - i - 4 * count)) != 0)
			count++;
		if (count > 0)
			length = line_utf8_size(bytes);
		if (length == 0 && line->cut && i + 4 * count == size)
			length = count; /* cut in two */
		if (line->text_size + 4 >= sizeof(line->text))
			return false;
		if (count == 0 || length == 0) {
			line->text[line->text_size++] = text[i++];
			continue;
		}
		memcpy(line->text + line->text_size, bytes, length);
		line->text_size += length;
		i += 4 * length;
	}
	line->text[line->text_size] = '\0';
	return true;
}

bool syslog_line_read(struct syslog_line *line, const char *text)
{
	int64_t severity;
	size_t kind_size, hash_size, used = 0, rest;
	const char *at = strstr(text, "kind=\"");
	line->written = at;
	const char *kind = at == NULL ? NULL : take(&at, "kind", &kind_size);
	if (kind == NULL || kind_size >= sizeof(line->kind) || !take_number(&at, "seq", &line->seq) ||
	    !take_number(&at, "t", &line->wall_ns) || !take_number(&at, "p", &severity) || severity < 0 ||
	    severity > 255)
		return false;
	const char *hash = take(&at, "hash", &hash_size);
	if (hash == NULL || sodium_hex2bin(line->hash, sizeof(line->hash), hash, hash_size, NULL, &used, NULL) != 0 ||
	    used != sizeof(line->hash))
		return false;
	line->severity = (uint8_t)severity;
	memcpy(line->kind, kind, kind_size);
	line->kind[kind_size] = '\0';
	const char *body = at;
	rest = strcspn(body, "\r\n");
	line->written_size = (size_t)(body - line->written) + rest;
	line->cut = line->written_size >= CUT_LINE_LEAST && line->written_size < SYSLOG_LINE_BYTES &&
	            rest >= sizeof(cut_mark) - 1 &&
	            memcmp(body + rest - (sizeof(cut_mark) - 1), cut_mark, sizeof(cut_mark) - 1) == 0;
	return unescape(line, body, rest - (line->cut ? sizeof(cut_mark) - 1 : 0));
}
