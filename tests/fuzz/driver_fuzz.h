/* What the fuzz targets of drivers share: the rules that every decoded frame must keep, feeding the same bytes whole
 * and cut, and a conversation with a driver that takes orders. Header only: each target is a program of its own. */
#ifndef FUZZ_DRIVER_FUZZ_H
#define FUZZ_DRIVER_FUZZ_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "vitals/driver.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static inline void must(bool holds)
{
	if (!holds)
		abort();
}

struct tally {
	const struct driver *driver;
	int32_t max; /* of any value, in its unit */
	struct mono now;
	uint32_t frames;
	uint32_t determinations; /* with values */
	uint64_t sum;
};

static inline void tally_frame(void *context, const struct decoded *decoded)
{
	struct tally *tally = context;
	parameter_set seen = 0;

	must(decoded->count <= EVENT_MEASUREMENTS_MAX);
	for (uint8_t i = 0; i < decoded->count; i++) {
		const struct measurement *m = &decoded->list[i];
		must(m->parameter < PARAMETER_COUNT && m->reason < REASON_COUNT);
		must((tally->driver->provides & PARAMETER_BIT(m->parameter)) != 0);
		must((seen & PARAMETER_BIT(m->parameter)) == 0);
		seen |= PARAMETER_BIT(m->parameter);
		must((m->quality == QUALITY_VALID) == (m->reason == REASON_NONE));
		must(measurement_has_value(m) ? m->milli >= 0 && m->milli <= tally->max * MILLI : m->milli == 0);
		must(!mono_before(tally->now, m->determined));
		if (m->parameter == PARAMETER_NIBP_SYS && measurement_has_value(m))
			tally->determinations++;
		tally->sum = tally->sum * 31 + (uint32_t)m->milli + (uint64_t)m->reason;
	}
	tally->frames++;
}

/* The result may not depend on how the bytes were cut, and what is kept stays bounded. Time passes from line to line,
 * as a device sends them; a zero byte behind a line end makes it stand, as in one piece. */
static inline void fuzz_stream(const char *name, int32_t max, const uint8_t *data, size_t size)
{
	const struct driver *driver = driver_by_name(name);
	struct stream whole = {0}, cut = {0};
	struct tally of_whole = {.driver = driver, .max = max, .now = {1}}, of_cut = of_whole;

	for (size_t at = 0, count; at < size; at += count) {
		for (count = 1; at + count < size && data[at + count - 1] != '\n';)
			count++;
		driver->feed(&whole, data + at, count, of_whole.now, tally_frame, &of_whole);
		for (size_t done = 0, piece; done < count; done += piece) {
			piece = 1 + data[at + done] % 7;
			if (piece > count - done)
				piece = count - done;
			driver->feed(&cut, data + at + done, piece, of_cut.now, tally_frame, &of_cut);
		}
		if (at + count < size && data[at + count] != 0)
			of_whole.now = of_cut.now = mono_after(of_whole.now, driver->period_ns);
	}
	driver->feed(&whole, NULL, 0, of_whole.now, tally_frame, &of_whole);
	driver->feed(&cut, NULL, 0, of_cut.now, tally_frame, &of_cut);
	must(of_whole.frames == of_cut.frames && of_whole.sum == of_cut.sum);
	must(whole.bad_frames == cut.bad_frames && whole.count == cut.count && whole.count < STREAM_BYTES);
}

/* What the other end has heard. */
struct heard {
	uint32_t starts, questions, commands;
};

/* `hear` counts what is said. Commands in the input: 0xF0 an order to start, 0xF1 to stop, 0xF2 a quarter second
 * passes, 0xF3 five seconds, 0xF4 a reconnect, 0xF5 the next byte as it is; everything else is a byte of the device. No
 * start is ever said that was not ordered in this connection, and no determination comes without a question. */
static inline void fuzz_talk(const char *name, int32_t max, const uint8_t *data, size_t size,
                             void (*hear)(struct heard *heard, const uint8_t *bytes, size_t count),
                             uint32_t starts_per_order)
{
	const struct driver *driver = driver_by_name(name);
	struct stream stream = {0};
	struct heard heard = {0};
	uint32_t orders = 0;
	struct tally tally = {.driver = driver, .max = max, .now = {NS_PER_S}};

	for (size_t i = 0; i < size; i++) {
		uint8_t bytes[SAY_BYTES];
		uint8_t op = data[i];
		if (op == 0xF0) {
			orders += driver->order(&stream, true);
		} else if (op == 0xF1) {
			(void)driver->order(&stream, false); /* always allowed */
		} else if (op == 0xF2 || op == 0xF3) {
			tally.now = mono_after(tally.now, op == 0xF2 ? NS_PER_S / 4 : 5 * NS_PER_S);
		} else if (op == 0xF4) {
			stream = (struct stream){0};
			orders = heard.starts = 0;
		} else {
			if (op == 0xF5 && i + 1 < size)
				op = data[++i];
			driver->feed(&stream, &op, 1, tally.now, tally_frame, &tally);
		}
		size_t count = driver->say(&stream, tally.now, bytes, sizeof bytes);
		must(count <= sizeof bytes && mono_before(tally.now, stream.say_at) && stream.count < STREAM_BYTES);
		if (count > 0) {
			heard.commands++;
			hear(&heard, bytes, count);
		}
		must(heard.starts <= orders * starts_per_order);
		must(tally.determinations <= heard.questions);
	}
}

#endif
