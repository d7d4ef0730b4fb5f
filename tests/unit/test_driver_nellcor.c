/* The Nellcor driver: golden replay, grammar, status codes, damage. Replays tests/replay/nellcor-ascii.txt, which was
 * written from the protocol's facts, and, when they are there, lines that others recorded from an N-560. */
#include "driver_world.h"

#define NAME  "nellcor-ascii"
#define INPUT "tests/replay/nellcor-ascii.txt"

static const char good_line[] = "21-Nov-26 09:14:22    97      72      61    MO       \r\n";

static void test_golden(void **state)
{
	(void)state;
	replay_raw(NAME, INPUT, "tests/replay/nellcor-ascii.golden");
}

/* What one line (CR LF is added) decodes to. Returns whether there was a frame. */
static bool decode_line(const char *line, struct decoded *decoded)
{
	char text[512];
	static struct frames frames;
	struct stream stream;

	(void)snprintf(text, sizeof text, "\n%s\r\n", line);
	decode_bytes(NAME, (const uint8_t *)text, strlen(text), &frames, &stream);
	assert_true(frames.count + stream.bad_frames <= 1);
	if (frames.count == 1)
		*decoded = frames.list[0];
	return frames.count == 1;
}

static void test_capture(void **state)
{
	static const int32_t pulses[] = {105, 104, 102, 101, 101};
	static struct frames frames;
	struct stream stream;
	const char *text = read_capture("nellcor_n560_hansmuc.txt");
	const char *lines = strstr(text, "----\n");

	(void)state;
	assert_non_null(lines);
	lines += 4;
	decode_bytes(NAME, (const uint8_t *)lines, strlen(lines), &frames, &stream);
	assert_int_equal(stream.bad_frames, 0); /* the header is no bad frame */
	assert_int_equal(frames.count, 5);
	for (size_t i = 0; i < 5; i++) {
		bool motion = i == 2 || i == 3;
		if (motion) {
			must_be_doubtful(&frames.list[i], PARAMETER_SPO2, 100, REASON_INTERFERENCE);
			must_be_doubtful(&frames.list[i], PARAMETER_PULSE, pulses[i], REASON_INTERFERENCE);
		} else {
			must_be(&frames.list[i], PARAMETER_SPO2, 100);
			must_be(&frames.list[i], PARAMETER_PULSE, pulses[i]);
		}
	}
}

static void test_codes(void **state)
{
	static const struct {
		const char *codes;
		enum quality quality;
		enum reason reason;
	} cases[] = {
	    {"", QUALITY_VALID, REASON_NONE},
	    {"   AO", QUALITY_VALID, REASON_NONE},
	    {"   AS  LB  PH  SL", QUALITY_VALID, REASON_NONE},
	    {"   PL SH", QUALITY_VALID, REASON_NONE},
	    {"   MO", QUALITY_QUESTIONABLE, REASON_INTERFERENCE},
	    {"   SD", QUALITY_NO_VALUE, REASON_SENSOR_OFF},
	    {"   SO", QUALITY_NO_VALUE, REASON_SENSOR_OFF},
	    {"   LP", QUALITY_NO_VALUE, REASON_NO_PULSE},
	    {"   BU", QUALITY_VALID, REASON_NONE},
	    {"   ID", QUALITY_QUESTIONABLE, REASON_INTERFERENCE},
	    {"   BU ID LB", QUALITY_QUESTIONABLE, REASON_INTERFERENCE},
	    {"   LM", QUALITY_NO_VALUE, REASON_INTERFERENCE},
	    {"   PS", QUALITY_NO_VALUE, REASON_SEARCHING},
	    {"   MO PS SO", QUALITY_NO_VALUE, REASON_SENSOR_OFF}, /* the worst counts */
	    {"   XX", QUALITY_NO_VALUE, REASON_UNKNOWN_STATUS},   /* perhaps a damaged one */
	    {"   XX SO", QUALITY_NO_VALUE, REASON_SENSOR_OFF},
	};
	char line[128];
	struct decoded decoded;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		(void)snprintf(line, sizeof line, "01-Jan-27 23:59:59    88*     45*     12%s", cases[i].codes);
		assert_true(decode_line(line, &decoded));
		assert_int_equal(decoded.count, 2);
		assert_string_equal(decoded.unknown, strstr(cases[i].codes, "XX") != NULL ? "XX" : "");
		for (int k = 0; k < 2; k++) {
			assert_int_equal(decoded.list[k].quality, cases[i].quality);
			assert_int_equal(decoded.list[k].reason, cases[i].reason);
			assert_int_equal(decoded.list[k].determined.ns, 7);
			if (measurement_has_value(&decoded.list[k]))
				assert_int_equal(decoded.list[k].milli, k == 0 ? 88000 : 45000);
		}
	}
}

