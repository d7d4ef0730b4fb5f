/* The record of commands and alarms: who, what, old and new, in a fixed order. */
#include "tests/unit/encode_bedside.h"

#include "daemon/record/audit.h"

static struct audit_line audit;
static struct audit_before before;
static struct event_command command;

static void says(const char *part)
{
	if (strstr(audit.line.text, part) == NULL)
		fail_msg("'%s' does not say '%s'", audit.line.text, part);
}

static void silent_about(const char *part)
{
	if (strstr(audit.line.text, part) != NULL)
		fail_msg("'%s' says '%s'", audit.line.text, part);
}

static void begin_command(enum command kind)
{
	memset(&command, 0, sizeof command);
	command.command = kind;
	SET(command.actor, "nurse1");
}

static void look_and_record(void)
{
	audit_look(&before, &engine, &command);
	audit_command(&audit, &engine, &before, &command);
}

static void limits_old_and_new(void **state)
{
	(void)state;
	open_session();
	begin_command(COMMAND_LIMIT);
	SET(command.u.limit.rule, "R2");
	command.u.limit.limit = 7000;
	SET(command.u.limit.second_person, "dr.b");
	SET(command.u.limit.reason, "sleeps \"deeply\"");
	look_and_record();
	assert_true(audit.wanted);
	assert_string_equal(audit.kind, "limit");
	says("actor=\"nurse1\" rule=\"R2\" term=\"resp.below\" "
	     "old=\"9.000\" new=\"7.000\" "
	     "second_person=\"dr.b\"");
	says("reason=\"sleeps \\x22deeply\\x22\"");
	SET(command.u.limit.rule, "none");
	look_and_record();
	silent_about("old=");
	SET(command.u.limit.rule, "R2");
	SET(command.u.limit.term, "spo2"); /* it has none for that */
	look_and_record();
	silent_about("old=");
}

static void overrides_only_where_something_blocked(void **state)
{
	(void)state;
	engine.session.open = true;
	memcpy(engine.session.id, "20261201T101500Z-0a1b2c3d", 26);
	begin_command(COMMAND_SESSION_START);
	SET(command.u.override.name, "dr.a");
	SET(command.u.override.reason, "cuff is fine");
	look_and_record(); /* cuff-arm is not ticked */
	assert_true(audit.wanted);
	assert_string_equal(audit.kind, "override");
	says("command=\"session-start\" blockers=\"cuff-arm baseline\" override=\"dr.a\" override_reason=\"cuff is "
	     "fine\"");
	engine.session.items = 1;
	engine.session.baseline.complete = true;
	look_and_record();
	assert_false(audit.wanted);
	engine.session.items = 0;
	begin_command(COMMAND_SESSION_START);
	look_and_record();
	assert_false(audit.wanted);
}

/* What blocks leaving is no matter of a spray device. */
static void devices_out_of_turn(void **state)
{
	(void)state;
	open_session();
	config.plan.dose.device_ug = 28000;
	config.plan.dose.device_rest_ns = 300 * NS_PER_S;
	engine.session.ended = false;
	engine.session.order.dose_ug = 84000;
	engine.session.given_count = 1;
	engine.session.given[0].at = (struct mono){engine.now.ns - 300 * NS_PER_S + 1};
	begin_command(COMMAND_DEVICE_GIVEN);
	SET(command.u.override.name, "dr.a");
	SET(command.u.override.reason, "first one was sneezed out");
	look_and_record();
	assert_string_equal(audit.kind, "override");
	says("command=\"device-given\" blockers=\"out-of-turn\" override=\"dr.a\"");
	engine.session.given[0].at.ns--;
	look_and_record();
	assert_false(audit.wanted); /* in turn: nobody's responsibility */
}

static void items_and_take_outs(void **state)
{
	(void)state;
	open_session();
	begin_command(COMMAND_ITEM);
	SET(command.u.item.name, "escort");
	look_and_record();
	assert_string_equal(audit.kind, "item");
	says("item=\"escort\" ticked=\"no\"");
	begin_command(COMMAND_TAKE_OUT);
	SET(command.u.take_out.name, "etco2");
	SET(command.u.take_out.reason, "eats");
	command.u.take_out.duration_s = 300;
	look_and_record();
	assert_string_equal(audit.kind, "take-out");
	says("parameter=\"etco2\" duration_s=\"300\" reason=\"eats\"");
	silent_about("override");
	SET(command.u.take_out.override.name, "dr.a");
	SET(command.u.take_out.override.reason, "stays in the room");
	look_and_record();
	says("override=\"dr.a\" override_reason=\"stays in the room\"");
	command.u.take_out.duration_s = 0;
	command.u.take_out.is_device = true;
	look_and_record();
	assert_string_equal(audit.kind, "put-back");
	says("device=\"etco2\"");
	begin_command(COMMAND_CUFF_START); /* its action and its reply tell it */
	look_and_record();
	assert_false(audit.wanted);
}

