/* Ids of sessions (daemon/session_id.c): what a record of many runs relies on. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>

#include <cmocka.h>

#include <stdio.h>
#include <string.h>

#include "daemon/session_id.h"
#include "vitals/mono.h"

#define RUNS 300

static void test_form(void **state)
{
	char id[NAME_BYTES];
	unsigned bits;
	(void)state;
	session_id_make(id, INT64_C(1796117415) * NS_PER_S + 999999999);
	assert_int_equal(strlen(id), 25);
	assert_int_equal(sscanf(id, "20261201T093015Z-%8x", &bits), 1);
	assert_int_equal(strspn(id, "0123456789abcdefTZ-"), 25);
}

/* The clock stands still, or was set back: that is when a number of its own would repeat. */
static void test_never_twice(void **state)
{
	static char ids[RUNS][NAME_BYTES];
	(void)state;
	for (int i = 0; i < RUNS; i++) {
		session_id_make(ids[i], INT64_C(1796117415) * NS_PER_S);
		for (int before = 0; before < i; before++)
			assert_string_not_equal(ids[before], ids[i]);
	}
}

/* Of a computer without a battery for its clock, and of one that is far off. */
static void test_any_clock(void **state)
{
	static const int64_t clocks[] = {0, -NS_PER_S, INT64_MIN, INT64_MAX};
	char id[NAME_BYTES];
	(void)state;
	for (size_t i = 0; i < sizeof(clocks) / sizeof(clocks[0]); i++) {
		session_id_make(id, clocks[i]);
		assert_int_equal(strlen(id), 25);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_form),
	    cmocka_unit_test(test_never_twice),
	    cmocka_unit_test(test_any_clock),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
