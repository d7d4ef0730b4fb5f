/* docs/SAFETY.md names tests, and each of them exists: `FILE`: `FUNCTION`, `FUNCTION` in a table row. Run from the top
 * of the repository. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define TEXT_MAX (256 * 1024)

static bool load(const char *path, char *text)
{
	FILE *file = fopen(path, "r");
	if (file == NULL)
		return false;
	size_t size = fread(text, 1, TEXT_MAX - 1, file);
	assert_int_equal(fclose(file), 0);
	assert_true(size < TEXT_MAX - 1);
	text[size] = '\0';
	return true;
}

static bool ends_with(const char *text, const char *end)
{
	size_t length = strlen(text), tail = strlen(end);
	return length > tail && strcmp(text + length - tail, end) == 0;
}

/* A function of the test's source, by its definition or its place in the list. */
static bool has_function(const char *source, const char *name)
{
	char definition[128], entry[128];
	(void)snprintf(definition, sizeof definition, " %s(", name);
	(void)snprintf(entry, sizeof entry, "(%s)", name);
	return strstr(source, definition) != NULL || strstr(source, entry) != NULL;
}

/* The last cell of a row of the hazard tables. */
static int check_cell(char *cell)
{
	static char source[TEXT_MAX];
	char path[160];
	int named = 0;
	bool open = false;
	for (char *token = strchr(cell, '`'); token != NULL; token = strchr(token, '`')) {
		char *end = strchr(++token, '`');
		assert_non_null(end);
		*end = '\0';
		if (ends_with(token, ".c") || ends_with(token, ".py")) {
			(void)snprintf(path, sizeof path, "tests/%s/%s",
			               ends_with(token, ".c") ? "unit" : "integration", token);
			open = load(path, source);
			if (!open)
				fail_msg("docs/SAFETY.md names %s, which does not exist", path);
		} else {
			if (!open)
				fail_msg("docs/SAFETY.md names %s without a file", token);
			if (!has_function(source, token))
				fail_msg("docs/SAFETY.md names %s, which is not in %s", token, path);
			named++;
		}
		token = end + 1;
	}
	return named;
}

static void test_every_named_test_exists(void **state)
{
	(void)state;
	static char text[TEXT_MAX];
	int rows = 0, named = 0;
	assert_true(load("docs/SAFETY.md", text));
	for (char *line = text, *next; line != NULL; line = next) {
		next = strchr(line, '\n');
		if (next != NULL)
			*next++ = '\0';
		if (line[0] != '|' || line[1] != ' ' || line[2] < '1' || line[2] > '9')
			continue;
		size_t length = strlen(line);
		assert_true(length > 2 && line[length - 1] == '|');
		line[length - 1] = '\0';
		int tests = check_cell(strrchr(line, '|'));
		if (tests == 0)
			fail_msg("docs/SAFETY.md: a hazard without a test: %.60s", line);
		named += tests;
		rows++;
	}
	assert_true(rows > 50 && named > rows);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_every_named_test_exists)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
