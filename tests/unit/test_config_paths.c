/* Paths of the configuration that lead to files that are there: what belongs to somebody else is refused with a
 * sentence, whatever name leads to it, and keeps its bytes. Run from the top of the repository. */
#include "tests/unit/config_world.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

static const char content[] = "what somebody needs\n";
static char record[PATH_BYTES], publish[PATH_BYTES], control[PATH_BYTES], traffic[PATH_BYTES], elsewhere[PATH_BYTES];

/* `path` gets `name` in `where`. */
static void set(char path[PATH_BYTES], const char *where, const char *name)
{
	assert_in_range(snprintf(path, PATH_BYTES, "%s/%s", where, name), 1, PATH_BYTES - 1);
}

static int begin(void **state)
{
	(void)state;
	set(record, directory, "record.sqlite");
	set(publish, directory, "publish");
	set(control, directory, "control");
	set(traffic, directory, "traffic");
	set(elsewhere, directory, "elsewhere");
	return 0;
}

static int end(void **state)
{
	(void)state;
	const char *const paths[] = {record, publish, control, traffic, elsewhere};
	for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++)
		(void)unlink(paths[i]); /* not every test makes all */
	return 0;
}

static int read_paths(void)
{
	return read_config(write_main(
	    "bedside = \"t\"\nplan = \"%s/" GOOD "plan.conf\"\ncontrol { socket = \"%s\" }\nrecord { path = \"%s\" }\n"
	    "publish { endpoints = { \"ipc://%s\" } }\n"
	    "link \"bus\" { type = \"modbus-rtu\"  port = \"/dev/ttyS0\"\n  traffic_path = \"%s\" }\n"
	    "device \"cuff\" { link = \"bus\"  map = \"%s/" GOOD "map.conf\"  unit = 1  poll_period_ms = 1000 }\n",
	    here(), control, record, publish, traffic, here()));
}

/* One error, in `line`, about `key`, that says `text`. */
static void refused(int line, const char *key, const char *text)
{
	char start[2 * PATH_BYTES];
	int count = read_paths();
	(void)snprintf(start, sizeof start, "%s/main.conf:%d: %s: ", directory, line, key);
	if (count != 1 || strncmp(errors, start, strlen(start)) != 0 || strstr(errors, text) == NULL)
		fail_msg("expected \"%s...%s\", got %d: %s", start, text, count, errors);
}

static void accepted(void)
{
	if (read_paths() != 0)
		fail_msg("%s", errors);
}

static void write_content(const char *path)
{
	write_file(path, content, sizeof content - 1, 0600);
}

static void expect_content(const char *path)
{
	char text[64] = "";
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	assert_int_equal(fread(text, 1, sizeof text - 1, file), sizeof content - 1);
	assert_int_equal(fclose(file), 0);
	assert_string_equal(text, content);
}

static void test_nothing_there(void **state)
{
	(void)state;
	accepted();
}

/* ---- the files of the configuration itself
 * ---------------------------------------------------------------------------
 */

static void test_the_main_file(void **state)
{
	(void)state;
	set(publish, directory, "main.conf");
	assert_int_equal(read_paths(), 2);
	assert_non_null(strstr(errors, "main.conf:5: endpoints: "));
	assert_non_null(strstr(errors, "main.conf is this file as well (legal: a path of its own)"));
	assert_non_null(strstr(errors, "main.conf exists and is not a socket (legal: a socket, or nothing)"));
	assert_int_equal(begin(NULL), 0);
}

static void test_the_plan_and_the_map(void **state)
{
	(void)state;
	set(traffic, here(), GOOD "plan.conf");
	assert_int_equal(read_paths(), 2);
	assert_non_null(strstr(errors, "main.conf:7: traffic_path: "));
	assert_non_null(strstr(errors, "plan.conf is the plan as well"));
	assert_non_null(strstr(errors, "plan.conf exists and is not recorded traffic of vitalsd"));
	assert_int_equal(begin(NULL), 0);
	set(record, here(), GOOD "map.conf");
	assert_int_equal(read_paths(), 2);
	assert_non_null(strstr(errors, "main.conf:4: path: "));
	assert_non_null(strstr(errors, "map.conf is the register map map as well"));
	assert_non_null(strstr(errors, "map.conf exists and is not a record of vitalsd"));
	assert_int_equal(begin(NULL), 0);
}

/* ---- other names of one file ---------------------------------------------------------------------------------------
 */

