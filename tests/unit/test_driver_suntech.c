/* The SunTech driver: golden conversation, the cuff's commands, failures, damage. Replays
 * tests/replay/suntech-advantage.talk, which was written from the protocol's facts, and, when they are there, the
 * examples of the vendor's manual as others quote them. */
#include "driver_world.h"

#define NAME  "suntech-advantage"
#define INPUT "tests/replay/suntech-advantage.talk"

static const uint8_t say_start[] = {0x3A, 0x20, 0xA6};
static const uint8_t say_abort[] = {0x3A, 0x79, 0x01, 0x00, 0x4C};
static const uint8_t say_result[] = {0x3A, 0x79, 0x03, 0x00, 0x4A};
static const uint8_t say_pressure[] = {0x3A, 0x79, 0x05, 0x00, 0x48};

#define SAID(talk, what) talk_last_is(talk, what, sizeof(what))

static void hear(struct talk *talk, const uint8_t *data, size_t count)
{
	uint8_t frame[32] = {0x3E, (uint8_t)(count + 3)};
	uint8_t total = (uint8_t)(frame[0] + frame[1]);

	memcpy(frame + 2, data, count);
	for (size_t i = 0; i < count; i++)
		total = (uint8_t)(total + data[i]);
	frame[count + 2] = (uint8_t)(0x100 - total);
	talk_hear(talk, frame, count + 3);
}

static void hear_letter(struct talk *talk, char letter)
{
	const uint8_t data[] = {(uint8_t)letter};
	hear(talk, data, 1);
}

static void hear_pressure(struct talk *talk, int pressure)
{
	const uint8_t data[] = {(uint8_t)pressure, (uint8_t)(pressure >> 8)};
	hear(talk, data, 2);
}

static void hear_result(struct talk *talk, int sys, int dia, int mean, int pulse, int error)
{
	const uint8_t data[21] = {(uint8_t)sys,
	                          (uint8_t)(sys >> 8),
	                          (uint8_t)dia,
	                          (uint8_t)(dia >> 8),
	                          25,
	                          1,
	                          [14] = (uint8_t)pulse,
	                          [16] = (uint8_t)mean,
	                          [17] = (uint8_t)(mean >> 8),
	                          [18] = (uint8_t)error};
	hear(talk, data, sizeof data);
}

static void begin(struct talk *talk)
{
	talk_connect(talk, NAME, (struct mono){100 * NS_PER_S});
	assert_true(SAID(talk, say_pressure));
	talk_wait(talk, 100 * NS_PER_MS);
	hear_pressure(talk, 0);
	talk_wait(talk, NS_PER_S);
	talk_clear(talk);
}

static void measure(struct talk *talk, int seconds)
{
	for (int i = 0; i < 2 * seconds; i++) {
		talk_wait(talk, 500 * NS_PER_MS);
		hear_pressure(talk, 150 - i);
	}
}

/* Ordered and accepted, and on for ten seconds. */
static void begin_determination(struct talk *talk)
{
	begin(talk);
	assert_true(talk_order(talk, true));
	assert_true(SAID(talk, say_start)); /* at once */
	talk_wait(talk, 100 * NS_PER_MS);
	hear_letter(talk, 'O');
	measure(talk, 10);
	assert_int_equal(talk->frames.count, 0);
	assert_true(talk->said >= 18);
	assert_true(SAID(talk, say_pressure));
	talk_clear(talk);
}

static void must_fail_for(struct talk *talk, enum reason reason)
{
	assert_int_equal(talk->frames.count, 1);
	assert_int_equal(talk->frames.list[0].count, 4);
	for (uint8_t i = 0; i < 4; i++) {
		assert_int_equal(talk->frames.list[0].list[i].quality, QUALITY_NO_VALUE);
		assert_int_equal(talk->frames.list[0].list[i].reason, reason);
	}
}

static void must_fail_once(struct talk *talk)
{
	must_fail_for(talk, REASON_FAILED);
}

static void test_golden(void **state)
{
	(void)state;
	replay_talk(NAME, INPUT, "tests/replay/suntech-advantage.golden");
}

static void test_damage(void **state)
{
	(void)state;
	assert_true(damage_talk(NAME, INPUT) > 0);
}

