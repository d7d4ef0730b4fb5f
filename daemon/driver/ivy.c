/* Ivy 450C bedside monitor, CardioPulmonary "ANSAR-B" serial stream: 9600 8N1, one message a second. Called by link
 * threads and by tests; pure but for the stream state that is passed in.
 *
 *   FF, "ANSAR-B ", 400 waveform bytes, text lines that end in CR, FE
 *   NAME=n;value 1;..;value n;label;alarm       no value is printed as nothing
 *
 * Facts are from the code and the 27-message recording of the mdpnp project. The waveform is skipped by its length: its
 * bytes may have any value. The pulse of the oximeter is printed in SPO2's label (PR=80). In the recording neither
 * labels nor alarms say whether a lead is off, so they are not used; EtCO2 has no value there, and its unit is taken to
 * be mmHg: set the monitor so.
 *
 * The protocol has no checksum. What this driver does against damage: head, length of the waveform, form of every line
 * and number of its fields, each line once, only printable text; two messages in a row before the first value, and
 * again after one that does not fit. A damaged digit that is still a digit passes for one second; limits of the plan
 * have longer delays.
 *
 * The last cuff determination is repeated in every message for hours. It is taken for a new one only when its numbers
 * change, and only when two messages in a row show the change, because it is judged at once and one damaged digit would
 * be two determinations. What stands there first after a connect has no known age and is not used. Two determinations
 * with the same four numbers look like one. The cuff takes no commands on this line. */
#include <string.h>

#include "daemon/driver/drivers.h"
#include "daemon/driver/cuff.h"
#include "daemon/driver/gate.h"

#define HEAD                                                                                                           \
	"\xFF"                                                                                                         \
	"ANSAR-B "
#define HEAD_BYTES     9
#define WAVEFORM_BYTES 400
#define TAIL           0xFE
#define MESSAGE_BYTES  562 /* as recorded; only for counting what is lost */

/* A message takes 0.6 s at 9600 baud. An older half of one is never completed. */
#define MESSAGE_NS (2 * NS_PER_S)

#define LINES_MAX  16 /* the device has 8 */
#define VALUES_MAX 4

enum field {
	FIELD_HR,
	FIELD_RESP,
	FIELD_ETCO2,
	FIELD_SPO2,
	FIELD_NIBP,
	FIELD_COUNT,
	FIELD_OTHER,
};

static const struct {
	const char *name;
	int32_t values;
} fields[FIELD_COUNT] = {
    [FIELD_HR] = {"HR", 1},     [FIELD_RESP] = {"RR", 1},   [FIELD_ETCO2] = {"ETCO2", 1},
    [FIELD_SPO2] = {"SPO2", 1}, [FIELD_NIBP] = {"NIBP", 4},
};

/* What a message said; -1 = missing. */
struct message {
	unsigned seen; /* 1 << enum field */
	int32_t values[FIELD_COUNT][VALUES_MAX];
	int32_t pulse;
};

static enum field field_of(struct text name)
{
	for (int i = 0; i < FIELD_COUNT; i++)
		if (text_is(name, fields[i].name))
			return (enum field)i;
	return FIELD_OTHER;
}

static bool is_missing(struct text text)
{
	for (size_t i = 0; i < text.count; i++)
		if (text.at[i] != '-' && text.at[i] != ' ')
			return false;
	return true;
}

/* One to three digits, perhaps with blanks at either side; or nothing, blanks, dashes. */
static bool read_value(struct text text, int32_t *value)
{
	*value = -1;
	if (is_missing(text))
		return true;
	while (text.count > 0 && text.at[0] == ' ')
		text.at++, text.count--;
	while (text.count > 0 && text.at[text.count - 1] == ' ')
		text.count--;
	return text_read_number(text, 3, value);
}

static bool read_pulse(struct text label, int32_t *pulse)
{
	*pulse = -1;
	if (!text_begins(label, "PR="))
		return true; /* another label: no pulse is told */
	return read_value((struct text){label.at + 3, label.count - 3}, pulse);
}

/* The values of one of our lines; `rest` stands behind "NAME=n;". */
static bool read_field(enum field field, struct text *rest, struct message *message)
{
	if ((message->seen & 1U << field) != 0)
		return false;
	message->seen |= 1U << field;
	for (int32_t i = 0; i < fields[field].values; i++)
		if (!read_value(text_take(rest, ';'), &message->values[field][i]))
			return false;
	return true;
}

/* "NAME=n;" with n + 2 fields behind it. */
static bool read_line(struct text line, struct message *message)
{
	struct text rest = line;
	struct text name = text_take(&rest, '=');
	struct text number = text_take(&rest, ';');
	int32_t values;
	size_t separators = 0;

	if (name.count == 0 || name.count == line.count || !text_read_number(number, 1, &values))
		return false;
	for (size_t i = 0; i < line.count; i++)
		separators += line.at[i] == ';';
	if (separators != (size_t)values + 2)
		return false;
	enum field field = field_of(name);
	if (field == FIELD_OTHER)
		return true;
	if (values != fields[field].values || !read_field(field, &rest, message))
		return false;
	return field != FIELD_SPO2 || read_pulse(text_take(&rest, ';'), &message->pulse);
}

static bool is_printable(uint8_t byte)
{
	return byte == '\r' || (byte >= 0x20 && byte <= 0x7E);
}

