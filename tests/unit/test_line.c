/* Lines of the record: nothing that a person or a device says may look like another pair or another line. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "vitals/record.h"

static void test_pairs(void **state)
{
	struct line line;
	(void)state;
	line_start(&line);
	assert_string_equal(line.text, "");
	line_text(&line, "actor", "nurse1");
	line_number(&line, "id", 7);
	line_milli(&line, "value", 120000);
	assert_string_equal(line.text, "actor=\"nurse1\" id=\"7\" value=\"120.000\"");
	assert_int_equal(line.count, strlen(line.text));
	assert_false(line.truncated);
	line_start(&line);
	assert_string_equal(line.text, "");
}

static void test_escapes(void **state)
{
	static const struct {
		const char *value, *escaped;
	} cases[] = {
	    {"", "k=\"\""},
	    {" ~", "k=\" ~\""},
	    {"a\"b\\c]d[", "k=\"a\\x22b\\x5cc\\x5dd[\""},
	    {"x\nNov 21 vitalsd: forged", "k=\"x\\x0aNov 21 vitalsd: forged\""},
	    {"x\" actor=\"root", "k=\"x\\x22 actor=\\x22root\""},
	    {"\x01\x1f\x7f\x80\xff", "k=\"\\x01\\x1f\\x7f\\x80\\xff\""},
	    {"gr\xc3\xbc\xc3\x9f", "k=\"gr\xc3\xbc\xc3\x9f\""},
	    {"\xe2\x82\xac \xf0\x9f\x98\x80", "k=\"\xe2\x82\xac \xf0\x9f\x98\x80\""},
	    {"\xc0\x80\xed\xa0\x80\xe2\x82", "k=\"\\xc0\\x80\\xed\\xa0\\x80\\xe2\\x82\""},
	    {"\r\t%s%n", "k=\"\\x0d\\x09%s%n\""},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct line line;
		line_start(&line);
		line_text(&line, "k", cases[i].value);
		assert_string_equal(line.text, cases[i].escaped);
	}
}

static void test_every_byte_comes_out_printable(void **state)
{
	(void)state;
	for (int byte = 1; byte < 256; byte++) {
		struct line line;
		char value[2] = {(char)byte, '\0'};
		line_start(&line);
		line_text(&line, "k", value);
		size_t quotes = 0;
		for (const char *c = line.text; *c != '\0'; c++) {
			assert_in_range((unsigned char)*c, 0x20, 0x7E);
			quotes += *c == '"';
		}
		assert_int_equal(quotes, 2);
	}
}

static void test_numbers(void **state)
{
	struct line line;
	(void)state;
	line_start(&line);
	line_number(&line, "a", 0);
	line_number(&line, "b", -5);
	line_number(&line, "c", INT64_MAX);
	line_number(&line, "d", INT64_MIN);
	assert_string_equal(line.text, "a=\"0\" b=\"-5\" c=\"9223372036854775807\" d=\"-9223372036854775808\"");
}

static void test_milli(void **state)
{
	static const struct {
		int32_t milli;
		const char *text;
	} cases[] = {
	    {0, "v=\"0.000\""},
	    {1, "v=\"0.001\""},
	    {-1, "v=\"-0.001\""},
	    {999, "v=\"0.999\""},
	    {1000, "v=\"1.000\""},
	    {-5000, "v=\"-5.000\""},
	    {36650, "v=\"36.650\""},
	    {-1001, "v=\"-1.001\""},
	    {INT32_MAX, "v=\"2147483.647\""},
	    {INT32_MIN, "v=\"-2147483.648\""},
	};
	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct line line;
		line_start(&line);
		line_milli(&line, "v", cases[i].milli);
		assert_string_equal(line.text, cases[i].text);
	}
}

/* Whatever is put in, a line is one line of whole pairs, leaves room for the syslog prefix and says that it was cut. */
static void test_truncation(void **state)
{
	char value[2000];
	(void)state;
	for (size_t size = 100; size < sizeof(value); size += 7) {
		for (int variant = 0; variant < 2; variant++) {
			struct line line;
			memset(value, variant == 0 ? 'x' : '\n', size);
			value[size] = '\0';
			line_start(&line);
			line_text(&line, "note", value);
			line_text(&line, "after", "y");
			assert_true(strlen(line.text) <= RECORD_TEXT_BYTES - 1);
			assert_int_equal(line.count, strlen(line.text));
			size_t quotes = 0;
			for (const char *c = line.text; *c != '\0'; c++)
				quotes += *c == '"';
			assert_int_equal(quotes % 2, 0);
			const char *end = line.text + line.count - strlen(" truncated=\"1\"");
			assert_int_equal(line.truncated, strcmp(end, " truncated=\"1\"") == 0);
			if (line.truncated)
				assert_null(strstr(line.text, "after="));
			if (variant == 1) { /* no escape was cut in two */
				size_t backslashes = 0;
				for (const char *c = line.text; *c != '\0'; c++)
					backslashes += *c == '\\';
				const char *close = strchr(line.text + strlen("note=\""), '"');
				assert_non_null(close);
				assert_int_equal(close - line.text, strlen("note=\"") + 4 * backslashes);
			}
		}
	}
}

static void test_many_pairs(void **state)
{
	struct line line;
	(void)state;
	line_start(&line);
	for (int i = 0; i < 500; i++)
		line_number(&line, "number", i);
	assert_true(line.truncated);
	assert_true(strlen(line.text) <= RECORD_TEXT_BYTES - 1);
	assert_non_null(strstr(line.text, "number=\"40\""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_pairs),
	    cmocka_unit_test(test_escapes),
	    cmocka_unit_test(test_every_byte_comes_out_printable),
	    cmocka_unit_test(test_numbers),
	    cmocka_unit_test(test_milli),
	    cmocka_unit_test(test_truncation),
	    cmocka_unit_test(test_many_pairs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