static void replies(void **state)
{
	(void)state;
	struct action action = {.kind = ACTION_REPLY};

	engine.session.open = true;
	memcpy(engine.session.id, "20261201T101500Z-0a1b2c3d", 26);
	action.u.reply.command = COMMAND_SESSION_START;
	action.u.reply.result = RESULT_BLOCKED;
	SET(action.u.reply.actor, "nurse1");
	audit_action(&audit, &engine, &action);
	assert_true(audit.wanted);
	says("command=\"session-start\" result=\"blocked\" blockers=\"cuff-arm baseline\"");
	action.u.reply.command = COMMAND_RECEIPT;
	action.u.reply.result = RESULT_OK;
	audit_action(&audit, &engine, &action);
	assert_false(audit.wanted); /* every second from each display */
}

static void alarms_and_load(void **state)
{
	(void)state;
	struct action action = {.kind = ACTION_ALARM};

	open_session();
	action.u.alarm.alarm = *raise_b1();
	audit_action(&audit, &engine, &action);
	says("confirmed=\"no\"");
	silent_about("test=");
	action.u.alarm.alarm.confirmed = true;
	action.u.alarm.alarm.reminders = 2;
	action.u.alarm.alarm.test = true;
	audit_action(&audit, &engine, &action);
	says("confirmed=\"yes\" reminders=\"2\" test=\"yes\"");
	audit_load(&audit, &engine, ALARM_BASE_RULE);
	assert_true(audit.wanted);
	assert_string_equal(audit.kind, "load");
	says("condition=\"O2\" raised=\"3\" nuisance=\"1\" acknowledged=\"2\" "
	     "acknowledge_ms=\"25000\"");
	audit_load(&audit, &engine, ALARM_BASE_RULE + 1);
	assert_false(audit.wanted);
}

static void another_reason_is_one_line(void **state)
{
	(void)state;
	struct action action = {.kind = ACTION_ALARM, .u.alarm.change = ALARM_REASON_CHANGED};
	struct alarm *alarm = &action.u.alarm.alarm;

	*alarm = *raise_alarm(ALARM_BASE_DEVICE, CONDITION_DEVICE, 0, ALARM_ACTIVE, PRIORITY_MEDIUM, 3);
	alarm->reason = REASON_WRONG_DEVICE;
	audit_action(&audit, &engine, &action);
	assert_true(audit.wanted);
	assert_int_equal(audit.severity, SEVERITY_ERROR); /* that of its priority: news, as a raise is */
	says("change=\"reason\" condition=\"device-");
	says("text=\"A different device answers as ");
	says("reason=\"wrong_device\"");
	says("generation=\"3\"");
}

static void opened_session_tells_the_order(void **state)
{
	(void)state;
	struct action action = {.kind = ACTION_SESSION};

	open_session();
	action.u.session.change = SESSION_OPENED;
	SET(action.u.session.actor, "nurse1");
	audit_action(&audit, &engine, &action);
	says("ug_per_ml=\"1000\" series=\"4\" age_years=\"67\" second_person=\"dr.b\"");
	says("baseline_sys=\"118.500\" baseline_dia=\"76.000\" baseline_readings=\"2\"");
	action.u.session.change = SESSION_GIVEN;
	audit_action(&audit, &engine, &action);
	assert_true(audit.wanted);
	says("change=\"given\" actor=\"nurse1\"");
	says(" phase=\"");
	says("given=\"1\"");
	action.u.session.change = SESSION_TAKEN_OUT; /* by somebody: the order has a line of its own */
	audit_action(&audit, &engine, &action);
	assert_false(audit.wanted);
	action.u.session.actor[0] = '\0'; /* its time is over */
	audit_action(&audit, &engine, &action);
	assert_true(audit.wanted);
	says("change=\"taken-out\" actor=\"\"");
}

static void observations_tell_who_and_what(void **state)
{
	(void)state;
	struct action action = {.kind = ACTION_OBSERVATION};

	SET(action.u.observation.actor, "nurse1");
	SET(action.u.observation.observation.note, "drowsy");
	audit_action(&audit, &engine, &action);
	assert_true(audit.wanted);
	assert_string_equal(audit.kind, "observation");
	says("actor=\"nurse1\"");
	says("note=\"drowsy\"");
}

static void start_tells_the_epoch(void **state)
{
	static struct config whole;

	(void)state;
	audit_start(&audit, &whole, UINT64_C(0x0123456789abcdef), &(struct record_run){.boot = "b-1", .mono_ns = 77});
	assert_true(audit.wanted);
	says("\"0123456789abcdef\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(limits_old_and_new, setup),
	    cmocka_unit_test_setup(overrides_only_where_something_blocked, setup),
	    cmocka_unit_test_setup(devices_out_of_turn, setup),
	    cmocka_unit_test_setup(items_and_take_outs, setup),
	    cmocka_unit_test_setup(replies, setup),
	    cmocka_unit_test_setup(alarms_and_load, setup),
	    cmocka_unit_test_setup(another_reason_is_one_line, setup),
	    cmocka_unit_test_setup(opened_session_tells_the_order, setup),
	    cmocka_unit_test_setup(observations_tell_who_and_what, setup),
	    cmocka_unit_test_setup(start_tells_the_epoch, setup),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
