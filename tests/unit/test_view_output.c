/* What vitalsctl makes of a view: the terminal screen, and messages as JSON. vitalsctl is no library, so what draws is
 * compiled into this program. */
#include "tests/unit/view_stream.h"

#include "clients/ctl/row.c"
#include "clients/ctl/screen.c"
#include "clients/ctl/screen_bottom.c"
#include "clients/ctl/screen_fit.c"
#include "clients/ctl/session_rows.c"

static char text[JSON_BYTES];

/* ---- output ------------------------------------------------------------------------------------------------------ */

static const char *shown(int64_t now_ns)
{
	struct screen screen = {.rows = 24, .columns = 80, .colour = false, .live = true, .clock = "12:00:00"};
	struct out out = {text, sizeof(text) - 1, 0, false};

	screen_frame(&out, &display, &screen, now_ns);
	assert_false(out.overflow);
	text[out.used] = '\0';
	return text;
}

static void the_screen_never_shows_an_old_value_as_live(void **state)
{
	struct sender sender = connected();
	Vitals__V1__Reading reading;

	(void)state;
	make_reading(&reading, VITALS__V1__QUALITY__QUALITY_VALID, 97000);
	assert_true(send_reading(&sender, &reading));
	assert_non_null(strstr(shown(sender.now_ns), " 97 "));
	assert_non_null(strstr(shown(sender.now_ns), "0:02")); /* the age it came with */
	assert_null(strstr(shown(sender.now_ns), "STALE"));
	assert_non_null(strstr(shown(sender.now_ns + S), "0:03"));
	assert_non_null(strstr(shown(sender.now_ns + VIEW_STALE_NS), "STALE"));
	assert_non_null(strstr(shown(sender.now_ns + VIEW_NO_DATA_NS), "NO DATA FROM room-1"));
	assert_null(strstr(shown(sender.now_ns + VIEW_NO_DATA_NS), "97"));
}

/* With its own age, which goes on, and never in the place of a value. */
static void the_last_good_value_stands_beside_the_failure(void **state)
{
	struct sender sender = connected();
	Vitals__V1__NoValue failed = VITALS__V1__NO_VALUE__INIT;
	Vitals__V1__LastGood good = VITALS__V1__LAST_GOOD__INIT;
	Vitals__V1__Reading reading;

	(void)state;
	make_reading(&reading, VITALS__V1__QUALITY__QUALITY_NO_VALUE, 0);
	failed.reason = VITALS__V1__REASON__REASON_FAILED;
	good.milli = 124000;
	good.age_ns = 300 * S;
	reading.result_case = VITALS__V1__READING__RESULT_NO_VALUE;
	reading.no_value = &failed;
	reading.last_good = &good;
	assert_true(send_reading(&sender, &reading));
	assert_non_null(strstr(shown(sender.now_ns + S), "failed, last 124, 5:01 ago"));
	assert_non_null(strstr(shown(sender.now_ns), " -- "));
	assert_null(strstr(shown(sender.now_ns + VIEW_NO_DATA_NS), "124"));
}

static void the_screen_says_no_alarm_only_when_it_knows(void **state)
{
	struct sender sender = connected();

	(void)state;
	assert_non_null(strstr(shown(sender.now_ns), "No alarm"));
	sender.sequence[VIEW_ALARM]++;
	assert_true(send_heartbeat(&sender, 1, 1));
	assert_null(strstr(shown(sender.now_ns), "No alarm"));
	assert_true(send_alarm(&sender, 1, 1, VITALS__V1__ALARM_STATE__ALARM_STATE_ACTIVE));
	assert_non_null(strstr(shown(sender.now_ns), "HIGH"));
	assert_non_null(strstr(shown(sender.now_ns), "SpO2 below 90 %"));
}

