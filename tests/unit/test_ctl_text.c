/* Text and numbers of vitalsctl: what is typed in is read exactly, what comes from outside is made harmless before a
 * terminal gets it. The options of vitalsctl are no library, so they are compiled into this program. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "clients/ctl/option_table.c"
#include "clients/ctl/options.c"
#include "clients/lib/vitals-client.h"

static void foreign_text_is_made_harmless(void **state)
{
	static const struct {
		const char *from, *to;
	} rows[] = {
	    {"SpO\xe2\x82\x82 \xe2\x89\xa5 90 %", "SpO\xe2\x82\x82 \xe2\x89\xa5 90 %"},
	    {"\x1b[2Jgone\x07", "?[2Jgone?"},
	    {"\xc2\x9b"
	     "31m",
	     "?31m"}, /* C1 CSI */
	    {"\xe2\x80\xae"
	     "09",
	     "?09"}, /* right to left override */
	    {"\xff\xc0\x80\xed\xa0\x80", "??????"},
	    {"cut \xe2\x82", "cut ??"},
	    {"\xf4\x90\x80\x80", "????"},
	};
	char clean[64];

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		out_copy(clean, sizeof(clean), rows[i].from);
		assert_string_equal(clean, rows[i].to);
	}
	out_copy(clean, 6, "abc\xe2\x82\x82\xe2\x82\x82"); /* never half a character */
	assert_string_equal(clean, "abc");
}

static void decimals_are_exact(void **state)
{
	static const struct {
		const char *typed;
		bool right;
		int64_t milli;
	} rows[] = {
	    {"72.5", true, 72500},    {"0.001", true, 1},
	    {"-2", true, -2000},      {"+4", true, 4000},
	    {"36.3000", true, 36300}, {"007.250", true, 7250},
	    {"1.2345", false, 0},     {"", false, 0},
	    {".5", false, 0},         {"5.", false, 0},
	    {"1e3", false, 0},        {"12,5", false, 0},
	    {" 5", false, 0},         {"99999999999999999999", false, 0},
	    {"--5", false, 0},        {"nan", false, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		int64_t milli = 0;
		assert_int_equal(decimal_milli(rows[i].typed, &milli), rows[i].right);
		if (rows[i].right)
			assert_true(milli == rows[i].milli);
	}
}

static void values_are_rounded_for_display_only(void **state)
{
	static const struct {
		int64_t milli;
		uint32_t decimals;
		const char *shown;
	} rows[] = {{97000, 0, "97"},  {97499, 0, "97"},  {97500, 0, "98"},
	            {2150, 2, "2.15"}, {2155, 2, "2.16"}, {-500, 1, "-0.5"},
	            {-400, 0, "0"},    {36, 3, "0.036"},  {INT64_MIN, 3, "-9223372036854775.808"}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		char bytes[64];
		struct out out = {bytes, sizeof(bytes) - 1, 0, false};
		out_milli(&out, rows[i].milli, rows[i].decimals);
		bytes[out.used] = '\0';
		assert_string_equal(bytes, rows[i].shown);
	}
}

/* Refused where it is typed, in the unit in which it was typed. */
static void quantities_have_ranges(void **state)
{
	static const struct {
		const char *option, *value;
		bool right;
	} rows[] = {
	    {"--weight-kg", "20", true},
	    {"--weight-kg", "19.999", false},
	    {"--weight-kg", "400", true},
	    {"--weight-kg", "400.1", false},
	    {"--dose-mg", "0.001", true},
	    {"--dose-mg", "0", false},
	    {"--dose-mg", "1000", true},
	    {"--dose-mg", "1000.001", false},
	    {"--duration-min", "1", true},
	    {"--duration-min", "0.9", false},
	    {"--duration-min", "720", true},
	    {"--duration-min", "720.5", false},
	    {"--minutes", "60", true},
	    {"--minutes", "61", false},
	    {"--minutes", "0.5", false},
	    {"--moaas", "5", true},
	    {"--moaas", "6", false},
	    {"--moaas", "-1", false},
	    {"--moaas", "4.5", false},
	    {"--rass", "-5", true},
	    {"--rass", "-6", false},
	    {"--rass", "4", true},
	    {"--rass", "5", false},
	    {"--cadss", "92", true},
	    {"--cadss", "93", false},
	    {"--cadss6", "24", true},
	    {"--cadss6", "25", false},
	    {"--bprs", "24", true},
	    {"--bprs", "25", false},
	    {"--distressed", "on", true},
	    {"--distressed", "1", false},
	    {"--concentration-mg-ml", "200", true},
	    {"--concentration-mg-ml", "201", false},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct options options;
		char program[] = "vitalsctl", option[32], value[32];
		char *argv[] = {program, option, value, NULL};
		out_copy(option, sizeof(option), rows[i].option);
		out_copy(value, sizeof(value), rows[i].value);
		optind = 0; /* from the beginning again */
		if (options_read(&options, 3, argv) != rows[i].right)
			fail_msg("%s %s", rows[i].option, rows[i].value);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(quantities_have_ranges),
	    cmocka_unit_test(foreign_text_is_made_harmless),
	    cmocka_unit_test(decimals_are_exact),
	    cmocka_unit_test(values_are_rounded_for_display_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
