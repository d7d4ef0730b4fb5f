/* SunTech Advantage OEM blood pressure module: 9600 8N1. Called by link threads and by tests; pure but for the stream
 * state that is passed in.
 *
 *   host    3A command [data] check            module    3E length [data] check
 *
 * The check byte makes the sum of all bytes 0 mod 256; length counts the whole frame; numbers are little endian. Facts
 * are from the bytes of the vendor's Operations Manual as six independent projects repeat them (DesktopFX first of
 * all); no recording of a bus was found.
 *
 *   start 3A 20 A6 -> 'O' -> cuff pressure every half second (3A 79 05 00 48) -> 'K' -> results (3A 79 03 00 4A)
 *
 * One letter answers are 'O' accepted, 'K' cycle complete, 'B' busy, 'A' aborted, 'S' asleep, 'N' bad packet, 'E'
 * error, 'R' reset. One 'K' is one determination: results count only if we asked for them after it. An error code other
 * than 0 (3 range, 86 aborted, 87 leak or loose cuff, 88 safety timeout, 89 overpressure, 90 supply, 91 permission, 97
 * transducer, 99 calibration; others are not known) or a systolic, diastolic or heart rate of 0 is a failure. The BP
 * status byte and the test codes are not described well enough to be used.
 *
 * A start that is not answered, or a determination that lasts too long, is aborted (3A 79 01 00 4C). A module that is
 * idle says nothing by itself: it is asked for the cuff pressure every two seconds, only to know that it is there. Not
 * used: inflation pressure, valves and pump, reset, streamed cuff pressure. */
#include <assert.h>

#include "daemon/driver/drivers.h"
#include "daemon/driver/cuff.h"
#include "daemon/driver/frame.h"

#define HOST   0x3A
#define MODULE 0x3E

#define LETTER_BYTES   4
#define PRESSURE_BYTES 5
#define STREAMED_BYTES 7 /* cuff pressure after a command that is not used here */
#define RESULT_BYTES   24

/* Results take 25 ms. An older half of a frame is never completed. */
#define FRAME_NS NS_PER_S

#define IDLE_NS   (2 * NS_PER_S)    /* between questions whether the module is there */
#define POLL_NS   (500 * NS_PER_MS) /* the same during a determination */
#define ANSWER_NS (1500 * NS_PER_MS)
#define BUSY_NS   (2 * NS_PER_S)   /* before a start is said again */
#define MAX_NS    (180 * NS_PER_S) /* of a determination */

#define TRIES_MAX 3

enum {
	STATE_IDLE,
	STATE_STARTING,
	STATE_MEASURING,
	STATE_ENDED, /* 'K' came; the results are to be asked for */
	STATE_ASKED,
	STATE_ABORTING,
};

/* ---- what the module says ---------------------------------------------------------------------------------------- */

static int32_t number_at(const uint8_t *at)
{
	return at[0] | at[1] << 8;
}

static enum reason reason_of(uint8_t error)
{
	switch (error) {
	case 3: /* out of range */
		return REASON_IMPLAUSIBLE;
	case 87: /* leak or loose cuff */
		return REASON_SENSOR_OFF;
	case 89: /* overpressure, supply, transducer, calibration */
	case 90:
	case 97:
	case 99:
		return REASON_SENSOR_FAULT;
	default: /* aborted, safety timeout, permission, and what is not known */
		return REASON_FAILED;
	}
}

/* Returns true if the results have been told. */
static bool take_result(struct stream *stream, struct sink sink)
{
	const uint8_t *bytes = stream->bytes;
	struct dialogue *dialogue = &stream->dialogue;
	struct cuff_result result = {.sys = number_at(bytes + 2),
	                             .dia = number_at(bytes + 4),
	                             .mean = number_at(bytes + 18),
	                             .pulse = bytes[16]};
	bool good = bytes[20] == 0 && result.sys > 0 && result.dia > 0 && result.pulse > 0;

	if (dialogue->state != STATE_ASKED)
		return false;
	cuff_end(dialogue, good ? REASON_NONE : reason_of(bytes[20]));
	if (!good)
		return false;
	if (result.mean == 0)
		result.mean = -1;
	cuff_tell(&result, dialogue->ended, sink);
	return true;
}

