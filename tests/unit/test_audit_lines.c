/* Whole lines of the record: every pair of each kind, in its order, and what is left out when there is nothing to say.
 * Auditors and their scripts read these. */
#include "tests/unit/encode_bedside.h"

#include "daemon/record/audit.h"

/* Begins each line of the open session. */
#define OF_SESSION "session=\"20261201T093015Z-3f9a27c1\" patient=\"P-0042\" "

static struct audit_line audit;
static struct action action;

static int begin(void **state)
{
	memset(&audit, 0, sizeof audit);
	memset(&action, 0, sizeof action);
	return setup(state);
}

static void expect(enum severity severity, const char *kind, const char *line)
{
	assert_true(audit.wanted);
	assert_string_equal(audit.kind, kind);
	assert_string_equal(audit.line.text, line);
	assert_int_equal(audit.severity, severity);
}

static void record_action(enum action_kind kind)
{
	memset(&audit, 0, sizeof audit);
	action.kind = kind;
	audit_action(&audit, &engine, &action);
}

/* ---- alarms ----------------------------------------------------------------------------------- */

static void alarm_with_value_and_nobody(void **state)
{
	(void)state;
	open_session();
	action.u.alarm.change = ALARM_RAISED;
	action.u.alarm.alarm = *raise_o2(ALARM_ACTIVE, 5);
	record_action(ACTION_ALARM);
	expect(
	    SEVERITY_CRITICAL, "alarm",
	    OF_SESSION
	    "change=\"raised\" condition=\"O2\" priority=\"high\" state=\"active\" id=\"484709092\" generation=\"5\" "
	    "text=\"SpO2 below 90 %\" parameter=\"spo2\" value=\"88.000\" "
	    "limit=\"90.000\"");
}

static void alarm_with_everybody(void **state)
{
	(void)state;
	open_session();
	action.u.alarm.change = ALARM_WAS_ACKNOWLEDGED;
	action.u.alarm.alarm = *raise_b1();
	action.u.alarm.alarm.state = ALARM_ACKNOWLEDGED;
	SET(action.u.alarm.alarm.acknowledged_by, "nurse1");
	action.u.alarm.alarm.confirmed = true;
	action.u.alarm.alarm.reminders = 1;
	action.u.alarm.alarm.test = true;
	record_action(ACTION_ALARM);
	expect(SEVERITY_NOTICE, "alarm",
	       OF_SESSION
	       "change=\"acknowledged\" condition=\"B1\" priority=\"medium\" state=\"acknowledged\" id=\"199048284\" "
	       "generation=\"1\" text=\"Blood pressure very high\" "
	       "parameter=\"nibp_sys\" "
	       "value=\"184.000\" limit=\"180.000\" acknowledged_by=\"nurse1\" confirmed=\"yes\" reminders=\"1\" "
	       "test=\"yes\"");
}

static void alarm_without_value(void **state)
{
	(void)state;
	action.u.alarm.change = ALARM_RAISED;
	action.u.alarm.alarm = *raise_missing();
	/* The number of this parameter is that of a rule that waits for a repeat: no matter of a missing value. */
	config.plan.rules[PARAMETER_ETCO2].confirm = true;
	record_action(ACTION_ALARM);
	assert_null(strstr(audit.line.text, "session="));
	assert_non_null(strstr(audit.line.text, "\" reason=\"sensor_off\""));
	const char *const absent[] = {
	    "parameter=", "value=", "limit=", "acknowledged_by=", "confirmed=", "reminders=", "test="};
	for (size_t i = 0; i < sizeof absent / sizeof absent[0]; i++)
		assert_null(strstr(audit.line.text, absent[i]));
	assert_int_equal(audit.severity, SEVERITY_WARNING);
}

/* Raised, and raised in priority, are as loud as the alarm; what happens to it later is not. */
static void severities(void **state)
{
	(void)state;
	static const struct {
		enum alarm_change change;
		enum priority priority;
		enum severity severity;
	} cases[] = {
	    {ALARM_RAISED, PRIORITY_HIGH, SEVERITY_CRITICAL},
	    {ALARM_RAISED, PRIORITY_MEDIUM, SEVERITY_ERROR},
	    {ALARM_RAISED, PRIORITY_LOW, SEVERITY_WARNING},
	    {ALARM_RAISED, PRIORITY_NONE, SEVERITY_NOTICE},
	    {ALARM_PRIORITY_CHANGED, PRIORITY_HIGH, SEVERITY_CRITICAL},
	    {ALARM_REASON_CHANGED, PRIORITY_HIGH, SEVERITY_CRITICAL},
	    {ALARM_WORSE, PRIORITY_MEDIUM, SEVERITY_ERROR},
	    {ALARM_WAS_ACKNOWLEDGED, PRIORITY_HIGH, SEVERITY_NOTICE},
	    {ALARM_CLEARED, PRIORITY_HIGH, SEVERITY_NOTICE},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		action.u.alarm.change = cases[i].change;
		action.u.alarm.alarm = *raise_o2(ALARM_ACTIVE, 1);
		action.u.alarm.alarm.priority = cases[i].priority;
		record_action(ACTION_ALARM);
		assert_int_equal(audit.severity, cases[i].severity);
	}
}