static void the_screen_says_when_nothing_is_watched(void **state)
{
	static const struct {
		Vitals__V1__Watch watch;
		const char *words;
	} cases[] = {
	    {VITALS__V1__WATCH__WATCH_UNSPECIFIED, "NOT WATCHED"},
	    {VITALS__V1__WATCH__WATCH_NOTHING, "NOT WATCHED"},
	    {VITALS__V1__WATCH__WATCH_NO_SIGNAL, "NO SIGNAL"},
	    {VITALS__V1__WATCH__WATCH_CRITICAL, "NO SESSION: critical limits only"},
	};
	struct sender sender = connected();

	(void)state;
	assert_non_null(strstr(shown(sender.now_ns), "no session open"));
	assert_null(strstr(shown(sender.now_ns + VIEW_NO_DATA_NS), "no session open"));
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		sender.watch = cases[i].watch;
		assert_true(send_heartbeat(&sender, 0, EMPTY_DIGEST));
		assert_non_null(strstr(shown(sender.now_ns), cases[i].words));
		assert_null(strstr(shown(sender.now_ns), "No alarm"));
	}
}

static void priorities_are_words(void **state)
{
	char word[16];

	(void)state;
	assert_string_equal(view_priority_word(word, sizeof(word), VIEW_PRIORITY_NONE), "NOTE");
	assert_string_equal(view_priority_word(word, sizeof(word), VIEW_PRIORITY_LOW), "LOW");
	assert_string_equal(view_priority_word(word, sizeof(word), VIEW_PRIORITY_HIGH), "HIGH");
}

/* Every size of window, with a full view: the frame has as many rows as the window and none is wider. */
static void the_screen_fits_every_window(void **state)
{
	struct sender sender = connected();

	(void)state;
	for (uint32_t id = 0; id < 40; id++)
		assert_true(send_alarm(&sender, id, 1, VITALS__V1__ALARM_STATE__ALARM_STATE_ACTIVE));
	for (int i = 0; i < 13; i++) {
		Vitals__V1__Reading reading;
		char name[2] = {(char)('a' + i), '\0'};
		make_reading(&reading, VITALS__V1__QUALITY__QUALITY_VALID, 120000);
		reading.parameter = name;
		assert_true(send_reading(&sender, &reading));
	}
	for (size_t rows = 1; rows < 60; rows++) {
		for (size_t columns = 1; columns < 130; columns += 7) {
			struct screen screen = {.rows = rows, .columns = columns, .live = true, .clock = "12:00:00"};
			struct out out = {text, sizeof(text), 0, false};
			size_t column = 0, lines = 1;
			screen_frame(&out, &display, &screen, sender.now_ns);
			assert_false(out.overflow);
			for (size_t i = 3; i < out.used - 3; i++) { /* without the escapes at both ends */
				column = text[i] == '\n' ? 0 : column + 1;
				lines += text[i] == '\n';
				assert_true(column <= columns);
			}
			assert_int_equal(lines, rows < 5 ? 5 : rows);
		}
	}
}

static void send_value(struct sender *sender, char *parameter)
{
	Vitals__V1__Reading reading;

	make_reading(&reading, VITALS__V1__QUALITY__QUALITY_VALID, 120000);
	reading.parameter = parameter;
	reading.label = parameter;
	assert_true(send_reading(sender, &reading));
}

static size_t counted(const char *in, const char *what)
{
	size_t count = 0;

	for (const char *at = strstr(in, what); at != NULL; at = strstr(at + 1, what))
		count++;
	return count;
}

/* 80 columns, 24 rows, everything there is: each high alarm has its row, and what is looked at first keeps its order.
 */
static void a_small_window_hides_neither_high_alarms_nor_vital_values(void **state)
{
	static char names[][12] = {"perfusion", "etco2", "nibp_dia", "nibp_sys", "nibp_mean",
	                           "pulse",     "resp",  "ecg_hr",   "spo2",     "moaas",
	                           "rass",      "cadss", "cadss6",   "bprs",     "distress"};
	static const char *const first[] = {" spo2 ", " ecg_hr ", " pulse ", " resp ", " nibp_sys ", " nibp_dia "};

	(void)state;
	for (uint32_t high = 1; high <= 8; high++) {
		struct sender sender = connected();
		for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
			send_value(&sender, names[i]);
		for (uint32_t id = 1; id <= high; id++)
			assert_true(send_alarm(&sender, id, 1, VITALS__V1__ALARM_STATE__ALARM_STATE_ACTIVE));
		const char *frame = shown(sender.now_ns), *at = frame;
		assert_int_equal(counted(frame, " HIGH    "), high); /* one row each; in the banner two blanks follow */
		for (size_t i = 0; i < sizeof(first) / sizeof(first[0]); i++) {
			at = strstr(at, first[i]);
			if (at == NULL)
				fail_msg("%u high alarms: the row of%sis missing or out of order", high, first[i]);
		}
	}
}

