/* What staff are told when a command is refused, with the shipped plans. Run from the top of the repository. */
#include "tests/unit/plan_world.h"

#include "daemon/desk/explain.h"

static struct refusal refusal;
static char said[REFUSAL_TEXT_BYTES];

/* A sentence asks for the arguments that there are, and for no others. */
static void every_argument_is_used(void)
{
	const char *sentence = refusal_template(refusal.code);
	int braces = 0;

	for (const char *at = strchr(sentence, '{'); at != NULL; at = strchr(at + 1, '{'))
		braces++;
	assert_int_equal(braces, refusal.count);
	for (uint8_t i = 0; i < refusal.count; i++) {
		char part[REFUSAL_VALUE_BYTES];
		(void)snprintf(part, sizeof(part), "{%s}", refusal.arguments[i].name);
		assert_non_null(strstr(sentence, part));
	}
}

static enum result refused(struct event *event)
{
	world_step(&bed.w, event);

	enum result result = reply(&bed.w);

	bool more = explain(&refusal, &bed.w.engine, &event->u.command, result);
	refusal_sentence(said, &refusal);
	every_argument_is_used();
	if (!more)
		said[0] = '\0'; /* no more than the result */
	return result;
}

static const char *open_order(int32_t weight_g, int32_t dose_ug, int32_t duration_s, int32_t ug_per_ml)
{
	struct event event = make_command(&bed.w, COMMAND_SESSION_OPEN);
	struct session_order *order = &event.u.command.u.order;

	order->weight_g = weight_g;
	order->dose_ug = dose_ug;
	order->duration_s = duration_s;
	order->ug_per_ml = ug_per_ml;
	assert_int_equal(refused(&event), RESULT_SECOND_PERSON);
	return said;
}

static const char *told(enum command command, enum result result)
{
	struct event event = make_command(&bed.w, command);

	assert_int_equal(refused(&event), result);
	return said;
}

#define CHECK " Check the order; if it is right, name the second person who checked it."

/* The decimal point that slipped is in the sentence. */
static void test_prescriptions(void **state)
{
	(void)state;
	read_plan_file("etc/plans/ketamine-iv.conf");
	assert_string_equal(open_order(72500, 362500, 0, 0),
	                    "362.5 mg for 72.5 kg is 5 mg/kg (plan: 0.3 to 0.75)." CHECK);
	assert_string_equal(open_order(72500, 362100, 0, 0),
	                    "362.1 mg for 72.5 kg is 4.994 mg/kg (plan: 0.3 to 0.75)." CHECK);
	assert_string_equal(open_order(72500, 3625, 0, 0),
	                    "3.625 mg for 72.5 kg is 0.05 mg/kg (plan: 0.3 to 0.75)." CHECK);
	assert_string_equal(open_order(72500, 36250, 250, 0),
	                    "4.166 min is shorter than the plan allows (20 min)." CHECK);
	assert_string_equal(open_order(72500, 36250, 0, 100000),
	                    "100 mg/mL is outside the plan (0.2 to 10 mg/mL)." CHECK);
	assert_string_equal(refusal_token(refusal.code), "dose-concentration");
	assert_string_equal(refusal.arguments[0].name, "mg_per_ml");
	assert_string_equal(refusal.arguments[0].value, "100");
	/* The longest that can be ordered is not cut. */
	assert_non_null(strstr(open_order(399999, 999999, 0, 0), "checked it."));
	read_plan_file("etc/plans/esketamine-spray.conf");
	assert_string_equal(open_order(0, 50000, 0, 0), "50 mg is no dose of this plan." CHECK);
}

static void test_moments(void **state)
{
	(void)state;
	read_plan_file("etc/plans/ketamine-iv.conf");
	assert_string_equal(told(COMMAND_SESSION_PAUSE, RESULT_NO_SESSION), "");
	assert_int_equal(open_with(35000, 40, ""), RESULT_OK);
	assert_string_equal(told(COMMAND_SESSION_PAUSE, RESULT_WRONG_STATE), "The session has not started yet.");
	assert_string_equal(told(COMMAND_DEVICE_GIVEN, RESULT_WRONG_STATE), "This plan knows no spray devices.");
	assert_int_equal(overriding(COMMAND_SESSION_START, "dr-a", "seen, well"), RESULT_OK);
	assert_string_equal(told(COMMAND_SESSION_START, RESULT_WRONG_STATE), "The session has started already.");
	assert_string_equal(told(COMMAND_SESSION_RESUME, RESULT_WRONG_STATE), "It is not paused.");
	assert_string_equal(told(COMMAND_SESSION_PAUSE, RESULT_OK), "");
	assert_string_equal(told(COMMAND_SESSION_PAUSE, RESULT_WRONG_STATE), "It is paused already.");
	assert_string_equal(told(COMMAND_SESSION_STOP, RESULT_OK), "");
	assert_string_equal(told(COMMAND_SESSION_STOP, RESULT_WRONG_STATE), "The administration has ended.");
	assert_string_equal(told(COMMAND_TEST_ALARM, RESULT_OK), "");
	assert_string_equal(told(COMMAND_TEST_ALARM, RESULT_WRONG_STATE),
	                    "A test alarm is running: acknowledge it first.");
}

