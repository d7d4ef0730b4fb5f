/* The transition tables of docs/STATE-MACHINES.md against the code: every row is driven through an engine, and every
 * combination that can happen must have its row. Run from the root of the repository. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/core_world.h"

#define DOCUMENT "docs/STATE-MACHINES.md"
#define CELLS    5
#define ROWS_MAX 96

struct row {
	char cell[CELLS][32];
};

static struct world w;
static struct row rows[ROWS_MAX];

/* Splits "| a | b |" into trimmed cells; returns how many there are. */
static int split(const char *line, struct row *row)
{
	int count = 0;

	memset(row, 0, sizeof(*row));
	while (count < CELLS && (line = strchr(line, '|')) != NULL) {
		const char *end = strchr(++line, '|');

		if (end == NULL)
			break;

		const char *from = line;
		size_t length = (size_t)(end - line);

		while (length > 0 && *from == ' ') {
			from++;
			length--;
		}
		while (length > 0 && from[length - 1] == ' ')
			length--;
		assert_true(length < sizeof(row->cell[0]));
		memcpy(row->cell[count++], from, length);
	}
	return count;
}

/* Reads the table behind the marker into `rows` without its heading; returns how many rows it has. */
static int read_table(const char *marker, int columns)
{
	char line[512];
	int count = -2; /* heading and rule */
	bool found = false;
	FILE *file = fopen(DOCUMENT, "r");

	assert_non_null(file);
	while (fgets(line, sizeof(line), file) != NULL) {
		if (!found) {
			found = strstr(line, marker) != NULL;
			continue;
		}
		if (line[0] != '|')
			break;
		if (count >= 0) {
			assert_true(count < ROWS_MAX);
			assert_int_equal(split(line, &rows[count]), columns);
		}
		count++;
	}
	assert_int_equal(fclose(file), 0);
	assert_true(found);
	return count;
}

static int name_index(const char *name, const char *const *names, int count)
{
	for (int i = 0; i < count; i++)
		if (strcmp(name, names[i]) == 0)
			return i;
	print_error("unknown word in " DOCUMENT ": %s\n", name);
	fail();
	return -1;
}

/* ---- alarm --------------------------------------------------------------------------------------------------------
 */

enum input {
	VIOLATED,
	DELAY_OVER,
	BACK,
	CLEAR_OVER,
	VALUE_MISSING,
	ACKNOWLEDGE,
	PHASE_LEFT,
	CLOSED,
	ESCALATED,
	SUPERSEDED,
	RELEASED,
	EASED,
	EASED_ANSWERED,
	REMINDER,
	OTHER_REASON,
	INPUT_COUNT
};

static const char *const input_names[INPUT_COUNT] = {
    "violated",        "delay over",     "back",         "clear over", "missing",  "acknowledge",
    "phase left",      "session closed", "escalated",    "superseded", "released", "eased",
    "eased, answered", "reminder",       "other reason",
};

/* "kept back" is pending with its condition established. */
enum { KEPT_BACK = ALARM_STATE_COUNT, STATES };
static const char *const state_names[STATES] = {"inactive",     "pending", "active",
                                                "acknowledged", "latched", "kept back"};

static uint32_t seen_changes; /* bits of enum alarm_change of alarm `watched` */
static int watched;
static int32_t level;

static void note(void)
{
	for (int c = ALARM_RAISED; c <= ALARM_EASED; c++)
		if (changes(&w, watched, (enum alarm_change)c) > 0)
			seen_changes |= 1U << c;
}

static void send(int32_t percent)
{
	level = percent;
	w.now += 100 * MS;
	spo2(&w, percent);
	note();
}

/* The delays of the rule are 2 s. */
static void last(int32_t percent)
{
	send(percent);
	for (int i = 0; i < 20; i++)
		send(percent);
}

static int state_now(void)
{
	return state_of(&w, watched) == ALARM_PENDING && w.engine.alarms[watched].kept_back
	           ? (int)KEPT_BACK
	           : (int)state_of(&w, watched);
}

/* The alarm that supersedes the one that is watched. */
static void other(bool present)
{
	assert_int_equal(score(&w, PARAMETER_RASS, present ? 2 * MILLI : 0), RESULT_OK);
	note();
}

/* `before`: the alarm that supersedes it was there before it was violated, and whoever saw that saw nothing of this
 * one. */