/* ---- sessions and devices --------------------------------------------------------------------- */

static void session_opened(void **state)
{
	(void)state;
	open_session();
	engine.session.order.duration_s = 2400;
	engine.session.baseline.complete = false;
	engine.session.phase = 0;
	action.u.session.change = SESSION_OPENED;
	SET(action.u.session.actor, "nurse1");
	record_action(ACTION_SESSION);
	expect(SEVERITY_NOTICE, "session",
	       OF_SESSION "change=\"opened\" actor=\"nurse1\" "
	                  "plan=\"demo\" phase=\"baseline\" "
	                  "weight_g=\"70500\" dose_ug=\"35000\" duration_s=\"2400\" ug_per_ml=\"1000\" series=\"4\" "
	                  "age_years=\"67\" second_person=\"dr.b\"");
}

static void session_goes_on(void **state)
{
	(void)state;
	open_session();
	engine.session.phase = 2; /* over: the plan has two */
	action.u.session.change = SESSION_PHASE;
	record_action(ACTION_SESSION);
	expect(SEVERITY_NOTICE, "session",
	       OF_SESSION "change=\"phase\" actor=\"\" plan=\"demo\" "
	                  "phase=\"\" "
	                  "baseline_sys=\"118.500\" baseline_dia=\"76.000\" baseline_readings=\"2\"");
}

/* What somebody ordered has a line of its own with its contents; what happened by itself has only this one. */
static void session_orders(void **state)
{
	(void)state;
	static const enum session_change ordered[] = {SESSION_ITEM, SESSION_LIMIT, SESSION_TAKEN_OUT};
	open_session();
	for (size_t i = 0; i < sizeof ordered / sizeof ordered[0]; i++) {
		action.u.session.change = ordered[i];
		SET(action.u.session.actor, "nurse1");
		record_action(ACTION_SESSION);
		assert_false(audit.wanted);
		SET(action.u.session.actor, "");
		record_action(ACTION_SESSION);
		assert_true(audit.wanted);
	}
}

static void devices(void **state)
{
	(void)state;
	action.u.device = 1;
	record_action(ACTION_DEVICE);
	expect(SEVERITY_NOTICE, "device", "device=\"bedside-monitor\" state=\"up\" fault=\"none\"");
	engine.devices[1].state = DEVICE_DOWN;
	engine.devices[1].fault = FAULT_HUNG_UP;
	record_action(ACTION_DEVICE);
	expect(SEVERITY_WARNING, "device", "device=\"bedside-monitor\" state=\"down\" fault=\"hung-up\"");
}

/* ---- what people do --------------------------------------------------------------------------- */

static void observations(void **state)
{
	(void)state;
	struct observation *observation = &action.u.observation.observation;
	open_session();
	SET(action.u.observation.actor, "nurse1");
	observation->has_score = true;
	observation->parameter = PARAMETER_MOAAS;
	observation->milli = 4000;
	record_action(ACTION_OBSERVATION);
	expect(SEVERITY_NOTICE, "observation", OF_SESSION "actor=\"nurse1\" parameter=\"moaas\" score=\"4.000\"");
	observation->has_score = false;
	SET(observation->note, "sleeps");
	record_action(ACTION_OBSERVATION);
	expect(SEVERITY_NOTICE, "observation", OF_SESSION "actor=\"nurse1\" note=\"sleeps\"");
}

static void cuffs(void **state)
{
	(void)state;
	action.u.cuff.device = 1;
	action.u.cuff.start = true;
	record_action(ACTION_CUFF);
	expect(SEVERITY_INFO, "cuff", "device=\"bedside-monitor\" order=\"start\"");
	action.u.cuff.start = false;
	record_action(ACTION_CUFF);
	expect(SEVERITY_INFO, "cuff", "device=\"bedside-monitor\" order=\"stop\"");
}

static void replies(void **state)
{
	(void)state;
	open_session();
	SET(action.u.reply.actor, "nurse1");
	action.u.reply.command = COMMAND_SESSION_CLOSE;
	action.u.reply.result = RESULT_OK;
	record_action(ACTION_REPLY);
	expect(SEVERITY_NOTICE, "command", OF_SESSION "actor=\"nurse1\" command=\"session-close\" result=\"ok\"");
	action.u.reply.command = COMMAND_LIMIT; /* nothing of the gates blocks this */
	action.u.reply.result = RESULT_BLOCKED;
	record_action(ACTION_REPLY);
	expect(SEVERITY_NOTICE, "command", OF_SESSION "actor=\"nurse1\" command=\"limit\" result=\"blocked\"");
}

