/* Debug lines: only for rooms that were named, bounded, harmless, and never waiting for a reader. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <poll.h>

#include "daemon/debug.h"
#include "daemon/shell.h"

static char line[DEBUG_LINE_BYTES];
static int evaluated;

static const char *counted(void)
{
	evaluated++;
	return "it";
}

static void expect(const char *text)
{
	assert_true(debug_take(line));
	/* "debug ROOM SECONDS.MILLISECONDS: TEXT" */
	const char *colon = strstr(line, ": ");
	assert_non_null(colon);
	assert_string_equal(colon + 2, text);
}

static void test_names(void **state)
{
	(void)state;
	static const char *const wrong[] = {"", "links", "Link", "link,", ",link", "link, desk", "link,none", "all"};
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		assert_false(debug_enable(wrong[i]));
	assert_int_equal(debug_rooms, 0);
	assert_false(debug_take(line));
	assert_true(debug_enable("link,desk"));
	assert_true(debug_on(DEBUG_LINK) && debug_on(DEBUG_DESK));
	assert_true(debug_enable("record")); /* and one more */
	assert_int_equal(debug_rooms, 1 << DEBUG_LINK | 1 << DEBUG_DESK | 1 << DEBUG_RECORD);
	/* What the list of legal names says is legal, each of it. */
	char names[128];
	int count = 0;
	(void)snprintf(names, sizeof names, "%s", debug_names());
	char *rest = NULL;
	for (char *name = strtok_r(names, ", ", &rest); name != NULL; name = strtok_r(NULL, ", ", &rest)) {
		assert_true(debug_enable(name));
		count++;
	}
	assert_int_equal(count, DEBUG_ROOMS);
	assert_int_equal(debug_rooms, (1 << DEBUG_ROOMS) - 1);
}

static void test_rooms_that_are_off(void **state)
{
	(void)state;
	debug_rooms = 1 << DEBUG_LINK;
	evaluated = 0;
	debug(DEBUG_DRIVER, "%s", counted());
	assert_int_equal(evaluated, 0);
	assert_false(debug_take(line));
	debug(DEBUG_LINK, "%s", counted());
	assert_int_equal(evaluated, 1);
	assert_true(debug_take(line));
	assert_int_equal(strncmp(line, "debug link ", 11), 0);
	assert_non_null(strstr(line, ": it"));
	assert_false(debug_take(line));
}

static void test_lines_are_harmless_and_bounded(void **state)
{
	(void)state;
	char longest[1000];
	memset(longest, 'x', sizeof longest - 1);
	longest[sizeof longest - 1] = '\0';
	debug(DEBUG_LINK, "a\nkind=\"alarm\" \x1b[2J \xc3\xa9");
	expect("a?kind=\"alarm\" ?[2J ??");
	debug(DEBUG_LINK, "%s", longest);
	assert_true(debug_take(line));
	assert_int_equal(strlen(line), DEBUG_LINE_BYTES - 1);
}

/* Nobody reads: the first lines are kept, the others counted, and nobody waits. */
static void test_what_finds_no_room_is_counted(void **state)
{
	(void)state;
	char text[32];
	for (int i = 0; i < 3 * DEBUG_LINES; i++)
		debug(DEBUG_LINK, "line %d", i);
	for (int i = 0; i < DEBUG_LINES; i++) {
		(void)snprintf(text, sizeof text, "line %d", i);
		expect(text);
	}
	assert_true(debug_take(line));
	(void)snprintf(text, sizeof text, "debug: %d lines", 2 * DEBUG_LINES);
	assert_int_equal(strncmp(line, text, strlen(text)), 0);
	assert_false(debug_take(line));
	debug(DEBUG_LINK, "later");
	expect("later");
}

static bool readable(int fd)
{
	struct pollfd ready = {.fd = fd, .events = POLLIN};
	return poll(&ready, 1, 0) > 0;
}

static void test_the_listener_is_woken(void **state)
{
	(void)state;
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	debug_listen(fd);
	assert_true(readable(fd)); /* there may be lines from before */
	shell_wake_clear(fd);
	debug(DEBUG_LINK, "one");
	assert_true(readable(fd));
	shell_wake_clear(fd);
	debug_listen(-1);
	debug(DEBUG_LINK, "two");
	assert_false(readable(fd));
	assert_int_equal(close(fd), 0);
	expect("one");
	expect("two");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_names),
	    cmocka_unit_test(test_rooms_that_are_off),
	    cmocka_unit_test(test_lines_are_harmless_and_bounded),
	    cmocka_unit_test(test_what_finds_no_room_is_counted),
	    cmocka_unit_test(test_the_listener_is_woken),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
