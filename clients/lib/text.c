/* Bounded text output and the cleaning of foreign strings; see vitals-client.h and text.h.
 * Called by everything that shows a message. */
#include "clients/lib/text.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define NS_PER_SECOND INT64_C(1000000000)

void out_bytes(struct out *out, const char *bytes, size_t count)
{
	if (out->overflow || count > out->size - out->used) {
		out->overflow = true;
		return;
	}
	memcpy(out->bytes + out->used, bytes, count);
	out->used += count;
}

void out_text(struct out *out, const char *text)
{
	out_bytes(out, text, strlen(text));
}

void out_format(struct out *out, const char *format, ...)
{
	char text[256];
	va_list arguments;

	va_start(arguments, format);
	int length = vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	if (length < 0 || (size_t)length >= sizeof(text)) {
		out->overflow = true;
		return;
	}
	out_bytes(out, text, (size_t)length);
}

size_t out_utf8(const char *text, uint32_t *point)
{
	static const uint32_t least[5] = {0, 0, 0x80, 0x800, 0x10000};
	unsigned char first = (unsigned char)text[0];
	size_t length = first < 0x80   ? 1
	                : first < 0xc0 ? 0
	                : first < 0xe0 ? 2
	                : first < 0xf0 ? 3
	                : first < 0xf8 ? 4
	                               : 0;

	if (length < 2) {
		*point = first;
		return length;
	}
	uint32_t value = first & (0x7fU >> length);
	for (size_t i = 1; i < length; i++) {
		unsigned char next = (unsigned char)text[i];
		if ((next & 0xc0) != 0x80) /* also the NUL of a cut text */
			return 0;
		value = value << 6 | (next & 0x3fU);
	}
	*point = value;
	return value < least[length] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff) ? 0 : length;
}

/* C0 and C1 controls; invisible characters; marks that change the direction of text, which could swap two numbers. */
bool out_harmless(uint32_t point)
{
	if (point < 0x20 || (point >= 0x7f && point < 0xa0) || point == 0xad || point == 0x61c || point == 0xfeff)
		return false;
	if ((point >= 0x200b && point <= 0x200f) || (point >= 0x2028 && point <= 0x202e))
		return false;
	return !((point >= 0x2060 && point <= 0x206f) || (point >= 0xfff0 && point <= 0xfffb) || point >= 0xe0000);
}

/* The next character of a foreign text as it may be shown: at *shown, *bytes long. Returns where to go on. */
static const char *next_clean(const char *text, const char **shown, size_t *bytes)
{
	uint32_t point;
	size_t length = out_utf8(text, &point);

	*shown = length > 0 && out_harmless(point) ? text : "?";
	*bytes = *shown == text ? length : 1;
	return text + (length > 0 ? length : 1);
}

void out_clean(struct out *out, const char *text)
{
	while (*text != '\0') {
		const char *shown;
		size_t bytes;
		text = next_clean(text, &shown, &bytes);
		out_bytes(out, shown, bytes);
	}
}

void out_copy(char *to, size_t size, const char *text)
{
	size_t used = 0;

	while (*text != '\0') {
		const char *shown;
		size_t bytes;
		text = next_clean(text, &shown, &bytes);
		if (bytes >= size - used)
			break;
		memcpy(to + used, shown, bytes);
		used += bytes;
	}
	to[used] = '\0';
}

size_t out_columns(const char *text)
{
	size_t columns = 0;

	for (; *text != '\0'; text++)
		columns += ((unsigned char)*text & 0xc0) != 0x80;
	return columns;
}

static uint64_t magnitude(int64_t value)
{
	return value < 0 ? UINT64_C(0) - (uint64_t)value : (uint64_t)value;
}

void out_milli(struct out *out, int64_t milli, uint32_t decimals)
{
	static const uint64_t unit[4] = {1000, 100, 10, 1};

	decimals = decimals > 3 ? 3 : decimals;
	uint64_t step = unit[decimals], scale = 1000 / step;
	uint64_t value = (magnitude(milli) + step / 2) / step;
	out_format(out, "%s%" PRIu64, milli < 0 && value > 0 ? "-" : "", value / scale);
	if (decimals > 0)
		out_format(out, ".%0*" PRIu64, (int)decimals, value % scale);
}

void out_milli_exact(struct out *out, int64_t milli)
{
	out_milli(out, milli, 3);
}

void out_milli_short(struct out *out, int64_t milli)
{
	out_milli(out, milli, milli % 1000 == 0 ? 0 : milli % 100 == 0 ? 1 : milli % 10 == 0 ? 2 : 3);
}

void out_duration(struct out *out, int64_t ns)
{
	uint64_t seconds = magnitude(ns) / (uint64_t)NS_PER_SECOND;
	uint64_t minutes = seconds / 60;

	if (minutes < 60)
		out_format(out, "%" PRIu64 ":%02" PRIu64, minutes, seconds % 60);
	else
		out_format(out, "%" PRIu64 ":%02" PRIu64 ":%02" PRIu64, minutes / 60, minutes % 60, seconds % 60);
}

void out_word(char *to, size_t size, const ProtobufCEnumDescriptor *descriptor, int value)
{
	const ProtobufCEnumValue *zero = protobuf_c_enum_descriptor_get_value(descriptor, 0);
	const ProtobufCEnumValue *found = protobuf_c_enum_descriptor_get_value(descriptor, value);
	size_t prefix = strlen(zero->name) - strlen("UNSPECIFIED"); /* every enum of the contract has that zero */
	const char *name = found == NULL ? "UNKNOWN" : found->name + prefix;
	size_t used = 0;

	for (; name[used] != '\0' && used + 1 < size; used++)
		to[used] = (char)(name[used] >= 'A' && name[used] <= 'Z' ? name[used] - 'A' + 'a' : name[used]);
	to[used] = '\0';
}

const char *out_spaced(char *word)
{
	for (char *at = word; *at != '\0'; at++)
		*at = *at == '_' ? ' ' : *at;
	return word;
}

const char *out_upper(char *word)
{
	for (char *at = word; *at != '\0'; at++)
		*at = (char)(*at >= 'a' && *at <= 'z' ? *at - 'a' + 'A' : *at);
	return word;
}
