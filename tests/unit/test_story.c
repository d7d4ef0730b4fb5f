/* Stories: what the reader refuses and what it then says, and that a run sees what differs. The stories themselves are
 * run by `make stories`. Run from the top of the repository. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <dirent.h>

#include <cmocka.h>

#include "tests/stories/stories.h"

static struct staged staged;
static struct performance performance;
static char error[SIM_TEXT];

#define HEAD                                                                                                           \
	"story \"T\"\nsource \"S\"\nplan ketamine-iv\nroom ecg oximeter cuff\nbaseline 124/78 hr 70 spo2 97 resp 14\n"
#define EVENT "00:00 open dose 36 mg weight 72 kg\n"
#define LAST  "never B1\n"

static bool read_text(const char *text)
{
	FILE *file = fmemopen((void *)(uintptr_t)text, strlen(text), "r");

	assert_non_null(file);
	bool good = stage(file, "a.story", &staged, error);

	assert_int_equal(fclose(file), 0);
	return good;
}

static void run_text(const char *text)
{
	if (!read_text(text))
		fail_msg("%s", error);
	play(&staged, &performance);
	judge(&staged, &performance);
}

/* `line`: of the error; then two things that it says. */
static void wrong_lines_are_named(void **state)
{
	static const struct {
		const char *text, *line, *says, *legal;
	} rows[] = {
	    {"story T U\n", ":1:", "story", "quotes"},
	    {"story \"T\n", ":1:", "quotes", "does not end"},
	    {"hello\n", ":1:", "hello", "story, source, plan"},
	    {"room pump\n", ":1:", "pump", "room [ecg] [oximeter] [cuff]"},
	    {"period ecg 90 s\n", ":1:", "period", "from 1 to 60"},
	    {"noise 5\n", ":1:", "noise", "noise N seed N"},
	    {"baseline 124/78 hr 70\n", ":1:", "missing", "baseline SYSTOLIC/DIASTOLIC"},
	    {"baseline 124/78 hr 700 spo2 97 resp 14\n", ":1:", "700", "0 to 350"},
	    {EVENT, ":1:", "is missing", "story \"TITLE\""},
	    {"story \"T\"\nplan x\n", ":2:", "is missing", "source"},
	    {HEAD LAST, ":6:", "nothing happens", "time"},
	    {HEAD EVENT "00:60 pause\n" LAST, ":7:", "00:60", "a time MM:SS"},
	    {HEAD EVENT "01:00\n" LAST, ":7:", "nothing happens", "time"},
	    {HEAD EVENT "01:00 dance\n" LAST, ":7:", "dance", "staff: open"},
	    {HEAD EVENT "01:00 dance\n" LAST, ":7:", "probe-off", "spo2"},
	    {HEAD EVENT "01:00 spo2 sinks to 88\n" LAST, ":7:", "sinks", "falls to | rises to"},
	    {HEAD EVENT "01:00 spo2 falls to 188\n" LAST, ":7:", "188", "from 1 to 100"},
	    {HEAD EVENT "01:00 spo2 falls to 88 over 2\n" LAST, ":7:", "over", "over N min"},
	    {HEAD EVENT "01:00 bp is 120\n" LAST, ":7:", "end of line", "SYSTOLIC/DIASTOLIC"},
	    {HEAD EVENT "01:00 probe-off oximeter for ever\n" LAST, ":7:", "for", "in every N s|min until"},
	    {HEAD EVENT "01:00 probe-off oximeter for 8 s in every 5 s until 03:00\n" LAST, ":7:", "repeated", "lasts"},
	    {HEAD EVENT "01:00 no-value oximeter tired\n" LAST, ":7:", "tired", "no-pulse"},
	    {HEAD EVENT "01:00 quit\n" LAST, ":7:", "quit", "staff"},
	    {"room oximeter\nstory \"T\"\n01:00 cuff-fail 2\n", ":3:", "cuff-fail", "room"},
	    {HEAD EVENT "01:00 open height 180\n" LAST, ":7:", "height", "weight N kg"},
	    {HEAD EVENT "01:00 observe spo2 3\n" LAST, ":7:", "spo2", "moaas|rass|cadss"},
	    {HEAD EVENT "01:00 close override doctor1\n" LAST, ":7:", "end of the line", "\"reason\""},
	    {HEAD EVENT "01:00 close refused politely\n" LAST, ":7:", "politely", "refused [RESULT"},
	    {HEAD EVENT "01:00 take-out oximeter for 5\n" LAST, ":7:", "5", "take-out DEVICE|PARAMETER"},
	    {HEAD EVENT "expect O2 urgent between 01:00 and 02:00\n", ":7:", "urgent", "none low medium high any"},
	    {HEAD EVENT "expect O2 high between 02:00 and 01:00\n", ":7:", "ends", "later"},
	    {HEAD EVENT "expect O2 high soon\n", ":7:", "soon", "between T and T"},
	    {HEAD EVENT "expect shown weight 72 at 01:00\n", ":7:", "weight", "expect shown SIGN"},
	    {HEAD EVENT "never O2 high at noon\n", ":7:", "noon", "at T"},
	    {HEAD EVENT, ":1:", "nothing is expected", "never"},
	    {"story \"T\"\nsource \"S\"\nplan nowhere\nroom cuff\nbaseline 124/78 hr 70 spo2 97 resp 14\n" EVENT LAST,
	     ":1:", "plan or room", "nowhere.conf"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
		if (read_text(rows[i].text))
			fail_msg("was read: %s", rows[i].text);
		if (strstr(error, rows[i].line) == NULL || strstr(error, rows[i].says) == NULL ||
		    strstr(error, rows[i].legal) == NULL || strncmp(error, "a.story", 7) != 0)
			fail_msg("%s\n said: %s", rows[i].text, error);
	}
}

static void times_go_both_ways(void **state)
{
	double s;

	(void)state;
	assert_true(story_time("12:05", &s) && s > 724.9 && s < 725.1);
	assert_true(story_time("-00:30", &s) && s > -30.1 && s < -29.9);
	assert_true(story_time("133:00", &s) && s > 7979 && s < 7981);
	assert_false(story_time("1:5", &s));
	assert_false(story_time("12:65", &s));
	assert_false(story_time("1234:00", &s));
	assert_false(story_time("O2", &s));
}

static void a_repetition_is_each_of_its_parts(void **state)
{
	(void)state;
	assert_true(read_text(HEAD EVENT "01:00 probe-off oximeter for 8 s in every 20 s until 02:00\n" LAST));

	const struct scenario *events = &staged.story.events;

	assert_int_equal(events->count, 6);
	assert_int_equal(events->list[2].what, HAPPEN_PROBE_OFF);
	assert_int_equal((int)events->list[2].at_s, 80);
	assert_int_equal(events->list[3].what, HAPPEN_PROBE_ON);
	assert_int_equal((int)events->list[3].at_s, 88);
}

static bool differs(unsigned line, const char *instead)
{
	for (size_t i = 0; i < performance.difference_count; i++)
		if (performance.differences[i].line == line &&
		    strstr(performance.differences[i].instead, instead) != NULL)
			return true;
	return false;
}

static void differences_are_seen(void **state)
{
	(void)state;
	run_text(HEAD EVENT "03:00 spo2 is 84\n03:30 tick cuff-arm refused\n"
	                    "expect O3 high between 03:05 and 03:06 value 84 says \"spo2 below\"\n" /* 9 */
	                    "expect O3 high between 03:20 and 03:25\n"
	                    "expect O3 medium at 03:10\n"
	                    "never O3 between 03:00 and 03:20\n"
	                    "never anything-else\n"
	                    "expect at-most 0 any between 03:00 and 03:20\n"
	                    "expect start free at 03:00\n" /* 15 */
	                    "expect leave blocked at 03:00\n"
	                    "expect cuff between 01:00 and 02:00\n"
	                    "never cuff between 00:00 and 00:10\n"
	                    "expect shown spo2 97 at 03:10\n"
	                    "expect shown bp 124/78 at 01:00\n" /* 20 */
	                    "expect phase infusion at 01:00\n"
	                    "expect R1 ends between 00:00 and 01:00\n"
	                    "never X9\n");
	assert_true(differs(8, "ok")); /* it is done */
	assert_false(differs(9, ""));
	assert_true(differs(10, "03:05 O3 high raised at 84"));
	assert_true(differs(11, "O3 high"));
	assert_true(differs(12, "03:05 O3 high"));
	assert_false(differs(13, ""));
	assert_true(differs(14, "1: 03:05 O3"));
	assert_true(differs(15, "blocked by"));
	assert_true(differs(16, "not started"));
	assert_true(differs(17, "did not start"));
	assert_true(differs(18, "00:00"));
	assert_true(differs(19, "84"));
	assert_false(differs(20, ""));
	assert_true(differs(21, "phase baseline"));
	assert_true(differs(22, ""));
	assert_true(differs(23, "no alarm of that name"));
}

static void what_nobody_expected_is_named(void **state)
{
	(void)state;
	run_text(HEAD EVENT "03:00 spo2 is 84\n03:20 end\nnever anything-else\nnever anything-else low\n");
	assert_int_equal(performance.difference_count, 1);
	assert_true(differs(9, "O3 high raised at 84"));
}

static void the_same_story_is_the_same_course(void **state)
{
	static struct performance first;

	(void)state;
	run_text(HEAD "noise 6 seed 7\n" EVENT "03:00 apnoea for 2 min\n09:00 end\n" LAST);
	first = performance;
	run_text(HEAD "noise 6 seed 7\n" EVENT "03:00 apnoea for 2 min\n09:00 end\n" LAST);
	assert_true(first.seen_count > 0);
	assert_memory_equal(&first, &performance, sizeof first);
}

/* What the simulator does with a story: everything from its first line on, staff as prompts. */
static void check_directory(const char *path, int *count)
{
	static struct scenario scenario;
	struct dirent **list;
	int found = scandir(path, &list, NULL, alphasort);

	assert_true(found > 0);
	for (int i = 0; i < found; i++) {
		char name[512];
		size_t length = strlen(list[i]->d_name);

		(void)snprintf(name, sizeof name, "%s/%s", path, list[i]->d_name);
		if (length > 6 && strcmp(list[i]->d_name + length - 6, ".story") == 0) {
			if (!scenario_load(name, &scenario, error))
				fail_msg("%s", error);
			assert_true(scenario.story && scenario.count > 0);
			for (size_t e = 0; e < scenario.count; e++)
				assert_true(scenario.list[e].at_s >= 0);
			(*count)++;
		}
		free(list[i]);
	}
	free(list);
}

static void the_simulator_reads_each_story(void **state)
{
	int count = 0;

	(void)state;
	check_directory("tests/stories", &count);
	check_directory("tests/stories/open", &count);
	assert_true(count > 10);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(wrong_lines_are_named),
	    cmocka_unit_test(times_go_both_ways),
	    cmocka_unit_test(a_repetition_is_each_of_its_parts),
	    cmocka_unit_test(differences_are_seen),
	    cmocka_unit_test(what_nobody_expected_is_named),
	    cmocka_unit_test(the_same_story_is_the_same_course),
	    cmocka_unit_test(the_simulator_reads_each_story),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
