/* The Ivy driver: golden replay, the waveform's bytes, freshness of the cuff's values, damage. Replays
 * tests/replay/ivy-ansarb.bin, which was written from the protocol's facts, and, when it is there, a recording of a
 * real monitor. */
#include "driver_world.h"

#define NAME  "ivy-ansarb"
#define INPUT "tests/replay/ivy-ansarb.bin"

static const char usual_text[] = "HR=1;76;ECG-II;\rRR=1;14;;\rETCO2=1;38;;\rSPO2=1;98;PR=77 ;\r"
                                 "NIBP=4;121;75;92;80;;\rP1=3;111;73;88;;\rT1=1;;;\r";

/* A message with this text. Returns its length. */
static size_t make_message(const char *text, uint8_t *message)
{
	size_t count = 0;

	memcpy(message,
	       "\xFF"
	       "ANSAR-B ",
	       9);
	for (count = 9; count < 409; count++)
		message[count] = (uint8_t)(count * 37);
	for (; *text != '\0'; text++)
		message[count++] = (uint8_t)*text;
	message[count++] = 0xFE;
	return count;
}

static bool decode_text(const char *text, struct decoded *decoded)
{
	uint8_t message[2 * STREAM_BYTES];
	static struct frames frames;
	struct stream stream;

	decode_bytes(NAME, message, make_message(text, message), &frames, &stream);
	assert_true(frames.count <= 1);
	if (frames.count == 1)
		*decoded = frames.list[0];
	return frames.count == 1;
}

static void test_golden(void **state)
{
	(void)state;
	replay_raw(NAME, INPUT, "tests/replay/ivy-ansarb.golden");
}

static void test_capture(void **state)
{
	static uint8_t bytes[4096];
	static struct frames frames;
	struct stream stream;
	const char *text = read_capture("ivy450c_ansarb.hex");
	size_t count = read_part(text, "[A]", bytes, sizeof bytes);

	(void)state;
	assert_int_equal(count, 252);
	for (int i = 0; i < 2; i++) {
		size_t message = read_part(text, i == 0 ? "[B]" : "[C]", bytes + count, sizeof bytes - count);
		assert_int_equal(message, 562);
		count += message;
	}
	decode_bytes(NAME, bytes, count, &frames, &stream);
	assert_int_equal(frames.count, 2); /* and no cuff determination: its age is not known */
	for (int i = 0; i < 2; i++) {
		assert_int_equal(frames.list[i].count, 5);
		must_be(&frames.list[i], PARAMETER_ECG_HR, 80);
		must_be(&frames.list[i], PARAMETER_RESP, 35);
		must_be(&frames.list[i], PARAMETER_SPO2, 100);
		must_be(&frames.list[i], PARAMETER_PULSE, 80);
		must_lack(&frames.list[i], PARAMETER_ETCO2, REASON_NOT_MEASURED);
	}
	assert_true(stream.repeated.primed);
	static const int32_t nibp[] = {121, 75, 92, 80};
	assert_memory_equal(stream.repeated.known, nibp, sizeof nibp);
}