static void take_complete(struct stream *stream)
{
	struct dialogue *dialogue = &stream->dialogue;

	if (dialogue->state == STATE_ABORTING ||
	    (dialogue->state != STATE_IDLE && cuff_too_short(dialogue, stream->first)))
		cuff_end(dialogue, REASON_FAILED);
	else if (dialogue->state == STATE_MEASURING || dialogue->state == STATE_IDLE) {
		/* In idle: its start was before a reconnect, or nobody's here. It is a determination all the same. */
		dialogue->state = STATE_ENDED;
		dialogue->start = false; /* who wants one gets this one */
		dialogue->tries = 0;
		dialogue->running = true;
		dialogue->ended = stream->first;
	}
}

static void take_busy(struct dialogue *dialogue)
{
	if (dialogue->state != STATE_STARTING)
		return;
	if (dialogue->tries == TRIES_MAX) {
		cuff_end(dialogue, REASON_FAILED);
		return;
	}
	dialogue->state = STATE_IDLE;
	dialogue->start = true;
}

static void take_letter(struct stream *stream, uint8_t letter)
{
	struct dialogue *dialogue = &stream->dialogue;
	bool begun = dialogue->state == STATE_STARTING || dialogue->state == STATE_MEASURING;

	switch (letter) {
	case 'O':
		if (dialogue->state == STATE_STARTING)
			dialogue->state = STATE_MEASURING;
		break;
	case 'K':
		take_complete(stream);
		break;
	case 'A':
		if (begun || dialogue->state == STATE_ABORTING)
			cuff_end(dialogue, REASON_FAILED);
		break;
	case 'B':
		take_busy(dialogue);
		break;
	case 'R':
	case 'S':
		if (begun)
			cuff_end(dialogue, REASON_FAILED);
		break;
	default: /* 'N', 'E' and what is not known: whatever has begun is stopped */
		if (begun)
			dialogue->stop = true;
		break;
	}
}

/* The whole frame at the front of the stream. */
static void take_frame(struct stream *stream, struct sink sink)
{
	uint8_t count = stream->bytes[1];

	if (count == LETTER_BYTES)
		take_letter(stream, stream->bytes[2]);
	if (count != RESULT_BYTES || !take_result(stream, sink))
		cuff_alive(stream, sink);
	stream_good(stream, count);
}

/* Could these bytes be the beginning of a frame, as far as they go? */
static bool is_frame(const struct stream *stream)
{
	const uint8_t *bytes = stream->bytes;
	uint8_t total = 0;

	if (stream->count > 0 && bytes[0] != MODULE)
		return false;
	if (stream->count < 2)
		return true;
	if (bytes[1] != LETTER_BYTES && bytes[1] != PRESSURE_BYTES && bytes[1] != STREAMED_BYTES &&
	    bytes[1] != RESULT_BYTES)
		return false;
	if (stream->count < bytes[1])
		return true;
	for (size_t i = 0; i < bytes[1]; i++)
		total = (uint8_t)(total + bytes[i]);
	return total == 0;
}

/* After a frame that was none, whole frames may be among the bytes that are left. */
static void sift(struct stream *stream, struct sink sink)
{
	for (;;) {
		if (!is_frame(stream))
			stream_drop(stream, 1, RESULT_BYTES);
		else if (stream->count >= 2 && stream->count >= stream->bytes[1])
			take_frame(stream, sink);
		else
			return;
	}
}

static void suntech_feed(struct stream *stream, const uint8_t *bytes, size_t count, struct mono now,
                         emit_function *emit, void *context)
{
	stream_drop_old(stream, now, FRAME_NS, RESULT_BYTES);
	for (size_t i = 0; i < count; i++) {
		stream_add(stream, bytes[i], now);
		sift(stream, (struct sink){emit, context});
	}
}

/* ---- what is said to the module ---------------------------------------------------------------------------------- */

enum phrase {
	SAY_START,
	SAY_ABORT,
	SAY_RESULT,
	SAY_PRESSURE,
};