/* More than fit: whole names, then the sign that there are others. */
static void many_blockers(void **state)
{
	(void)state;
	char line[512] =
	    "session=\"\" patient=\"\" actor=\"\" command=\"session-start\" result=\"blocked\" blockers=\"",
	     name[NAME_BYTES];
	struct plan *plan = &config.plan;
	engine.session.open = true;
	plan->item_count = PLAN_ITEMS_MAX;
	for (int i = 0; i < PLAN_ITEMS_MAX; i++) {
		(void)snprintf(name, sizeof name, "an-item-with-a-name-as-long-a%02d", i);
		SET(plan->items[i].name, name);
		plan->items[i].when = ITEM_START;
		if (i < 7)
			(void)snprintf(line + strlen(line), sizeof line - strlen(line), "%s ", name);
	}
	(void)snprintf(line + strlen(line), sizeof line - strlen(line), "...\"");
	action.u.reply.command = COMMAND_SESSION_START;
	action.u.reply.result = RESULT_BLOCKED;
	record_action(ACTION_REPLY);
	expect(SEVERITY_NOTICE, "command", line);
}

/* In a session that is on, other commands are looked at by what blocks them, not by whose turn a device is. */
static void looks_at_the_gate_of_the_command(void **state)
{
	(void)state;
	struct audit_before before;
	struct event_command command = {.command = COMMAND_SESSION_CLOSE};
	open_session();
	audit_look(&before, &engine, &command);
	assert_non_null(strstr(before.blockers, "escort"));
	command.command = COMMAND_LIMIT;
	SET(command.u.limit.rule, "O2"); /* the first of the plan */
	audit_look(&before, &engine, &command);
	assert_true(before.has_limit);
	assert_int_equal(before.limit, 90000);
}

/* ---- the monitor itself ----------------------------------------------------------------------- */

static void start_and_stop(void **state)
{
	(void)state;
	static struct config whole;
	SET(whole.path, "/etc/vitalsd/room-1.conf");
	SET(whole.hash_hex, "aa11");
	SET(whole.plan_hash_hex, "bb22");
	SET(whole.engine.bedside, "room-1");
	SET(whole.engine.plan.name, "ketamine-iv");
	audit_start(&audit, &whole, UINT64_C(0x0123456789abcdef), &(struct record_run){.boot = "b-1", .mono_ns = 77});
	char line[RECORD_TEXT_BYTES];
	(void)snprintf(
	    line, sizeof line,
	    "version=\"" VITALS_VERSION "\" config=\"/etc/vitalsd/room-1.conf\" "
	    "config_hash=\"aa11\" plan=\"ketamine-iv\" plan_hash=\"bb22\" demo=\"no\" epoch=\"0123456789abcdef\" "
	    "boot=\"b-1\" mono_ns=\"77\" core=\"%s\"",
	    record_core_id); /* fits */
	expect(SEVERITY_NOTICE, "start", line);
	whole.engine.plan.demo = true;
	audit_start(&audit, &whole, 1, &(struct record_run){.boot = "b-1"});
	assert_non_null(strstr(audit.line.text, "demo=\"yes\" epoch=\"0000000000000001\""));
	audit_stop(&audit, "SIGTERM");
	expect(SEVERITY_NOTICE, "stop", "why=\"SIGTERM\"");
	audit_notice(&audit, SEVERITY_ERROR, "mailbox-overflow", "too fast");
	expect(SEVERITY_ERROR, "notice", "what=\"mailbox-overflow\" detail=\"too fast\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(alarm_with_value_and_nobody, begin),
	    cmocka_unit_test_setup(alarm_with_everybody, begin),
	    cmocka_unit_test_setup(alarm_without_value, begin),
	    cmocka_unit_test_setup(severities, begin),
	    cmocka_unit_test_setup(session_opened, begin),
	    cmocka_unit_test_setup(session_goes_on, begin),
	    cmocka_unit_test_setup(session_orders, begin),
	    cmocka_unit_test_setup(devices, begin),
	    cmocka_unit_test_setup(observations, begin),
	    cmocka_unit_test_setup(cuffs, begin),
	    cmocka_unit_test_setup(replies, begin),
	    cmocka_unit_test_setup(many_blockers, begin),
	    cmocka_unit_test_setup(looks_at_the_gate_of_the_command, begin),
	    cmocka_unit_test_setup(start_and_stop, begin),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