static void prepare_rule(int state, bool latching, bool before)
{
	world_plan(&w);
	w.config.plan.reminder_ns = 60 * S;

	struct plan_rule *rule = world_rule(&w, "O2", PARAMETER_SPO2, COMPARISON_BELOW, 90, 92);

	rule->delay_ns = 2 * S;
	rule->clear_delay_ns = 2 * S;
	rule->latching = latching;
	rule->phases = 1;
	rule->superseded_by = RULE_BIT(1);
	(void)world_rule(&w, "other", PARAMETER_RASS, COMPARISON_AT_LEAST, 2, 1);
	watched = 0;
	world_open(&w, 100 * S);
	send(97);
	if (state == KEPT_BACK && before)
		other(true);
	if (state != ALARM_INACTIVE)
		send(85);
	if (state >= ALARM_ACTIVE)
		last(85);
	if (state == ALARM_ACKNOWLEDGED)
		assert_int_equal(acknowledge(&w, 0), RESULT_OK);
	if (state == ALARM_LATCHED)
		last(97);
	if (state == KEPT_BACK && !before)
		other(true);
	assert_int_equal(state_now(), state);
}

static void apply(enum input input)
{
	switch (input) {
	case VIOLATED:
		send(85);
		break;
	case DELAY_OVER:
		last(level);
		break;
	case BACK:
		send(92);
		break;
	case CLEAR_OVER:
		last(92);
		break;
	case VALUE_MISSING:
		w.now += 100 * MS;
		frame(&w, OXIMETER, no_value(&w, PARAMETER_SPO2, REASON_SENSOR_OFF));
		note();
		break;
	case ACKNOWLEDGE:
		(void)acknowledge(&w, (uint16_t)watched); /* the table says what comes of it */
		note();
		break;
	case PHASE_LEFT:
		assert_int_equal(order(&w, COMMAND_SESSION_START), RESULT_OK);
		note();
		break;
	case CLOSED:
		assert_int_equal(order(&w, COMMAND_SESSION_CLOSE), RESULT_OK);
		note();
		break;
	case SUPERSEDED:
		other(true);
		break;
	case EASED_ANSWERED:
		assert_int_equal(acknowledge(&w, 1), RESULT_OK);
		other(false);
		break;
	case RELEASED:
	case EASED:
		other(false);
		break;
	case REMINDER:
		for (int i = 0; i < 60; i++) {
			run(&w, w.now + 1 * S);
			note();
			spo2(&w, level);
		}
		break;
	case ESCALATED:
	case OTHER_REASON:
	case INPUT_COUNT:
		fail();
	}
}

/* Escalation is a matter of technical conditions: a missing value that stays missing. */
static void drive_escalation(int state)
{
	world_plan(&w);
	watched = ALARM_BASE_MISSING + PARAMETER_SPO2;
	world_open(&w, 0);
	for (int64_t t = 1 * S; t <= 20 * S; t += 1 * S) {
		run(&w, t);
		if (t == 10 * S && state == (int)ALARM_ACKNOWLEDGED)
			assert_int_equal(acknowledge(&w, (uint16_t)watched), RESULT_OK);
		if (t == 19 * S)
			assert_int_equal(state_of(&w, watched), state);
		if (t == 20 * S)
			note();
		frame_of(&w, OXIMETER, 0, NULL);
	}
}

/* So is another reason: a lost device in whose place a different one answers. */
static void drive_reason(int state)
{
	world_plan(&w);
	watched = ALARM_BASE_DEVICE + OXIMETER;
	world_open(&w, 0);
	live(&w, 5 * S, 97, 70);
	device_is(&w, OXIMETER, DEVICE_DOWN, FAULT_HUNG_UP);
	if (state == (int)ALARM_ACKNOWLEDGED)
		assert_int_equal(acknowledge(&w, (uint16_t)watched), RESULT_OK);
	assert_int_equal(state_now(), state);
	device_is(&w, OXIMETER, DEVICE_REFUSED, FAULT_WRONG_IDENTITY);
	note();
}

static void drive(int state, enum input input, bool latching)
{
	seen_changes = 0;
	if (input == OTHER_REASON) {
		drive_reason(state);
		return;
	}
	if (input == ESCALATED) {
		drive_escalation(state);
		return;
	}
	prepare_rule(state, latching, input == RELEASED);
	seen_changes = 0;
	apply(input);
}