static bool read_message(struct text text, struct message *message)
{
	const unsigned all = (1U << FIELD_COUNT) - 1;

	*message = (struct message){.pulse = -1};
	if (text.count == 0 || text.at[text.count - 1] != '\r')
		return false;
	for (size_t i = 0; i < text.count; i++)
		if (!is_printable(text.at[i]))
			return false;
	for (int i = 0; text.count > 0; i++) {
		struct text line = text_take(&text, '\r');
		if (i == LINES_MAX || !read_line(line, message))
			return false;
	}
	return message->seen == all;
}

static struct measurement take(enum parameter parameter, int32_t value, struct mono determined)
{
	return value < 0 ? not_measured(parameter, REASON_NOT_MEASURED, determined)
	                 : measured(parameter, value, determined);
}

static const struct gate_rule ivy_gate = {.needed = 2, .period_ns = NS_PER_S};

static void tell_continuous(struct stream *stream, const struct message *message, struct mono now, struct sink sink)
{
	struct mono determined = stream->first;
	/* Zero is the commonest code for nothing in an oximeter; a heart or breathing rate of zero has to be judged. */
	int32_t spo2 = message->values[FIELD_SPO2][0] == 0 ? -1 : message->values[FIELD_SPO2][0];
	struct decoded decoded = {
	    .count = 5,
	    .list = {take(PARAMETER_ECG_HR, message->values[FIELD_HR][0], determined),
	             take(PARAMETER_SPO2, spo2, determined),
	             take(PARAMETER_PULSE, message->pulse == 0 ? -1 : message->pulse, determined),
	             take(PARAMETER_RESP, message->values[FIELD_RESP][0], determined),
	             take(PARAMETER_ETCO2, message->values[FIELD_ETCO2][0], determined)},
	};

	gate_take(stream, &ivy_gate, &decoded, GATE_NO_CLOCK, now, sink);
}

static void watch_cuff(struct stream *stream, const struct message *message, struct sink sink)
{
	struct repeated *repeated = &stream->repeated;
	const int32_t *now = message->values[FIELD_NIBP];
	const size_t bytes = sizeof repeated->seen;

	if (repeated->times == 0 || memcmp(repeated->seen, now, bytes) != 0) {
		memcpy(repeated->seen, now, bytes);
		repeated->first = stream->first;
		repeated->times = 1;
		return;
	}
	if (repeated->times > 1)
		return;
	repeated->times = 2;
	/* Numbers that have gone (erased, or a determination has begun) tell nothing. When the same ones come back they
	 * are the old ones. */
	bool whole = now[0] > 0 && now[1] > 0;
	bool is_new = repeated->primed && whole && memcmp(repeated->known, now, bytes) != 0;
	if (whole || !repeated->primed)
		memcpy(repeated->known, now, bytes);
	repeated->primed = true;
	struct cuff_result result = {.sys = now[0], .dia = now[1], .mean = now[2], .pulse = now[3]};
	if (is_new)
		cuff_tell(&result, repeated->first, sink);
}

/* What does not fit: two messages in a row begin anew, for the cuff too. */
static void lose(struct stream *stream, size_t count)
{
	stream_drop(stream, count, MESSAGE_BYTES);
	gate_bad(stream);
	stream->repeated.times = 0;
}

/* Takes the whole message in the stream and empties the stream. */
static void end_message(struct stream *stream, struct mono now, struct sink sink)
{
	const size_t front = HEAD_BYTES + WAVEFORM_BYTES;
	struct text text = {stream->bytes + front, stream->count - front - 1};
	struct message message;

	if (!read_message(text, &message)) {
		lose(stream, stream->count);
		return;
	}
	tell_continuous(stream, &message, now, sink);
	watch_cuff(stream, &message, sink);
	stream_good(stream, stream->count);
}

/* Could these bytes be the beginning of a message, as far as head and last byte tell? */
static bool is_message(const struct stream *stream)
{
	size_t head = stream->count < HEAD_BYTES ? stream->count : HEAD_BYTES;
	uint8_t last = stream->count > 0 ? stream->bytes[stream->count - 1] : 0;

	if (memcmp(stream->bytes, HEAD, head) != 0 || stream->count == STREAM_BYTES)
		return false;
	if (stream->count <= HEAD_BYTES + WAVEFORM_BYTES)
		return true;
	return last == TAIL || is_printable(last);
}

static void ivy_feed(struct stream *stream, const uint8_t *bytes, size_t count, struct mono now, emit_function *emit,
                     void *context)
{
	struct sink sink = {emit, context};

	if (count == 0)
		gate_end(stream, &ivy_gate, sink);
	stream_drop_old(stream, now, MESSAGE_NS, MESSAGE_BYTES);
	for (size_t i = 0; i < count; i++) {
		stream_add(stream, bytes[i], now);
		while (!is_message(stream))
			lose(stream, 1);
		if (stream->count > HEAD_BYTES + WAVEFORM_BYTES && bytes[i] == TAIL)
			end_message(stream, now, sink);
	}
}

const struct driver driver_ivy_ansarb = {
    .name = "ivy-ansarb",
    .description = "Ivy 450C bedside monitor, ANSAR-B serial stream",
    .evidence = EVIDENCE_RECORDED,
    .line = {.baud = 9600, .parity = 'N', .data_bits = 8, .stop_bits = 1},
    .period_ns = NS_PER_S,
    .provides = PARAMETER_BIT(PARAMETER_ECG_HR) | PARAMETER_BIT(PARAMETER_SPO2) | PARAMETER_BIT(PARAMETER_PULSE) |
                PARAMETER_BIT(PARAMETER_RESP) | PARAMETER_BIT(PARAMETER_ETCO2) | CUFF_PARAMETERS,
    .silence_hint = "Is the monitor's serial output set to ANSAR-B?",
    .feed = ivy_feed,
};