static void what_is_hidden_is_counted_by_priority(void **state)
{
	struct sender sender = connected();
	char row[64];

	(void)state;
	send_value(&sender, spo2);
	for (uint32_t id = 1; id <= 30; id++)
		assert_true(send_alarm(&sender, id, 1, VITALS__V1__ALARM_STATE__ALARM_STATE_ACTIVE));
	const char *frame = shown(sender.now_ns);
	size_t rows = counted(frame, " HIGH    ");
	(void)snprintf(row, sizeof(row), "and %zu more, %zu of them HIGH", 30 - rows, 30 - rows);
	assert_true(rows >= 10);
	assert_non_null(strstr(frame, row));
	assert_non_null(strstr(frame, "30 alarms, 30 HIGH, 30 not acknowledged"));
	assert_non_null(strstr(frame, " spo2 "));
}

static void sound_is_on_only_if_something_sounds(void **state)
{
	struct sender sender = connected();

	(void)state;
	assert_non_null(strstr(shown(sender.now_ns), "No sound"));
	assert_true(send_alarm(&sender, 1, 1, VITALS__V1__ALARM_STATE__ALARM_STATE_ACTIVE));
	assert_non_null(strstr(shown(sender.now_ns), "Sound on"));
	assert_non_null(strstr(shown(sender.now_ns + VIEW_NO_DATA_NS), "Sound not known"));
	assert_true(send_alarm(&sender, 1, 2, VITALS__V1__ALARM_STATE__ALARM_STATE_ACKNOWLEDGED));
	assert_non_null(strstr(shown(sender.now_ns), "No sound"));
	assert_true(send_alarm(&sender, 1, 3, VITALS__V1__ALARM_STATE__ALARM_STATE_LATCHED));
	assert_non_null(strstr(shown(sender.now_ns), "Sound on"));
}

static void a_dead_monitor_says_nothing_of_sessions(void **state)
{
	struct sender sender = connected();

	(void)state;
	assert_non_null(strstr(shown(sender.now_ns), "no session open"));
	assert_null(strstr(shown(sender.now_ns + VIEW_NO_DATA_NS), "no session open"));
	assert_non_null(strstr(shown(sender.now_ns + VIEW_NO_DATA_NS), "session not known"));
	view_init(&display, "room-1", sender.now_ns);
	assert_null(strstr(shown(sender.now_ns), "no session open"));
}

/* A session with something of everything that staff must see. */
static void full_session(struct sender *sender)
{
	static char name[] = "cuff-arm", words[] = "The cuff is not on the drip arm", who[] = "nurse1",
	            why[] = "patient eats", etco2[] = "etco2", rule[] = "O2", moaas[] = "moaas";
	Vitals__V1__Item item;
	Vitals__V1__Item *items[] = {&item};
	Vitals__V1__Blocker blocker;
	Vitals__V1__Blocker *blockers[] = {&blocker};
	Vitals__V1__TakenOut out;
	Vitals__V1__TakenOut *outs[] = {&out};
	Vitals__V1__Limit limit[2], *limits[] = {&limit[0], &limit[1]};
	Vitals__V1__Expected expected = VITALS__V1__EXPECTED__INIT;
	Vitals__V1__UsualRange usual, *usuals[] = {&usual};
	Vitals__V1__Recheck recheck;
	Vitals__V1__Session session;
	Vitals__V1__SessionChange change;
	Vitals__V1__Message message;

	vitals__v1__item__init(&item);
	item.name = name;
	item.text = words;
	item.before_start = 1;
	vitals__v1__blocker__init(&blocker);
	blocker.name = name;
	blocker.text = words;
	vitals__v1__taken_out__init(&out);
	out.what_case = VITALS__V1__TAKEN_OUT__WHAT_PARAMETER;
	out.parameter = etco2;
	out.by = who;
	out.reason = why;
	out.left_ns = 300 * S;
	for (int i = 0; i < 2; i++) {
		vitals__v1__limit__init(&limit[i]);
		limit[i].rule = rule;
		limit[i].parameter = spo2;
		limit[i].comparison = VITALS__V1__COMPARISON__COMPARISON_BELOW;
		limit[i].reference = VITALS__V1__REFERENCE__REFERENCE_ABSOLUTE;
		limit[i].limit_milli = i == 0 ? 93000 : 90500;
		limit[i].changed = i;
	}
	expected.ng_per_l = 142000;
	expected.low_ng_per_l = 110000;
	expected.high_ng_per_l = 180000;
	vitals__v1__usual_range__init(&usual);
	usual.parameter = spo2;
	usual.low_milli = 94000;
	usual.high_milli = 99000;
	vitals__v1__recheck__init(&recheck);
	recheck.parameter = moaas;
	recheck.due_in_ns = 60 * S;
	vitals__v1__session__init(&session);
	session.open = 1;
	session.n_item = session.n_blocker = session.n_taken_out = 1;
	session.item = items;
	session.blocker = blockers;
	session.taken_out = outs;
	session.n_limit = 2;
	session.limit = limits;
	session.expected = &expected;
	session.n_usual = 1;
	session.usual = usuals;
	session.recheck = &recheck;
	vitals__v1__session_change__init(&change);
	change.session = &session;
	vitals__v1__message__init(&message);
	message.session = &change;
	assert_true(send_body(sender, &message, VITALS__V1__MESSAGE__BODY_SESSION));
}

