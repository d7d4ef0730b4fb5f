/* PAR Medizintechnik NIBP2010 and NIBP2020 UP blood pressure modules (in the Sinnor N6, the UN300C and others), and the
 * Combi Board with SpO2. Called by link threads and by tests; pure but for the stream state that is passed in.
 *
 * Two variants, which differ in speed, frame bytes and in what some commands mean; which one is there must be
 * configured and is never guessed:
 *   par-nibp    4800 8N1,  STX 02, ETX 03
 *   par-combi  19200 8N1,  STX FD, ETX FE, CR behind each command; SpO2 packets 55 AA between the frames
 *
 * Facts are from the vendor's Technical Description (as cited and tested by the hemodialisis_ciateq project and by an
 * Arduino host test) and one recorded frame of each kind. DTR and RTS can reset the module, so they are kept low.
 *
 * Module to host, each ended by ETX CR:
 *   035C0S3                                      live cuff pressure: mmHg, caution code, state. No checksum.
 *   999                                          a determination has ended. No checksum.
 *   S1;A0;C03;M00;P125080090;R075;T0005;;40      status and last result; sum mod 256 of S .. second ';' in hex
 *   55 AA 07 index status spo2 pulse pi sum      Combi Board; may hold the bytes of STX and ETX
 * Host to module: STX c c ; ; x x ETX with the same sum, at least 1.1 s apart, and the single byte X, which aborts.
 * Commands used: 01 start, 18 status, X. Not used: cycles (the plan decides when a cuff inflates), inflation pressures,
 * patient type, reset, manometer, leak test, SpO2 on and off (30 and 31 are inflation pressures on the plain module).
 *
 * The status repeats the last result for ever, and an error frame carries the result before it. So a result counts only
 * if a determination was seen (its live pressures, or our own start), 999 ended it, this status answers the 18 that was
 * sent then, and it says state 1 and message 0 or 3. Everything else that ends a determination is a failure. Frames
 * without checksum decide only when to ask, never a value. A module that is idle says nothing by itself: the status is
 * asked for every two seconds, and only shows that the module is there.
 *
 * The status bits 2 to 7 of an SpO2 packet are not known for certain (no pulse, searching, weak signal are among them):
 * with any of them set there is no value. The scale of its perfusion number is not known: not used. */
#include <assert.h>

#include "daemon/driver/drivers.h"
#include "daemon/driver/cuff.h"
#include "daemon/driver/frame.h"

#define STATUS_BYTES 39                 /* of its text, with the two digits of the sum */
#define FRAME_BYTES  (STATUS_BYTES + 2) /* with STX and ETX: the longest frame */
#define SPO2_BYTES   9

/* A status takes 0.1 s at 4800 baud. An older half of a frame is never completed. */
#define FRAME_NS NS_PER_S

#define GAP_NS   (1100 * NS_PER_MS) /* between commands: a working firmware's */
#define IDLE_NS  (2 * NS_PER_S)     /* between questions whether the module is there */
#define QUIET_NS (3 * NS_PER_S)     /* without live pressure during a determination, or without an answer */
#define MAX_NS   (180 * NS_PER_S)   /* of a determination; one firmware allows 120 s */

#define LIVE_MIN   3
#define ASKS_MAX   3
#define ABORTS_MAX 6

enum {
	STATE_IDLE,
	STATE_MEASURING,
	STATE_ENDED,    /* 999 came; the result is to be asked for */
	STATE_ASKED,    /* our 18 is on its way */
	STATE_ABORTING, /* X was said */
};

struct variant {
	uint8_t stx, etx;
	bool combi;
};

static const struct variant plain = {0x02, 0x03, false};
static const struct variant combi = {0xFD, 0xFE, true};

struct status {
	uint8_t state;   /* '0' .. '9' */
	int32_t message; /* -1 = dashes */
	struct cuff_result result;
};

static uint8_t sum(const uint8_t *bytes, size_t count)
{
	unsigned total = 0;

	for (size_t i = 0; i < count; i++)
		total += bytes[i];
	return (uint8_t)total;
}

static uint8_t hex_digit(unsigned value)
{
	return (uint8_t) "0123456789ABCDEF"[value & 15];
}

