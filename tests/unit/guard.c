/* Linked into every unit-test program, before its main: runs only the tests that UNIT_TESTS names (a word of their
 * names), and when the program is ended because it hangs, says what it waited for (wait.h). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "wait.h"

const char *volatile unit_waiting_for;

/* Any thread. */
static void ended_from_outside(int number)
{
	static const char head[] = "\nHUNG: it waited for ",
	                  nothing[] = "something that has no words (see the last RUN line)";
	const char *what = unit_waiting_for != NULL ? unit_waiting_for : nothing;

	(void)number;
	(void)!write(STDERR_FILENO, head, sizeof head - 1); /* nobody else to tell */
	(void)!write(STDERR_FILENO, what, strlen(what));
	(void)!write(STDERR_FILENO, "\n", 1);
	_exit(124); /* as timeout(1) says it */
}

__attribute__((constructor)) static void guard(void)
{
	static char pattern[64];
	const char *word = getenv("UNIT_TESTS");

	if (signal(SIGTERM, ended_from_outside) == SIG_ERR)
		abort();
	if (word == NULL || word[0] == '\0')
		return;
	(void)snprintf(pattern, sizeof pattern, "*%s*", word); /* cut is fine */
	cmocka_set_test_filter(pattern);
}
