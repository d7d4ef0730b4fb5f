/* A module that counts its determinations, looked at again and again while answers are lost and while it is switched
 * off and on: each determination is told once with an age that is not understated, or that it was lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "vitals/driver.h"

#define LOOK_NS   (500 * NS_PER_MS)
#define SLOTS     7 /* in which something happens; in the looks after them nothing is lost */
#define LOOKS     (SLOTS + 8)
#define FIRST     100
#define ENDED_MAX SLOTS

static struct register_map cuff(void)
{
	struct register_map map = {
	    .block_count = 1,
	    .blocks = {{.start = 0, .count = 2}},
	    .value_count = 1,
	    .values =
	        {{.parameter = PARAMETER_NIBP_SYS, .offset = 1, .type = REGISTER_U16, .scale_milli = 1, .divisor = 1}},
	    .has_sequence = true,
	};
	return map;
}

/* The module and what became of each of its determinations; their values are 1, 2, 3 .. */
struct bed {
	struct register_map map;
	struct register_state state;
	uint16_t sequence, value;
	uint16_t written_at; /* the look from which on the last value can be read */
	unsigned ended;
	int64_t ended_ns[ENDED_MAX + 1];
	unsigned told[ENDED_MAX + 1];
	unsigned read; /* determinations up to this one were told, or their loss was */
	unsigned restarts, restarts_told;
};

static void take(struct bed *bed, const struct decoded *decoded)
{
	unsigned step = (uint16_t)(bed->state.sequence - bed->state.before);
	unsigned told = 0;

	for (uint8_t i = 0; i < decoded->count; i++) {
		const struct measurement *m = &decoded->list[i];
		if (m->quality == QUALITY_NO_VALUE)
			continue;
		told = (unsigned)m->milli;
		assert_in_range(told, 1, bed->ended);
		bed->told[told]++;
		assert_true(m->determined.ns <= bed->ended_ns[told]);
	}
	switch (bed->state.news) {
	case SEQUENCE_SAME:
	case SEQUENCE_UNSETTLED:
	case SEQUENCE_WAITS:
		assert_int_equal(decoded->count, 0);
		return;
	case SEQUENCE_NEW:
		assert_int_equal(told, bed->read + step); /* the register tells how many were lost */
		bed->read = told;
		return;
	case SEQUENCE_UNSEEN:
	case SEQUENCE_RESTARTED:
		bed->restarts_told += bed->state.news == SEQUENCE_RESTARTED;
		assert_int_equal(told, 0);
		bed->read = bed->ended;
		return;
	}
}

/* As a link does: one look, and another at once if the first asks for it. */
static void look(struct bed *bed, unsigned now)
{
	for (int i = 0; i < 2; i++) {
		uint16_t old = (uint16_t)(bed->value > 0 ? bed->value - 1 : 0);
		const uint16_t block[] = {bed->sequence, now >= bed->written_at ? bed->value : old};
		const uint16_t *const registers[] = {block};
		struct decoded decoded;
		register_map_decode(&bed->map, &bed->state, registers,
		                    (struct mono){(int64_t)(1 + now) * LOOK_NS + i * NS_PER_MS}, &decoded);
		take(bed, &decoded);
		if (bed->state.news != SEQUENCE_UNSETTLED)
			return;
	}
}

static void happen(struct bed *bed, unsigned what, unsigned now, unsigned writing)
{
	if (what == 1) {
		bed->sequence++;
		bed->ended++;
		bed->value = (uint16_t)bed->ended;
		bed->written_at = (uint16_t)(now + writing);
		bed->ended_ns[bed->ended] = (int64_t)(1 + now) * LOOK_NS - LOOK_NS / 2;
	} else if (what == 2) {
		bed->sequence = 0;
		bed->restarts++;
	}
}

/* `lost`: a bit for each look whose answer is lost; `events`: a digit of base 3 for each slot. */
static void run(unsigned lost, unsigned events, unsigned writing)
{
	struct bed bed = {.map = cuff(), .sequence = FIRST};

	look(&bed, 0);
	for (unsigned now = 1; now < LOOKS; now++) {
		if (now <= SLOTS) {
			happen(&bed, events % 3, now, writing);
			events /= 3;
		}
		if (now > SLOTS || (lost >> (now - 1) & 1) == 0)
			look(&bed, now);
	}
	for (unsigned i = 1; i <= bed.ended; i++)
		assert_true(bed.told[i] <= 1);
	assert_int_equal(bed.read, bed.ended);
	assert_true(bed.restarts_told <= bed.restarts);
	assert_true(bed.restarts == 0 || bed.restarts_told > 0);
}

