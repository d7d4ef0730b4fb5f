/* Exact decimal numbers; see vitals-client.h. Called while what people typed is read. */
#include "clients/lib/vitals-client.h"

#define WHOLE_MAX INT64_C(1000000000000)

static bool digit(char c)
{
	return c >= '0' && c <= '9';
}

bool decimal_milli(const char *text, int64_t *milli)
{
	bool negative = *text == '-';
	int64_t value = 0, scale = 100;

	text += negative || *text == '+';
	if (!digit(*text))
		return false;
	for (; digit(*text); text++) {
		value = value * 10 + (*text - '0');
		if (value > WHOLE_MAX)
			return false;
	}
	value *= 1000;
	if (*text == '.') {
		text++;
		if (!digit(*text))
			return false;
		for (; digit(*text); text++, scale /= 10) {
			if (scale == 0 && *text != '0')
				return false;
			value += (*text - '0') * scale;
		}
	}
	*milli = negative ? -value : value;
	return *text == '\0';
}

bool decimal_count(const char *text, uint32_t *count)
{
	uint64_t value = 0;

	if (!digit(*text))
		return false;
	for (; digit(*text); text++) {
		value = value * 10 + (uint64_t)(*text - '0');
		if (value > UINT32_MAX)
			return false;
	}
	*count = (uint32_t)value;
	return *text == '\0';
}
