/* A link with a streaming device that takes orders: a SunTech module on a pseudo terminal, and on raw TCP. The test
 * itself is the module. What the driver does with each frame is in test_driver_suntech.c; here it is what the link
 * makes of it: orders arrive, bytes are sent, silence is asked about, and nothing starts after a reconnect. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "vitals/link.h"
#include "wait.h"

static const uint8_t ask_start[] = {0x3A, 0x20, 0xA6};
static const uint8_t ask_abort[] = {0x3A, 0x79, 0x01, 0x00, 0x4C};
static const uint8_t ask_result[] = {0x3A, 0x79, 0x03, 0x00, 0x4A};
static const uint8_t ask_pressure[] = {0x3A, 0x79, 0x05, 0x00, 0x48};

static const uint8_t pressure[] = {0x3E, 0x05, 0x00, 0x00, 0xBD};
static const uint8_t accepted[] = {0x3E, 0x04, 0x4F, 0x6F};
static const uint8_t aborted[] = {0x3E, 0x04, 0x41, 0x7D};

struct module {
	struct config config;
	struct mailbox *mailbox;
	struct links *links;
	char directory[32], path[64];
	int end, hold, listen;
	uint8_t heard[64]; /* from the link, not yet looked at */
	size_t count;
	enum device_state state;
	enum device_fault fault;
	unsigned signs;  /* frames without values */
	unsigned failed; /* determinations */
	unsigned starts; /* commands */
};

