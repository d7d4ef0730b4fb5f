/* The PAR drivers: golden conversations, the traps of the status, the cuff's commands, damage. Replays files of
 * tests/replay that were written from the protocol's facts, and, when they are there, recorded and printed frames. */
#include "driver_world.h"

#define NAME "par-nibp"

static const uint8_t say_status[] = {0x02, '1', '8', ';', ';', 'D', 'F', 0x03};
static const uint8_t say_start[] = {0x02, '0', '1', ';', ';', 'D', '7', 0x03};

static void hear_text(struct talk *talk, const char *text)
{
	uint8_t frame[64];
	int count = snprintf((char *)frame, sizeof frame, "\x02%s\x03\r", text);

	talk_hear(talk, frame, (size_t)count);
}

static void hear_status(struct talk *talk, const char *front)
{
	char text[64];
	unsigned sum = 0;

	for (const char *c = front; *c != '\0'; c++)
		sum += (unsigned char)*c;
	(void)snprintf(text, sizeof text, "%s%02X", front, sum & 0xFF);
	hear_text(talk, text);
}

#define IDLE_STATUS   "S1;A0;C00;M00;P118074089;R068;T    ;;"
#define RESULT_STATUS "S1;A0;C00;M00;P127079095;R071;T    ;;"
#define ERROR_STATUS  "S2;A0;C00;M07;P118074089;R068;T    ;;"

/* A module that was just connected and has answered once. */
static void begin(struct talk *talk)
{
	talk_connect(talk, NAME, (struct mono){100 * NS_PER_S});
	assert_true(talk_last_is(talk, say_status, sizeof say_status));
	talk_wait(talk, 200 * NS_PER_MS);
	hear_status(talk, IDLE_STATUS);
	talk_wait(talk, 1500 * NS_PER_MS);
	talk_clear(talk);
}

/* Live pressures every half second. */
static void measure(struct talk *talk, int seconds)
{
	for (int i = 0; i < 2 * seconds; i++) {
		hear_text(talk, i < 4 ? "120C0S8" : "090C0S3");
		talk_wait(talk, 500 * NS_PER_MS);
	}
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
	replay_talk("par-nibp", "tests/replay/par-nibp.talk", "tests/replay/par-nibp.golden");
	replay_talk("par-combi", "tests/replay/par-combi.talk", "tests/replay/par-combi.golden");
}

static void test_damage(void **state)
{
	(void)state;
	/* A determination is lost when its 999 or its answers are damaged; a wrong value never comes. */
	assert_true(damage_talk("par-nibp", "tests/replay/par-nibp.talk") > 0);
	assert_true(damage_talk("par-combi", "tests/replay/par-combi.talk") > 0);
}

static void test_determination(void **state)
{
	static struct talk talk;

	(void)state;
	begin(&talk);
	assert_true(talk_order(&talk, true));
	talk_wait(&talk, 500 * NS_PER_MS);
	assert_int_equal(talk.said, 1);
	assert_true(talk_last_is(&talk, say_start, sizeof say_start));
	assert_false(talk_order(&talk, true)); /* one is on */
	measure(&talk, 20);
	assert_int_equal(talk.said, 1); /* the live pressures are answer enough */
	struct mono ended = talk.now;
	hear_text(&talk, "999");
	talk_wait(&talk, 1200 * NS_PER_MS);
	assert_int_equal(talk.said, 2);
	assert_true(talk_last_is(&talk, say_status, sizeof say_status));
	assert_int_equal(talk.frames.count, 0);
	hear_status(&talk, RESULT_STATUS);
	assert_int_equal(talk.frames.count, 1);
	must_be(&talk.frames.list[0], PARAMETER_NIBP_SYS, 127);
	must_be(&talk.frames.list[0], PARAMETER_NIBP_DIA, 79);
	must_be(&talk.frames.list[0], PARAMETER_NIBP_MEAN, 95);
	must_be(&talk.frames.list[0], PARAMETER_NIBP_PULSE, 71);
	assert_int_equal(talk.frames.list[0].list[0].determined.ns, ended.ns);
	/* The same answer again is no new determination, however often it comes. */
	for (int i = 0; i < 50; i++) {
		talk_wait(&talk, NS_PER_S);
		hear_status(&talk, RESULT_STATUS);
	}
	assert_int_equal(talk.frames.count, 1);
	assert_true(talk.said >= 20); /* it is asked whether it is there */
}