static void test_determination(void **state)
{
	static struct talk talk;

	(void)state;
	begin_determination(&talk);
	assert_false(talk_order(&talk, true));
	struct mono ended = talk.now;
	hear_letter(&talk, 'K');
	assert_true(SAID(&talk, say_result));
	talk_wait(&talk, 100 * NS_PER_MS);
	hear_result(&talk, 127, 79, 95, 71, 0);
	assert_int_equal(talk.frames.count, 1);
	must_be(&talk.frames.list[0], PARAMETER_NIBP_SYS, 127);
	must_be(&talk.frames.list[0], PARAMETER_NIBP_DIA, 79);
	must_be(&talk.frames.list[0], PARAMETER_NIBP_MEAN, 95);
	must_be(&talk.frames.list[0], PARAMETER_NIBP_PULSE, 71);
	assert_int_equal(talk.frames.list[0].list[0].determined.ns, ended.ns);
	/* The same again, asked for or not, is none. */
	for (int i = 0; i < 30; i++) {
		hear_result(&talk, 127, 79, 95, 71, 0);
		talk_wait(&talk, NS_PER_S);
		hear_pressure(&talk, 0);
	}
	assert_int_equal(talk.frames.count, 1);
	assert_true(SAID(&talk, say_pressure));
}

static void test_no_start_by_itself(void **state)
{
	static struct talk talk;

	(void)state;
	begin(&talk);
	for (int i = 0; i < 300; i++) {
		const char letters[] = "OKBASNER";
		hear_letter(&talk, letters[i % 8]);
		hear_result(&talk, 127, 79, 95, 71, i % 3);
		hear_pressure(&talk, i);
		talk_wait(&talk, 700 * NS_PER_MS);
		assert_false(SAID(&talk, say_start));
	}
	/* An order that waits for a busy module does not survive a reconnect. */
	begin(&talk);
	assert_true(talk_order(&talk, true));
	hear_letter(&talk, 'B');
	begin(&talk);
	talk_wait(&talk, 60 * NS_PER_S);
	assert_false(SAID(&talk, say_start));
}

static void test_failures(void **state)
{
	static const struct {
		int sys, dia, mean, pulse, error;
		enum reason reason;
	} cases[] = {
	    {127, 79, 95, 71, 3, REASON_IMPLAUSIBLE},   {127, 79, 95, 71, 1, REASON_FAILED},
	    {127, 79, 95, 71, 86, REASON_FAILED},       {127, 79, 95, 71, 87, REASON_SENSOR_OFF},
	    {127, 79, 95, 71, 88, REASON_FAILED},       {127, 79, 95, 71, 89, REASON_SENSOR_FAULT},
	    {127, 79, 95, 71, 90, REASON_SENSOR_FAULT}, {127, 79, 95, 71, 255, REASON_FAILED},
	    {0, 79, 95, 71, 0, REASON_FAILED},          {127, 0, 95, 71, 0, REASON_FAILED},
	    {127, 79, 95, 0, 0, REASON_FAILED},         {0, 0, 0, 0, 0, REASON_FAILED},
	};
	static struct talk talk;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		begin_determination(&talk);
		hear_letter(&talk, 'K');
		hear_result(&talk, cases[i].sys, cases[i].dia, cases[i].mean, cases[i].pulse, cases[i].error);
		must_fail_for(&talk, cases[i].reason);
		talk_wait(&talk, 5 * NS_PER_S);
		hear_pressure(&talk, 0);
		assert_int_equal(talk.frames.count, 1); /* told once */
	}
	static const char letters[] = "ASR";
	for (size_t i = 0; letters[i] != '\0'; i++) {
		begin_determination(&talk);
		hear_letter(&talk, letters[i]);
		must_fail_once(&talk);
		hear_result(&talk, 127, 79, 95, 71, 0);
		assert_int_equal(talk.frames.count, 1);
	}
	static const char wrong[] = "NEx";
	for (size_t i = 0; wrong[i] != '\0'; i++) {
		begin_determination(&talk);
		hear_letter(&talk, wrong[i]);
		assert_true(SAID(&talk, say_abort));
		hear_letter(&talk, 'A');
		must_fail_once(&talk);
	}
	begin_determination(&talk);
	hear_letter(&talk, 'K');
	hear_result(&talk, 127, 79, 0, 71, 0);
	assert_int_equal(talk.frames.count, 1);
	must_be(&talk.frames.list[0], PARAMETER_NIBP_SYS, 127);
	must_lack(&talk.frames.list[0], PARAMETER_NIBP_MEAN, REASON_NOT_MEASURED);
}

static void test_start_not_answered(void **state)
{
	static struct talk talk;

	(void)state;
	begin(&talk);
	assert_true(talk_order(&talk, true));
	talk_wait(&talk, 2 * NS_PER_S);
	assert_true(SAID(&talk, say_abort)); /* it may have begun all the same */
	talk_wait(&talk, 10 * NS_PER_S);
	hear_pressure(&talk, 0);
	must_fail_once(&talk);
	assert_false(SAID(&talk, say_start));
}

