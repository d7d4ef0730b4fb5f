/* Who may be named beside the one who asks: listed names and accounts of this computer, spellings, commands. Run from
 * the top of the repository. */
#include "tests/unit/config_world.h"

#include "daemon/config/reading.h"
#include "daemon/desk/explain.h"

#define PASSWD                                                                                                         \
	"root:x:0:0:root:/:/bin/sh\n"                                                                                  \
	"daemon:x:1:1::/:/usr/sbin/nologin\n"                                                                          \
	"vitalsd:x:990:990::/:/usr/sbin/nologin\n"                                                                     \
	"below:x:999:999::/:/bin/sh\n"                                                                                 \
	"nurse-anna:x:1000:1000:Anna:/home/a:/bin/sh\n"                                                                \
	"Nurse.Ben:x:1001:1001::/:/bin/sh\n"                                                                           \
	"last:x:59999:100::/:/bin/sh\n"                                                                                \
	"nobody:x:65534:65534::/:/usr/sbin/nologin\n"                                                                  \
	"admin2:x:0:0::/:/bin/sh\n"                                                                                    \
	"+::::::\n"                                                                                                    \
	"dr weber:x:1002:100::/:/bin/sh\n"                                                                             \
	"an-account-whose-name-is-longer-than-a-name:x:1003:100::/:/bin/sh\n"
#define GROUP "root:x:0:root,below\nvitalsd:x:990:nurse-anna,doctor-of-the-directory,admin2\nusers:x:100:below\n"

static struct people people;

static const char *place(const char *name)
{
	static char path[2][PATH_BYTES];
	char *at = path[strcmp(name, "map.conf") == 0];
	assert_in_range(snprintf(at, PATH_BYTES, "%s/%s", directory, name), 1, PATH_BYTES - 1);
	return at;
}

static void read_computer(const char *passwd, const char *group)
{
	/* Names that the end of the tests removes. */
	write_file(place("map.conf"), passwd, strlen(passwd), 0600);
	write_file(place("large.conf"), group, strlen(group), 0600);
	read_accounts(&people, place("map.conf"), place("large.conf"));
}

static void known_are(const char *names)
{
	char all[4096] = "";
	for (uint16_t i = 0; i < people.count; i++)
		(void)snprintf(all + strlen(all), sizeof all - strlen(all), " %s", people.list[i].name);
	assert_string_equal(all, names);
}

static const char *told(void)
{
	static char text[REFUSAL_TEXT_BYTES];
	struct refusal refusal;
	explain_person(&refusal, &people, "dr.x");
	refusal_sentence(text, &refusal);
	return text;
}

static void test_accounts_of_people(void **state)
{
	(void)state;
	memset(&people, 0, sizeof people);
	assert_true(people_add(&people, "Dr.A", PERSON_NO_ACCOUNT));
	assert_true(people_add(&people, "BELOW", PERSON_NO_ACCOUNT)); /* listed: known although no person's account */
	read_computer(PASSWD, GROUP);
	known_are(" admin2 an-account-whose-name-is-longer BELOW doctor-of-the-directory Dr.A dr_weber last nurse-anna "
	          "Nurse.Ben");
	assert_int_equal(people.left_out, 0);
	assert_int_equal(people_find(&people, "below")->uid, 999);
	assert_int_equal(people_find(&people, "ADMIN2")->uid, 0);
	assert_int_equal(people_find(&people, "nurse.ben")->uid, 1001);
	assert_int_equal(people_find(&people, "doctor-of-the-directory")->uid, PERSON_NO_ACCOUNT);
	static const char *const strangers[] = {"root", "daemon", "vitalsd", "nobody", "+", "", "nurse", "uid-1000"};
	for (size_t i = 0; i < sizeof strangers / sizeof strangers[0]; i++)
		assert_null(people_find(&people, strangers[i]));
}

static void test_no_files_is_nobody(void **state)
{
	(void)state;
	memset(&people, 0, sizeof people);
	read_accounts(&people, place("none"), place("none"));
	known_are("");
	assert_string_equal(told(), "Nobody is known here as dr.x. Known are: -");
}

static void test_too_many_are_counted(void **state)
{
	static char passwd[16384];
	(void)state;
	memset(&people, 0, sizeof people);
	for (int i = 0, used = 0; i < PEOPLE_MAX + 7; i++)
		used += snprintf(passwd + used, sizeof passwd - (size_t)used, "p%d:x:%d:100::/:/bin/sh\n", i, 1000 + i);
	assert_true(people_add(&people, "zz", PERSON_NO_ACCOUNT));
	read_computer(passwd, "");
	assert_int_equal(people.count, PEOPLE_MAX);
	assert_int_equal(people.left_out, 8);
	assert_non_null(people_find(&people, "zz"));
	for (uint16_t i = 1; i < people.count; i++)
		assert_true(name_compare(people.list[i - 1].name, people.list[i].name) < 0);
	/* As many as there is room for. */
	assert_in_range(strlen(told()), 130, REFUSAL_TEXT_BYTES - 1);
	assert_non_null(strstr(told(), "dr.x. Known are: p0 p1 p10 p100 "));
}

