/* The dump of the engine for developers: header, bytes, rights; a file that is there is replaced, a link is not
 * followed, a directory that cannot be written stops nobody. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "daemon/dump.h"

static struct config config;
static struct engine engine, back;
static struct dump dump;
static char directory[64], path[128], victim[128];

static int set_up(void **state)
{
	(void)state;
	(void)snprintf(directory, sizeof(directory), "/tmp/vitalsd-dump-XXXXXX");
	assert_non_null(mkdtemp(directory));
	(void)snprintf(config.record_path, sizeof(config.record_path), "%s/record.sqlite", directory);
	(void)snprintf(path, sizeof(path), "%s/record.sqlite.dump", directory);
	(void)snprintf(victim, sizeof(victim), "%s/victim", directory);
	memset(&dump, 0, sizeof(dump));
	memset(&engine, 0x5a, sizeof(engine));
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	(void)remove(path); /* not in every test there */
	(void)remove(victim);
	assert_int_equal(remove(directory), 0);
	return 0;
}

static void write_dump(void)
{
	assert_true(dump_start(&dump, &engine, &config, "a deadline never moves"));
	assert_true(dump_end(&dump, mono_after(shell_now(), 30 * NS_PER_S)));
}

static void assert_dump(void)
{
	char line[128], expected[64];
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	assert_non_null(fgets(line, sizeof(line), file));
	assert_string_equal(line, "vitalsd " VITALS_VERSION "\n");
	assert_non_null(fgets(line, sizeof(line), file));
	assert_int_equal(strncmp(line, "wall_ns ", 8), 0);
	assert_non_null(fgets(line, sizeof(line), file));
	(void)snprintf(expected, sizeof(expected), "bytes %zu\n", sizeof(engine));
	assert_string_equal(line, expected);
	assert_non_null(fgets(line, sizeof(line), file));
	assert_string_equal(line, "why a deadline never moves\n");
	assert_non_null(fgets(line, sizeof(line), file));
	assert_string_equal(line, "\n");
	assert_int_equal(fread(&back, sizeof(back), 1, file), 1);
	assert_memory_equal(&back, &engine, sizeof(back));
	assert_int_equal(fgetc(file), EOF);
	assert_int_equal(fclose(file), 0);
}

static void test_header_and_bytes(void **state)
{
	(void)state;
	struct stat status;
	write_dump();
	assert_dump();
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
	memset(&engine, 0x33, sizeof(engine)); /* of the next run */
	write_dump();
	assert_dump();
}

static void test_link_is_not_followed(void **state)
{
	(void)state;
	FILE *file = fopen(victim, "w");
	struct stat status;
	assert_non_null(file);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(symlink(victim, path), 0);
	write_dump();
	assert_dump();
	assert_int_equal(stat(victim, &status), 0);
	assert_int_equal(status.st_size, 0);
}

/* `sqlite3 record.sqlite .dump > record.sqlite.dump` is somebody's work. */
static void test_file_of_others_is_left_alone(void **state)
{
	static const char export[] = "PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\n";
	char text[64] = "";
	(void)state;
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(export, file) >= 0);
	assert_int_equal(fclose(file), 0);
	write_dump();
	file = fopen(path, "r");
	assert_non_null(file);
	assert_int_equal(fread(text, 1, sizeof(text) - 1, file), sizeof(export) - 1);
	assert_int_equal(fclose(file), 0);
	assert_string_equal(text, export);
}

static void test_nowhere_to_write(void **state)
{
	(void)state;
	(void)snprintf(config.record_path, sizeof(config.record_path), "%s/none/record.sqlite", directory);
	write_dump();
	assert_true(dump_end(&dump, shell_now())); /* nothing is under way any more */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_header_and_bytes, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_link_is_not_followed, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_file_of_others_is_left_alone, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_nowhere_to_write, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