static void the_screen_tells_what_blocks_and_what_does_not_alarm(void **state)
{
	struct sender sender = connected();
	Vitals__V1__Reading reading;

	(void)state;
	make_reading(&reading, VITALS__V1__QUALITY__QUALITY_VALID, 97000);
	assert_true(send_reading(&sender, &reading));
	full_session(&sender);
	const char *frame = shown(sender.now_ns + S);
	assert_non_null(strstr(frame, "NOT ALARMING: etco2 for 4:59, by nurse1: patient eats"));
	assert_non_null(strstr(frame, "BEFORE THE START 1/1: The cuff is not on the drip arm (cuff-arm)"));
	assert_non_null(strstr(frame, "[ ] cuff-arm"));
	assert_non_null(strstr(frame, "Enter moaas again in 0:59"));
	assert_non_null(strstr(frame, "PREDICTION, not measured: plasma level of a typical patient 142 ng/mL"));
	assert_non_null(strstr(frame, "PREDICTION, usual in this phase: spo2 94 to 99"));
	assert_non_null(strstr(frame, "<93 <90.5*"));
	/* In a window for a few rows the first thing to stay is what does not alarm. */
	struct screen screen = {.rows = 10, .columns = 80, .live = true, .clock = "12:00:00"};
	struct out out = {text, sizeof(text) - 1, 0, false};
	screen_frame(&out, &display, &screen, sender.now_ns);
	text[out.used] = '\0';
	assert_non_null(strstr(text, "NOT ALARMING"));
}

/* What alarms first is the last to be cut off, and a cut is shown. */
static void limits_stand_in_the_order_of_their_alarms(void **state)
{
	static struct view_session session;
	static const struct {
		enum view_comparison comparison;
		enum view_reference reference;
		int64_t milli;
		bool changed;
	} rows[] = {
	    {VIEW_COMPARISON_AT_LEAST, VIEW_REFERENCE_ABSOLUTE, 180000, false},
	    {VIEW_COMPARISON_AT_LEAST, VIEW_REFERENCE_BASELINE, 40000, false},
	    {VIEW_COMPARISON_ABOVE, VIEW_REFERENCE_ABSOLUTE, 160000, true},
	    {VIEW_COMPARISON_BELOW, VIEW_REFERENCE_ABSOLUTE, 80000, false},
	    {VIEW_COMPARISON_BELOW, VIEW_REFERENCE_ABSOLUTE, 90000, false},
	};
	static const struct {
		size_t columns;
		const char *shown;
	} widths[] = {{40, "<90 <80 >160* >=180 >=+40"},
	              {25, "<90 <80 >160* >=180 >=+40"},
	              {24, "<90 <80 >160* >=180 .."},
	              {21, "<90 <80 >160* .."},
	              {6, "<90 .."},
	              {5, " .."},
	              {2, ""}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct view_limit *limit = &session.details.limits[session.details.limit_count++];
		out_copy(limit->parameter, sizeof(limit->parameter), "nibp_sys");
		limit->priority = VIEW_PRIORITY_HIGH;
		limit->comparison = rows[i].comparison;
		limit->reference = rows[i].reference;
		limit->milli = rows[i].milli;
		limit->changed = rows[i].changed;
	}
	for (size_t i = 0; i < sizeof(widths) / sizeof(widths[0]); i++) {
		struct out out = {text, sizeof(text) - 1, 0, false};
		session_limits(&out, &session, "nibp_sys", widths[i].columns);
		text[out.used] = '\0';
		assert_string_equal(text, widths[i].shown);
	}
}