static void test_busy(void **state)
{
	static struct talk talk;

	(void)state;
	begin(&talk);
	assert_true(talk_order(&talk, true));
	for (int i = 0; i < 2; i++) {
		hear_letter(&talk, 'B');
		assert_int_equal(talk.said, 1U + (size_t)i);
		talk_wait(&talk, 2500 * NS_PER_MS);
		assert_int_equal(talk.said, 2U + (size_t)i);
		assert_true(SAID(&talk, say_start));
	}
	hear_letter(&talk, 'B');
	must_fail_once(&talk);
	talk_wait(&talk, 30 * NS_PER_S);
	assert_false(SAID(&talk, say_start));
}

/* The module was busy with a determination that somebody had started at it. That one is the wish's, and no second one
 * is started behind it. */
static void test_busy_with_another(void **state)
{
	static struct talk talk;

	(void)state;
	begin(&talk);
	assert_true(talk_order(&talk, true));
	hear_letter(&talk, 'B');
	talk_wait(&talk, NS_PER_S);
	hear_letter(&talk, 'K');
	assert_true(SAID(&talk, say_result));
	hear_result(&talk, 127, 79, 95, 71, 0);
	assert_int_equal(talk.frames.count, 1);
	must_be(&talk.frames.list[0], PARAMETER_NIBP_SYS, 127);
	for (int i = 0; i < 30; i++) {
		talk_wait(&talk, NS_PER_S);
		assert_false(SAID(&talk, say_start));
		hear_letter(&talk, 'B');
	}
	assert_int_equal(talk.frames.count, 1);
}

static void test_stop(void **state)
{
	static struct talk talk;

	(void)state;
	begin_determination(&talk);
	assert_true(talk_order(&talk, false));
	assert_true(SAID(&talk, say_abort)); /* at once */
	hear_pressure(&talk, 100);
	talk_wait(&talk, 1600 * NS_PER_MS);
	assert_int_equal(talk.said, 2);
	assert_true(SAID(&talk, say_abort));
	hear_letter(&talk, 'A');
	must_fail_once(&talk);
	/* A stop of nothing is said, too, and nothing has failed. */
	begin(&talk);
	assert_true(talk_order(&talk, false));
	assert_true(SAID(&talk, say_abort));
	assert_true(talk_order(&talk, true)); /* waits until the stop is through */
	assert_true(SAID(&talk, say_abort));
	hear_letter(&talk, 'A');
	assert_int_equal(talk.frames.count, 0);
	assert_true(SAID(&talk, say_start));
	/* It ended just then: the operator did not want it any more. */
	begin_determination(&talk);
	assert_true(talk_order(&talk, false));
	hear_letter(&talk, 'K');
	must_fail_once(&talk);
	/* Results are on their way: nothing is left to stop. */
	begin_determination(&talk);
	hear_letter(&talk, 'K');
	assert_false(talk_order(&talk, false));
	hear_result(&talk, 127, 79, 95, 71, 0);
	assert_int_equal(talk.frames.count, 1);
	must_be(&talk.frames.list[0], PARAMETER_NIBP_SYS, 127);
	/* A stop takes back a start that waits for a busy module. */
	begin(&talk);
	assert_true(talk_order(&talk, true));
	hear_letter(&talk, 'B');
	assert_true(talk_order(&talk, false));
	hear_letter(&talk, 'A');
	talk_wait(&talk, 30 * NS_PER_S);
	assert_false(SAID(&talk, say_start));
}

static void test_too_long(void **state)
{
	static struct talk talk;

	(void)state;
	begin_determination(&talk);
	measure(&talk, 169);
	assert_true(SAID(&talk, say_pressure));
	measure(&talk, 1);
	assert_true(SAID(&talk, say_abort));
	hear_letter(&talk, 'A');
	must_fail_once(&talk);
}

static void test_too_short(void **state)
{
	static struct talk talk;

	(void)state;
	begin(&talk);
	assert_true(talk_order(&talk, true));
	hear_letter(&talk, 'O');
	talk_wait(&talk, NS_PER_S);
	hear_letter(&talk, 'K');
	must_fail_once(&talk);
	hear_result(&talk, 127, 79, 95, 71, 0);
	assert_int_equal(talk.frames.count, 1);
}

