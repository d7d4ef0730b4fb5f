/* Nellcor OxiMax N-560, N-595, NPB-290, NPB-295, N-395, PM100N, PM1000N pulse oximeters, ASCII data port: 8N1, one text
 * line every two seconds, three header lines at the start, every 25 lines and when a limit is changed. Called by link
 * threads and by tests; pure but for the stream state that is passed in.
 *
 *   dd-Mon-yy HH:MM:SS   SpO2   BPM   PA   codes   CR LF
 *
 * Facts are from the data port appendix of the NPB-290/295/N-395 manual, the N-595 line grammar of the mdpnp project,
 * and recordings of two N-560 by the projects cosmopusher and NellcorN560Seriell. The manual says 9600 baud, one of the
 * projects uses 19200, the bedside systems PM100N and PM1000N speak 115200: `baud` in the link's section changes it.
 * '*' behind a number says that it is beyond the device's own limit. The device's interactive mode (two ETX) stops its
 * output and is not used; nothing is ever sent.
 *
 * The protocol has no checksum. What this driver does against damage: the date and time must have their form, three
 * numbers (or dashes) must follow, at least two blanks apart as the device's columns are, then nothing but two-letter
 * codes, each once; no byte outside printable ASCII. A damaged digit that is still a digit passes. So does a line that
 * lost its codes whole; the device repeats them every two seconds. A code that is not known removes the values, and is
 * named: it may be a damaged "sensor off", behind which the device prints held numbers.
 *
 * PRINT at the device sends its memory through the same port, in the same lines, twenty a second for up to half an
 * hour, and nothing of the patient meanwhile. Its header says TREND in place of a CRC, and over its columns no Status;
 * then pace and clock (gate.h).
 *
 * The pulse amplitude (PA) has no unit and is no perfusion index; it is checked for form and not used. */
#include <string.h>

#include "daemon/driver/drivers.h"
#include "daemon/driver/lines.h"

#define LINE_BYTES 80 /* of a usual line; only for counting what is lost */
#define PERIOD_NS  (2 * NS_PER_S)
#define SPO2_MAX   100
#define PULSE_MAX  350
#define CODES_MAX  8

struct line_values {
	int64_t clock_s;
	int32_t spo2, pulse;  /* -1: dashes or zero */
	enum reason invalid;  /* why a printed number is no measurement */
	enum reason doubtful; /* why it is only questionable */
	char unknown[3];      /* a code that is not in the table */
};

enum effect {
	EFFECT_NONE, /* alarms of the device and its battery: they change nothing */
	EFFECT_DOUBTFUL,
	EFFECT_INVALID,
};

static const struct code {
	const char *token;
	enum effect effect;
	enum reason reason;
} codes[] = {
    {"SD", EFFECT_INVALID, REASON_SENSOR_OFF},    /* sensor disconnected */
    {"SO", EFFECT_INVALID, REASON_SENSOR_OFF},    /* sensor off */
    {"LM", EFFECT_INVALID, REASON_INTERFERENCE},  /* loss of pulse with interference */
    {"LP", EFFECT_INVALID, REASON_NO_PULSE},      /* loss of pulse */
    {"PS", EFFECT_INVALID, REASON_SEARCHING},     /* pulse search */
    {"MO", EFFECT_DOUBTFUL, REASON_INTERFERENCE}, /* motion */
    {"ID", EFFECT_DOUBTFUL, REASON_INTERFERENCE}, /* the same, of later models: interference detected */
    {"AO", EFFECT_NONE, REASON_NONE},             /* alarm sound off */
    {"AS", EFFECT_NONE, REASON_NONE},             /* alarm silenced */
    {"BU", EFFECT_NONE, REASON_NONE},             /* battery in use */
    {"LB", EFFECT_NONE, REASON_NONE},             /* low battery */
    {"PH", EFFECT_NONE, REASON_NONE},             /* limits */
    {"PL", EFFECT_NONE, REASON_NONE},
    {"SH", EFFECT_NONE, REASON_NONE},
    {"SL", EFFECT_NONE, REASON_NONE},
};

#define CODE_COUNT (sizeof codes / sizeof codes[0])

/* Moves `rest` to the next thing that is not a blank; returns how many there were. */
static size_t skip_blanks(struct text *rest)
{
	size_t blanks = 0;

	while (blanks < rest->count && rest->at[blanks] == ' ')
		blanks++;
	rest->at += blanks;
	rest->count -= blanks;
	return blanks;
}