static void test_links(void **state)
{
	(void)state;
	write_file(traffic, "", 0, 0600);
	assert_int_equal(symlink(traffic, record), 0);
	refused(7, "traffic_path", "traffic is the record as well (legal: a path of its own)");
	assert_int_equal(unlink(record), 0);
	assert_int_equal(link(traffic, record), 0);
	refused(7, "traffic_path", "traffic is the record as well (legal: a path of its own)");
}

/* /var/run is such a directory. */
static void test_directory_with_two_names(void **state)
{
	(void)state;
	assert_int_equal(symlink(directory, elsewhere), 0);
	set(publish, elsewhere, "control");
	refused(5, "endpoints", "control is the control socket as well (legal: a path of its own)");
	assert_int_equal(begin(NULL), 0);
}

/* ---- what others left there ----------------------------------------------------------------------------------------
 */

static void test_foreign_files(void **state)
{
	(void)state;
	write_content(record);
	refused(4, "path", "record.sqlite exists and is not a record of vitalsd (legal: such a file, or nothing)");
	expect_content(record);
	assert_int_equal(unlink(record), 0);
	write_content(traffic);
	refused(7, "traffic_path", "traffic exists and is not recorded traffic of vitalsd");
	expect_content(traffic);
	assert_int_equal(unlink(traffic), 0);
	write_content(control);
	refused(3, "socket", "control exists and is not a socket (legal: a socket, or nothing)");
	expect_content(control);
	assert_int_equal(unlink(control), 0);
	write_content(publish);
	refused(5, "endpoints", "publish exists and is not a socket");
	expect_content(publish);
	assert_int_equal(unlink(publish), 0);
	assert_int_equal(mkfifo(traffic, 0600), 0);
	refused(7, "traffic_path", "traffic exists and is not a plain file");
	assert_int_equal(unlink(traffic), 0);
	assert_int_equal(symlink("/dev/null", record), 0);
	refused(4, "path", "record.sqlite exists and is not a plain file");
}

/* A monitor that runs keeps its own files open, and they are not looked into. */
static void test_files_in_use(void **state)
{
	(void)state;
	const struct config_wish wish = {.in_use = true};
	char path[PATH_BYTES];

	write_content(record);
	assert_int_equal(read_paths(), 1);
	set(path, directory, "main.conf");
	assert_int_equal(config_read_as(&config, path, &wish, stderr), 0);
	expect_content(record);
}

static void test_own_files(void **state)
{
	(void)state;
	static const char recorded[] = "# vitalsd traffic 1: microseconds, then < from the device or > to it\n";
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);

	memcpy(address.sun_path, control, strlen(control));
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
	assert_int_equal(close(fd), 0);
	write_file(traffic, recorded, sizeof recorded - 1, 0600);
	write_file(record, "", 0, 0600);
	accepted();
}

/* ---- the name ------------------------------------------------------------------------------------------------------
 */

static void test_started_for_another_bedside(void **state)
{
	(void)state;
	char path[PATH_BYTES];

	accepted();
	set(path, directory, "main.conf");
	assert_int_equal(config_read_as(&config, path, &(struct config_wish){.bedside = "t"}, stderr), 0);
	memset(errors, 0, sizeof errors);
	FILE *stream = fmemopen(errors, sizeof errors - 1, "w");
	assert_non_null(stream);
	assert_int_equal(config_read_as(&config, path, &(struct config_wish){.bedside = "room-2"}, stream), 1);
	assert_int_equal(fclose(stream), 0);
	assert_non_null(
	    strstr(errors, "main.conf:1: bedside: is \"t\", but this monitor was started for \"room-2\" (legal: "));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_nothing_there, begin, end),
	    cmocka_unit_test_setup_teardown(test_the_main_file, begin, end),
	    cmocka_unit_test_setup_teardown(test_the_plan_and_the_map, begin, end),
	    cmocka_unit_test_setup_teardown(test_links, begin, end),
	    cmocka_unit_test_setup_teardown(test_directory_with_two_names, begin, end),
	    cmocka_unit_test_setup_teardown(test_foreign_files, begin, end),
	    cmocka_unit_test_setup_teardown(test_files_in_use, begin, end),
	    cmocka_unit_test_setup_teardown(test_own_files, begin, end),
	    cmocka_unit_test_setup_teardown(test_started_for_another_bedside, begin, end),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
