/* When the mailbox wakes its reader. Its source is a part of this program, so that the wake-up can be watched. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>

#include "daemon/shell.h"

static void watched_wake(int fd);

#define shell_wake watched_wake
#include "daemon/mailbox.c"

static struct mailbox *watched;
static int wakes;

static void watched_wake(int fd)
{
	assert_int_equal(fd, watched->fd);
	assert_int_equal(pthread_mutex_trylock(&watched->lock), EBUSY);
	assert_int_equal(watched->count, 1); /* what it is told of is there */
	wakes++;
}

/* A writer that is preempted between its post and the wake-up would leave the engine asleep, for as long as others are
 * more urgent than the writer. Under the lock it cannot be: the engine passes it its own urgency. */
static void test_wakes_under_the_lock(void **state)
{
	(void)state;
	const struct event tick = {.kind = EVENT_TICK};
	struct event event;

	watched = mailbox_open();
	assert_non_null(watched);
	assert_true(mailbox_post(watched, &tick));
	assert_int_equal(wakes, 1);
	assert_true(mailbox_post(watched, &tick)); /* awake already */
	assert_int_equal(wakes, 1);
	assert_true(mailbox_take(watched, &event));
	assert_true(mailbox_take(watched, &event));
	assert_true(mailbox_post(watched, &tick));
	assert_int_equal(wakes, 2);
	mailbox_close(watched);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_wakes_under_the_lock),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
