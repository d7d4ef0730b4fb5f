/* Nonin oximeters, real-time ASCII output: Avant 4000, 4100 and 9600, PalmSAT 2500, 8500, 8600V, 9847, 9600 baud, one
 * text line a second. Called by link threads and by tests; pure but for the stream state that is passed in.
 *
 *   [HH:MM:SS] SPO2=ddd HR=ddd[ F][*] CR LF        --- for no value, F: fast averaging, *: somebody marked the moment
 *
 * Facts are from the operator's manuals of these devices. Some say 9 data bits with the ninth at mark, or two stop
 * bits: both are read as 8N1. A header with format, time and date comes when the device is switched on; the 9847
 * appends a B for each breath.
 *
 * The protocol has no checksum. What this driver does against damage: the line must have one of these forms to the last
 * byte, and the numbers must be possible. A damaged digit that is still a digit passes, for one second. There is no
 * status either: whether the device holds its last numbers for a while after the finger is gone, as it does in some
 * binary formats, the manuals do not say. Of a device that can be set to format 2 or 7, take these. */
#include "daemon/driver/drivers.h"
#include "daemon/driver/lines.h"

#define LINE_BYTES sizeof "00:00:00 SPO2=000 HR=000"

#define SPO2_MIN  1
#define SPO2_MAX  100
#define PULSE_MIN 18 /* display range of the vendor's document */
#define PULSE_MAX 321

/* Three digits, or dashes, which are -1. The manuals do not say whether zeros or blanks stand in front: both are read.
 */
static bool read_value(struct text field, int32_t min, int32_t max, int32_t *value)
{
	*value = -1;
	if (text_is(field, "---"))
		return true;
	while (field.count > 1 && *field.at == ' ') {
		field.at++;
		field.count--;
	}
	return text_read_number(field, 3, value) && *value >= min && *value <= max;
}

static struct measurement judge(enum parameter parameter, int32_t value, struct mono determined)
{
	return value < 0 ? not_measured(parameter, REASON_NOT_MEASURED, determined)
	                 : measured(parameter, value, determined);
}

/* What may stand behind the pulse. */
static bool is_mark(struct text text)
{
	return text.count == 0 || text_is(text, "*") || text_is(text, " F") || text_is(text, " F*") ||
	       text_is(text, "B") || text_is(text, " B");
}

static bool take_line(struct stream *stream, struct text line, struct mono now, struct sink sink);

static const struct line_format format = {
    .usual = LINE_BYTES,
    .gate = {.needed = 2, .paced = true, .period_ns = NS_PER_S},
    .take = take_line,
};

static bool take_line(struct stream *stream, struct text line, struct mono now, struct sink sink)
{
	static const char spo2_key[] = "SPO2=", pulse_key[] = " HR=";
	const size_t clock = sizeof "00:00:00 " - 1, spo2_at = sizeof spo2_key - 1;
	const size_t pulse_at = spo2_at + 3 + sizeof pulse_key - 1, marks_at = pulse_at + 3;
	int32_t spo2, pulse;

	if (line.count >= clock && text_looks_like((struct text){line.at, clock}, "00:00:00 ")) {
		line.at += clock;
		line.count -= clock;
	}
	if (line.count < marks_at || !text_begins(line, spo2_key) ||
	    !text_begins((struct text){line.at + spo2_at + 3, line.count - spo2_at - 3}, pulse_key))
		return false;
	if (!read_value((struct text){line.at + spo2_at, 3}, SPO2_MIN, SPO2_MAX, &spo2) ||
	    !read_value((struct text){line.at + pulse_at, 3}, PULSE_MIN, PULSE_MAX, &pulse) ||
	    !is_mark((struct text){line.at + marks_at, line.count - marks_at}))
		return false;
	struct decoded decoded = {
	    .count = 2,
	    .list = {judge(PARAMETER_SPO2, spo2, stream->first), judge(PARAMETER_PULSE, pulse, stream->first)},
	};
	gate_take(stream, &format.gate, &decoded, GATE_NO_CLOCK, now, sink);
	return true;
}

static void nonin_ascii_feed(struct stream *stream, const uint8_t *bytes, size_t count, struct mono now,
                             emit_function *emit, void *context)
{
	stream_lines(stream, (struct text){bytes, count}, now, &format, (struct sink){emit, context});
}

const struct driver driver_nonin_ascii = {
    .name = "nonin-ascii",
    .description = "Nonin Avant, PalmSAT 2500, 8500, 8600V, 9847 oximeters, real-time ASCII output",
    .evidence = EVIDENCE_NONE,
    .line = {.baud = 9600, .parity = 'N', .data_bits = 8, .stop_bits = 1},
    .period_ns = NS_PER_S,
    .provides = PARAMETER_BIT(PARAMETER_SPO2) | PARAMETER_BIT(PARAMETER_PULSE),
    .silence_hint = "Is the device on, and is its cable the one for real-time output?",
    .feed = nonin_ascii_feed,
};
