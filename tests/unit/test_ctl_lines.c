/* `vitalsctl watch` into a file: a line for each change, and none for what was known. vitalsctl is no library, so the
 * file is compiled into this program. */
#include "tests/unit/view_stream.h"

#include "clients/ctl/lines.c"

static char text[4096];
static struct view known;

/* What the last message said, as lines; `known` is the view before it. */
static const char *told(const struct client_news *news)
{
	struct out out = {text, sizeof(text) - 1, 0, false};

	lines_change(&out, &known, &display, news, "12:00:00");
	assert_false(out.overflow);
	text[out.used] = '\0';
	known = display;
	return text;
}

static const struct client_news alarm_news = {.topic = VIEW_ALARM, .change = VIEW_CHANGE_RAISED};
static const struct client_news reading_news = {.topic = VIEW_READINGS};
static const struct client_news snapshot_news = {.topic = VIEW_SNAPSHOT};

static void a_line_for_each_change(void **state)
{
	static char percent[] = "%";
	struct sender sender = connected();
	Vitals__V1__Reading reading;

	(void)state;
	memset(&known, 0, sizeof(known));
	assert_string_equal(told(&snapshot_news), "12:00:00 session none open\n");
	make_reading(&reading, VITALS__V1__QUALITY__QUALITY_VALID, 97000);
	reading.unit = percent;
	assert_true(send_reading(&sender, &reading));
	assert_string_equal(told(&reading_news), "12:00:00 value   SpO2 97 %, age 0:02\n");
	reading.age_ns = S;
	assert_true(send_reading(&sender, &reading)); /* the same again */
	assert_string_equal(told(&reading_news), "");
	make_reading(&reading, VITALS__V1__QUALITY__QUALITY_QUESTIONABLE, 97000);
	reading.unit = percent;
	reading.reason = VITALS__V1__REASON__REASON_LOW_SIGNAL;
	assert_true(send_reading(&sender, &reading));
	assert_string_equal(told(&reading_news), "12:00:00 value   SpO2 97 %, age 0:02? low signal\n");
	assert_true(send_alarm(&sender, 3, 1, VITALS__V1__ALARM_STATE__ALARM_STATE_ACTIVE));
	assert_string_equal(told(&alarm_news), "12:00:00 alarm   HIGH raised: SpO2 below 90 % (O2)\n");
	assert_true(send_alarm(&sender, 3, 1, VITALS__V1__ALARM_STATE__ALARM_STATE_ACTIVE)); /* old news */
	assert_string_equal(told(&alarm_news), "");
}

static void the_last_good_value_stands_beside_the_failure(void **state)
{
	struct sender sender = connected();
	Vitals__V1__NoValue failed = VITALS__V1__NO_VALUE__INIT;
	Vitals__V1__LastGood good = VITALS__V1__LAST_GOOD__INIT;
	Vitals__V1__Reading reading;

	(void)state;
	memset(&known, 0, sizeof(known));
	(void)told(&snapshot_news);
	make_reading(&reading, VITALS__V1__QUALITY__QUALITY_NO_VALUE, 0);
	failed.reason = VITALS__V1__REASON__REASON_FAILED;
	good.milli = 124000;
	good.age_ns = 300 * S;
	reading.result_case = VITALS__V1__READING__RESULT_NO_VALUE;
	reading.no_value = &failed;
	reading.last_good = &good;
	reading.age_ns = 0;
	assert_true(send_reading(&sender, &reading));
	assert_false(view_reading(&display, "spo2")->has_value);
	assert_string_equal(told(&reading_news), "12:00:00 value   SpO2 -- failed, last 124, age 5:00\n");
}

static void what_vanished_is_told(void **state)
{
	struct sender sender = connected();
	Vitals__V1__Alarm alarm, *list[] = {&alarm};

	(void)state;
	memset(&known, 0, sizeof(known));
	(void)told(&snapshot_news); /* the first state */
	make_alarm(&alarm, 9, 2, VITALS__V1__ALARM_STATE__ALARM_STATE_LATCHED);
	assert_true(send_snapshot(&sender, 1, list, 0));
	assert_string_equal(told(&snapshot_news), "12:00:00 alarm   HIGH latched: SpO2 below 90 % (O2)\n");
	assert_true(send_snapshot(&sender, 0, NULL, EMPTY_DIGEST)); /* its clearing was missed */
	assert_string_equal(told(&snapshot_news), "12:00:00 alarm   no longer announced: SpO2 below 90 % (O2)\n");
}

static void a_new_epoch_is_told_from_the_beginning(void **state)
{
	struct sender sender = connected();

	(void)state;
	memset(&known, 0, sizeof(known));
	(void)told(&snapshot_news); /* the first state */
	sender = (struct sender){.epoch = 8, .now_ns = sender.now_ns + S};
	assert_true(send_alarm(&sender, 1, 1, VITALS__V1__ALARM_STATE__ALARM_STATE_ACTIVE));
	assert_string_equal(told(&alarm_news), ""); /* nothing is believed before its snapshot */
	assert_true(send_snapshot(&sender, 0, NULL, EMPTY_DIGEST));
	assert_string_equal(told(&snapshot_news), "12:00:00 session none open\n");
}

static void sessions_and_links_have_their_lines(void **state)
{
	struct sender sender = connected();
	const struct client_news news = {.topic = VIEW_SESSION, .happened = "opened", .actor = "nurse1"};
	struct out out = {text, sizeof(text) - 1, 0, false};

	(void)state;
	(void)sender;
	known = display;
	display.session.open = true;
	out_copy(display.session.patient_ref, sizeof(display.session.patient_ref), "P-1");
	out_copy(display.session.phase, sizeof(display.session.phase), "baseline");
	display.session.details.blocker_count = 1;
	out_copy(display.session.details.blockers[0].name, VIEW_NAME, "G2");
	display.session.details.out_count = 2;
	assert_string_equal(told(&news), "12:00:00 session opened by nurse1: P-1, baseline, before the start: G2, "
	                                 "NOT ALARMING: 2\n");
	lines_link(&out, &display, VIEW_STALE, "12:00:00");
	text[out.used] = '\0';
	assert_string_equal(text, "12:00:00 link    stale\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(a_line_for_each_change),
	    cmocka_unit_test(the_last_good_value_stands_beside_the_failure),
	    cmocka_unit_test(what_vanished_is_told),
	    cmocka_unit_test(a_new_epoch_is_told_from_the_beginning),
	    cmocka_unit_test(sessions_and_links_have_their_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
