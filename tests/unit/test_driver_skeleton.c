/* The skeleton of a driver: a test to copy with it. Replays tests/replay/skeleton/skeleton.txt, written from the
 * protocol's facts. */
#include "driver_world.h"

#define NAME  "skeleton"
#define INPUT "tests/replay/skeleton/skeleton.txt" /* a driver of the list has it in tests/replay */

static const char good_line[] = "#SPO2=097,PULSE=072,STATE=00*40\r\n";

static void test_golden(void **state)
{
	(void)state;
	replay_raw(NAME, INPUT, "tests/replay/skeleton/skeleton.golden");
}

/* What one line (CR LF is added) decodes to. Returns whether there was a frame. */
static bool decode_line(const char *line, struct decoded *decoded)
{
	char text[128];
	static struct frames frames;
	struct stream stream;

	(void)snprintf(text, sizeof text, "\n%s\r\n", line);
	decode_bytes(NAME, (const uint8_t *)text, strlen(text), &frames, &stream);
	assert_int_equal(frames.count + stream.bad_frames, 1);
	if (frames.count == 1)
		*decoded = frames.list[0];
	return frames.count == 1;
}

static void test_states(void **state)
{
	struct decoded decoded;

	(void)state;
	assert_true(decode_line("#SPO2=097,PULSE=072,STATE=00*40", &decoded));
	must_be(&decoded, PARAMETER_SPO2, 97);
	must_be(&decoded, PARAMETER_PULSE, 72);
	assert_true(decode_line("#SPO2=097,PULSE=072,STATE=01*41", &decoded)); /* held numbers */
	must_lack(&decoded, PARAMETER_SPO2, REASON_SENSOR_OFF);
	must_lack(&decoded, PARAMETER_PULSE, REASON_SENSOR_OFF);
	assert_true(decode_line("#SPO2=---,PULSE=072,STATE=02*51", &decoded));
	must_lack(&decoded, PARAMETER_SPO2, REASON_NOT_MEASURED);
	must_be_doubtful(&decoded, PARAMETER_PULSE, 72, REASON_LOW_SIGNAL);
}

static void test_bad_lines(void **state)
{
	static const char *const lines[] = {
	    "SPO2=097,PULSE=072,STATE=00*40",
	    " #SPO2=097,PULSE=072,STATE=00*40",
	    "#SPO2=097,PULSE=072,STATE=00",
	    "#SPO2=097,PULSE=072,STATE=00*4",
	    "#SPO2=097,PULSE=072,STATE=00*41",
	    "#SPO2=101,PULSE=072,STATE=00*4E",
	    "#SPO2=97,PULSE=072,STATE=00*70",
	    "#PULSE=072,SPO2=097,STATE=00*40",
	    "#SPO2=097,PULSE=072,STATE=0*70",
	    "#SPO2=097,PULSE=072,STATE=00*40#",
	    "#*00",
	};
	struct decoded decoded;

	(void)state;
	for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++)
		if (decode_line(lines[i], &decoded))
			fail_msg("accepted: %s", lines[i]);
}

static void test_old_half(void **state)
{
	(void)state;
	old_half(NAME, (const uint8_t *)good_line, sizeof good_line - 1, 9, 5 * NS_PER_S);
}

static void test_endless(void **state)
{
	(void)state;
	endless(NAME, (const uint8_t *)good_line, sizeof good_line - 1, '0');
}

/* The check sees every single bit. */
static void test_damage(void **state)
{
	(void)state;
	truncate_raw(NAME, INPUT, 0);
	assert_int_equal(flip_file(NAME, INPUT, 1), 0);
}

extern const struct driver driver_skeleton;

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_golden),   cmocka_unit_test(test_states),  cmocka_unit_test(test_bad_lines),
	    cmocka_unit_test(test_old_half), cmocka_unit_test(test_endless), cmocka_unit_test(test_damage),
	};
	unlisted_driver = &driver_skeleton; /* leave this out of a copy */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