/* Nothing starts a cuff but an order: not a connect, not anything the module may say. */
static void test_no_start_by_itself(void **state)
{
	static const char *const texts[] = {IDLE_STATUS, RESULT_STATUS, ERROR_STATUS};
	static struct talk talk;

	(void)state;
	begin(&talk);
	for (int i = 0; i < 300; i++) {
		hear_status(&talk, texts[i % 3]);
		hear_text(&talk, i % 7 == 0 ? "090C0S3" : "999");
		talk_wait(&talk, 700 * NS_PER_MS);
		assert_false(talk_last_is(&talk, say_start, sizeof say_start));
	}
	/* An order that was not said yet does not survive a reconnect. */
	begin(&talk);
	talk.stream.dialogue.said = talk.now; /* a command has just been said */
	assert_true(talk_order(&talk, true));
	assert_int_equal(talk.said, 0);
	begin(&talk);
	talk_wait(&talk, 60 * NS_PER_S);
	assert_false(talk_last_is(&talk, say_start, sizeof say_start));
}

static void end_with(struct talk *talk, const char *status)
{
	begin(talk);
	assert_true(talk_order(talk, true));
	talk_wait(talk, NS_PER_S);
	measure(talk, 10);
	hear_text(talk, "999");
	talk_wait(talk, 1200 * NS_PER_MS);
	hear_status(talk, status);
}

static void test_failures(void **state)
{
	static const struct {
		const char *status;
		enum reason reason;
	} cases[] = {
	    {ERROR_STATUS, REASON_SENSOR_FAULT}, /* with the pressures of before */
	    {"S2;A0;C05;M07;P---------;R---;T    ;;", REASON_SENSOR_FAULT},
	    {"S1;A0;C00;M06;P118074089;R068;T    ;;", REASON_SENSOR_OFF}, /* message, state well */
	    {"S1;A0;C00;M09;P118074089;R068;T    ;;", REASON_LOW_SIGNAL},
	    {"S2;A0;C00;M10;P118074089;R068;T    ;;", REASON_IMPLAUSIBLE},
	    {"S2;A0;C00;M11;P118074089;R068;T    ;;", REASON_INTERFERENCE},
	    {"S2;A0;C00;M02;P118074089;R068;T    ;;", REASON_FAILED},
	    {"S1;A0;C--;M--;P118074089;R068;T    ;;", REASON_FAILED},
	    {"S6;A0;C03;M00;P118074089;R068;T0100;;", REASON_FAILED}, /* not the state in which a result counts */
	    {"S1;A0;C00;M00;P---------;R---;T    ;;", REASON_FAILED},
	    {"S1;A0;C00;M00;P118---089;R068;T    ;;", REASON_FAILED},
	    {"S1;A0;C00;M00;P000000000;R000;T    ;;", REASON_FAILED},
	    {"S0;A0;C--;M--;P---------;R---;T----;;", REASON_FAILED}, /* self-test: it was reset */
	    {"S5;A0;C00;M00;P118074089;R068;T    ;;", REASON_FAILED},
	};
	static struct talk talk;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		end_with(&talk, cases[i].status);
		must_fail_for(&talk, cases[i].reason);
		talk_wait(&talk, 5 * NS_PER_S);
		hear_status(&talk, cases[i].status);
		assert_int_equal(talk.frames.count, 1); /* told once */
	}
	end_with(&talk, "S1;A0;C00;M03;P118074089;R---;T    ;;");
	assert_int_equal(talk.frames.count, 1);
	must_be(&talk.frames.list[0], PARAMETER_NIBP_SYS, 118);
	must_lack(&talk.frames.list[0], PARAMETER_NIBP_PULSE, REASON_NOT_MEASURED);
}

/* The status that was asked for before the determination comes while it is on, and after it. */
static void test_late_status(void **state)
{
	static struct talk talk;

	(void)state;
	begin(&talk);
	talk_wait(&talk, NS_PER_S); /* a status is asked for, and its answer is late */
	assert_true(talk_last_is(&talk, say_status, sizeof say_status));
	assert_true(talk_order(&talk, true));
	talk_wait(&talk, 1200 * NS_PER_MS);
	assert_true(talk_last_is(&talk, say_start, sizeof say_start));
	hear_status(&talk, IDLE_STATUS);
	measure(&talk, 10);
	assert_int_equal(talk.frames.count, 0);
	talk.stream.dialogue.said = talk.now; /* so that the question after the end has to wait */
	hear_text(&talk, "999");
	hear_status(&talk, IDLE_STATUS); /* nobody has asked for it yet */
	assert_int_equal(talk.frames.count, 0);
	talk_wait(&talk, 1500 * NS_PER_MS);
	hear_status(&talk, RESULT_STATUS);
	assert_int_equal(talk.frames.count, 1);
	must_be(&talk.frames.list[0], PARAMETER_NIBP_SYS, 127);
}