static void test_bad_lines(void **state)
{
	static const char *const lines[] = {
	    "21-Nov-26 09:14:22",
	    "21-Nov-26 09:14:22    97      72",           /* two numbers */
	    "21-Nov-26 09:14:22    97      72      MO",   /* the amplitude is lost */
	    "21-Nov-26 09:14:22    97      72      61 5", /* four numbers */
	    "21-Nov-26 09:14:22    9 7     72      61",   /* a blank in a number */
	    "21-Nov-26 09:14:22 97 72 61",                /* no columns */
	    "21-Nov-26 09:14:22   101      72      61",
	    "21-Nov-26 09:14:22    97     351      61",
	    "21-Nov-26 09:14:22  0097      72      61",
	    "21-Nov-26 09:14:22    9-      72      61",
	    "21-Nov-26 09:14:22    --      72      61",
	    "21-Nov-26 09:14:22     *      72      61",
	    "21-Nov-26 09:14:22    97**    72      61",
	    "21-Nov-26 09:14:22    97      72      61*",
	    "21-Nov-26 09:14:22    97      72      61   mo",
	    "21-Nov-26 09:14:22    97      72      61   MOT",
	    "21-Nov-26 09:14:22    97      72      61   M",
	    "21-Nov-26 09:14:22    97      72      61   MO MO",
	    "21-Nov-26 09:14:22    97      72      61   AO AS LB LM LP MO PH PL PS",
	    "21-Nov-26 09:14:22    97      72      61   MO\t",
	    "21-Nov-26 24:14:22    97      72      61",
	    "21-Nov-26 09:60:22    97      72      61",
	    "32-Nov-26 09:14:22    97      72      61",
	    "21-Noy-26 09:14:22    97      72      61",
	    "1-Nov-26 09:14:22    97      72      61",
	    "21-Nov-26 09:14:22    97      72      6121-Nov-26 09:14:24    97      72      61",
	    "SpO2 97 PR 72",
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
	old_half(NAME, (const uint8_t *)good_line, sizeof good_line - 1, 30, 5 * NS_PER_S);
}

static void test_endless(void **state)
{
	(void)state;
	endless(NAME, (const uint8_t *)good_line, sizeof good_line - 1, '1');
	endless(NAME, (const uint8_t *)good_line, sizeof good_line - 1, 0xFF);
}

/* A cut line is dropped or, from the amplitude on, has lost its codes. The device repeats them with the next line. */
static void test_truncations(void **state)
{
	const size_t amplitude = (size_t)(strstr(good_line, "61") - good_line);
	const size_t code = (size_t)(strstr(good_line, "MO") - good_line);
	char cut[sizeof good_line];
	struct decoded decoded;

	(void)state;
	for (size_t i = 1; i < sizeof good_line - 2; i++) {
		memcpy(cut, good_line, i);
		cut[i] = '\0';
		bool half_code = i == code + 1;
		assert_int_equal(decode_line(cut, &decoded), i > amplitude && !half_code);
	}
}

/* Without a checksum a digit that turns into another digit passes, and so does one code that is another by one bit (SD
 * and SL). What passes is counted here so that it cannot grow unseen. */
static void test_bit_flips(void **state)
{
	static const char valid[] = "\n21-Nov-26 09:14:22    97      72      61             \r\n";
	static const char off[] = "\n21-Nov-26 09:14:22    84      91       9    SO       \r\n";
	static const char disconnected[] = "\n21-Nov-26 09:14:22    84      91       9    SD       \r\n";
	struct flips flips = flip_bits(NAME, (const uint8_t *)valid, sizeof valid - 1);

	(void)state;
	assert_int_equal(flips.wrong, 11); /* 5 of SpO2's and 6 of the pulse's digits into another digit in range */
	flips = flip_bits(NAME, (const uint8_t *)off, sizeof off - 1);
	assert_int_equal(flips.wrong, 0);
	flips = flip_bits(NAME, (const uint8_t *)disconnected, sizeof disconnected - 1);
	assert_int_equal(flips.wrong, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_golden),      cmocka_unit_test(test_capture),   cmocka_unit_test(test_codes),
	    cmocka_unit_test(test_bad_lines),   cmocka_unit_test(test_old_half),  cmocka_unit_test(test_endless),
	    cmocka_unit_test(test_truncations), cmocka_unit_test(test_bit_flips),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