static void test_no_result(void **state)
{
	static struct talk talk;

	(void)state;
	begin_determination(&talk);
	hear_letter(&talk, 'K');
	talk_wait(&talk, 4 * NS_PER_S);
	assert_int_equal(talk.said, 3);
	talk_wait(&talk, 3 * NS_PER_S);
	assert_true(SAID(&talk, say_pressure));
	hear_result(&talk, 127, 79, 95, 71, 0); /* too late */
	must_fail_once(&talk);
}

static void test_framing(void **state)
{
	static const uint8_t pressure[] = {0x3E, 0x05, 0x02, 0x01, 0xBA};
	static const uint8_t broken_then_good[] = {0x3E, 0x18, 0x3E, 0x3E, 0x05, 0x02, 0x01, 0xBA, 0x3E,
	                                           0x05, 0x02, 0x01, 0xBA, 0,    0,    0,    0,    0,
	                                           0,    0,    0,    0,    0,    0,    0,    0};
	static struct frames frames;
	struct stream stream;

	(void)state;
	/* Frames behind a length that was damaged are found. */
	decode_bytes(NAME, broken_then_good, sizeof broken_then_good, &frames, &stream);
	assert_int_equal(frames.count, 2);
	/* An older half is never completed. */
	const struct driver *driver = driver_named(NAME);
	stream = (struct stream){0};
	frames.count = 0;
	driver->feed(&stream, pressure, 3, (struct mono){1}, frames_collect, &frames);
	driver->feed(&stream, pressure + 3, 2, (struct mono){2 * NS_PER_S}, frames_collect, &frames);
	assert_int_equal(frames.count, 0);
	endless(NAME, pressure, sizeof pressure, 0x3E);
	endless(NAME, pressure, sizeof pressure, 0x00);
}

static void test_capture(void **state)
{
	static struct talk talk;
	static struct frames frames;
	struct stream stream;
	uint8_t bytes[32];
	const char *text = read_capture("suntech_advantage.hex");
	static const struct {
		const char *line;
		size_t frames;
	} singles[] = {
	    {"3E 05 02 01 BA", 1}, {"3E 05 02 01 B1", 0}, {"3E 00 02 01 BA", 0}, {"3E 04 4F 6F", 1}, {"3E 04 4B 73", 1},
	    {"3E 04 42 7C", 1},    {"3E 04 41 7D", 1},    {"3E 04 53 6B", 1},    {"3E 07 01 8E", 1},
	};

	(void)state;
	for (size_t i = 0; i < sizeof singles / sizeof singles[0]; i++) {
		size_t count = read_capture_line(text, singles[i].line, bytes, sizeof bytes);
		decode_bytes(NAME, bytes, count, &frames, &stream);
		assert_int_equal(frames.count, singles[i].frames);
	}
	size_t count = read_capture_line(text, "3E 18 73", bytes, sizeof bytes);
	assert_int_equal(count, 24);
	begin_determination(&talk);
	hear_letter(&talk, 'K');
	talk_hear(&talk, bytes, count);
	assert_int_equal(talk.frames.count, 1);
	must_be(&talk.frames.list[0], PARAMETER_NIBP_SYS, 115);
	must_be(&talk.frames.list[0], PARAMETER_NIBP_DIA, 74);
	must_be(&talk.frames.list[0], PARAMETER_NIBP_MEAN, 88);
	must_be(&talk.frames.list[0], PARAMETER_NIBP_PULSE, 85);
	/* The commands are those of the manual. */
	static const struct {
		const char *line;
		const uint8_t *said;
		size_t count;
	} commands[] = {
	    {"3A 20 A6", say_start, sizeof say_start},
	    {"3A 79 01", say_abort, sizeof say_abort},
	    {"3A 79 03", say_result, sizeof say_result},
	    {"3A 79 05", say_pressure, sizeof say_pressure},
	};
	for (size_t i = 0; i < 4; i++) {
		assert_int_equal(read_capture_line(text, commands[i].line, bytes, sizeof bytes), commands[i].count);
		assert_memory_equal(bytes, commands[i].said, commands[i].count);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_golden),        cmocka_unit_test(test_damage),
	    cmocka_unit_test(test_determination), cmocka_unit_test(test_no_start_by_itself),
	    cmocka_unit_test(test_failures),      cmocka_unit_test(test_start_not_answered),
	    cmocka_unit_test(test_busy),          cmocka_unit_test(test_busy_with_another),
	    cmocka_unit_test(test_stop),          cmocka_unit_test(test_too_long),
	    cmocka_unit_test(test_too_short),     cmocka_unit_test(test_no_result),
	    cmocka_unit_test(test_framing),       cmocka_unit_test(test_capture),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
