/* The table of refusals: complete, without doubles, and as proto/README.md has it. Run from the top of the repository.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "vitals/refusal.h"

static void test_tokens(void **state)
{
	(void)state;
	for (int i = 1; i < REFUSAL_COUNT; i++) {
		const char *token = refusal_token((enum refusal_code)i);
		assert_non_null(token);
		assert_in_range(strlen(token), 1, NAME_BYTES - 1);
		assert_int_equal(strspn(token, "abcdefghijklmnopqrstuvwxyz0123456789-"), strlen(token));
		assert_in_range(strlen(refusal_template((enum refusal_code)i)), 5, REFUSAL_TEXT_BYTES - 1);
		for (int j = 1; j < i; j++)
			assert_string_not_equal(token, refusal_token((enum refusal_code)j));
	}
	assert_string_equal(refusal_token(REFUSAL_NONE), "");
}

/* Where the result says it all, the code is the result's. */
static void test_results(void **state)
{
	(void)state;
	assert_int_equal(refusal_of_result(RESULT_OK), REFUSAL_NONE);
	for (int r = RESULT_OK + 1; r < RESULT_BAD_REQUEST; r++)
		assert_string_equal(refusal_token(refusal_of_result((enum result)r)), result_name((enum result)r));
	assert_int_equal(refusal_of_result(RESULT_BAD_REQUEST), REFUSAL_PACKET);
}

static void says(const struct refusal *refusal, const char *wanted)
{
	char text[REFUSAL_TEXT_BYTES];
	refusal_sentence(text, refusal);
	assert_string_equal(text, wanted);
}

static void test_sentences(void **state)
{
	struct refusal refusal;
	char long_name[REFUSAL_VALUE_BYTES + 50];
	(void)state;
	refusal_begin(&refusal, REFUSAL_NONE);
	says(&refusal, "Done.");
	refusal_begin(&refusal, REFUSAL_LIMIT_LOOSER);
	refusal_decimal(&refusal, "limit", -1500);
	refusal_decimal(&refusal, "plan", -1000);
	says(&refusal, "-1.5 is looser than the plan's -1: name the second person who agrees.");
	refusal_begin(&refusal, REFUSAL_UNKNOWN_RULE); /* an argument is missing */
	says(&refusal, "There is no alarm rule : its limits stand beside the values.");
	memset(long_name, 'x', sizeof(long_name));
	long_name[sizeof(long_name) - 1] = '\0';
	refusal_text(&refusal, "rule", long_name);
	assert_int_equal(strlen(refusal.arguments[0].value), REFUSAL_VALUE_BYTES - 1);
	char text[REFUSAL_TEXT_BYTES];
	refusal_sentence(text, &refusal);
	assert_int_equal(strlen(text), REFUSAL_TEXT_BYTES - 1); /* cut */
}

/* Names that have no room are left out whole. */
static void test_lists(void **state)
{
	struct refusal refusal;
	(void)state;
	refusal_begin(&refusal, REFUSAL_UNKNOWN_ITEM);
	refusal_text(&refusal, "items", "");
	for (int i = 0; i < 40; i++)
		refusal_add_name(&refusal, "abcdefghi");
	assert_int_equal(strlen(refusal.arguments[0].value), 119);
	refusal_add_name(&refusal, "abcdefg"); /* to the last byte */
	assert_int_equal(strlen(refusal.arguments[0].value), REFUSAL_VALUE_BYTES - 1);
}

/* Every code has its row in the table of the contract, in this order, and no other has. */
static void test_contract(void **state)
{
	FILE *file = fopen("proto/README.md", "r");
	char line[512], wanted[512];
	int code = 1;
	bool inside = false;
	(void)state;
	if (file == NULL)
		fail_msg("proto/README.md: cannot be opened; run from the top of the repository");
	while (fgets(line, sizeof(line), file) != NULL) {
		if (strncmp(line, "| `Response.code` |", 19) == 0) {
			inside = true;
			assert_non_null(fgets(line, sizeof(line), file)); /* the line under the heading */
			continue;
		}
		inside = inside && line[0] == '|';
		if (!inside)
			continue;
		assert_in_range(code, 1, REFUSAL_COUNT - 1);
		(void)snprintf(wanted, sizeof(wanted), "| `%s` | %s |\n", refusal_token((enum refusal_code)code),
		               refusal_template((enum refusal_code)code));
		assert_string_equal(line, wanted);
		code++;
	}
	assert_int_equal(fclose(file), 0);
	assert_int_equal(code, REFUSAL_COUNT);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_tokens), cmocka_unit_test(test_results),  cmocka_unit_test(test_sentences),
	    cmocka_unit_test(test_lists),  cmocka_unit_test(test_contract),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