/* ---- what the module says ---------------------------------------------------------------------------------------- */

/* Digits only, or dashes only (-1). */
static bool read_field(const uint8_t *at, size_t count, int32_t *number)
{
	struct text text = {at, count};

	*number = -1;
	if (text_read_number(text, count, number))
		return true;
	for (size_t i = 0; i < count; i++)
		if (at[i] != '-')
			return false;
	return true;
}

static bool read_status(const uint8_t *at, struct status *status)
{
	static const struct {
		uint8_t at, byte;
	} marks[] = {{0, 'S'},  {2, ';'},  {3, 'A'},  {5, ';'},  {6, 'C'},  {9, ';'},  {10, 'M'}, {13, ';'},
	             {14, 'P'}, {24, ';'}, {25, 'R'}, {29, ';'}, {30, 'T'}, {35, ';'}, {36, ';'}};
	uint8_t check = sum(at, STATUS_BYTES - 2);

	for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++)
		if (at[marks[i].at] != marks[i].byte)
			return false;
	status->state = at[1];
	return at[STATUS_BYTES - 2] == hex_digit(check >> 4U) && at[STATUS_BYTES - 1] == hex_digit(check) &&
	       text_is_digit(at[1]) && read_field(at + 11, 2, &status->message) &&
	       read_field(at + 15, 3, &status->result.sys) && read_field(at + 18, 3, &status->result.dia) &&
	       read_field(at + 21, 3, &status->result.mean) && read_field(at + 26, 3, &status->result.pulse);
}

/* Measuring, inflating, holding. The manometer and the leak test (4, 7) are no determinations. */
static bool is_measuring(uint8_t state)
{
	return state == '3' || state == '8' || state == '9';
}

static bool is_result(const struct status *status)
{
	return status->state == '1' && (status->message == 0 || status->message == 3) && status->result.sys > 0 &&
	       status->result.dia > 0 && status->result.mean > 0;
}

/* Why there is none, as far as the message says. */
static enum reason reason_of(int32_t message)
{
	switch (message) {
	case 6: /* cuff loose or not connected */
		return REASON_SENSOR_OFF;
	case 7: /* leak, also 14; pneumatic fault, overpressure, system error */
	case 8:
	case 12:
	case 14:
	case 15:
		return REASON_SENSOR_FAULT;
	case 9: /* too few oscillations in the time allowed */
		return REASON_LOW_SIGNAL;
	case 10: /* out of range */
		return REASON_IMPLAUSIBLE;
	case 11: /* motion; signal saturated */
	case 13:
		return REASON_INTERFERENCE;
	default:
		return REASON_FAILED;
	}
}

/* ---- what follows from it ---------------------------------------------------------------------------------------- */

/* A determination that was started at the device, or into which a connect fell, shows by its live pressures. They have
 * no checksum, so one alone is nothing. */
static void take_live(struct stream *stream, uint8_t state)
{
	struct dialogue *dialogue = &stream->dialogue;

	if (!is_measuring(state)) {
		if (dialogue->state == STATE_IDLE)
			dialogue->tries = 0;
		return;
	}
	dialogue->heard = stream->first;
	if (dialogue->state != STATE_IDLE || ++dialogue->tries < LIVE_MIN)
		return;
	dialogue->state = STATE_MEASURING;
	dialogue->tries = 0;
	dialogue->start = false; /* who wants one gets this one */
	dialogue->running = true;
	dialogue->began = stream->first;
}

static void take_end(struct stream *stream)
{
	struct dialogue *dialogue = &stream->dialogue;

	if (dialogue->state == STATE_ABORTING ||
	    (dialogue->state == STATE_MEASURING && cuff_too_short(dialogue, stream->first)))
		cuff_end(dialogue, REASON_FAILED);
	if (dialogue->state != STATE_MEASURING)
		return;
	dialogue->state = STATE_ENDED;
	dialogue->tries = 0;
	dialogue->ended = stream->first;
}

