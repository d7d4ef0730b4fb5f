/* The driver of Nonin's ASCII output. Replays tests/replay/nonin-ascii.txt, written from the protocol's facts. */
#include "driver_world.h"

#define NAME  "nonin-ascii"
#define INPUT "tests/replay/nonin-ascii.txt"

static const char good_line[] = "SPO2=097 HR=072\r\n";

static void test_golden(void **state)
{
	(void)state;
	replay_raw(NAME, INPUT, "tests/replay/nonin-ascii.golden");
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

static void test_lines(void **state)
{
	static const char *const behind[] = {"", "*", " F", " F*", "B", " B"};
	char line[64];
	struct decoded decoded;

	(void)state;
	for (size_t i = 0; i < sizeof behind / sizeof behind[0]; i++) {
		(void)snprintf(line, sizeof line, "%sSPO2=097 HR=072%s", i % 2 == 0 ? "" : "23:59:59 ", behind[i]);
		assert_true(decode_line(line, &decoded));
		must_be(&decoded, PARAMETER_SPO2, 97);
		must_be(&decoded, PARAMETER_PULSE, 72);
	}
	assert_true(decode_line("SPO2=--- HR=321", &decoded));
	must_lack(&decoded, PARAMETER_SPO2, REASON_NOT_MEASURED);
	must_be(&decoded, PARAMETER_PULSE, 321);
	assert_true(decode_line("SPO2= 97 HR= 72", &decoded));
	must_be(&decoded, PARAMETER_SPO2, 97);
	must_be(&decoded, PARAMETER_PULSE, 72);
	assert_true(decode_line("SPO2=001 HR=---", &decoded));
	must_lack(&decoded, PARAMETER_PULSE, REASON_NOT_MEASURED);
}

static void test_bad_lines(void **state)
{
	static const char *const lines[] = {
	    "SPO2=097 HR=07",          "SPO2=97 HR=072",   "SPO2=   HR=072",    "SPO2=9 7 HR=072",
	    "SPO2=097  HR=072",        "SPO2=097 HR=0722", "SPO2=101 HR=072",   "SPO2=000 HR=072",
	    "SPO2=097 HR=017",         "SPO2=097 HR=322",  "SPO2=--- HR=--",    "SPO2=097",
	    " SPO2=097 HR=072",        "HR=072 SPO2=097",  "SPO2=097 HR=072 G", "SPO2=097 HR=072 F ",
	    "9:14:22 SPO2=097 HR=072", "spo2=097 HR=072",
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

/* Without a checksum a digit that turns into another possible digit passes. What passes is counted here so that it
 * cannot grow unseen. */
static void test_damage(void **state)
{
	(void)state;
	truncate_raw(NAME, INPUT, 0);
	assert_int_equal(flip_file(NAME, INPUT, 1), 113);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_golden),   cmocka_unit_test(test_lines),   cmocka_unit_test(test_bad_lines),
	    cmocka_unit_test(test_old_half), cmocka_unit_test(test_endless), cmocka_unit_test(test_damage),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
