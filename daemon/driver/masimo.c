/* Masimo "ASCII 1" serial output of Rad-5, Rad-8, Rad-87 and Radical-7 pulse oximeters: 9600 8N1, one text line a
 * second. Called by link threads and by tests; pure but for the stream state that is passed in.
 *
 *   MM/DD/YY HH:MM:SS SN=nnnnnnnnnn SPO2=ddd% BPM=ddd PI=dd.dd% ... ALARM=hhhh EXC=hhhhhh CR LF
 *
 * Facts are from the Rad-8 operator's manual (exception bits 0x001..0x800) and from lines that several people recorded.
 * Models leave keys out (SN, PI) or add some (SPHB, PVI, EXC1), so fields are found by key and never by column.
 *
 * The protocol has no checksum. What this driver does against damage: the date and time must stand in front, every
 * field must be KEY=VALUE with exactly one blank before it, the digits of known keys must have their exact form, SpO2,
 * pulse, ALARM and EXC must be there exactly once, EXC last but for another EXC key, and the line must end in time. A
 * damaged digit that is still a digit passes; nothing on the wire could tell. The device's clock drifts and has no
 * zone: it only tells lines that are stored, or have waited on their way, from live ones (gate.h). */
#include <string.h>

#include "daemon/driver/drivers.h"
#include "daemon/driver/lines.h"

#define LINE_BYTES 130 /* of a usual line; only for counting what is lost */
#define SPO2_MAX   100
#define PULSE_MAX  300

enum {
	EXC_NO_SENSOR = 0x001,
	EXC_DEFECTIVE_SENSOR = 0x002,
	EXC_LOW_PERFUSION = 0x004,
	EXC_PULSE_SEARCH = 0x008,
	EXC_INTERFERENCE = 0x010,
	EXC_SENSOR_OFF = 0x020,
	EXC_AMBIENT_LIGHT = 0x040,
	EXC_UNRECOGNISED_SENSOR = 0x080,
	EXC_LOW_SIGNAL_IQ = 0x400,
	/* Incompatible sensor; no, incompatible, unrecognised or defective cable; calibrating; emitter temperature;
	 * sensor current. One source only (older mdpnp code), so they make a value questionable and do not remove it.
	 */
	EXC_UNCONFIRMED = 0x100 | 0x1000 | 0x4000 | 0x8000 | 0x10000 | 0x20000 | 0x80000 | 0x100000,
};

enum field {
	FIELD_SPO2,
	FIELD_BPM,
	FIELD_PI,
	FIELD_ALARM,
	FIELD_EXC,
	FIELD_SN,
	FIELD_OTHER,
};

/* What a line said. A value of -1 is printed as dashes. */
struct line_values {
	int64_t clock_s;
	unsigned seen;                  /* 1 << enum field */
	int32_t spo2, pulse, perfusion; /* milli */
	uint32_t alarm, exc;
	char serial[NAME_BYTES]; /* empty: not printed, or dashes */
};

/* Two digits of a time. */
static int32_t part(struct text text, size_t at)
{
	return text_number((struct text){text.at + at, 2});
}

static bool read_clock(struct text text, int64_t *clock_s)
{
	if (!text_looks_like(text, "00/00/00 00:00:00"))
		return false;
	*clock_s =
	    gate_clock(part(text, 6), part(text, 0), part(text, 3), part(text, 9), part(text, 12), part(text, 15));
	return part(text, 0) <= 12 && part(text, 3) <= 31 && part(text, 9) <= 23 && part(text, 12) <= 59 &&
	       part(text, 15) <= 59;
}

/* Hexadecimal of one of the widths that models have ("346": 3, 4 or 6 digits). Any other is a damaged one, and a lost
 * digit here would hide an exception. */
static bool read_hex(struct text text, const char *widths, uint32_t *number)
{
	if (text.count > 9 || strchr(widths, '0' + (int)text.count) == NULL)
		return false;
	*number = 0;
	for (size_t i = 0; i < text.count; i++) {
		uint8_t byte = text.at[i];
		if (text_is_digit(byte))
			*number = *number << 4 | (uint32_t)(byte - '0');
		else if (byte >= 'A' && byte <= 'F')
			*number = *number << 4 | (uint32_t)(byte - 'A' + 10);
		else
			return false;
	}
	return true;
}