static bool possible(int state, enum input input, bool latching)
{
	if (state == ALARM_LATCHED && !latching)
		return false;
	if (input == RELEASED || input == EASED ||
	    input == EASED_ANSWERED) /* else there is nothing that kept it back */
		return state == KEPT_BACK;
	if (input == REMINDER) /* a delay would be over long before */
		return state != ALARM_PENDING;
	return (input != ESCALATED && input != OTHER_REASON) ||
	       ((state == ALARM_ACTIVE || state == ALARM_ACKNOWLEDGED) && !latching);
}

static void test_alarm_table(void **unused)
{
	(void)unused;
	bool covered[STATES][INPUT_COUNT][2] = {{{false}}};
	int count = read_table("<!-- table: alarm -->", 5);

	assert_true(count > 0);
	for (int i = 0; i < count; i++) {
		const struct row *row = &rows[i];
		int state = name_index(row->cell[0], state_names, STATES);
		enum input input = (enum input)name_index(row->cell[1], input_names, INPUT_COUNT);
		int next = name_index(row->cell[3], state_names, STATES);

		for (int latching = 0; latching < 2; latching++) {
			if (strcmp(row->cell[2], latching ? "no" : "yes") == 0)
				continue;
			assert_true(possible(state, input, latching));
			assert_false(covered[state][input][latching]); /* one row each */
			covered[state][input][latching] = true;
			drive(state, input, latching);
			if (state_now() != next)
				print_error("row: %s, %s: %s, not %s\n", row->cell[0], row->cell[1],
				            state_names[state_now()], row->cell[3]);
			assert_int_equal(state_now(), next);

			uint32_t expect = 0;

			for (int c = ALARM_RAISED; c <= ALARM_EASED; c++)
				if (strcmp(row->cell[4], alarm_change_name((enum alarm_change)c)) == 0)
					expect = 1U << c;
			assert_true(expect != 0 || strcmp(row->cell[4], "-") == 0);
			if (seen_changes != expect)
				print_error("row: %s, %s: changes 0x%x\n", row->cell[0], row->cell[1], seen_changes);
			assert_int_equal(seen_changes, expect);
		}
	}
	for (int s = 0; s < STATES; s++)
		for (int in = 0; in < INPUT_COUNT; in++)
			for (int latching = 0; latching < 2; latching++)
				assert_int_equal(covered[s][in][latching], possible(s, (enum input)in, latching));
}

/* ---- session ------------------------------------------------------------------------------------------------------
 */

static const char *const session_names[] = {"closed", "open", "running", "paused", "ended"};

static int session_state(void)
{
	const struct session *s = &w.engine.session;

	if (!s->open)
		return 0;
	if (!s->started)
		return 1;
	return s->ended ? 4 : s->paused ? 3 : 2;
}

static void test_session_table(void **unused)
{
	(void)unused;
	int count = read_table("<!-- table: session -->", 4);
	bool covered[5][COMMAND_SESSION_CLOSE + 1] = {{false}};

	for (int i = 0; i < count; i++) {
		int state = name_index(rows[i].cell[0], session_names, 5);
		int command = -1;

		for (int c = COMMAND_SESSION_OPEN; c <= COMMAND_SESSION_CLOSE; c++)
			if (strcmp(rows[i].cell[1], command_name((enum command)c)) == 0)
				command = c;
		assert_true(command >= 0);
		assert_false(covered[state][command]);
		covered[state][command] = true;

		world_plan(&w);
		world_begin(&w, 0);
		if (state > 0)
			assert_int_equal(order(&w, COMMAND_SESSION_OPEN), RESULT_OK);
		if (state > 1)
			assert_int_equal(order(&w, COMMAND_SESSION_START), RESULT_OK);
		if (state == 3)
			assert_int_equal(order(&w, COMMAND_SESSION_PAUSE), RESULT_OK);
		if (state == 4)
			leap(&w, 40 * S); /* the planned end */
		assert_int_equal(session_state(), state);
		assert_string_equal(result_name(order(&w, (enum command)command)), rows[i].cell[2]);
		assert_int_equal(session_state(), name_index(rows[i].cell[3], session_names, 5));
	}
	assert_int_equal(count, 5 * (COMMAND_SESSION_CLOSE + 1)); /* each once, so every combination has its row */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_alarm_table),
	    cmocka_unit_test(test_session_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
