/* Text and numbers of vitalsctl: what is typed in is read exactly, what comes from outside is made harmless before a
 * terminal gets it. The client is no library, so its pure files are compiled into this program. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "clients/ctl/decimal.c"
#include "clients/ctl/out.c"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(foreign_text_is_made_harmless),
	    cmocka_unit_test(decimals_are_exact),
	    cmocka_unit_test(values_are_rounded_for_display_only),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