static void devices_given_are_counted_against_the_order(void **state)
{
	static struct view_session session;
	struct session_row rows[SESSION_ROWS_MAX];

	(void)state;
	session.open = session.started = true;
	session.dose_ug = 84000;
	session.details.device_ug = 28000;
	session.details.given_count = 2;
	session.details.last_given_ns = 60 * S;
	assert_int_equal(session_rows(&session, 5 * S, rows), 1);
	assert_string_equal(rows[0].text, " Devices given: 2 of 3, the last 1:05 ago");
	session.dose_ug = 0;
	assert_int_equal(session_rows(&session, 5 * S, rows), 1);
	assert_string_equal(rows[0].text, " Devices given: 2, the last 1:05 ago");
}

static void the_screen_marks_tests_and_first_readings(void **state)
{
	struct sender sender = connected();
	Vitals__V1__Alarm alarm;
	Vitals__V1__AlarmChange change = VITALS__V1__ALARM_CHANGE__INIT;
	Vitals__V1__Message message;

	(void)state;
	make_alarm(&alarm, 1, 1, VITALS__V1__ALARM_STATE__ALARM_STATE_ACTIVE);
	alarm.confirms = 1;
	change.alarm = &alarm;
	vitals__v1__message__init(&message);
	message.alarm = &change;
	assert_true(send_body(&sender, &message, VITALS__V1__MESSAGE__BODY_ALARM));
	assert_non_null(strstr(shown(sender.now_ns), "UNCONFIRMED"));
	assert_null(strstr(shown(sender.now_ns), "TEST"));
	alarm.generation = 2;
	alarm.confirmed = 1;
	alarm.test = 1;
	assert_true(send_body(&sender, &message, VITALS__V1__MESSAGE__BODY_ALARM));
	assert_null(strstr(shown(sender.now_ns), "UNCONFIRMED"));
	const char *first = strstr(shown(sender.now_ns), "TEST"); /* in the banner and in the list */
	assert_non_null(first);
	assert_non_null(strstr(first + 4, "TEST"));
}

static const char *json_of(Vitals__V1__Message *message)
{
	struct out out = {text, sizeof(text) - 1, 0, false};

	message->version = 1;
	message->bedside = room;
	message->epoch = UINT64_C(0xfedcba9876543210);
	message->sequence = 3;
	const Vitals__V1__Message *got = unpacked(message);
	assert_non_null(got);
	json_message(&out, "vitals/room-1/x", got);
	assert_false(out.overflow);
	text[out.used] = '\0';
	return text;
}

static void json_has_exact_values_and_null(void **state)
{
	Vitals__V1__Reading reading, *list[1] = {&reading};
	Vitals__V1__Readings readings = VITALS__V1__READINGS__INIT;
	Vitals__V1__NoValue none = VITALS__V1__NO_VALUE__INIT;
	Vitals__V1__Message message;

	(void)state;
	readings.n_reading = 1;
	readings.reading = list;
	vitals__v1__message__init(&message);
	message.body_case = VITALS__V1__MESSAGE__BODY_READINGS;
	message.readings = &readings;
	make_reading(&reading, VITALS__V1__QUALITY__QUALITY_VALID, -2050);
	const char *line = json_of(&message);
	assert_ptr_equal(strstr(line, "{\"type\":\"readings\",\"topic\":\"vitals/room-1/x\",\"version\":1,"), line);
	assert_non_null(strstr(line, "\"epoch\":\"fedcba9876543210\",\"sequence\":3,"));
	assert_non_null(strstr(line, "\"quality\":\"valid\",\"reason\":null,\"value\":-2.050,\"milli\":-2050,"));
	reading.quality = VITALS__V1__QUALITY__QUALITY_NO_VALUE;
	assert_null(strstr(json_of(&message), "milli"));
	none.reason = VITALS__V1__REASON__REASON_SENSOR_OFF;
	reading.result_case = VITALS__V1__READING__RESULT_NO_VALUE;
	reading.no_value = &none;
	assert_non_null(
	    strstr(json_of(&message), "\"quality\":\"no_value\",\"value\":null,\"reason\":\"sensor_off\","));
}