/* No answer after the end: asked three times, then it has failed. */
static void test_no_answer(void **state)
{
	static struct talk talk;

	(void)state;
	begin(&talk);
	assert_true(talk_order(&talk, true));
	talk_wait(&talk, NS_PER_S);
	measure(&talk, 10);
	talk_clear(&talk);
	hear_text(&talk, "999");
	talk_wait(&talk, 8 * NS_PER_S);
	assert_int_equal(talk.said, 3);
	talk_wait(&talk, 10 * NS_PER_S);
	hear_status(&talk, RESULT_STATUS); /* too late to belong to it for certain */
	must_fail_once(&talk);
}

/* The end itself was lost. */
static void test_lost_end(void **state)
{
	static struct talk talk;

	(void)state;
	begin(&talk);
	assert_true(talk_order(&talk, true));
	talk_wait(&talk, NS_PER_S);
	measure(&talk, 10);
	talk_clear(&talk);
	talk_wait(&talk, 4 * NS_PER_S);
	assert_true(talk.said > 0);
	assert_true(talk_last_is(&talk, say_status, sizeof say_status));
	hear_status(&talk, "S3;A0;C00;M00;P118074089;R068;T    ;;"); /* it is measuring still */
	talk_wait(&talk, NS_PER_S);
	assert_int_equal(talk.frames.count, 0);
	talk_wait(&talk, 4 * NS_PER_S);
	hear_status(&talk, RESULT_STATUS);
	must_fail_once(&talk);
}

static void test_stop(void **state)
{
	static struct talk talk;

	(void)state;
	begin(&talk);
	assert_true(talk_order(&talk, true));
	talk_wait(&talk, NS_PER_S);
	measure(&talk, 5);
	talk_clear(&talk);
	assert_true(talk_order(&talk, false));
	assert_true(talk_last_is(&talk, "X", 1)); /* at once */
	hear_text(&talk, "080C0S3");
	talk_wait(&talk, 1200 * NS_PER_MS);
	assert_int_equal(talk.said, 2);
	assert_true(talk_last_is(&talk, "X", 1)); /* it did not obey */
	talk_wait(&talk, 1200 * NS_PER_MS);
	assert_true(talk_last_is(&talk, say_status, sizeof say_status));
	hear_status(&talk, IDLE_STATUS);
	must_fail_once(&talk);
	/* A stop of nothing is said, too, and nothing has failed. */
	talk_clear(&talk);
	talk_wait(&talk, 3 * NS_PER_S);
	assert_true(talk_order(&talk, false));
	assert_true(talk_last_is(&talk, "X", 1));
	talk_wait(&talk, 2 * NS_PER_S);
	hear_status(&talk, IDLE_STATUS);
	assert_int_equal(talk.frames.count, 0);
	/* A start right after a stop is said when the stop is through. */
	assert_true(talk_order(&talk, false));
	assert_true(talk_order(&talk, true));
	talk_wait(&talk, 1200 * NS_PER_MS);
	assert_true(talk_last_is(&talk, say_status, sizeof say_status));
	hear_status(&talk, IDLE_STATUS);
	talk_wait(&talk, 1200 * NS_PER_MS);
	assert_true(talk_last_is(&talk, say_start, sizeof say_start));
	/* A stop takes back a start that was not said yet. */
	begin(&talk);
	talk.stream.dialogue.said = talk.now;
	assert_true(talk_order(&talk, true));
	assert_true(talk_order(&talk, false));
	talk_wait(&talk, NS_PER_S);
	hear_status(&talk, IDLE_STATUS);
	for (int i = 0; i < 20; i++) {
		talk_wait(&talk, NS_PER_S);
		hear_status(&talk, IDLE_STATUS);
		assert_false(talk_last_is(&talk, say_start, sizeof say_start));
	}
}

