/* Reading the configuration again: unchanged, changed, broken, and healed again; never the running one is touched. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/config/reload.h"
#include "wait.h"

static struct config running, before;
static struct reload reload;
static char directory[64], path[128];

static void write_config(const char *bedside)
{
	char *plan = realpath("etc/plans/demo.conf", NULL);
	assert_non_null(plan);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fprintf(file,
	                    "bedside = \"%s\"\nplan = \"%s\"\ncontrol { socket = \"/tmp/none/control\" }\n"
	                    "record { path = \"/tmp/none/record.sqlite\" }\n"
	                    "publish { endpoints = { \"ipc:///tmp/none/publish\" } }\n"
	                    "link \"line\" { type = \"serial\"  port = \"/dev/none\" }\n"
	                    "device \"oximeter\" { link = \"line\"  driver = \"masimo-ascii1\" }\n",
	                    bedside, plan) > 0);
	assert_int_equal(fclose(file), 0);
	free(plan);
}

static int set_up(void **state)
{
	(void)state;
	(void)snprintf(directory, sizeof(directory), "/tmp/vitalsd-reload-XXXXXX");
	assert_non_null(mkdtemp(directory));
	(void)snprintf(path, sizeof(path), "%s/vitalsd.conf", directory);
	write_config("room-1");
	assert_int_equal(config_read(&running, path, stderr), 0);
	before = running;
	memset(&reload, 0, sizeof(reload));
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	assert_int_equal(remove(path), 0);
	assert_int_equal(remove(directory), 0);
	return 0;
}

static enum reload_result result(void)
{
	WAIT_UNTIL("a configuration that has been read", reload_finished(&reload));
	assert_false(reload_finished(&reload)); /* once */
	assert_memory_equal(&running, &before, sizeof(running));
	return reload.result;
}

static void test_results(void **state)
{
	(void)state;
	assert_false(reload_finished(&reload));
	assert_true(reload_start(&reload, &running));
	assert_int_equal(result(), RELOAD_UNCHANGED);
	write_config("room-2");
	assert_true(reload_start(&reload, &running));
	assert_int_equal(result(), RELOAD_CHANGED);
	write_config("room 2");
	assert_true(reload_start(&reload, &running));
	assert_int_equal(result(), RELOAD_INVALID);
	assert_non_null(strstr(reload.problem, "vitalsd.conf:1: bedside"));
	assert_null(strchr(reload.problem, '\n'));
	write_config("room-1");
	assert_true(reload_start(&reload, &running));
	assert_int_equal(result(), RELOAD_UNCHANGED);
}

/* Asked again while it reads: the newer reading counts. */
static void test_asked_again(void **state)
{
	(void)state;
	assert_true(reload_start(&reload, &running));
	write_config("room-2");
	assert_true(reload_start(&reload, &running));
	assert_int_equal(result(), RELOAD_CHANGED);
}

static void test_file_is_gone(void **state)
{
	(void)state;
	assert_int_equal(remove(path), 0);
	assert_true(reload_start(&reload, &running));
	assert_int_equal(result(), RELOAD_INVALID);
	assert_true(strlen(reload.problem) > 0);
	write_config("room-1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_results, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_asked_again, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_file_is_gone, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