/* Three digits or dashes. Zero is printed for "no reading", too. */
static bool read_three(struct text text, int32_t max, int32_t *milli)
{
	*milli = -1;
	if (text_looks_like(text, "---"))
		return true;
	if (!text_looks_like(text, "000"))
		return false;
	int32_t number = text_number(text);
	if (number > 0)
		*milli = number * MILLI;
	return number <= max;
}

static bool read_perfusion(struct text text, int32_t *milli)
{
	if (text.count > 0 && text.at[text.count - 1] == '%')
		text.count--;
	*milli = -1;
	if (text_looks_like(text, "--.--"))
		return true;
	if (!text_looks_like(text, "00.00"))
		return false;
	int32_t number = text_number(text);
	if (number > 0)
		*milli = number * (MILLI / 100);
	return true;
}

static enum field field_of(struct text key)
{
	static const char *const names[] = {
	    [FIELD_SPO2] = "SPO2",   [FIELD_BPM] = "BPM", [FIELD_PI] = "PI",
	    [FIELD_ALARM] = "ALARM", [FIELD_EXC] = "EXC", [FIELD_SN] = "SN",
	};

	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (key.count == strlen(names[i]) && memcmp(key.at, names[i], key.count) == 0)
			return (enum field)i;
	return FIELD_OTHER;
}

static bool read_other(struct text value)
{
	for (size_t i = 0; i < value.count; i++) {
		uint8_t byte = value.at[i];
		if (!text_is_digit(byte) && !text_is_capital(byte) && byte != '-' && byte != '+' && byte != '.' &&
		    byte != '%')
			return false;
	}
	return value.count > 0;
}

/* The device's number, digits all of it. */
static bool read_serial(struct text value, char serial[NAME_BYTES])
{
	for (size_t i = 0; i < value.count; i++)
		if (!text_is_digit(value.at[i]))
			return read_other(value);
	if (value.count == 0 || value.count >= NAME_BYTES)
		return false;
	memcpy(serial, value.at, value.count);
	return true;
}

static bool read_value(enum field field, struct text value, struct line_values *values)
{
	switch (field) {
	case FIELD_SPO2:
		if (value.count == 0 || value.at[value.count - 1] != '%')
			return false;
		value.count--;
		return read_three(value, SPO2_MAX, &values->spo2);
	case FIELD_BPM:
		return read_three(value, PULSE_MAX, &values->pulse);
	case FIELD_PI:
		return read_perfusion(value, &values->perfusion);
	case FIELD_ALARM:
		return read_hex(value, "246", &values->alarm);
	case FIELD_EXC:
		return read_hex(value, "367", &values->exc);
	case FIELD_SN:
		return read_serial(value, values->serial);
	case FIELD_OTHER:
		return read_other(value);
	}
	return false;
}

/* One " KEY=VALUE"; moves `rest` behind it. */
static bool read_field(struct text *rest, struct line_values *values)
{
	const uint8_t *end = rest->at + rest->count;
	const uint8_t *key = rest->at + 1;

	if (*rest->at != ' ' || key == end || !text_is_capital(*key))
		return false;
	const uint8_t *at = key;
	while (at < end && (text_is_capital(*at) || text_is_digit(*at)))
		at++;
	if (at == end || *at != '=')
		return false;
	enum field field = field_of((struct text){key, (size_t)(at - key)});
	const uint8_t *value = at + 1;
	for (at = value; at < end && *at != ' ';)
		at++;
	bool is_exc_key = at - key >= 4 && memcmp(key, "EXC", 3) == 0;
	if ((values->seen & 1U << FIELD_EXC) != 0 && !is_exc_key)
		return false;
	if (field != FIELD_OTHER && (values->seen & 1U << field) != 0)
		return false;
	values->seen |= 1U << field;
	*rest = (struct text){at, (size_t)(end - at)};
	return read_value(field, (struct text){value, (size_t)(at - value)}, values);
}