/* A module that does not answer a stop: it is repeated, and then the failure is told with whatever comes next. */
static void test_stop_without_answer(void **state)
{
	static struct talk talk;

	(void)state;
	begin(&talk);
	assert_true(talk_order(&talk, true));
	talk_wait(&talk, NS_PER_S);
	measure(&talk, 5);
	assert_true(talk_order(&talk, false));
	talk_wait(&talk, 30 * NS_PER_S);
	assert_int_equal(talk.frames.count, 0);
	hear_status(&talk, IDLE_STATUS);
	must_fail_once(&talk);
}

static void test_too_long(void **state)
{
	static struct talk talk;

	(void)state;
	begin(&talk);
	assert_true(talk_order(&talk, true));
	talk_wait(&talk, NS_PER_S);
	measure(&talk, 178);
	assert_int_equal(talk.said, 1);
	measure(&talk, 2);
	assert_int_equal(talk.said, 2);
	assert_true(talk_last_is(&talk, "X", 1));
	hear_text(&talk, "999");
	must_fail_once(&talk);
	/* One that was started at the device is its own business. */
	begin(&talk);
	measure(&talk, 200);
	assert_int_equal(talk.said, 0);
}

/* An end that comes at once cannot be the end of what was just started. */
static void test_too_short(void **state)
{
	static struct talk talk;

	(void)state;
	begin(&talk);
	assert_true(talk_order(&talk, true));
	talk_wait(&talk, NS_PER_S);
	hear_text(&talk, "999");
	must_fail_once(&talk);
	talk_wait(&talk, 3 * NS_PER_S);
	hear_status(&talk, IDLE_STATUS);
	assert_int_equal(talk.frames.count, 1);
}

static void test_combi_commands(void **state)
{
	static const uint8_t start[] = {0xFD, '0', '1', ';', ';', 'D', '7', 0xFE, '\r'};
	static struct talk talk;

	(void)state;
	talk_connect(&talk, "par-combi", (struct mono){NS_PER_S});
	talk_wait(&talk, 1500 * NS_PER_MS);
	assert_true(talk_order(&talk, true));
	assert_true(talk_last_is(&talk, start, sizeof start));
	assert_true(talk_order(&talk, false));
	assert_true(talk_last_is(&talk, "X", 1));
}

/* An SpO2 packet may hold the bytes of a frame's beginning and end, and every flip of one is noticed. */
static void test_spo2(void **state)
{
	static const uint8_t packet[] = {0x55, 0xAA, 0x07, 0xFD, 0x00, 0x61, 0xFE, 0x0D, 0x70};
	static struct frames frames;
	struct stream stream;

	(void)state;
	decode_bytes("par-combi", packet, sizeof packet, &frames, &stream);
	assert_int_equal(frames.count, 1);
	must_be(&frames.list[0], PARAMETER_SPO2, 97);
	must_be(&frames.list[0], PARAMETER_PULSE, 254);
	struct flips flips = flip_bits("par-combi", packet, sizeof packet);
	assert_int_equal(flips.lost, sizeof packet * 8);
	for (unsigned bits = 1; bits < 256; bits++) {
		uint8_t flagged[sizeof packet];
		memcpy(flagged, packet, sizeof packet);
		flagged[4] = (uint8_t)bits;
		flagged[8] = (uint8_t)(packet[8] + bits);
		decode_bytes("par-combi", flagged, sizeof flagged, &frames, &stream);
		assert_int_equal(frames.count, 1);
		for (int i = 0; i < 2; i++)
			assert_int_equal(frames.list[0].list[i].quality, QUALITY_NO_VALUE);
	}
}

static void test_endless(void **state)
{
	static const uint8_t frame[] = "\x02"
	                               "999\x03\r";
	static const uint8_t packet[] = {0x55, 0xAA, 0x07, 0x01, 0x00, 0x62, 0x3C, 0x14, 0xBA};

	(void)state;
	endless("par-nibp", frame, sizeof frame - 1, 0x02);
	endless("par-nibp", frame, sizeof frame - 1, 'S');
	endless("par-combi", packet, sizeof packet, 0x55);
	endless("par-combi", packet, sizeof packet, 0xFD);
}

/* ---- recorded and printed frames ----------------------------------------------------------------------------------
 */