static struct text take_word(struct text *rest)
{
	struct text word = {rest->at, 0};

	while (word.count < rest->count && rest->at[word.count] != ' ')
		word.count++;
	rest->at += word.count;
	rest->count -= word.count;
	return word;
}

static uint8_t upper(uint8_t byte)
{
	return byte >= 'a' && byte <= 'z' ? (uint8_t)(byte - 'a' + 'A') : byte;
}

static bool same_but_for_case(struct text text, const char *other)
{
	size_t i = 0;

	while (i < text.count && other[i] != '\0' && upper(text.at[i]) == upper((uint8_t)other[i]))
		i++;
	return i == text.count && other[i] == '\0';
}

/* 1 .. 12; 0: it is none. Older models print capitals. */
static int32_t month_of(struct text text)
{
	static const char *const names[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
	                                    "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
	bool capitals = text_looks_like(text, "AAA"),
	     mixed = text_is_capital(text.at[0]) && !text_is_capital(text.at[1]) && !text_is_capital(text.at[2]);

	for (int32_t i = 0; i < 12 && (capitals || mixed); i++)
		if (same_but_for_case(text, names[i]))
			return i + 1;
	return 0;
}

static bool read_clock(struct text text, int64_t *clock_s)
{
	if (text.count != sizeof "00-Mon-00 00:00:00" - 1)
		return false;
	struct text day = {text.at, 2}, rest = {text.at + 6, text.count - 6};
	if (!text_looks_like(day, "00") || text.at[2] != '-' || !text_looks_like(rest, "-00 00:00:00"))
		return false;
	int32_t month = month_of((struct text){text.at + 3, 3}), hour = text_number((struct text){text.at + 10, 2});
	int32_t minute = text_number((struct text){text.at + 13, 2});
	int32_t second = text_number((struct text){text.at + 16, 2});
	*clock_s =
	    gate_clock(text_number((struct text){text.at + 7, 2}), month, text_number(day), hour, minute, second);
	return month > 0 && text_number(day) <= 31 && hour <= 23 && minute <= 59 && second <= 59;
}

/* A column: digits or dashes, and for the first two perhaps a star. Zero is printed for "nothing", too. */
static bool read_column(struct text *rest, bool star, int32_t max, int32_t *value)
{
	int32_t number;

	if (skip_blanks(rest) < 2)
		return false;
	struct text word = take_word(rest);
	*value = -1;
	if (text_is(word, "---"))
		return true;
	if (star && word.count > 1 && word.at[word.count - 1] == '*')
		word.count--;
	if (!text_read_number(word, 3, &number) || number > max)
		return false;
	if (number > 0)
		*value = number;
	return true;
}

static void note(struct line_values *values, enum effect effect, enum reason reason)
{
	if (effect == EFFECT_INVALID && values->invalid == REASON_NONE)
		values->invalid = reason;
	if (effect == EFFECT_DOUBTFUL)
		values->doubtful = reason;
}

/* The codes, in the order of the table: the worst first. False if there is anything else than codes. */
static bool read_codes(struct text rest, struct line_values *values)
{
	bool seen[CODE_COUNT] = {false};

	for (int i = 0; skip_blanks(&rest) > 0 && rest.count > 0; i++) {
		struct text word = take_word(&rest);
		size_t k = 0;
		if (i == CODES_MAX || !text_looks_like(word, "AA"))
			return false;
		while (k < CODE_COUNT && !text_is(word, codes[k].token))
			k++;
		if (k == CODE_COUNT) {
			values->unknown[0] = (char)word.at[0];
			values->unknown[1] = (char)word.at[1];
			continue;
		}
		if (seen[k])
			return false;
		seen[k] = true;
	}
	for (size_t k = 0; k < CODE_COUNT; k++)
		if (seen[k])
			note(values, codes[k].effect, codes[k].reason);
	if (values->unknown[0] != '\0')
		note(values, EFFECT_INVALID, REASON_UNKNOWN_STATUS);
	return rest.count == 0;
}

static bool read_line(struct text line, struct line_values *values)
{
	const size_t clock_bytes = sizeof "00-Mon-00 00:00:00" - 1;
	int32_t amplitude;

	*values = (struct line_values){.invalid = REASON_NONE, .doubtful = REASON_NONE};
	if (line.count < clock_bytes || !read_clock((struct text){line.at, clock_bytes}, &values->clock_s))
		return false;
	struct text rest = {line.at + clock_bytes, line.count - clock_bytes};
	return read_column(&rest, true, SPO2_MAX, &values->spo2) &&
	       read_column(&rest, true, PULSE_MAX, &values->pulse) && read_column(&rest, false, 999, &amplitude) &&
	       read_codes(rest, values);
}

static bool contains(struct text text, const char *word)
{
	size_t count = strlen(word);

	for (; text.count >= count; text.at++, text.count--)
		if (same_but_for_case((struct text){text.at, count}, word))
			return true;
	return false;
}

/* The device's limits and mode are not used here. What counts is which of its outputs a header begins: live, or PRINT,
 * which sends the memory, as text or as a graph. The line over the columns says it too: stored lines have no status. */
enum header {
	HEADER_NONE,
	HEADER_LIVE,
	HEADER_STORED,
	HEADER_NEITHER,
};

static enum header header_of(struct text line)
{
	bool limits = contains(line, "LIMIT"), crc = contains(line, "CRC:");

	if (contains(line, "VERSION ") && (limits || crc))
		return crc && !contains(line, "TREND") && !contains(line, "GRAPH") ? HEADER_LIVE : HEADER_STORED;
	if (text_begins(line, "TIME ") && contains(line, "%SpO2"))
		return contains(line, "STATUS") ? HEADER_NEITHER : HEADER_STORED;
	if (text_is(line, "Output Complete") || (contains(line, "SAT-S") && text_begins(line, "  ")))
		return HEADER_NEITHER;
	return HEADER_NONE;
}

/* True if it is a header. */
static bool take_header(struct stream *stream, struct text line)
{
	switch (header_of(line)) {
	case HEADER_NONE:
		return false;
	case HEADER_LIVE:
		gate_live(stream);
		break;
	case HEADER_STORED:
		gate_stored(stream);
		break;
	case HEADER_NEITHER:
		break;
	}
	return true;
}

static struct measurement judge(enum parameter parameter, int32_t value, const struct line_values *values,
                                struct mono determined)
{
	if (values->invalid != REASON_NONE)
		return not_measured(parameter, values->invalid, determined);
	if (value < 0)
		return not_measured(parameter, values->doubtful == REASON_NONE ? REASON_NOT_MEASURED : values->doubtful,
		                    determined);
	struct measurement m = measured(parameter, value, determined);
	if (values->doubtful != REASON_NONE) {
		m.quality = QUALITY_QUESTIONABLE;
		m.reason = values->doubtful;
	}
	return m;
}

static bool take_line(struct stream *stream, struct text line, struct mono now, struct sink sink);

static const struct line_format format = {
    .usual = LINE_BYTES,
    .gate = {.needed = 2, .paced = true, .period_ns = PERIOD_NS},
    .take = take_line,
};

static bool take_line(struct stream *stream, struct text line, struct mono now, struct sink sink)
{
	struct line_values values;

	if (take_header(stream, line))
		return true;
	if (!read_line(line, &values))
		return false;
	struct decoded decoded = {
	    .count = 2,
	    .list = {judge(PARAMETER_SPO2, values.spo2, &values, stream->first),
	             judge(PARAMETER_PULSE, values.pulse, &values, stream->first)},
	};
	memcpy(decoded.unknown, values.unknown, sizeof values.unknown);
	gate_take(stream, &format.gate, &decoded, values.clock_s, now, sink);
	return true;
}

static void nellcor_feed(struct stream *stream, const uint8_t *bytes, size_t count, struct mono now,
                         emit_function *emit, void *context)
{
	stream_lines(stream, (struct text){bytes, count}, now, &format, (struct sink){emit, context});
}

const struct driver driver_nellcor = {
    .name = "nellcor-ascii",
    .description = "Nellcor OxiMax N-560, N-595, NPB-290, NPB-295, N-395, PM100N, PM1000N pulse oximeters, ASCII "
                   "data port",
    .evidence = EVIDENCE_RECORDED,
    .line = {.baud = 9600, .parity = 'N', .data_bits = 8, .stop_bits = 1},
    .period_ns = PERIOD_NS,
    .provides = PARAMETER_BIT(PARAMETER_SPO2) | PARAMETER_BIT(PARAMETER_PULSE),
    .silence_hint = "Is the data port's protocol set to ASCII? Its speed is 9600 or 19200 baud, of PM100N and PM1000N "
                    "115200: try the others (key baud of the link)",
    .feed = nellcor_feed,
};