static void test_bad_texts(void **state)
{
	static const char *const texts[] = {
	    "",
	    "HR=1;76;;\r",                                                                  /* the rest is missing */
	    "HR=1;76;;\rRR=1;14;;\rETCO2=1;38;;\rSPO2=1;98;PR=77 ;\rNIBP=4;121;75;92;80;;", /* no CR */
	    "HR=1;76;;\rHR=1;76;;\rRR=1;14;;\rETCO2=1;38;;\rSPO2=1;98;PR=77 ;\rNIBP=4;121;75;92;80;;\r",
	    "HR=1;7x;;\rRR=1;14;;\rETCO2=1;38;;\rSPO2=1;98;PR=77 ;\rNIBP=4;121;75;92;80;;\r",
	    "HR=1;7-;;\rRR=1;14;;\rETCO2=1;38;;\rSPO2=1;98;PR=77 ;\rNIBP=4;121;75;92;80;;\r",
	    "HR=1;1076;;\rRR=1;14;;\rETCO2=1;38;;\rSPO2=1;98;PR=77 ;\rNIBP=4;121;75;92;80;;\r",
	    "HR=1;76;\rRR=1;14;;\rETCO2=1;38;;\rSPO2=1;98;PR=77 ;\rNIBP=4;121;75;92;80;;\r",   /* field lost */
	    "HR=2;76;;;\rRR=1;14;;\rETCO2=1;38;;\rSPO2=1;98;PR=77 ;\rNIBP=4;121;75;92;80;;\r", /* count */
	    "HR=1;76;;\rRR=1;14;;\rETCO2=1;38;;\rSPO2=1;98;PR=77 ;\rNIBP=4;121;75;92;;\r",
	    "HR=1;76;;\rRR=1;14;;\rETCO2=1;38;;\rSPO2=1;98;PR=7a ;\rNIBP=4;121;75;92;80;;\r",
	    "HR=1;76;;\rRR=1;14;;\rETCO2=1;3.8;;\rSPO2=1;98;PR=77 ;\rNIBP=4;121;75;92;80;;\r",
	    "HR=1;76;;\r\rRR=1;14;;\rETCO2=1;38;;\rSPO2=1;98;PR=77 ;\rNIBP=4;121;75;92;80;;\r",
	    "HR=1;76;;\rRR=1;14;;\rETCO2=1;38;;\rSPO2=1;98;PR=77 ;\rNIBP=4;121;75;92;80;;\rT1=\r",
	    "HR=1;76;\t;\rRR=1;14;;\rETCO2=1;38;;\rSPO2=1;98;PR=77 ;\rNIBP=4;121;75;92;80;;\r",
	};
	struct decoded decoded;

	(void)state;
	assert_true(decode_text(usual_text, &decoded));
	for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
		if (decode_text(texts[i], &decoded))
			fail_msg("accepted: %s", texts[i]);
}

static void test_missing(void **state)
{
	struct decoded decoded;

	(void)state;
	assert_true(decode_text("HR=1;;;\rRR=1;---;;\rETCO2=1;;;\rSPO2=1; ;PR= ;\rNIBP=4;;;;;;\r", &decoded));
	for (uint8_t i = 0; i < 5; i++)
		must_lack(&decoded, decoded.list[i].parameter, REASON_NOT_MEASURED);
	assert_true(decode_text("HR=1;0;;\rRR=1;0;;\rETCO2=1;0;;\rSPO2=1;0;PR=0;\rNIBP=4;;;;;;\r", &decoded));
	must_be(&decoded, PARAMETER_ECG_HR, 0); /* an asystole has to be judged */
	must_be(&decoded, PARAMETER_RESP, 0);
	must_lack(&decoded, PARAMETER_SPO2, REASON_NOT_MEASURED);
	must_lack(&decoded, PARAMETER_PULSE, REASON_NOT_MEASURED);
	assert_true(decode_text("HR=1;80;;\rRR=1;9;;\rETCO2=1;40;;\rSPO2=1;97;SEARCH;\rNIBP=4;;;;;;\r", &decoded));
	must_lack(&decoded, PARAMETER_PULSE, REASON_NOT_MEASURED);
	must_be(&decoded, PARAMETER_SPO2, 97);
}

/* ---- freshness of the cuff ----------------------------------------------------------------------------------------
 */

struct cuff {
	struct stream stream;
	struct frames frames;
	int64_t second;
};

/* Feeds one message a second later; returns the determination in it, or NULL. */
static const struct decoded *hear(struct cuff *cuff, const char *nibp)
{
	uint8_t message[STREAM_BYTES];
	char text[256];

	(void)snprintf(text, sizeof text, "HR=1;76;;\rRR=1;14;;\rETCO2=1;38;;\rSPO2=1;98;PR=77 ;\rNIBP=4;%s;;\r", nibp);
	cuff->frames.count = 0;
	cuff->second++;
	driver_named(NAME)->feed(&cuff->stream, message, make_message(text, message),
	                         (struct mono){cuff->second * NS_PER_S}, frames_collect, &cuff->frames);
	const struct decoded *determination = NULL;
	assert_true(cuff->frames.count <= 3); /* the values of the message before may have waited for this one */
	for (size_t i = 0; i < cuff->frames.count; i++) {
		if (cuff->frames.list[i].count == 5)
			continue;
		assert_int_equal(cuff->frames.list[i].count, 4);
		assert_null(determination);
		determination = &cuff->frames.list[i];
	}
	return determination;
}

