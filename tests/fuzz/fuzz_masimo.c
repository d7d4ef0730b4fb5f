/* Fuzzes the Masimo ASCII 1 driver. Nothing that is emitted may break the rules of a measurement, the result may not
 * depend on how the bytes were cut, and an unfinished line stays bounded. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "vitals/driver.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
	if (!holds)
		abort();
}

struct tally {
	uint32_t frames;
	uint64_t sum;
};

static void check(void *context, const struct decoded *decoded)
{
	static const enum parameter order[] = {PARAMETER_SPO2, PARAMETER_PULSE, PARAMETER_PERFUSION};
	static const int32_t max[] = {100000, 300000, 99990};
	struct tally *tally = context;

	must(decoded->count == 3);
	for (int i = 0; i < 3; i++) {
		const struct measurement *m = &decoded->list[i];
		must(m->parameter == order[i]);
		must((m->quality == QUALITY_VALID) == (m->reason == REASON_NONE));
		must(measurement_has_value(m) ? m->milli > 0 && m->milli <= max[i] : m->milli == 0);
		tally->sum = tally->sum * 31 + (uint32_t)m->milli + (uint64_t)m->reason;
	}
	tally->frames++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct driver *driver = driver_by_name("masimo-ascii1");
	struct stream whole = {0}, cut = {0};
	struct tally of_whole = {0}, of_cut = {0};

	driver->feed(&whole, data, size, (struct mono){1}, check, &of_whole);
	for (size_t at = 0; at < size;) {
		size_t piece = 1 + data[at] % 7;
		if (piece > size - at)
			piece = size - at;
		driver->feed(&cut, data + at, piece, (struct mono){1}, check, &of_cut);
		at += piece;
	}
	must(memcmp(&of_whole, &of_cut, sizeof of_whole) == 0);
	must(whole.bad_frames == cut.bad_frames && whole.count == cut.count && whole.count <= STREAM_BYTES);
	return 0;
}
