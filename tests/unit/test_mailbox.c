/* The mailbox: order, bounds, who may be dropped, and many writers at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <poll.h>
#include <pthread.h>

#include "vitals/mailbox.h"
#include "wait.h"

static struct event measurement(uint8_t device, enum parameter parameter, int32_t milli)
{
	struct event event = {.kind = EVENT_MEASUREMENTS};
	event.u.measurements.device = device;
	event.u.measurements.count = 1;
	event.u.measurements.list[0].parameter = parameter;
	event.u.measurements.list[0].quality = QUALITY_VALID;
	event.u.measurements.list[0].milli = milli;
	return event;
}

static bool readable(const struct mailbox *mailbox)
{
	struct pollfd fd = {.fd = mailbox_fd(mailbox), .events = POLLIN};
	return poll(&fd, 1, 0) == 1;
}

static void test_order(void **state)
{
	(void)state;
	struct mailbox *mailbox = mailbox_open();
	assert_non_null(mailbox);
	struct event event;
	assert_false(mailbox_take(mailbox, &event));
	assert_false(readable(mailbox));
	for (int32_t i = 0; i < 100; i++) {
		struct event sent = measurement(1, PARAMETER_SPO2, i);
		assert_true(mailbox_post(mailbox, &sent));
	}
	assert_true(readable(mailbox));
	for (int32_t i = 0; i < 100; i++) {
		assert_true(mailbox_take(mailbox, &event));
		assert_int_equal(event.u.measurements.list[0].milli, i);
	}
	assert_false(mailbox_take(mailbox, &event));
	assert_false(readable(mailbox));
	assert_int_equal(mailbox_dropped(mailbox), 0);
	mailbox_close(mailbox);
}

/* Fills the mailbox with measurements until one is dropped; returns how many fit. */
static int fill(struct mailbox *mailbox)
{
	for (int i = 0; i < 100000; i++) {
		struct event sent = measurement(2, PARAMETER_PULSE, i);
		uint64_t before = mailbox_dropped(mailbox);
		(void)mailbox_post(mailbox, &sent);
		if (mailbox_dropped(mailbox) != before)
			return i;
	}
	fail_msg("the mailbox has no bound");
	return 0;
}

static void test_flood_keeps_newest_and_spares_the_rest(void **state)
{
	(void)state;
	struct mailbox *mailbox = mailbox_open();
	assert_non_null(mailbox);
	int fits = fill(mailbox);
	assert_true(fits > 100);

	/* Another frame of the same device: the newest waiting one gives way. */
	struct event newest = measurement(2, PARAMETER_PULSE, 777777);
	assert_true(mailbox_post(mailbox, &newest));
	/* A cuff value is not in the oximeter's frame, and no frame of that device waits: dropped, and counted. */
	struct event cuff = measurement(3, PARAMETER_NIBP_SYS, 120000);
	assert_false(mailbox_post(mailbox, &cuff));
	/* Commands and link changes still fit. */
	for (uint8_t i = 0; i < 64; i++) {
		struct event command = {.kind = EVENT_COMMAND};
		command.u.command.id = i;
		assert_true(mailbox_post(mailbox, &command));
	}
	struct event event;
	int32_t last = -1;
	int commands = 0;
	while (mailbox_take(mailbox, &event)) {
		if (event.kind == EVENT_COMMAND)
			assert_int_equal(event.u.command.id, commands++);
		else
			last = event.u.measurements.list[0].milli;
	}
	assert_int_equal(last, 777777);
	assert_int_equal(commands, 64);
	mailbox_close(mailbox);
}

static void test_flood_never_replaces_what_it_does_not_repeat(void **state)
{
	(void)state;
	struct mailbox *mailbox = mailbox_open();
	assert_non_null(mailbox);
	struct event cuff = measurement(2, PARAMETER_NIBP_SYS, 120000);
	(void)fill(mailbox);
	struct event event;
	assert_true(mailbox_take(mailbox, &event));
	assert_true(mailbox_post(mailbox, &cuff)); /* the newest waiting one of device 2 is now a cuff value */
	struct event pulse = measurement(2, PARAMETER_PULSE, 5);
	assert_false(mailbox_post(mailbox, &pulse));
	int32_t sys = 0;
	while (mailbox_take(mailbox, &event))
		if (event.u.measurements.list[0].parameter == PARAMETER_NIBP_SYS)
			sys = event.u.measurements.list[0].milli;
	assert_int_equal(sys, 120000);
	mailbox_close(mailbox);
}

#define WRITERS 4
#define EACH    2000

static void *writer(void *context)
{
	struct mailbox *mailbox = context;
	for (uint64_t i = 0; i < EACH;) {
		struct event command = {.kind = EVENT_COMMAND};
		command.u.command.id = i;
		if (mailbox_post(mailbox, &command))
			i++;
	}
	return NULL;
}

static void test_many_writers(void **state)
{
	(void)state;
	struct mailbox *mailbox = mailbox_open();
	assert_non_null(mailbox);
	pthread_t threads[WRITERS];
	for (int i = 0; i < WRITERS; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, writer, mailbox), 0);
	int received = 0;
	while (received < WRITERS * EACH) {
		struct event event;
		struct pollfd fd = {.fd = mailbox_fd(mailbox), .events = POLLIN};
		unit_waiting_for = "a wake-up"; /* a lost one would hang here */
		assert_int_equal(poll(&fd, 1, WAIT_MS), 1);
		while (mailbox_take(mailbox, &event))
			received++;
	}
	for (int i = 0; i < WRITERS; i++)
		assert_int_equal(pthread_join(threads[i], NULL), 0);
	assert_int_equal(received, WRITERS * EACH);
	mailbox_close(mailbox);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_order),
	    cmocka_unit_test(test_flood_keeps_newest_and_spares_the_rest),
	    cmocka_unit_test(test_flood_never_replaces_what_it_does_not_repeat),
	    cmocka_unit_test(test_many_writers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