static void test_freshness(void **state)
{
	static struct cuff cuff;
	const struct decoded *decoded;

	(void)state;
	cuff = (struct cuff){.second = 0};
	for (int i = 0; i < 5; i++)
		assert_null(hear(&cuff, "121;75;92;80")); /* age unknown */
	assert_null(hear(&cuff, "131;79;95;77"));         /* second 6: once is not enough */
	decoded = hear(&cuff, "131;79;95;77");
	assert_non_null(decoded);
	assert_int_equal(decoded->count, 4);
	must_be(decoded, PARAMETER_NIBP_SYS, 131);
	must_be(decoded, PARAMETER_NIBP_DIA, 79);
	must_be(decoded, PARAMETER_NIBP_MEAN, 95);
	must_be(decoded, PARAMETER_NIBP_PULSE, 77);
	assert_int_equal(decoded->list[0].determined.ns, 6 * NS_PER_S); /* when it came first */
	for (int i = 0; i < 3600; i++)
		assert_null(hear(&cuff, "131;79;95;77")); /* for an hour: still the same */
	/* One damaged message. */
	assert_null(hear(&cuff, "139;79;95;77"));
	for (int i = 0; i < 3; i++)
		assert_null(hear(&cuff, "131;79;95;77"));
	/* Gone, and back: the old one. */
	for (int i = 0; i < 3; i++)
		assert_null(hear(&cuff, ";;;"));
	for (int i = 0; i < 3; i++)
		assert_null(hear(&cuff, "131;79;95;77"));
	/* Gone, and another: a new one. */
	for (int i = 0; i < 30; i++)
		assert_null(hear(&cuff, ";;;"));
	assert_null(hear(&cuff, "118;72;;"));
	decoded = hear(&cuff, "118;72;;");
	assert_non_null(decoded);
	must_be(decoded, PARAMETER_NIBP_SYS, 118);
	must_lack(decoded, PARAMETER_NIBP_MEAN, REASON_NOT_MEASURED);
	must_lack(decoded, PARAMETER_NIBP_PULSE, REASON_NOT_MEASURED);
	/* No determination without both pressures. */
	for (int i = 0; i < 3; i++)
		assert_null(hear(&cuff, "150;;;"));
	/* Never the same twice in a row: nothing to rely on. */
	for (int i = 0; i < 4; i++)
		assert_null(hear(&cuff, i % 2 == 0 ? "140;90;100;70" : "141;90;100;70"));
	/* After a reconnect the age is unknown again. */
	cuff.stream = (struct stream){0};
	for (int i = 0; i < 3; i++)
		assert_null(hear(&cuff, "99;55;70;60"));
}

/* A monitor whose cuff has measured nothing yet. */
static void test_first_determination(void **state)
{
	static struct cuff cuff;

	(void)state;
	cuff = (struct cuff){.second = 0};
	assert_null(hear(&cuff, ";;;"));
	assert_null(hear(&cuff, ";;;"));
	assert_null(hear(&cuff, "121;75;92;80"));
	assert_non_null(hear(&cuff, "121;75;92;80"));
}

/* ---- damage -------------------------------------------------------------------------------------------------------
 */

static void test_truncations(void **state)
{
	uint8_t messages[2 * STREAM_BYTES];
	size_t one = make_message(usual_text, messages);
	static struct frames frames;
	struct stream stream;

	(void)state;
	(void)make_message(usual_text, messages + one);
	for (size_t cut = 1; cut < one; cut++) {
		/* The front, the back, and the front with a whole message behind. */
		decode_bytes(NAME, messages + cut, one - cut, &frames, &stream);
		assert_int_equal(frames.count, 0);
		decode_bytes(NAME, messages, cut, &frames, &stream);
		assert_int_equal(frames.count, 0);
		driver_named(NAME)->feed(&stream, messages, one, (struct mono){8}, frames_collect, &frames);
		assert_true(frames.count <= 1);
		driver_named(NAME)->feed(&stream, messages, one, (struct mono){9}, frames_collect, &frames);
		driver_named(NAME)->feed(&stream, messages, one, (struct mono){10}, frames_collect, &frames);
		assert_true(frames.count >= 2); /* three whole ones came: at least two were taken */
		for (size_t i = 0; i < frames.count; i++)
			must_be(&frames.list[i], PARAMETER_ECG_HR, 76);
	}
	decode_bytes(NAME, messages, 2 * one, &frames, &stream);
	assert_int_equal(frames.count, 2);
}