static void plug(struct module *module)
{
	char slave[64];
	struct termios raw;

	module->count = 0;
	module->end = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(module->end >= 0);
	assert_int_equal(grantpt(module->end), 0);
	assert_int_equal(unlockpt(module->end), 0);
	assert_int_equal(ptsname_r(module->end, slave, sizeof slave), 0);
	module->hold = open(slave, O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(module->hold >= 0);
	assert_int_equal(tcgetattr(module->hold, &raw), 0);
	cfmakeraw(&raw);
	assert_int_equal(tcsetattr(module->hold, TCSANOW, &raw), 0);
	(void)unlink(module->path); /* it may not exist */
	assert_int_equal(symlink(slave, module->path), 0);
}

static void unplug(struct module *module)
{
	if (module->hold >= 0)
		assert_int_equal(close(module->hold), 0);
	assert_int_equal(close(module->end), 0);
	module->end = module->hold = -1;
}

static void listen_tcp(struct module *module)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t size = sizeof address;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	module->listen = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(module->listen >= 0);
	assert_int_equal(bind(module->listen, (struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(module->listen, 4), 0);
	assert_int_equal(getsockname(module->listen, (struct sockaddr *)&address, &size), 0);
	module->config.links[0].tcp_port = ntohs(address.sin_port);
}

static void accept_tcp(struct module *module)
{
	struct pollfd waiting = {.fd = module->listen, .events = POLLIN};

	module->count = 0;
	unit_waiting_for = "a link that connects";
	assert_int_equal(poll(&waiting, 1, WAIT_MS), 1);
	module->end = accept(module->listen, NULL, NULL);
	assert_true(module->end >= 0);
}

static struct module *module_new(enum link_type type)
{
	struct module *module = calloc(1, sizeof *module);
	const struct driver *driver = driver_by_name("suntech-advantage");

	assert_non_null(module);
	assert_non_null(driver);
	module->end = module->hold = module->listen = -1;
	(void)snprintf(module->directory, sizeof module->directory, "/tmp/vitals-cuff-XXXXXX");
	assert_non_null(mkdtemp(module->directory));
	(void)snprintf(module->path, sizeof module->path, "%s/port", module->directory);
	module->config.link_count = 1;
	module->config.links[0] =
	    (struct link_config){.name = "line", .type = type, .line = driver->line, .host = "127.0.0.1"};
	(void)snprintf(module->config.links[0].port, PATH_BYTES, "%s", module->path);
	module->config.device_count = 1;
	module->config.devices[0] =
	    (struct device_config){.name = "cuff", .driver = driver, .map = -1, .period_ns = driver->period_ns};
	module->mailbox = mailbox_open();
	assert_non_null(module->mailbox);
	return module;
}

static void module_start(struct module *module)
{
	module->links = links_start(&module->config, module->mailbox);
	assert_non_null(module->links);
}

static void module_end(struct module *module)
{
	assert_int_equal(links_stop(module->links, 10000), 0);
	if (module->end >= 0)
		unplug(module);
	if (module->listen >= 0)
		assert_int_equal(close(module->listen), 0);
	mailbox_close(module->mailbox);
	(void)unlink(module->path); /* TCP has none */
	assert_int_equal(rmdir(module->directory), 0);
	free(module);
}

/* Takes what is in the mailbox; true if a determination with values was there. */
static bool take(struct module *module)
{
	struct event event;
	bool result = false;

	while (mailbox_take(module->mailbox, &event)) {
		if (event.kind == EVENT_DEVICE) {
			module->state = event.u.device.state;
			module->fault = event.u.device.fault;
			continue;
		}
		assert_int_equal(event.kind, EVENT_MEASUREMENTS);
		const struct event_measurements *frame = &event.u.measurements;
		module->signs += frame->count == 0;
		if (frame->count == 0)
			continue;
		assert_int_equal(frame->count, 4);
		assert_int_equal(frame->list[0].parameter, PARAMETER_NIBP_SYS);
		if (frame->list[0].quality == QUALITY_VALID) {
			assert_int_equal(frame->list[0].milli, 115000);
			assert_int_equal(frame->list[1].milli, 74000);
			result = true;
		} else {
			assert_int_equal(frame->list[0].reason, REASON_FAILED);
			module->failed++;
		}
	}
	return result;
}

static void answer(struct module *module, const uint8_t *bytes, size_t count)
{
	assert_int_equal(write(module->end, bytes, count), (ssize_t)count);
}

static bool readable(int fd)
{
	struct pollfd waiting = {.fd = fd, .events = POLLIN};
	return poll(&waiting, 1, 0) == 1;
}

static bool heard_is(const struct module *module, const uint8_t *bytes, size_t count)
{
	return module->count == count && memcmp(module->heard, bytes, count) == 0;
}

/* Reads the next whole command; cuff pressure is answered on the way. */
static void next_command(struct module *module)
{
	struct waiting wait = wait_for("a command for the module");

	module->count = 0;
	for (;;) {
		(void)take(module);
		wait_more(&wait, module->end);
		if (!readable(module->end))
			continue;
		assert_int_equal(read(module->end, module->heard + module->count, 1), 1);
		module->count++;
		assert_int_equal(module->heard[0], 0x3A);
		if (heard_is(module, ask_pressure, sizeof ask_pressure)) {
			answer(module, pressure, sizeof pressure);
			module->count = 0;
		} else if (heard_is(module, ask_start, sizeof ask_start)) {
			module->starts++;
			return;
		} else if (heard_is(module, ask_abort, sizeof ask_abort) ||
		           heard_is(module, ask_result, sizeof ask_result)) {
			return;
		}
		assert_true(module->count < 6);
	}
}

/* Answers questions for the cuff pressure until the device is in this state and has given `signs` signs of life. */
static void chat(struct module *module, enum device_state state, unsigned signs)
{
	struct waiting wait = wait_for("a module in another state, with signs of life");
	unsigned goal = module->signs + signs;

	while (module->state != state || module->signs < goal) {
		uint8_t bytes[sizeof ask_pressure];
		(void)take(module);
		wait_more(&wait, module->end);
		if (!readable(module->end))
			continue;
		/* Nothing else; a second one waits only if this test was too slow to answer the first. */
		assert_int_equal(read(module->end, bytes, sizeof bytes), sizeof bytes);
		assert_memory_equal(bytes, ask_pressure, sizeof ask_pressure);
		answer(module, pressure, sizeof pressure);
	}
}

static void await_failures(struct module *module, unsigned failures)
{
	struct waiting wait = wait_for("a determination that has failed");

	while (module->failed < failures) {
		wait_more(&wait, mailbox_fd(module->mailbox));
		(void)take(module);
	}
}

static void await_fault(struct module *module, enum device_fault fault)
{
	struct waiting wait = wait_for("a module with a fault");

	while (module->state == DEVICE_UP || module->fault != fault) {
		wait_more(&wait, mailbox_fd(module->mailbox));
		(void)take(module);
	}
}

/* Starts, is aborted by an order, starts again and loses its cable. */
static void test_orders(void **state)
{
	struct module *module = module_new(LINK_SERIAL);

	(void)state;
	plug(module);
	module_start(module);
	chat(module, DEVICE_UP, 2);
	assert_int_equal(module->failed, 0);
	assert_true(links_cuff(module->links, 0, true));
	next_command(module);
	assert_true(heard_is(module, ask_start, sizeof ask_start));
	answer(module, accepted, sizeof accepted);
	chat(module, DEVICE_UP, 3);
	assert_true(links_cuff(module->links, 0, false));
	next_command(module);
	assert_true(heard_is(module, ask_abort, sizeof ask_abort));
	answer(module, aborted, sizeof aborted);
	await_failures(module, 1);
	/* Another, and the cable is pulled. */
	assert_true(links_cuff(module->links, 0, true));
	next_command(module);
	assert_true(heard_is(module, ask_start, sizeof ask_start));
	answer(module, accepted, sizeof accepted);
	unplug(module);
	await_fault(module, FAULT_HUNG_UP);
	plug(module);
	chat(module, DEVICE_UP, 3); /* fails at anything but the question for the pressure */
	assert_int_equal(module->starts, 2);
	module_end(module);
}

/* The module said to be complete what it began before the connect; the results are asked for and taken. */
static void test_result(void **state)
{
	static const uint8_t complete[] = {0x3E, 0x04, 0x4B, 0x73};
	/* 115 over 74, mean 88, heart rate 85 */
	static const uint8_t results[] = {0x3E, 0x18, 0x73, 0x00, 0x4A, 0x00, 0x1E, 0x01, 0x00, 0x00, 0x00, 0x00,
	                                  0x00, 0x00, 0x31, 0x07, 0x55, 0x00, 0x58, 0x00, 0x00, 0x00, 0x00, 0xE9};
	struct module *module = module_new(LINK_RAW_TCP);

	(void)state;
	listen_tcp(module);
	module_start(module);
	accept_tcp(module);
	chat(module, DEVICE_UP, 2);
	answer(module, complete, sizeof complete);
	next_command(module);
	assert_true(heard_is(module, ask_result, sizeof ask_result));
	answer(module, results, 10);
	answer(module, results + 10, sizeof results - 10);
	struct waiting wait = wait_for("a determination");
	while (!take(module))
		wait_more(&wait, mailbox_fd(module->mailbox));
	/* A module that does not answer any more. */
	await_fault(module, FAULT_TIMEOUT);
	module_end(module);
}

/* A cuff that tells its number with every frame, which no driver in the list does: 'g' is a frame of the right device,
 * 'b' one of another, 'S' the start. */
static void named_feed(struct stream *stream, const uint8_t *bytes, size_t count, struct mono now,
                       void (*emit)(void *context, const struct decoded *decoded), void *context)
{
	(void)stream;
	(void)now;
	for (size_t i = 0; i < count; i++) {
		struct decoded decoded = {.count = 0};
		(void)snprintf(decoded.serial, sizeof decoded.serial, "%s", bytes[i] == 'g' ? "right" : "other");
		emit(context, &decoded);
	}
}

static size_t named_say(struct stream *stream, struct mono now, uint8_t *bytes, size_t size)
{
	(void)now;
	assert_true(size > 0);
	bool start = stream->dialogue.start;
	stream->dialogue.start = false;
	bytes[0] = 'S';
	return start ? 1 : 0;
}

static bool named_order(struct stream *stream, bool start)
{
	stream->dialogue.start = start;
	return true;
}

/* One frame of a stranger is not enough to refuse the device, and too much to inflate a cuff. */
static void test_no_order_to_a_stranger(void **state)
{
	static const struct driver named = {
	    .name = "named", .period_ns = NS_PER_S, .feed = named_feed, .say = named_say, .order = named_order};
	struct module *module = module_new(LINK_SERIAL);
	struct pollfd said = {.events = POLLIN};
	uint8_t byte;

	(void)state;
	module->config.devices[0].driver = &named;
	(void)snprintf(module->config.devices[0].serial, NAME_BYTES, "right");
	plug(module);
	module_start(module);
	WAIT_UNTIL("an open port", (take(module), module->state == DEVICE_RESYNC));
	answer(module, (const uint8_t *)"gb", 2); /* one piece: the order finds both */
	WAIT_UNTIL("a sign of life", (take(module), module->signs >= 1));
	assert_int_equal(module->state, DEVICE_UP);
	assert_true(links_cuff(module->links, 0, true));
	answer(module, (const uint8_t *)"b", 1);
	/* By then the link has seen the order. */
	WAIT_UNTIL("a device that is refused", (take(module), module->state == DEVICE_REFUSED));
	said.fd = module->end;
	assert_int_equal(poll(&said, 1, 0), 0);
	answer(module, (const uint8_t *)"g", 1);
	assert_int_equal(poll(&said, 1, WAIT_MS), 1);
	assert_int_equal(read(module->end, &byte, 1), 1);
	assert_int_equal(byte, 'S');
	module_end(module);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_orders),
	    cmocka_unit_test(test_result),
	    cmocka_unit_test(test_no_order_to_a_stranger),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
