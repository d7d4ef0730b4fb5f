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
	for (int32_t i = 0; i < 30; i++) {
		struct event sent = measurement(1, PARAMETER_SPO2, i);
		assert_true(mailbox_post(mailbox, &sent));
	}
	assert_true(readable(mailbox));
	for (int32_t i = 0; i < 30; i++) {
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
	assert_in_range(fits, 4, 100); /* its share, not the mailbox */

	/* Another frame of the same device: the newest waiting one gives way. */
	struct event newest = measurement(2, PARAMETER_PULSE, 777777);
	assert_true(mailbox_post(mailbox, &newest));
	/* Another device's value and the flooding device's own determination still fit. */
	struct event other = measurement(3, PARAMETER_SPO2, 97000);
	struct event cuff = measurement(2, PARAMETER_NIBP_SYS, 120000);
	assert_true(mailbox_post(mailbox, &other));
	assert_true(mailbox_post(mailbox, &cuff));
	/* Commands and link changes still fit. */
	for (uint8_t i = 0; i < 64; i++) {
		struct event command = {.kind = EVENT_COMMAND};
		command.u.command.id = i;
		assert_true(mailbox_post(mailbox, &command));
	}
	struct event event;
	int32_t last[PARAMETER_COUNT] = {0};
	int commands = 0;
	while (mailbox_take(mailbox, &event)) {
		if (event.kind == EVENT_COMMAND)
			assert_int_equal(event.u.command.id, commands++);
		else
			last[event.u.measurements.list[0].parameter] = event.u.measurements.list[0].milli;
	}
	assert_int_equal(last[PARAMETER_PULSE], 777777);
	assert_int_equal(last[PARAMETER_SPO2], 97000);
	assert_int_equal(last[PARAMETER_NIBP_SYS], 120000);
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

static struct event connection(uint8_t device, enum device_state state)
{
	struct event event = {.kind = EVENT_DEVICE};
	event.u.device.device = device;
	event.u.device.state = state;
	return event;
}

/* Values from after a loss never take the place of values from before it. */
static void test_flood_does_not_cross_a_loss(void **state)
{
	(void)state;
	struct mailbox *mailbox = mailbox_open();
	assert_non_null(mailbox);
	(void)fill(mailbox);
	struct event lost = connection(2, DEVICE_DOWN), found = connection(2, DEVICE_UP);
	struct event pulse = measurement(2, PARAMETER_PULSE, 777777);
	assert_true(mailbox_post(mailbox, &lost));
	assert_true(mailbox_post(mailbox, &found));
	assert_false(mailbox_post(mailbox, &pulse));
	struct event event;
	while (mailbox_take(mailbox, &event))
		assert_true(event.kind == EVENT_DEVICE || event.u.measurements.list[0].milli != 777777);
	mailbox_close(mailbox);
}

/* Connections that come and go take nothing from commands, nor commands from them. */
static void test_states_and_commands_have_their_own(void **state)
{
	(void)state;
	struct mailbox *mailbox = mailbox_open();
	assert_non_null(mailbox);
	struct event command = {.kind = EVENT_COMMAND}, down = connection(7, DEVICE_DOWN);
	int states = 0, commands = 0;
	while (states < 1000 && mailbox_post(mailbox, &down))
		states++;
	while (commands < 1000 && mailbox_post(mailbox, &command))
		commands++;
	assert_in_range(states, 2, 100);
	assert_in_range(commands, 64, 999);
	struct event other = connection(8, DEVICE_DOWN), service = {.kind = EVENT_SERVICE};
	assert_true(mailbox_post(mailbox, &other));
	assert_false(mailbox_post(mailbox, &service)); /* a bound there is */
	mailbox_close(mailbox);
}

static uint32_t draw(uint32_t *seed, uint32_t below)
{
	*seed = *seed * 1664525U + 1013904223U;
	return (*seed >> 8) % below;
}

/* Devices flood in a random mix, the engine takes now and then. The cuff of each device determines at most three times
 * between two turns of the engine: each is accepted, and each is taken, once and in order. */
static void test_no_determination_is_pushed_out(void **state)
{
	(void)state;
	for (uint32_t run = 0; run < 200; run++) {
		struct mailbox *mailbox = mailbox_open();
		assert_non_null(mailbox);
		uint32_t seed = run;
		int32_t posted[DEVICES_MAX] = {0}, taken[DEVICES_MAX] = {0};
		for (int turn = 0; turn < 20; turn++) {
			uint8_t determinations[DEVICES_MAX] = {0};
			for (uint32_t i = draw(&seed, 4000); i > 0; i--) {
				uint8_t device = (uint8_t)draw(&seed, DEVICES_MAX);
				struct event event = measurement(device, PARAMETER_PULSE, 0);
				if (draw(&seed, 40) == 0 && determinations[device] < 3) {
					determinations[device]++;
					event = measurement(device, PARAMETER_NIBP_SYS, ++posted[device]);
					event.u.measurements.count = (uint8_t)(1 + draw(&seed, 2)); /* beside a pulse */
					event.u.measurements.list[1].parameter = PARAMETER_PULSE;
					assert_true(mailbox_post(mailbox, &event));
				} else if (draw(&seed, 20) == 0) {
					event = connection(device, DEVICE_UP);
					(void)mailbox_post(mailbox, &event); /* it may be one too many */
				} else {
					event.u.measurements.count = (uint8_t)draw(&seed, 2);
					(void)mailbox_post(mailbox, &event); /* likewise */
				}
			}
			struct event event;
			while (mailbox_take(mailbox, &event)) {
				const struct measurement *m = &event.u.measurements.list[0];
				uint8_t device = event.u.measurements.device;
				if (event.kind == EVENT_MEASUREMENTS && event.u.measurements.count > 0 &&
				    m->parameter == PARAMETER_NIBP_SYS)
					assert_int_equal(m->milli, ++taken[device]);
			}
			assert_memory_equal(posted, taken, sizeof posted);
		}
		mailbox_close(mailbox);
	}
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
	    cmocka_unit_test(test_flood_does_not_cross_a_loss),
	    cmocka_unit_test(test_states_and_commands_have_their_own),
	    cmocka_unit_test(test_no_determination_is_pushed_out),
	    cmocka_unit_test(test_many_writers),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