static void json_escapes_every_foreign_text(void **state)
{
	char evil[] = "a\"b\\c\n\x1b[0m\x7f\xc2\x85\xff\xe2\x80\xae\xf0\x9f\x92\x93\xf3\xa0\x80\x81";
	Vitals__V1__Alarm alarm;
	Vitals__V1__AlarmChange change = VITALS__V1__ALARM_CHANGE__INIT;
	Vitals__V1__Message message;

	(void)state;
	make_alarm(&alarm, 49, 1, (Vitals__V1__AlarmState)99);
	alarm.text = evil;
	change.alarm = &alarm;
	vitals__v1__message__init(&message);
	message.body_case = VITALS__V1__MESSAGE__BODY_ALARM;
	message.alarm = &change;
	const char *line = json_of(&message);
	assert_non_null(strstr(line, "\"text\":\"a\\\"b\\\\c\\u000a\\u001b[0m\\u007f\\u0085\\ufffd\\u202e"
	                             "\xf0\x9f\x92\x93\\udb40\\udc01\""));
	assert_non_null(strstr(line, "\"state\":\"unknown\""));
	assert_non_null(strstr(line, "\"change\":\"unspecified\",\"alarm\":{\"id\":49,"));
}

/* The largest of everything that message_unpack lets through, all of it escaped, fits in JSON_BYTES. */
static void the_largest_message_fits_as_json(void **state)
{
	static char filler[180];
	static Vitals__V1__Alarm alarms[MESSAGE_ALARMS_MAX], *alarm_list[MESSAGE_ALARMS_MAX];
	Vitals__V1__Session session;
	Vitals__V1__Heartbeat heartbeat;
	Vitals__V1__Snapshot snapshot;
	Vitals__V1__Message message;

	(void)state;
	vitals__v1__session__init(&session);
	vitals__v1__heartbeat__init(&heartbeat);
	vitals__v1__snapshot__init(&snapshot);
	memset(filler, 1, sizeof(filler) - 1);
	for (size_t i = 0; i < MESSAGE_ALARMS_MAX; i++) {
		make_alarm(&alarms[i], (uint32_t)i, 1, VITALS__V1__ALARM_STATE__ALARM_STATE_ACTIVE);
		alarms[i].text = filler;
		alarm_list[i] = &alarms[i];
	}
	snapshot.session = &session;
	snapshot.heartbeat = &heartbeat;
	snapshot.n_alarm = MESSAGE_ALARMS_MAX;
	snapshot.alarm = alarm_list;
	vitals__v1__message__init(&message);
	message.body_case = VITALS__V1__MESSAGE__BODY_SNAPSHOT;
	message.snapshot = &snapshot;
	assert_true(strlen(json_of(&message)) > MESSAGE_ALARMS_MAX * 6 * (sizeof(filler) - 1));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_screen_never_shows_an_old_value_as_live),
	    cmocka_unit_test(the_last_good_value_stands_beside_the_failure),
	    cmocka_unit_test(the_screen_says_no_alarm_only_when_it_knows),
	    cmocka_unit_test(the_screen_says_when_nothing_is_watched),
	    cmocka_unit_test(priorities_are_words),
	    cmocka_unit_test(the_screen_fits_every_window),
	    cmocka_unit_test(a_small_window_hides_neither_high_alarms_nor_vital_values),
	    cmocka_unit_test(what_is_hidden_is_counted_by_priority),
	    cmocka_unit_test(sound_is_on_only_if_something_sounds),
	    cmocka_unit_test(a_dead_monitor_says_nothing_of_sessions),
	    cmocka_unit_test(the_screen_tells_what_blocks_and_what_does_not_alarm),
	    cmocka_unit_test(limits_stand_in_the_order_of_their_alarms),
	    cmocka_unit_test(devices_given_are_counted_against_the_order),
	    cmocka_unit_test(the_screen_marks_tests_and_first_readings),
	    cmocka_unit_test(json_has_exact_values_and_null),
	    cmocka_unit_test(json_escapes_every_foreign_text),
	    cmocka_unit_test(the_largest_message_fits_as_json),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