/* Returns true if the status was the result and has been told. */
static bool take_status(struct stream *stream, const struct status *status, struct sink sink)
{
	struct dialogue *dialogue = &stream->dialogue;
	/* A status that was asked for before the determination began says nothing about it. */
	bool asked = dialogue->state == STATE_ASKED || (dialogue->state == STATE_MEASURING && dialogue->tries > 0) ||
	             (dialogue->state == STATE_ABORTING && dialogue->tries > 0);

	if (!asked) {
		if (dialogue->state == STATE_IDLE)
			dialogue->tries = 0;
		return false;
	}
	if (is_measuring(status->state)) {
		dialogue->heard = stream->first;
		return false;
	}
	if (dialogue->state != STATE_ASKED || !is_result(status)) {
		cuff_end(dialogue, reason_of(status->message));
		return false;
	}
	cuff_end(dialogue, REASON_NONE);
	cuff_tell(&status->result, dialogue->ended, sink);
	return true;
}

/* A frame by its length. Returns false if it is none. */
static bool take_frame(struct stream *stream, struct sink sink)
{
	const uint8_t *at = stream->bytes + 1;
	struct text text = {at, stream->count - 2};
	struct status status;

	if (text_is(text, "999")) {
		take_end(stream);
	} else if (text_looks_like(text, "000C0S0")) {
		take_live(stream, at[6]);
	} else if (text.count == STATUS_BYTES && read_status(at, &status)) {
		if (take_status(stream, &status, sink))
			return true;
	} else {
		return false;
	}
	cuff_alive(stream, sink);
	return true;
}

static void take_spo2(const struct stream *stream, struct sink sink)
{
	uint8_t status = stream->bytes[4], spo2 = stream->bytes[5], pulse = stream->bytes[6];
	enum reason reason = (status & 0x03) != 0 ? REASON_SENSOR_OFF
	                     : status != 0        ? REASON_LOW_SIGNAL
	                                          : REASON_NOT_MEASURED;
	struct decoded decoded = {
	    .count = 2,
	    .list = {status != 0 || spo2 == 0x7F || spo2 == 0 ? not_measured(PARAMETER_SPO2, reason, stream->first)
	                                                      : measured(PARAMETER_SPO2, spo2, stream->first),
	             status != 0 || pulse == 0xFF || pulse == 0 ? not_measured(PARAMETER_PULSE, reason, stream->first)
	                                                        : measured(PARAMETER_PULSE, pulse, stream->first)},
	};

	sink.emit(sink.context, &decoded);
}

enum verdict {
	VERDICT_MORE, /* may become a frame */
	VERDICT_JUNK, /* the first byte belongs to none */
	VERDICT_SPO2,
	VERDICT_TEXT,
};

static enum verdict examine_spo2(const struct stream *stream)
{
	static const uint8_t head[] = {0x55, 0xAA, SPO2_BYTES - 2};
	const uint8_t *bytes = stream->bytes;

	for (size_t i = 1; i < sizeof head && i < stream->count; i++)
		if (bytes[i] != head[i])
			return VERDICT_JUNK;
	if (stream->count < SPO2_BYTES)
		return VERDICT_MORE;
	return sum(bytes + 2, SPO2_BYTES - 3) == bytes[SPO2_BYTES - 1] ? VERDICT_SPO2 : VERDICT_JUNK;
}

static enum verdict examine(const struct stream *stream, const struct variant *variant)
{
	if (variant->combi && stream->bytes[0] == 0x55)
		return examine_spo2(stream);
	if (stream->bytes[0] != variant->stx)
		return VERDICT_JUNK;
	for (size_t i = 1; i < stream->count; i++) {
		uint8_t byte = stream->bytes[i];
		if (byte == variant->etx)
			return i + 1 == stream->count ? VERDICT_TEXT : VERDICT_JUNK;
		if (byte < 0x20 || byte > 0x7E)
			return VERDICT_JUNK;
	}
	return stream->count < FRAME_BYTES ? VERDICT_MORE : VERDICT_JUNK;
}

static void sift(struct stream *stream, const struct variant *variant, struct sink sink)
{
	while (stream->count > 0) {
		/* The end of every line, and of our own commands where a line echoes. */
		if (stream->count == 1 && stream->bytes[0] == '\r') {
			stream->count = 0;
			return;
		}
		switch (examine(stream, variant)) {
		case VERDICT_MORE:
			return;
		case VERDICT_SPO2:
			take_spo2(stream, sink);
			stream_good(stream, stream->count);
			return;
		case VERDICT_TEXT:
			if (take_frame(stream, sink)) {
				stream_good(stream, stream->count);
				return;
			}
			stream_drop(stream, stream->count, FRAME_BYTES);
			return;
		case VERDICT_JUNK:
			stream_drop(stream, 1, FRAME_BYTES);
			break;
		}
	}
}