/* Without a checksum a digit that turns into another digit passes. What passes is counted here so that it cannot grow
 * unseen. Of the cuff nothing passes: its values have to come twice. */
static void test_bit_flips(void **state)
{
	uint8_t message[STREAM_BYTES];
	size_t count = make_message(usual_text, message);
	struct flips flips = flip_bits(NAME, message, count);

	(void)state;
	assert_int_equal(flips.wrong, 29);
	assert_int_equal(flips.other, 18); /* the key of the pulse is damaged: no pulse */
	assert_true(flips.same >= 400 * 8);
	assert_int_equal(flips.wrong + flips.other + flips.same + flips.lost, count * 8);
}

static void test_cuff_bit_flips(void **state)
{
	static struct cuff cuff;
	uint8_t message[STREAM_BYTES];
	size_t count = make_message(usual_text, message);

	(void)state;
	cuff = (struct cuff){.second = 0};
	assert_null(hear(&cuff, "121;75;92;80"));
	assert_null(hear(&cuff, "121;75;92;80"));
	for (size_t bit = 409 * 8; bit < count * 8; bit++) {
		message[bit / 8] ^= (uint8_t)(1U << bit % 8);
		cuff.frames.count = 0;
		cuff.second++;
		driver_named(NAME)->feed(&cuff.stream, message, count, (struct mono){cuff.second * NS_PER_S},
		                         frames_collect, &cuff.frames);
		for (size_t i = 0; i < cuff.frames.count; i++)
			assert_int_equal(cuff.frames.list[i].count, 5);
		message[bit / 8] ^= (uint8_t)(1U << bit % 8);
		cuff.second += 2; /* what the damage made unfinished is thrown away */
		assert_null(hear(&cuff, "121;75;92;80"));
	}
}

static void test_old_half(void **state)
{
	uint8_t message[STREAM_BYTES];
	size_t count = make_message(usual_text, message);
	struct stream stream = {0};
	static struct frames frames;

	(void)state;
	frames.count = 0;
	driver_named(NAME)->feed(&stream, message, 500, (struct mono){1}, frames_collect, &frames);
	driver_named(NAME)->feed(&stream, message + 500, count - 500, (struct mono){3 * NS_PER_S}, frames_collect,
	                         &frames);
	assert_int_equal(frames.count, 0);
	driver_named(NAME)->feed(&stream, message, 500, (struct mono){4 * NS_PER_S}, frames_collect, &frames);
	driver_named(NAME)->feed(&stream, message + 500, count - 500, (struct mono){5 * NS_PER_S}, frames_collect,
	                         &frames);
	driver_named(NAME)->feed(&stream, NULL, 0, (struct mono){6 * NS_PER_S}, frames_collect, &frames);
	assert_int_equal(frames.count, 1);
	assert_int_equal(frames.list[0].list[0].determined.ns, 4 * NS_PER_S);
}

static void test_endless(void **state)
{
	uint8_t message[STREAM_BYTES];
	size_t count = make_message(usual_text, message);
	char text[STREAM_BYTES + 256];

	(void)state;
	endless(NAME, message, count, 0xFF);
	endless(NAME, message, count, 0x00);
	/* A text that never ends does not fit the stream. */
	memset(text, ';', sizeof text);
	text[sizeof text - 1] = '\0';
	struct decoded decoded;
	assert_false(decode_text(text, &decoded));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_golden),         cmocka_unit_test(test_capture),
	    cmocka_unit_test(test_bad_texts),      cmocka_unit_test(test_missing),
	    cmocka_unit_test(test_freshness),      cmocka_unit_test(test_first_determination),
	    cmocka_unit_test(test_truncations),    cmocka_unit_test(test_bit_flips),
	    cmocka_unit_test(test_cuff_bit_flips), cmocka_unit_test(test_old_half),
	    cmocka_unit_test(test_endless),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