static void test_spray_devices(void **state)
{
	(void)state;
	read_plan_file("etc/plans/esketamine-spray.conf");
	assert_int_equal(open_with(56000, 40, ""), RESULT_OK);
	assert_string_equal(told(COMMAND_SESSION_START, RESULT_WRONG_STATE),
	                    "It starts with the first spray device: record that one.");
	assert_int_equal(overriding(COMMAND_DEVICE_GIVEN, "dr-a", "seen, well"), RESULT_OK);
	bed.w.now += 20 * S + 1;
	assert_string_equal(told(COMMAND_DEVICE_GIVEN, RESULT_WRONG_STATE),
	                    "Too soon: the next device is due in 280 s. A named clinician may override.");
	bed.w.now += 5 * MIN;
	assert_string_equal(told(COMMAND_DEVICE_GIVEN, RESULT_OK), "");
	bed.w.now += 5 * MIN;
	assert_string_equal(told(COMMAND_DEVICE_GIVEN, RESULT_WRONG_STATE),
	                    "All of the ordered 56 mg were given (2 devices). A named clinician may override.");
	assert_string_equal(told(COMMAND_SESSION_STOP, RESULT_OK), "");
	assert_string_equal(told(COMMAND_DEVICE_GIVEN, RESULT_WRONG_STATE),
	                    "The administration has ended. A named clinician may override.");
}

static const char *limit_of(const char *rule, const char *term, int32_t milli, enum result result)
{
	struct event event = make_command(&bed.w, COMMAND_LIMIT);

	put_text(event.u.command.u.limit.rule, rule, NAME_BYTES);
	put_text(event.u.command.u.limit.reason, "why", TEXT_BYTES);
	put_text(event.u.command.u.limit.term, term, NAME_BYTES);
	event.u.command.u.limit.limit = milli;
	assert_int_equal(refused(&event), result);
	return said;
}

static void test_limits(void **state)
{
	(void)state;
	read_plan_file("etc/plans/ketamine-iv.conf");
	assert_int_equal(open_with(35000, 40, ""), RESULT_OK);
	assert_string_equal(limit_of("O2", "", 88500, RESULT_SECOND_PERSON),
	                    "88.5 is looser than the plan's 90: name the second person who agrees.");
	assert_string_equal(limit_of("B5", "nibp_sys", 50000, RESULT_SECOND_PERSON),
	                    "50 is looser than the plan's 40: name the second person who agrees.");
	assert_string_equal(limit_of("B1", "", 170000, RESULT_UNKNOWN_NAME),
	                    "Name one limit of B1. It has: nibp_sys.at-least nibp_dia.at-least");
	assert_string_equal(limit_of("B1", "spo2", 170000, RESULT_UNKNOWN_NAME),
	                    "Name one limit of B1. It has: nibp_sys.at-least nibp_dia.at-least");
	assert_non_null(strstr(limit_of("O2", "", 200000, RESULT_OUT_OF_RANGE), "SpO2 must be a value"));
	assert_string_equal(limit_of("O9", "", 90000, RESULT_UNKNOWN_NAME),
	                    "There is no alarm rule O9: its limits stand beside the values.");
	assert_string_equal(limit_of("O1", "", 94000, RESULT_OK), "");
}

static void test_names_and_sources(void **state)
{
	(void)state;
	read_plan_file("etc/plans/ketamine-iv.conf");
	assert_int_equal(open_with(35000, 40, ""), RESULT_OK);

	struct event event = make_command(&bed.w, COMMAND_ITEM);

	put_text(event.u.command.u.item.name, "cuffarm", NAME_BYTES);
	assert_int_equal(refused(&event), RESULT_UNKNOWN_NAME);
	assert_string_equal(said, "There is no such item. There are: cuff-arm on-air suicidality escort no-driving");
	assert_string_equal(refusal.arguments[0].value, "cuff-arm on-air suicidality escort no-driving");
	event = make_command(&bed.w, COMMAND_TAKE_OUT);
	event.u.command.u.take_out.duration_s = 60;
	put_text(event.u.command.u.take_out.reason, "why", TEXT_BYTES);
	put_text(event.u.command.u.take_out.name, "spo3", NAME_BYTES);
	assert_int_equal(refused(&event), RESULT_UNKNOWN_NAME);
	assert_non_null(strstr(said, "no such parameter here. There are:"));
	event.u.command.u.take_out.is_device = true;
	assert_int_equal(refused(&event), RESULT_UNKNOWN_NAME);
	assert_non_null(strstr(said, "no such device here. There are: oximeter"));
	put_text(event.u.command.u.take_out.name, "oximeter", NAME_BYTES);
	assert_int_equal(refused(&event), RESULT_BLOCKED);
	assert_string_equal(said, "A critical limit would have no source left. A named clinician may override.");
	event.u.command.u.take_out.duration_s = 0;
	assert_int_equal(refused(&event), RESULT_WRONG_STATE);
	assert_string_equal(said, "It is not taken out.");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_prescriptions),     cmocka_unit_test(test_moments),
	    cmocka_unit_test(test_spray_devices),     cmocka_unit_test(test_limits),
	    cmocka_unit_test(test_names_and_sources),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