static void feed(struct stream *stream, struct text bytes, struct mono now, const struct variant *variant,
                 struct sink sink)
{
	stream_drop_old(stream, now, FRAME_NS, FRAME_BYTES);
	for (size_t i = 0; i < bytes.count; i++) {
		stream_add(stream, bytes.at[i], now);
		sift(stream, variant, sink);
	}
}

/* ---- what is said to the module ---------------------------------------------------------------------------------- */

static size_t command(struct stream *stream, const struct variant *variant, const char *code, struct mono now,
                      uint8_t *bytes)
{
	const uint8_t body[] = {(uint8_t)code[0], (uint8_t)code[1], ';', ';'};
	uint8_t check = sum(body, sizeof body);
	size_t count = 0;

	bytes[count++] = variant->stx;
	for (size_t i = 0; i < sizeof body; i++)
		bytes[count++] = body[i];
	bytes[count++] = hex_digit(check >> 4U);
	bytes[count++] = hex_digit(check);
	bytes[count++] = variant->etx;
	if (variant->combi)
		bytes[count++] = '\r';
	stream->dialogue.said = now;
	return count;
}

static size_t say_abort(struct dialogue *dialogue, struct mono now, uint8_t *bytes)
{
	dialogue->stop = false;
	if (dialogue->state != STATE_ABORTING)
		dialogue->tries = 0;
	dialogue->state = STATE_ABORTING;
	dialogue->said = now;
	bytes[0] = 'X';
	return 1;
}

static size_t say_idle(struct stream *stream, const struct variant *variant, struct mono now, uint8_t *bytes)
{
	struct dialogue *dialogue = &stream->dialogue;

	if (dialogue->tries > 0 && !time_passed(now, dialogue->heard, QUIET_NS))
		return 0; /* it seems to be measuring */
	if (dialogue->start && time_passed(now, dialogue->said, GAP_NS)) {
		dialogue->start = false;
		dialogue->state = STATE_MEASURING;
		dialogue->tries = 0;
		dialogue->running = true;
		dialogue->ours = true;
		dialogue->began = now;
		dialogue->heard = now;
		return command(stream, variant, "01", now, bytes);
	}
	if (!dialogue->start && time_passed(now, dialogue->said, IDLE_NS))
		return command(stream, variant, "18", now, bytes);
	return 0;
}

static size_t say_measuring(struct stream *stream, const struct variant *variant, struct mono now, uint8_t *bytes)
{
	struct dialogue *dialogue = &stream->dialogue;

	if (dialogue->ours && mono_since(now, dialogue->began) >= MAX_NS)
		return say_abort(dialogue, now, bytes);
	if (mono_since(now, dialogue->heard) < QUIET_NS || !time_passed(now, dialogue->said, GAP_NS))
		return 0;
	if (dialogue->tries < UINT8_MAX)
		dialogue->tries++;
	return command(stream, variant, "18", now, bytes);
}

/* An answer that is late is asked for again; the determination fails when it does not come. */
static size_t say_asking(struct stream *stream, const struct variant *variant, struct mono now, uint8_t *bytes)
{
	struct dialogue *dialogue = &stream->dialogue;
	int64_t wait = dialogue->state == STATE_ENDED ? GAP_NS : QUIET_NS;

	if (!time_passed(now, dialogue->said, wait))
		return 0;
	if (dialogue->tries == ASKS_MAX) {
		cuff_end(dialogue, REASON_FAILED);
		return 0;
	}
	dialogue->state = STATE_ASKED;
	dialogue->tries++;
	return command(stream, variant, "18", now, bytes);
}

