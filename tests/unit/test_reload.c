/* Reading the configuration again: unchanged, changed, broken, and healed again; never the running one is touched. */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/config/reload.h"

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
	assert_true(reload_start(&reload, &running, NULL));
	return 0;
}

static int tear_down(void **state)
{
	(void)state;
	assert_true(reload_stop(&reload, 30000));
	assert_int_equal(remove(path), 0);
	assert_int_equal(remove(directory), 0);
	return 0;
}

static enum reload_result result(void)
{
	struct mono give_up = mono_after(shell_now(), 30 * NS_PER_S);
	while (!reload_finished(&reload)) {
		assert_true(mono_before(shell_now(), give_up));
		(void)poll(NULL, 0, 1);
	}
	assert_false(reload_finished(&reload)); /* once */
	assert_memory_equal(&running, &before, sizeof(running));
	return reload.result;
}

static void test_results(void **state)
{
	(void)state;
	assert_false(reload_finished(&reload));
	reload_ask(&reload);
	assert_int_equal(result(), RELOAD_UNCHANGED);
	write_config("room-2");
	reload_ask(&reload);
	assert_int_equal(result(), RELOAD_CHANGED);
	write_config("room 2");
	reload_ask(&reload);
	assert_int_equal(result(), RELOAD_INVALID);
	assert_non_null(strstr(reload.problem, "vitalsd.conf:1: bedside"));
	assert_null(strchr(reload.problem, '\n'));
	write_config("room-1");
	reload_ask(&reload);
	assert_int_equal(result(), RELOAD_UNCHANGED);
}

static void *stuck(void *argument)
{
	for (;;)
		(void)poll(NULL, 0, -1);
	return argument;
}

/* The name that the monitor was started for is asked for again. */
static void test_renamed_bedside(void **state)
{
	(void)state;
	assert_true(reload_stop(&reload, 30000));
	memset(&reload, 0, sizeof(reload));
	assert_true(reload_start(&reload, &running, "room-1"));
	reload_ask(&reload);
	assert_int_equal(result(), RELOAD_UNCHANGED);
	write_config("room-2");
	reload_ask(&reload);
	assert_int_equal(result(), RELOAD_INVALID);
	assert_non_null(strstr(reload.problem, "this monitor was started for \"room-1\""));
	write_config("room-1");
}

/* A wish that was never answered does not keep it. */
static void test_stopped_while_reading(void **state)
{
	(void)state;
	for (int i = 0; i < 20; i++)
		reload_ask(&reload);
	assert_true(reload_stop(&reload, 30000));
	assert_true(reload_stop(&reload, 30000)); /* nothing is left to stop */
}

/* Files that never answer: a directory of a server that is gone would do the same. Stopping is bounded all the same. */
static void test_stop_does_not_wait_for_ever(void **state)
{
	struct reload never = {.running = &running};
	(void)state;
	never.thread.done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	never.wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	assert_int_equal(pthread_create(&never.thread.thread, NULL, stuck, NULL), 0);
	assert_false(reload_stop(&never, 10));
}

/* Asked again while it reads: the newer reading counts. */
static void test_asked_again(void **state)
{
	(void)state;
	reload_ask(&reload);
	write_config("room-2");
	reload_ask(&reload);
	assert_int_equal(result(), RELOAD_CHANGED);
}

static void test_file_is_gone(void **state)
{
	(void)state;
	assert_int_equal(remove(path), 0);
	reload_ask(&reload);
	assert_int_equal(result(), RELOAD_INVALID);
	assert_true(strlen(reload.problem) > 0);
	write_config("room-1");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(test_results, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_renamed_bedside, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_stopped_while_reading, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_stop_does_not_wait_for_ever, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_asked_again, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(test_file_is_gone, set_up, tear_down),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