static bool read_line(struct text line, struct line_values *values)
{
	const size_t clock_bytes = sizeof "00/00/00 00:00:00" - 1;
	const unsigned needed = 1U << FIELD_SPO2 | 1U << FIELD_BPM | 1U << FIELD_ALARM | 1U << FIELD_EXC;

	*values = (struct line_values){.spo2 = -1, .pulse = -1, .perfusion = -1};
	if (line.count < clock_bytes || !read_clock((struct text){line.at, clock_bytes}, &values->clock_s))
		return false;
	struct text rest = {line.at + clock_bytes, line.count - clock_bytes};
	while (rest.count > 0)
		if (!read_field(&rest, values))
			return false;
	return (values->seen & needed) == needed;
}

/* The exceptions that make a printed number no measurement; the worst first. */
static enum reason invalid_reason(uint32_t exc)
{
	if ((exc & (EXC_DEFECTIVE_SENSOR | EXC_UNRECOGNISED_SENSOR)) != 0)
		return REASON_SENSOR_FAULT;
	if ((exc & (EXC_NO_SENSOR | EXC_SENSOR_OFF)) != 0)
		return REASON_SENSOR_OFF;
	if ((exc & EXC_PULSE_SEARCH) != 0)
		return REASON_SEARCHING;
	return REASON_NONE;
}

/* The exceptions that only make it doubtful. */
static enum reason doubtful_reason(uint32_t exc)
{
	if ((exc & (EXC_INTERFERENCE | EXC_AMBIENT_LIGHT)) != 0)
		return REASON_INTERFERENCE;
	if ((exc & (EXC_LOW_PERFUSION | EXC_LOW_SIGNAL_IQ)) != 0)
		return REASON_LOW_SIGNAL;
	if ((exc & EXC_UNCONFIRMED) != 0)
		return REASON_SENSOR_FAULT;
	return REASON_NONE;
}

static struct measurement judge(enum parameter parameter, int32_t milli, uint32_t exc, struct mono determined)
{
	struct measurement m = {.parameter = parameter, .quality = QUALITY_NO_VALUE, .determined = determined};
	enum reason doubtful = doubtful_reason(exc);

	m.reason = invalid_reason(exc);
	if (m.reason != REASON_NONE)
		return m;
	if (milli < 0) {
		m.reason = doubtful == REASON_NONE ? REASON_NOT_MEASURED : doubtful;
		return m;
	}
	m.quality = doubtful == REASON_NONE ? QUALITY_VALID : QUALITY_QUESTIONABLE;
	m.reason = doubtful;
	m.milli = milli;
	return m;
}

static bool take_line(struct stream *stream, struct text line, struct mono now, struct sink sink);

static const struct line_format format = {
    .usual = LINE_BYTES,
    .gate = {.needed = 2, .paced = true, .period_ns = NS_PER_S},
    .take = take_line,
};

static bool take_line(struct stream *stream, struct text line, struct mono now, struct sink sink)
{
	struct line_values values;

	if (!read_line(line, &values))
		return false;
	struct decoded decoded = {
	    .count = 3,
	    .list = {judge(PARAMETER_SPO2, values.spo2, values.exc, stream->first),
	             judge(PARAMETER_PULSE, values.pulse, values.exc, stream->first),
	             judge(PARAMETER_PERFUSION, values.perfusion, values.exc, stream->first)},
	};
	memcpy(decoded.serial, values.serial, sizeof decoded.serial);
	gate_take(stream, &format.gate, &decoded, values.clock_s, now, sink);
	return true;
}

static void masimo_feed(struct stream *stream, const uint8_t *bytes, size_t count, struct mono now, emit_function *emit,
                        void *context)
{
	stream_lines(stream, (struct text){bytes, count}, now, &format, (struct sink){emit, context});
}

const struct driver driver_masimo_ascii1 = {
    .name = "masimo-ascii1",
    .description = "Masimo Rad-5, Rad-8, Rad-87, Radical-7 pulse oximeters, serial output ASCII 1",
    .evidence = EVIDENCE_RECORDED,
    .line = {.baud = 9600, .parity = 'N', .data_bits = 8, .stop_bits = 1},
    .period_ns = NS_PER_S,
    .provides = PARAMETER_BIT(PARAMETER_SPO2) | PARAMETER_BIT(PARAMETER_PULSE) | PARAMETER_BIT(PARAMETER_PERFUSION),
    .tells_serial = true,
    .silence_hint =
        "Is the device's serial output set to ASCII 1? (Rad-8: menu level 3, SEr = AS1; it ships with ASCII 2)",
    .feed = masimo_feed,
};