/* X again while live pressures come, else the question whether it worked. */
static size_t say_aborting(struct stream *stream, const struct variant *variant, struct mono now, uint8_t *bytes)
{
	struct dialogue *dialogue = &stream->dialogue;

	if (!time_passed(now, dialogue->said, GAP_NS))
		return 0;
	if (dialogue->tries == ABORTS_MAX) {
		cuff_end(dialogue, REASON_FAILED);
		return 0;
	}
	dialogue->tries++;
	if (!mono_before(dialogue->heard, dialogue->said))
		return say_abort(dialogue, now, bytes);
	return command(stream, variant, "18", now, bytes);
}

static size_t say(struct stream *stream, const struct variant *variant, struct mono now, uint8_t *bytes)
{
	struct dialogue *dialogue = &stream->dialogue;
	size_t count = 0;

	if (dialogue->stop)
		count = say_abort(dialogue, now, bytes);
	else if (dialogue->state == STATE_IDLE)
		count = say_idle(stream, variant, now, bytes);
	else if (dialogue->state == STATE_MEASURING)
		count = say_measuring(stream, variant, now, bytes);
	else if (dialogue->state == STATE_ABORTING)
		count = say_aborting(stream, variant, now, bytes);
	else
		count = say_asking(stream, variant, now, bytes);
	/* Often enough for every wait above. */
	stream->say_at = mono_after(now, GAP_NS / 4);
	return count;
}

static bool par_order(struct stream *stream, bool start)
{
	struct dialogue *dialogue = &stream->dialogue;

	/* A start after a stop waits until the stop is through. */
	bool sensible = start ? dialogue->state == STATE_IDLE || dialogue->state == STATE_ABORTING
	                      : dialogue->state != STATE_ENDED && dialogue->state != STATE_ASKED;

	if (!sensible)
		return false;
	dialogue->start = start;
	dialogue->stop = dialogue->stop || !start;
	return true;
}

/* ---- the two variants -------------------------------------------------------------------------------------------- */

static void plain_feed(struct stream *stream, const uint8_t *bytes, size_t count, struct mono now, emit_function *emit,
                       void *context)
{
	feed(stream, (struct text){bytes, count}, now, &plain, (struct sink){emit, context});
}

static void combi_feed(struct stream *stream, const uint8_t *bytes, size_t count, struct mono now, emit_function *emit,
                       void *context)
{
	feed(stream, (struct text){bytes, count}, now, &combi, (struct sink){emit, context});
}

static size_t plain_say(struct stream *stream, struct mono now, uint8_t *bytes, size_t size)
{
	assert(size >= SAY_BYTES);
	(void)size; /* without assertions nothing else looks at it */
	return say(stream, &plain, now, bytes);
}

static size_t combi_say(struct stream *stream, struct mono now, uint8_t *bytes, size_t size)
{
	assert(size >= SAY_BYTES);
	(void)size; /* without assertions nothing else looks at it */
	return say(stream, &combi, now, bytes);
}

const struct driver driver_par_nibp = {
    .name = "par-nibp",
    .description = "PAR NIBP2010, NIBP2020 UP blood pressure modules without SpO2",
    .evidence = EVIDENCE_RECORDED,
    .line = {.baud = 4800, .parity = 'N', .data_bits = 8, .stop_bits = 1, .modem_low = true},
    .period_ns = IDLE_NS,
    .provides = CUFF_PARAMETERS,
    .checksum = true,
    .silence_hint = "Is the module powered, and are only ground, receive and transmit wired (DTR and RTS can "
                    "reset it)? With SpO2 on board (Combi Board) the driver is par-combi",
    .feed = plain_feed,
    .say = plain_say,
    .order = par_order,
};

const struct driver driver_par_combi = {
    .name = "par-combi",
    .description = "PAR NIBP2020 UP Combi Board: blood pressure and SpO2",
    .evidence = EVIDENCE_RECORDED,
    .line = {.baud = 19200, .parity = 'N', .data_bits = 8, .stop_bits = 1, .modem_low = true},
    .period_ns = IDLE_NS,
    .provides = CUFF_PARAMETERS | PARAMETER_BIT(PARAMETER_SPO2) | PARAMETER_BIT(PARAMETER_PULSE),
    .checksum = true,
    .silence_hint = "Is the module powered, its SpO2 switched on, and are only ground, receive and transmit wired "
                    "(DTR and RTS can reset it)? Without SpO2 the driver is par-nibp",
    .feed = combi_feed,
    .say = combi_say,
    .order = par_order,
};