static void test_the_same_person(void **state)
{
	(void)state;
	memset(&people, 0, sizeof people);
	assert_true(people_add(&people, "toor", PERSON_NO_ACCOUNT));
	read_computer(PASSWD "toor:x:1001:0::/:/bin/sh\n", GROUP);
	static const struct {
		const char *actor, *name;
		bool same;
	} cases[] = {
	    {"root", "root", true},
	    {"root", "Root", true},
	    {"nurse.ben", "Nurse.Ben", true},
	    {"Nurse.Ben", "toor", true}, /* one account number */
	    {"uid-1001", "NURSE.BEN", true},
	    {"uid-0", "admin2", true},
	    {"uid-1000", "Nurse.Ben", false},
	    {"uid-", "Nurse.Ben", false},
	    {"uid-1001x", "Nurse.Ben", false},
	    {"uid-18446744073709552617", "Nurse.Ben", false}, /* 2^64 + 1001 */
	    {"uid-4294967295", "doctor-of-the-directory", false},
	    {"nurse-anna", "Nurse.Ben", false},
	    {"root", "doctor-of-the-directory", false},
	};
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
		if (people_same(&people, cases[i].actor, cases[i].name) != cases[i].same)
			fail_msg("%s and %s", cases[i].actor, cases[i].name);
}

static void put(char *to, size_t size, const char *from)
{
	memset(to, 0, size);
	memcpy(to, from, strnlen(from, size - 1));
}

/* Every command with a place for a name: the known one, as it is known; nobody; the one who asks. */
static void test_commands(void **state)
{
	(void)state;
	memset(&people, 0, sizeof people);
	assert_true(people_add(&people, "dr.a", PERSON_NO_ACCOUNT));
	assert_true(people_add(&people, "nurse1", 1000));
	for (int c = 0; c < COMMAND_COUNT; c++) {
		struct event_command command = {.command = (enum command)c};
		bool second = c == COMMAND_SESSION_OPEN || c == COMMAND_LIMIT;
		char *name = people_named(&command);
		assert_int_equal(people_check(&people, &command), RESULT_OK); /* nobody is named */
		if (name == NULL)
			continue;
		put(command.actor, NAME_BYTES, "Nurse1");
		put(name, NAME_BYTES, "DR.A");
		assert_int_equal(people_check(&people, &command), RESULT_OK);
		assert_string_equal(name, "dr.a");
		put(name, NAME_BYTES, "dr.ab");
		assert_int_equal(people_check(&people, &command), RESULT_UNKNOWN_NAME);
		put(name, NAME_BYTES, "NURSE1");
		assert_int_equal(people_check(&people, &command), second ? RESULT_SECOND_PERSON : RESULT_OK);
		put(name, NAME_BYTES, "uid-1000"); /* the one who asks is told so, whoever is known */
		assert_int_equal(people_check(&people, &command), second ? RESULT_SECOND_PERSON : RESULT_UNKNOWN_NAME);
	}
}

/* The list of the main file, with whoever this computer knows beside it. */
static void test_list(void **state)
{
	(void)state;
	read_good(write_main("bedside = \"t\"\nplan = \"%s/" GOOD "plan.conf\"\npeople = { \"zoe\", \"Dr.A\" }\n"
	                     "control { socket = \"/run/t/control\" }\nrecord { path = \"/var/lib/t/record.sqlite\" }\n"
	                     "publish { " ENDPOINTS " }\n"
	                     "link \"bus\" { type = \"modbus-rtu\"  port = \"/dev/ttyS0\" }\n"
	                     "device \"cuff\" { link = \"bus\"  map = \"%s/" GOOD "map.conf\"  unit = 1"
	                     "  poll_period_ms = 1000 }\n",
	                     here(), here()));
	assert_int_equal(config.people.listed, 2);
	assert_string_equal(people_find(&config.people, "dr.a")->name, "Dr.A");
	assert_non_null(people_find(&config.people, "ZOE"));
	char *text = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&text, &size);
	assert_non_null(out);
	assert_int_equal(config_print(&config, out), 0);
	assert_int_equal(fclose(out), 0);
	assert_non_null(strstr(text, "people may be named beside who asks (2 listed"));
	assert_non_null(strstr(text, " Dr.A"));
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_accounts_of_people),
	    cmocka_unit_test(test_no_files_is_nobody),
	    cmocka_unit_test(test_too_many_are_counted),
	    cmocka_unit_test(test_the_same_person),
	    cmocka_unit_test(test_commands),
	    cmocka_unit_test(test_list),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
