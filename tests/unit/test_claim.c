/* The name of a bedside: alone for a monitor that was started for it, shared among those of a bench, given up by the
 * kernel. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "daemon/claim.h"

static char directory[] = "/tmp/vitalsd-claim-XXXXXX";

static int claim(const char *bedside, bool alone, enum claim expected)
{
	int fd;
	assert_int_equal(claim_bedside(directory, bedside, alone, &fd), expected);
	return fd;
}

static void give_up(int fd)
{
	assert_int_equal(close(fd), 0);
}

static void test_alone(void **state)
{
	(void)state;
	int first = claim("room-1", true, CLAIM_HELD);
	(void)claim("room-1", true, CLAIM_TAKEN);
	(void)claim("room-1", false, CLAIM_TAKEN);
	give_up(claim("room-2", true, CLAIM_HELD));
	give_up(first);
	give_up(claim("room-1", true, CLAIM_HELD));
}

static void test_shared(void **state)
{
	(void)state;
	int first = claim("room-1", false, CLAIM_HELD);
	int second = claim("room-1", false, CLAIM_HELD);
	(void)claim("room-1", true, CLAIM_TAKEN);
	give_up(first);
	(void)claim("room-1", true, CLAIM_TAKEN);
	give_up(second);
	give_up(claim("room-1", true, CLAIM_HELD));
}

static void test_ends_with_the_process(void **state)
{
	int pair[2];
	char byte;
	(void)state;
	assert_int_equal(pipe(pair), 0);
	pid_t pid = fork();
	if (pid == 0) {
		int fd;
		if (claim_bedside(directory, "room-1", true, &fd) == CLAIM_HELD && write(pair[1], "x", 1) == 1)
			(void)pause();
		_exit(1);
	}
	assert_int_equal(close(pair[1]), 0);
	assert_int_equal(read(pair[0], &byte, 1), 1);
	(void)claim("room-1", true, CLAIM_TAKEN);
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	give_up(claim("room-1", true, CLAIM_HELD));
	assert_int_equal(close(pair[0]), 0);
}

static void test_no_directory(void **state)
{
	int fd;
	(void)state;
	assert_int_equal(claim_bedside("/tmp/vitalsd-claim-none", "room-1", true, &fd), CLAIM_IMPOSSIBLE);
	assert_int_equal(errno, ENOENT);
}

static int set_up(void **state)
{
	(void)state;
	return mkdtemp(directory) == NULL;
}

static int tear_down(void **state)
{
	static const char *const names[] = {"room-1.lock", "room-2.lock"};
	char path[64];
	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", directory, names[i]);
		(void)unlink(path); /* not there if its test failed */
	}
	return rmdir(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_alone),
	    cmocka_unit_test(test_shared),
	    cmocka_unit_test(test_ends_with_the_process),
	    cmocka_unit_test(test_no_directory),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
