/* README's table of drivers says of each what stands behind it, in the words of the code. Run from the top of the
 * repository. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "vitals/driver.h"

/* The row of README.md that begins with a list of names of which this is one; "" if there is none. */
static void row_of(const char *name, char row[512])
{
	FILE *file = fopen("README.md", "r");
	char line[512], quoted[64];
	assert_non_null(file);
	row[0] = '\0';
	(void)snprintf(quoted, sizeof(quoted), "`%s`", name);
	while (fgets(line, sizeof(line), file) != NULL) {
		char *names = strncmp(line, "| `", 3) == 0 ? strstr(line, quoted) : NULL;
		if (names != NULL && names < strchr(line + 1, '|'))
			(void)snprintf(row, 512, "%s", line);
	}
	assert_int_equal(fclose(file), 0);
}

static void test_readme(void **state)
{
	int drivers = 0;
	(void)state;
	for (const struct driver *const *driver = driver_list; *driver != NULL; driver++, drivers++) {
		char row[512], wanted[64];
		row_of((*driver)->name, row);
		(void)snprintf(wanted, sizeof(wanted), "| %s |\n", evidence_name((*driver)->evidence));
		if (strlen(row) < strlen(wanted) || strcmp(row + strlen(row) - strlen(wanted), wanted) != 0)
			fail_msg("README.md does not say of %s: %s", (*driver)->name, wanted);
	}
	assert_true(drivers > 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(test_readme)};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
