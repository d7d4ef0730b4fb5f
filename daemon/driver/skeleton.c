/* A driver to copy (docs/DRIVERS.md). It is built and tested, but in no list, so no program offers it. The device does
 * not exist: a pulse oximeter, 9600 8N1, one text line a second. Called by link threads and by tests; pure but for the
 * stream state that is passed in.
 *
 *   #SPO2=ddd,PULSE=ddd,STATE=hh*hh CR LF        --- for no value
 *
 * The check behind '*' is the XOR of the bytes between '#' and '*', in hexadecimal. STATE: 01 the sensor is off, 02 the
 * signal is weak; the other bits are the device's own alarms. (Here stands what was read to know all that: the maker's
 * document with its number, other people's recordings, and what none of them says.)
 *
 * Against damage: the form of the line and its check. (Of a protocol without one, here stands what is checked in its
 * place, which damage passes, and for how long.) */
#include <string.h>

#include "daemon/driver/drivers.h"
#include "daemon/driver/lines.h"

#define LINE_BYTES sizeof "#SPO2=000,PULSE=000,STATE=00*00"

#define SPO2_MAX  100
#define PULSE_MAX 300

enum { /* STATE */
       STATE_SENSOR_OFF = 0x01,
       STATE_WEAK = 0x02,
};

/* Two hexadecimal digits, as capitals. */
static bool read_byte(struct text text, uint8_t *byte)
{
	static const char digits[] = "0123456789ABCDEF";

	if (text.count != 2 || text.at[0] == '\0' || text.at[1] == '\0')
		return false;
	const char *high = strchr(digits, text.at[0]), *low = strchr(digits, text.at[1]);
	if (high == NULL || low == NULL)
		return false;
	*byte = (uint8_t)((high - digits) << 4 | (low - digits));
	return true;
}

/* "KEY=digits" or "KEY=---", which is -1. */
static bool read_field(struct text field, const char *key, int32_t max, int32_t *value)
{
	struct text name = text_take(&field, '=');

	if (!text_is(name, key))
		return false;
	*value = -1;
	if (text_is(field, "---"))
		return true;
	return text_looks_like(field, "000") && text_read_number(field, 3, value) && *value <= max;
}

static struct measurement judge(enum parameter parameter, int32_t value, uint8_t state, struct mono determined)
{
	if ((state & STATE_SENSOR_OFF) != 0) /* whatever is printed beside it */
		return not_measured(parameter, REASON_SENSOR_OFF, determined);
	if (value < 0)
		return not_measured(parameter, REASON_NOT_MEASURED, determined);
	struct measurement m = measured(parameter, value, determined);
	if ((state & STATE_WEAK) != 0) {
		m.quality = QUALITY_QUESTIONABLE;
		m.reason = REASON_LOW_SIGNAL;
	}
	return m;
}

static bool take_line(struct stream *stream, struct text line, struct mono now, struct sink sink)
{
	struct mono began = stream->first;
	uint8_t check, state, sum = 0;
	int32_t spo2, pulse;
	struct text nothing = text_take(&line, '#');
	struct text inside = text_take(&line, '*');

	(void)now; /* a format without checksum gives it to the gate (gate.h) */
	if (nothing.count > 0 || !read_byte(line, &check))
		return false;
	for (size_t i = 0; i < inside.count; i++)
		sum ^= inside.at[i];
	struct text first = text_take(&inside, ','), second = text_take(&inside, ',');
	struct text name = text_take(&inside, '=');
	if (sum != check || !read_field(first, "SPO2", SPO2_MAX, &spo2) ||
	    !read_field(second, "PULSE", PULSE_MAX, &pulse) || !text_is(name, "STATE") || !read_byte(inside, &state))
		return false;
	struct decoded decoded = {
	    .count = 2,
	    .list = {judge(PARAMETER_SPO2, spo2, state, began), judge(PARAMETER_PULSE, pulse, state, began)},
	};
	sink.emit(sink.context, &decoded);
	return true;
}

static const struct line_format format = {.usual = LINE_BYTES, .take = take_line};

static void skeleton_feed(struct stream *stream, const uint8_t *bytes, size_t count, struct mono now,
                          emit_function *emit, void *context)
{
	stream_lines(stream, (struct text){bytes, count}, now, &format, (struct sink){emit, context});
}

extern const struct driver driver_skeleton; /* a driver of the list has this from drivers.h */
const struct driver driver_skeleton = {
    .name = "skeleton",
    .description = "an oximeter that does not exist",
    .evidence = EVIDENCE_NONE,
    .line = {.baud = 9600, .parity = 'N', .data_bits = 8, .stop_bits = 1},
    .period_ns = NS_PER_S,
    .provides = PARAMETER_BIT(PARAMETER_SPO2) | PARAMETER_BIT(PARAMETER_PULSE),
    .checksum = true,
    .silence_hint = "Is the device on, and its serial output too?",
    .feed = skeleton_feed,
};
