/* What staff read about that which stands against a start or a leaving: not only the rule, but why it is not met and
 * what is missing. The shipped plans at work. Run from the top of the repository. */
#include "tests/unit/plan_world.h"

#include "vitals.pb-c.h"
#include "vitals/wire.h"

/* The words of blocker `name`, as the displays get them; "" if it does not block. */
static const char *words_of(const char *name)
{
	static uint8_t bytes[MESSAGE_BYTES];
	static char text[256];
	struct stream_id id = {.config_hash_hex = "", .plan_hash_hex = ""};
	struct stamp stamp = {{bed.w.now}, 0};
	size_t size = encode_state(bytes, sizeof(bytes), &id, &bed.w.engine, stamp);
	Vitals__V1__Snapshot *snapshot = vitals__v1__snapshot__unpack(NULL, size, bytes);

	assert_non_null(snapshot);
	text[0] = '\0';
	for (size_t i = 0; i < snapshot->session->n_blocker; i++)
		if (strcmp(snapshot->session->blocker[i]->name, name) == 0)
			put_text(text, snapshot->session->blocker[i]->text, sizeof(text));
	vitals__v1__snapshot__free_unpacked(snapshot, NULL);
	return text;
}

static void before_the_start(void **state)
{
	(void)state;
	read_plan_file("etc/plans/ketamine-iv.conf");
	assert_int_equal(open_with(0, 40, ""), RESULT_OK);
	assert_string_equal(words_of("dose"), "Dose or weight is not known: close the open one and give both");
	assert_string_equal(words_of("G1"), "Blood pressure above 140/90: not known yet");
	assert_string_equal(words_of("baseline"), "0 of 2 cuff readings for the baseline: wait, or start one");
	assert_string_equal(words_of("baseline-scores"), "Enter before the start: MOAA/S CADSS");
	assert_string_equal(words_of("cuff-arm"), "Cuff is not on the arm with the infusion");
	bed.sys = 141;
	go(60 * S);
	assert_string_equal(words_of("G1"), "Blood pressure above 140/90");
	assert_int_equal(score(&bed.w, PARAMETER_CADSS, 0), RESULT_OK);
	assert_string_equal(words_of("baseline-scores"), "Enter before the start: MOAA/S");
	assert_string_equal(words_of("G3"), "MOAA/S below 5: not known yet");
	assert_int_equal(score(&bed.w, PARAMETER_MOAAS, 4 * MILLI), RESULT_OK);
	assert_string_equal(words_of("G3"), "MOAA/S below 5");
	/* One reading that is back is not enough after a confirmed one. */
	assert_int_equal(order(&bed.w, COMMAND_CUFF_START), RESULT_OK);
	go(60 * S);
	bed.sys = 130;
	assert_int_equal(order(&bed.w, COMMAND_CUFF_START), RESULT_OK);
	go(30 * S);
	assert_string_equal(words_of("G1"), "Blood pressure above 140/90: back, but not long enough");
	assert_string_equal(words_of("baseline"), "");
}

/* By rule and by what no device brings, in a sentence of its own. */
static void no_source(void **state)
{
	(void)state;
	read_plan_file("etc/plans/ketamine-iv.conf");
	assert_int_equal(open_with(0, 40, ""), RESULT_OK);
	assert_string_equal(words_of("no-source"), "");
	for (int d = 0; d < bed.w.config.device_count; d++)
		bed.w.config.devices[d].provides &=
		    ~(PARAMETER_BIT(PARAMETER_ECG_HR) | PARAMETER_BIT(PARAMETER_PULSE) | PARAMETER_BIT(PARAMETER_RESP));
	assert_string_equal(words_of("no-source"), "No source for H2 H4: no device here brings Heart rate");
}

static void before_leaving(void **state)
{
	(void)state;
	begin_infusion();
	go(10 * MIN);
	assert_string_equal(words_of("earliest"), "Too early to leave: the administration has not ended");
	assert_int_equal(order(&bed.w, COMMAND_SESSION_STOP), RESULT_OK);
	go(10 * S);
	assert_string_equal(words_of("earliest"), "Too early to leave: 60 min more");
	assert_string_equal(words_of("RASS"), "RASS 0: not known yet");
	assert_string_equal(words_of("SpO2"), "");
	assert_string_equal(words_of("quiet"), "");
	bed.spo2 = 92;
	go(40 * S);
	assert_string_equal(words_of("SpO2"), "SpO2 above 92 %");
	assert_string_equal(words_of("quiet"), "SpO2 below 93 %: quiet for 15 min after it ends");
	bed.spo2 = 98;
	go(2 * MIN);
	assert_string_equal(words_of("quiet"), "SpO2 below 93 %: over, 14 min more of quiet");
	assert_int_equal(score(&bed.w, PARAMETER_RASS, 0), RESULT_OK);
	bed.idle = true;
	go(48 * MIN);
	assert_string_equal(words_of("RASS"), "RASS 0: measured too long ago");
	assert_string_equal(words_of("earliest"), "Too early to leave: 10 min more");
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(before_the_start), cmocka_unit_test(no_source),
	                                   cmocka_unit_test(before_leaving)};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