/* Feeds a part of the capture file as the answer to the question after a determination. */
static void answer_with(struct talk *talk, const char *name, const char *text, const char *part)
{
	const uint8_t stx = strcmp(name, NAME) == 0 ? 0x02 : 0xFD, etx = stx == 0x02 ? 0x03 : 0xFE;
	const uint8_t live[] = {stx, '0', '9', '0', 'C', '0', 'S', '3', etx, '\r'};
	const uint8_t end[] = {stx, '9', '9', '9', etx, '\r'};
	uint8_t bytes[64];
	size_t count = read_part(text, part, bytes, sizeof bytes);

	talk_connect(talk, name, (struct mono){NS_PER_S});
	for (int i = 0; i < 10; i++) {
		talk_hear(talk, live, sizeof live);
		talk_wait(talk, NS_PER_S);
	}
	talk_hear(talk, end, sizeof end);
	talk_wait(talk, 1200 * NS_PER_MS);
	talk_hear(talk, bytes, count);
}

static void test_capture(void **state)
{
	static struct talk talk;
	const char *text = read_capture("par_nibp2020.hex");

	(void)state;
	answer_with(&talk, "par-combi", text, "[A]"); /* recorded */
	assert_int_equal(talk.frames.count, 1);
	must_be(&talk.frames.list[0], PARAMETER_NIBP_SYS, 101);
	must_be(&talk.frames.list[0], PARAMETER_NIBP_DIA, 65);
	must_be(&talk.frames.list[0], PARAMETER_NIBP_MEAN, 76);
	must_be(&talk.frames.list[0], PARAMETER_NIBP_PULSE, 60);
	answer_with(&talk, NAME, text, "[B]"); /* the manual's, with the sum that its rule gives */
	assert_int_equal(talk.frames.count, 1);
	must_be(&talk.frames.list[0], PARAMETER_NIBP_SYS, 125);
	must_be(&talk.frames.list[0], PARAMETER_NIBP_DIA, 80);
	must_be(&talk.frames.list[0], PARAMETER_NIBP_MEAN, 90);
	must_be(&talk.frames.list[0], PARAMETER_NIBP_PULSE, 75);
	answer_with(&talk, NAME, text, "[C]"); /* the sum as printed there */
	assert_int_equal(talk.frames.count, 0);
	assert_int_equal(talk.stream.bad_frames, 1);
	answer_with(&talk, NAME, text, "[D]"); /* an error with the pressures of before */
	must_fail_for(&talk, REASON_SENSOR_FAULT);
	answer_with(&talk, NAME, text, "[E]");
	must_fail_for(&talk, REASON_SENSOR_FAULT);
	answer_with(&talk, NAME, text, "[F]");
	must_fail_once(&talk);
	answer_with(&talk, NAME, text, "[A]"); /* the other variant's frame */
	assert_int_equal(talk.frames.count, 0);
}

static void test_capture_spo2(void **state)
{
	static struct frames frames;
	struct stream stream;
	uint8_t bytes[32];
	const char *text = read_capture("par_spo2_combi.hex");
	size_t count = read_capture_line(text, "55 AA 07 6C", bytes, sizeof bytes);

	(void)state;
	decode_bytes("par-combi", bytes, count, &frames, &stream);
	assert_int_equal(frames.count, 1);
	must_lack(&frames.list[0], PARAMETER_SPO2, REASON_SENSOR_OFF);
	must_lack(&frames.list[0], PARAMETER_PULSE, REASON_SENSOR_OFF);
	count = read_capture_line(text, "55 AA 07 01", bytes, sizeof bytes);
	decode_bytes("par-combi", bytes, count, &frames, &stream);
	assert_int_equal(frames.count, 1);
	must_be(&frames.list[0], PARAMETER_SPO2, 98);
	must_be(&frames.list[0], PARAMETER_PULSE, 60);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_golden),         cmocka_unit_test(test_damage),
	    cmocka_unit_test(test_determination),  cmocka_unit_test(test_no_start_by_itself),
	    cmocka_unit_test(test_failures),       cmocka_unit_test(test_late_status),
	    cmocka_unit_test(test_no_answer),      cmocka_unit_test(test_lost_end),
	    cmocka_unit_test(test_stop),           cmocka_unit_test(test_stop_without_answer),
	    cmocka_unit_test(test_too_long),       cmocka_unit_test(test_too_short),
	    cmocka_unit_test(test_combi_commands), cmocka_unit_test(test_spo2),
	    cmocka_unit_test(test_endless),        cmocka_unit_test(test_capture),
	    cmocka_unit_test(test_capture_spo2),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