static size_t command(struct dialogue *dialogue, enum phrase phrase, struct mono now, uint8_t *bytes)
{
	static const struct {
		size_t count;
		uint8_t bytes[3];
	} bodies[] = {
	    [SAY_START] = {1, {0x20}},
	    [SAY_ABORT] = {3, {0x79, 0x01, 0x00}},
	    [SAY_RESULT] = {3, {0x79, 0x03, 0x00}},
	    [SAY_PRESSURE] = {3, {0x79, 0x05, 0x00}},
	};
	uint8_t total = HOST;
	size_t count = 0;

	bytes[count++] = HOST;
	for (size_t i = 0; i < bodies[phrase].count; i++) {
		total = (uint8_t)(total + bodies[phrase].bytes[i]);
		bytes[count++] = bodies[phrase].bytes[i];
	}
	bytes[count++] = (uint8_t)(0x100 - total);
	dialogue->said = now;
	return count;
}

static size_t say_abort(struct dialogue *dialogue, struct mono now, uint8_t *bytes)
{
	if (dialogue->state != STATE_ABORTING)
		dialogue->tries = 0;
	dialogue->state = STATE_ABORTING;
	dialogue->stop = false;
	dialogue->tries++;
	return command(dialogue, SAY_ABORT, now, bytes);
}

static size_t say_idle(struct dialogue *dialogue, struct mono now, uint8_t *bytes)
{
	if (!dialogue->start)
		return time_passed(now, dialogue->said, IDLE_NS) ? command(dialogue, SAY_PRESSURE, now, bytes) : 0;
	if (dialogue->tries > 0 && !time_passed(now, dialogue->said, BUSY_NS))
		return 0;
	dialogue->start = false;
	dialogue->state = STATE_STARTING;
	dialogue->tries++;
	dialogue->running = true;
	dialogue->ours = true;
	dialogue->began = now;
	return command(dialogue, SAY_START, now, bytes);
}

static size_t say_measuring(struct dialogue *dialogue, struct mono now, uint8_t *bytes)
{
	if (mono_since(now, dialogue->began) >= MAX_NS)
		return say_abort(dialogue, now, bytes);
	return time_passed(now, dialogue->said, POLL_NS) ? command(dialogue, SAY_PRESSURE, now, bytes) : 0;
}

static size_t say_asking(struct dialogue *dialogue, struct mono now, uint8_t *bytes)
{
	if (dialogue->state == STATE_ASKED && !time_passed(now, dialogue->said, ANSWER_NS))
		return 0;
	if (dialogue->tries == TRIES_MAX) {
		cuff_end(dialogue, REASON_FAILED);
		return 0;
	}
	dialogue->state = STATE_ASKED;
	dialogue->tries++;
	return command(dialogue, SAY_RESULT, now, bytes);
}

static size_t say_aborting(struct dialogue *dialogue, struct mono now, uint8_t *bytes)
{
	if (!time_passed(now, dialogue->said, ANSWER_NS))
		return 0;
	if (dialogue->tries < TRIES_MAX)
		return say_abort(dialogue, now, bytes);
	cuff_end(dialogue, REASON_FAILED);
	return 0;
}

static size_t suntech_say(struct stream *stream, struct mono now, uint8_t *bytes, size_t size)
{
	struct dialogue *dialogue = &stream->dialogue;

	assert(size >= SAY_BYTES);
	(void)size;                                    /* without assertions nothing else looks at it */
	stream->say_at = mono_after(now, POLL_NS / 2); /* often enough for every wait */
	if (dialogue->stop)
		return say_abort(dialogue, now, bytes);
	switch (dialogue->state) {
	case STATE_STARTING:
		return time_passed(now, dialogue->said, ANSWER_NS) ? say_abort(dialogue, now, bytes) : 0;
	case STATE_MEASURING:
		return say_measuring(dialogue, now, bytes);
	case STATE_ENDED:
	case STATE_ASKED:
		return say_asking(dialogue, now, bytes);
	case STATE_ABORTING:
		return say_aborting(dialogue, now, bytes);
	default:
		return say_idle(dialogue, now, bytes);
	}
}

static bool suntech_order(struct stream *stream, bool start)
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

const struct driver driver_suntech = {
    .name = "suntech-advantage",
    .description = "SunTech Advantage OEM blood pressure module",
    .evidence = EVIDENCE_EXAMPLES,
    .line = {.baud = 9600, .parity = 'N', .data_bits = 8, .stop_bits = 1},
    .period_ns = IDLE_NS,
    .provides = CUFF_PARAMETERS,
    .checksum = true,
    .silence_hint = "Is the module powered, and are its send and receive lines not exchanged?",
    .feed = suntech_feed,
    .say = suntech_say,
    .order = suntech_order,
};