static bool restarts_once(unsigned events)
{
	unsigned restarts = 0;

	for (; events > 0; events /= 3)
		restarts += events % 3 == 2;
	return restarts <= 1; /* a number that a second restart brings back unseen cannot be told from the first */
}

static void test_every_pattern(void **state)
{
	unsigned all = 1;

	(void)state;
	for (int i = 0; i < SLOTS; i++)
		all *= 3;
	for (unsigned events = 0; events < all; events++)
		for (unsigned lost = 0; restarts_once(events) && lost < 1U << SLOTS; lost++)
			run(lost, events, 0);
}

/* The module counts first and writes 1.5 s later; one determination, so that no other overwrites what was not written.
 */
static void test_values_that_come_later(void **state)
{
	(void)state;
	for (unsigned slot = 0, event = 1; slot < SLOTS - 3; slot++, event *= 3)
		for (unsigned lost = 0; lost < 1U << SLOTS; lost++)
			run(lost, event, 3);
}

static struct decoded look_at(struct bed *bed, uint16_t sequence, uint16_t value, int64_t ms)
{
	const uint16_t block[] = {sequence, value};
	const uint16_t *const registers[] = {block};
	struct decoded decoded;

	register_map_decode(&bed->map, &bed->state, registers, (struct mono){ms * NS_PER_MS}, &decoded);
	return decoded;
}

/* The same pressures twice are a determination too, when the module had time to write others. */
static void test_equal_values(void **state)
{
	struct bed bed = {.map = cuff()};

	(void)state;
	assert_int_equal(look_at(&bed, 6, 120, 1000).count, 0);
	assert_int_equal(look_at(&bed, 7, 120, 2000).count, 0);
	assert_int_equal(bed.state.news, SEQUENCE_WAITS);
	assert_int_equal(look_at(&bed, 7, 120, 4999).count, 0);
	struct decoded decoded = look_at(&bed, 7, 120, 5000);
	assert_int_equal(decoded.count, 1);
	assert_int_equal(decoded.list[0].milli, 120);
	assert_true(decoded.list[0].determined.ns == 1000 * NS_PER_MS);
}

/* A register that never stands still does not hide a determination for ever. */
static void test_values_that_never_agree(void **state)
{
	struct bed bed = {.map = cuff()};

	(void)state;
	assert_int_equal(look_at(&bed, 6, 120, 1000).count, 0);
	for (uint16_t i = 0; i < 6; i++)
		assert_int_equal(look_at(&bed, 7, (uint16_t)(130 + i), 2000 + i * 500).count, 0);
	assert_int_equal(look_at(&bed, 7, 140, 5000).count, 1);
}

static void test_gap(void **state)
{
	int64_t bound = SEQUENCE_GAP_NS / NS_PER_MS;
	struct bed bed = {.map = cuff()};

	(void)state;
	assert_int_equal(look_at(&bed, 6, 120, 1000).count, 0);
	assert_int_equal(look_at(&bed, 7, 130, 1000 + bound).count, 0);
	assert_int_equal(bed.state.news, SEQUENCE_UNSETTLED);
	/* Within the bound no longer: lost, and no old value stands for it. */
	struct decoded decoded = look_at(&bed, 7, 130, 1001 + bound);
	assert_int_equal(bed.state.news, SEQUENCE_UNSEEN);
	assert_int_equal(decoded.count, 1);
	assert_int_equal(decoded.list[0].quality, QUALITY_NO_VALUE);
	assert_int_equal(decoded.list[0].reason, REASON_FAILED);
	assert_true(decoded.list[0].determined.ns == 1000 * NS_PER_MS);
	/* Nothing happened in a gap of any length. */
	assert_int_equal(look_at(&bed, 7, 130, 9 * bound).count, 0);
	assert_int_equal(bed.state.news, SEQUENCE_SAME);
}

static void test_end_of_the_number(void **state)
{
	struct bed bed = {.map = cuff()};

	(void)state;
	assert_int_equal(look_at(&bed, 65535, 120, 1000).count, 0);
	assert_int_equal(look_at(&bed, 0, 130, 2000).count, 0);
	assert_int_equal(look_at(&bed, 0, 130, 2001).count, 1);
	assert_int_equal(bed.state.news, SEQUENCE_NEW);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_every_pattern), cmocka_unit_test(test_values_that_come_later),
	    cmocka_unit_test(test_equal_values),  cmocka_unit_test(test_values_that_never_agree),
	    cmocka_unit_test(test_gap),           cmocka_unit_test(test_end_of_the_number),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
