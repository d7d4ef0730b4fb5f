/* Links with a streaming device: a serial line on a pseudo terminal and raw TCP on the loopback. The test itself is the
 * device: it writes lines of a Masimo oximeter into the other end. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "daemon/link/serial_line.h"
#include "vitals/link.h"
#include "wait.h"

struct bedside {
	struct config config;
	struct mailbox *mailbox;
	struct links *links;
	char directory[32], path[64];
	int end; /* pty master or accepted connection */
	int hold, listen;
	bool told;
	enum device_state state;
	enum device_fault fault;
	unsigned frames, rows;
	int32_t spo2; /* of the last frame */
};

static struct bedside *bedside_new(enum link_type type)
{
	struct bedside *bedside = calloc(1, sizeof *bedside);

	assert_non_null(bedside);
	bedside->end = bedside->hold = bedside->listen = -1;
	(void)snprintf(bedside->directory, sizeof bedside->directory, "/tmp/vitals-link-XXXXXX");
	assert_non_null(mkdtemp(bedside->directory));
	(void)snprintf(bedside->path, sizeof bedside->path, "%s/port", bedside->directory);
	const struct driver *driver = driver_by_name("masimo-ascii1");
	assert_non_null(driver);
	bedside->config.link_count = 1;
	bedside->config.links[0] =
	    (struct link_config){.name = "line", .type = type, .line = driver->line, .host = "127.0.0.1"};
	(void)snprintf(bedside->config.links[0].port, PATH_BYTES, "%s", bedside->path);
	bedside->config.device_count = 1;
	bedside->config.devices[0] =
	    (struct device_config){.name = "oximeter", .driver = driver, .map = -1, .period_ns = driver->period_ns};
	bedside->mailbox = mailbox_open();
	assert_non_null(bedside->mailbox);
	return bedside;
}

static void bedside_start(struct bedside *bedside)
{
	bedside->links = links_start(&bedside->config, bedside->mailbox);
	assert_non_null(bedside->links);
}

static void plug_pty(struct bedside *bedside)
{
	char slave[64];
	struct termios raw;

	bedside->end = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(bedside->end >= 0);
	assert_int_equal(grantpt(bedside->end), 0);
	assert_int_equal(unlockpt(bedside->end), 0);
	assert_int_equal(ptsname_r(bedside->end, slave, sizeof slave), 0);
	bedside->hold = open(slave, O_RDWR | O_NOCTTY | O_CLOEXEC);
	assert_true(bedside->hold >= 0);
	assert_int_equal(tcgetattr(bedside->hold, &raw), 0);
	cfmakeraw(&raw);
	assert_int_equal(tcsetattr(bedside->hold, TCSANOW, &raw), 0);
	(void)unlink(bedside->path); /* it may not exist */
	assert_int_equal(symlink(slave, bedside->path), 0);
}

static void unplug(struct bedside *bedside)
{
	if (bedside->hold >= 0)
		assert_int_equal(close(bedside->hold), 0);
	assert_int_equal(close(bedside->end), 0);
	bedside->end = bedside->hold = -1;
}

/* Without `listening` the port is ours, and connections are refused. */
static void listen_tcp(struct bedside *bedside, bool listening)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	socklen_t size = sizeof address;

	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	bedside->listen = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(bedside->listen >= 0);
	assert_int_equal(bind(bedside->listen, (struct sockaddr *)&address, size), 0);
	if (listening)
		assert_int_equal(listen(bedside->listen, 4), 0);
	assert_int_equal(getsockname(bedside->listen, (struct sockaddr *)&address, &size), 0);
	bedside->config.links[0].tcp_port = ntohs(address.sin_port);
}

static void accept_tcp(struct bedside *bedside)
{
	struct pollfd waiting = {.fd = bedside->listen, .events = POLLIN};

	unit_waiting_for = "a link that connects";
	assert_int_equal(poll(&waiting, 1, WAIT_MS), 1);
	bedside->end = accept(bedside->listen, NULL, NULL);
	assert_true(bedside->end >= 0);
}

static void bedside_end(struct bedside *bedside)
{
	assert_int_equal(links_stop(bedside->links, 10000), 0);
	if (bedside->end >= 0)
		unplug(bedside);
	if (bedside->listen >= 0)
		assert_int_equal(close(bedside->listen), 0);
	mailbox_close(bedside->mailbox);
	(void)unlink(bedside->path); /* TCP has none */
	assert_int_equal(rmdir(bedside->directory), 0);
	free(bedside);
}

static void say(struct bedside *bedside, const char *text)
{
	assert_int_equal(write(bedside->end, text, strlen(text)), (ssize_t)strlen(text));
}

static void say_line(struct bedside *bedside, int spo2)
{
	char line[128];

	(void)snprintf(line, sizeof line,
	               "11/21/26 09:14:22 SN=0000012345 SPO2=%03d%% BPM=062 ALARM=0000 EXC=000800\r\n", spo2);
	say(bedside, line);
}

static bool take(struct bedside *bedside)
{
	struct event event;

	if (!mailbox_take(bedside->mailbox, &event))
		return false;
	if (event.kind == EVENT_MEASUREMENTS) {
		assert_int_equal(bedside->state, DEVICE_UP);
		assert_int_equal(event.u.measurements.count, 3);
		assert_int_equal(event.u.measurements.list[0].parameter, PARAMETER_SPO2);
		assert_true(event.u.measurements.list[0].determined.ns > 0);
		bedside->spo2 = event.u.measurements.list[0].milli;
		bedside->frames++;
		return true;
	}
	assert_int_equal(event.kind, EVENT_DEVICE);
	assert_false(bedside->told && bedside->state == event.u.device.state && bedside->fault == event.u.device.fault);
	bedside->told = true;
	bedside->rows++;
	bedside->state = event.u.device.state;
	bedside->fault = event.u.device.fault;
	return true;
}

static void step(struct bedside *bedside, const struct waiting *wait)
{
	while (!take(bedside))
		wait_more(wait, mailbox_fd(bedside->mailbox));
}

static void await(struct bedside *bedside, enum device_state state, enum device_fault fault)
{
	struct waiting wait = wait_for("a device in another state, or with another fault");

	while (!bedside->told || bedside->state != state || bedside->fault != fault)
		step(bedside, &wait);
}

static void await_spo2(struct bedside *bedside, int spo2)
{
	struct waiting wait = wait_for("a saturation that was sent");

	while (bedside->spo2 != spo2 * 1000)
		step(bedside, &wait);
}

/* Lines until one gets through: the first ones may fall into the time before the port is open and synchronised. */
static void talk_until_up(struct bedside *bedside)
{
	struct waiting wait = wait_for("a device that is up and heard");

	while (bedside->state != DEVICE_UP || bedside->frames == 0) {
		say_line(bedside, 90);
		wait_more(&wait, mailbox_fd(bedside->mailbox));
		while (take(bedside))
			continue;
	}
}

/* The same with a value that nobody has sent before: heard on this connection. */
static void talk_until_heard(struct bedside *bedside, int spo2)
{
	struct waiting wait = wait_for("a device that is heard on its next connection");

	while (bedside->spo2 != spo2 * 1000) {
		say_line(bedside, spo2);
		wait_more(&wait, mailbox_fd(bedside->mailbox));
		while (take(bedside))
			continue;
	}
}

static void test_serial(void **state)
{
	struct bedside *bedside = bedside_new(LINK_SERIAL);

	(void)state;
	bedside_start(bedside);
	await(bedside, DEVICE_DOWN, FAULT_NOT_FOUND);
	plug_pty(bedside);
	await(bedside, DEVICE_RESYNC, FAULT_NONE);
	talk_until_up(bedside);
	say_line(bedside, 97);
	await_spo2(bedside, 97);
	/* In pieces. */
	say(bedside, "11/21/26 09:14:22 SPO2=09");
	say(bedside, "5% BPM=062 ALARM=00 EXC=8");
	say(bedside, "00\r\n");
	await_spo2(bedside, 95);
	unplug(bedside);
	await(bedside, DEVICE_DOWN, FAULT_HUNG_UP);
	plug_pty(bedside); /* another pty behind the same name */
	await(bedside, DEVICE_RESYNC, FAULT_NONE);
	bedside->frames = 0;
	talk_until_up(bedside);
	say_line(bedside, 99);
	await_spo2(bedside, 99);
	assert_false(links_cuff(bedside->links, 0, true));
	bedside_end(bedside);
}

/* Another one of the same make, perhaps of another patient, and one that does not say which it is. */
/* What stands on the record about a device that is another one. */
static void await_notice(struct bedside *bedside, const char *detail)
{
	struct waiting wait = wait_for("the notice about another device");
	struct link_notice notice;

	for (;; wait_more(&wait, -1)) {
		while (links_notice(bedside->links, &notice)) {
			if (strcmp(notice.what, "wrong-device") != 0)
				continue;
			assert_string_equal(notice.detail, detail);
			return;
		}
	}
}

/* A status that the driver does not know is named on the record, once. */
static void odd_feed(struct stream *stream, const uint8_t *bytes, size_t count, struct mono now,
                     void (*emit)(void *context, const struct decoded *decoded), void *context)
{
	(void)stream;
	(void)now;
	for (size_t i = 0; i < count; i++) {
		struct decoded decoded = {.count = 0};
		decoded.unknown[0] = decoded.unknown[1] = (char)bytes[i];
		emit(context, &decoded);
	}
}

static void test_unknown_status(void **state)
{
	static const struct driver driver = {.name = "odd", .period_ns = NS_PER_S, .feed = odd_feed};
	static const char *const wanted[] = {"oximeter: status QQ is not known", "oximeter: status RR is not known"};
	struct bedside *bedside = bedside_new(LINK_SERIAL);
	struct waiting wait = wait_for("both notices about a status");
	struct link_notice notice;
	size_t seen = 0;

	(void)state;
	bedside->config.devices[0].driver = &driver;
	plug_pty(bedside);
	bedside_start(bedside);
	await(bedside, DEVICE_RESYNC, FAULT_NONE);
	say(bedside, "QQQRR");
	for (; seen < 2; wait_more(&wait, -1))
		while (links_notice(bedside->links, &notice))
			if (strcmp(notice.what, "unknown-status") == 0) {
				assert_true(seen < 2);
				assert_non_null(strstr(notice.detail, wanted[seen]));
				seen++;
			}
	bedside_end(bedside);
}

static void test_another_number(void **state)
{
	struct bedside *bedside = bedside_new(LINK_SERIAL);

	(void)state;
	memcpy(bedside->config.devices[0].serial, "0000012345", sizeof "0000012345");
	plug_pty(bedside);
	bedside_start(bedside);
	talk_until_up(bedside);
	for (int i = 0; i < 2; i++) {
		say(bedside, i == 0 ? "11/21/26 09:14:22 SN=0000012346 SPO2=088% BPM=062 ALARM=0000 EXC=000800\r\n"
		                      "11/21/26 09:14:23 SN=0000012346 SPO2=088% BPM=062 ALARM=0000 EXC=000800\r\n"
		                    : "11/21/26 09:14:22 SPO2=088% BPM=062 ALARM=0000 EXC=000800\r\n"
		                      "11/21/26 09:14:23 SN=---------- SPO2=088% BPM=062 ALARM=0000 EXC=000800\r\n");
		await(bedside, DEVICE_REFUSED, FAULT_WRONG_IDENTITY);
		await_notice(bedside, i == 0 ? "line: oximeter: serial number 0000012345 expected, 0000012346 read"
		                             : "line: oximeter: serial number 0000012345 expected, none read");
		assert_int_not_equal(bedside->spo2, 88000);
		say_line(bedside, 94 + i);
		await_spo2(bedside, 94 + i);
		assert_int_equal(bedside->state, DEVICE_UP);
	}
	bedside_end(bedside);
}

static void test_garbage(void **state)
{
	struct bedside *bedside = bedside_new(LINK_SERIAL);

	(void)state;
	plug_pty(bedside);
	bedside_start(bedside);
	talk_until_up(bedside);
	for (int i = 0; i < 40; i++)
		say(bedside, "SpO2 BPM PA N-560 VERSION\r\n"); /* a device of another make */
	await(bedside, DEVICE_RESYNC, FAULT_BAD_FRAME);
	say_line(bedside, 93);
	await_spo2(bedside, 93);
	assert_int_equal(bedside->state, DEVICE_UP);
	bedside_end(bedside);
}

static void test_locked(void **state)
{
	struct bedside *bedside = bedside_new(LINK_SERIAL);
	struct serial_line other;

	(void)state;
	plug_pty(bedside);
	assert_int_equal(serial_line_claim(&other, bedside->path), FAULT_NONE);
	bedside_start(bedside);
	await(bedside, DEVICE_DOWN, FAULT_LOCKED);
	serial_line_release(&other);
	await(bedside, DEVICE_RESYNC, FAULT_NONE);
	talk_until_up(bedside);
	bedside_end(bedside);
}

/* A path that is no terminal at all. */
static void test_no_terminal(void **state)
{
	struct bedside *bedside = bedside_new(LINK_SERIAL);

	(void)state;
	(void)snprintf(bedside->config.links[0].port, PATH_BYTES, "/dev/null");
	bedside_start(bedside);
	await(bedside, DEVICE_DOWN, FAULT_NOT_FOUND);
	bedside_end(bedside);
}

static void test_raw_tcp(void **state)
{
	struct bedside *bedside = bedside_new(LINK_RAW_TCP);

	(void)state;
	listen_tcp(bedside, true);
	bedside_start(bedside);
	accept_tcp(bedside);
	/* What the server kept from before has no known age. */
	for (int i = 0; i < 5; i++)
		say_line(bedside, 88);
	await(bedside, DEVICE_RESYNC, FAULT_NONE);
	talk_until_up(bedside);
	assert_int_not_equal(bedside->spo2, 88000);
	say_line(bedside, 96);
	await_spo2(bedside, 96);
	/* The server closes, as some do now and then: nothing is told while the next connection is good. */
	unsigned rows = bedside->rows;
	for (int i = 0; i < 3; i++) {
		unplug(bedside);
		accept_tcp(bedside);
		talk_until_heard(bedside, 91 + i);
	}
	assert_int_equal(bedside->rows, rows);
	/* A connection that brought nothing is not. */
	unplug(bedside);
	accept_tcp(bedside);
	unplug(bedside);
	await(bedside, DEVICE_DOWN, FAULT_HUNG_UP);
	accept_tcp(bedside);
	await(bedside, DEVICE_RESYNC, FAULT_NONE);
	bedside->frames = 0;
	talk_until_up(bedside);
	bedside_end(bedside);
}

/* The server is gone when it closed: told at the first attempt. */
static void test_raw_tcp_closed_and_gone(void **state)
{
	struct bedside *bedside = bedside_new(LINK_RAW_TCP);

	(void)state;
	listen_tcp(bedside, true);
	bedside_start(bedside);
	accept_tcp(bedside);
	talk_until_up(bedside);
	assert_int_equal(close(bedside->listen), 0);
	bedside->listen = -1;
	unplug(bedside);
	await(bedside, DEVICE_DOWN, FAULT_NOT_FOUND);
	bedside_end(bedside);
}

static void connect_from(struct bedside *bedside, const char *own)
{
	struct sockaddr_in address = {.sin_family = AF_INET};
	struct waiting wait = wait_for("a link that listens");

	for (;;) {
		address.sin_port = 0;
		assert_int_equal(inet_pton(AF_INET, own, &address.sin_addr), 1);
		bedside->end = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		assert_true(bedside->end >= 0);
		assert_int_equal(bind(bedside->end, (struct sockaddr *)&address, sizeof address), 0);
		address.sin_port = htons(bedside->config.links[0].tcp_port);
		assert_int_equal(inet_pton(AF_INET, "127.0.0.1", &address.sin_addr), 1);
		if (connect(bedside->end, (struct sockaddr *)&address, sizeof address) == 0)
			return;
		assert_int_equal(close(bedside->end), 0);
		wait_more(&wait, mailbox_fd(bedside->mailbox));
		while (take(bedside))
			continue;
	}
}

/* The device connects to us: one peer alone, and again when it has hung up. */
static void test_device_that_connects(void **state)
{
	struct bedside *bedside = bedside_new(LINK_RAW_TCP);
	struct waiting wait = wait_for("a stranger who is told");
	struct link_notice notice;
	char byte;

	(void)state;
	listen_tcp(bedside, false); /* a port of our own; free again when it is closed */
	assert_int_equal(close(bedside->listen), 0);
	bedside->listen = -1;
	(void)snprintf(bedside->config.links[0].listen, sizeof bedside->config.links[0].listen, "127.0.0.1");
	(void)snprintf(bedside->config.links[0].host, sizeof bedside->config.links[0].host, "127.0.0.2");
	bedside_start(bedside);
	await(bedside, DEVICE_DOWN, FAULT_NOT_FOUND);
	connect_from(bedside, "127.0.0.3");
	assert_int_equal(read(bedside->end, &byte, 1), 0); /* sent away */
	unplug(bedside);
	while (!links_notice(bedside->links, &notice))
		wait_more(&wait, mailbox_fd(bedside->mailbox));
	assert_string_equal(notice.what, "wrong-peer");
	assert_string_equal(notice.detail, "line: 127.0.0.3 connected and was sent away: only 127.0.0.2 is let in");
	connect_from(bedside, "127.0.0.2");
	talk_until_up(bedside);
	unsigned rows = bedside->rows;
	unplug(bedside);
	connect_from(bedside, "127.0.0.2");
	talk_until_heard(bedside, 91);
	assert_int_equal(bedside->rows, rows);
	/* It does not come again. */
	unplug(bedside);
	await(bedside, DEVICE_DOWN, FAULT_NOT_FOUND);
	bedside_end(bedside);
}

static void test_raw_tcp_refused(void **state)
{
	struct bedside *bedside = bedside_new(LINK_RAW_TCP);

	(void)state;
	listen_tcp(bedside, false);
	bedside_start(bedside);
	await(bedside, DEVICE_DOWN, FAULT_NOT_FOUND);
	bedside_end(bedside);
}

/* Connected, and nothing comes: it is said why, and the port is opened anew. */
static void test_silence(void **state)
{
	struct bedside *bedside = bedside_new(LINK_RAW_TCP);

	(void)state;
	listen_tcp(bedside, true);
	bedside_start(bedside);
	accept_tcp(bedside);
	await(bedside, DEVICE_RESYNC, FAULT_NONE);
	await(bedside, DEVICE_RESYNC, FAULT_TIMEOUT);
	unplug(bedside);
	accept_tcp(bedside);
	talk_until_up(bedside);
	bedside_end(bedside);
}

/* A driver that has nothing to say and does not tell when it will. What it is asked, and when, is counted by the link's
 * thread. */
static struct asked {
	atomic_uint times;
	int64_t last, shortest; /* pause */
} asked;

static size_t say_nothing(struct stream *stream, struct mono now, uint8_t *bytes, size_t size)
{
	(void)stream;
	(void)bytes;
	(void)size;
	if (asked.times > 0 && (asked.times == 1 || now.ns - asked.last < asked.shortest))
		asked.shortest = now.ns - asked.last;
	asked.last = now.ns;
	asked.times++;
	return 0;
}

static void test_silent_driver_does_not_spin(void **state)
{
	struct bedside *bedside = bedside_new(LINK_SERIAL);
	struct driver silent = *bedside->config.devices[0].driver;

	(void)state;
	silent.say = say_nothing;
	bedside->config.devices[0].driver = &silent;
	plug_pty(bedside);
	bedside_start(bedside);
	WAIT_UNTIL("a driver that is asked five times", asked.times >= 5);
	bedside_end(bedside);
	assert_true(asked.shortest >= 100 * NS_PER_MS);
}

/* A thread that is held up in a call is named, and no longer when it goes on. */
static atomic_bool held;

static size_t say_held_up(struct stream *stream, struct mono now, uint8_t *bytes, size_t size)
{
	(void)stream;
	(void)now;
	(void)bytes;
	(void)size;
	while (atomic_load(&held))
		(void)poll(NULL, 0, 10);
	return 0;
}

static void await_alive(struct bedside *bedside, bool alive)
{
	const char *name = "";

	WAIT_UNTIL(alive ? "a thread that goes on" : "a thread that is told as stuck",
	           links_alive(bedside->links, &name) == alive);
	if (!alive)
		assert_string_equal(name, "line");
}

static void test_stuck_thread_is_named(void **state)
{
	struct bedside *bedside = bedside_new(LINK_SERIAL);
	struct driver stuck = *bedside->config.devices[0].driver;

	(void)state;
	stuck.say = say_held_up;
	bedside->config.devices[0].driver = &stuck;
	atomic_store(&held, true);
	plug_pty(bedside);
	bedside_start(bedside);
	await_alive(bedside, true);
	await_alive(bedside, false);
	assert_int_equal(links_stop(bedside->links, 1), 1); /* nor does the end of the daemon wait for it */
	atomic_store(&held, false);
	await_alive(bedside, true);
	bedside_end(bedside);
}

/* One byte is a frame: the saturation. It talks as fast as it is let. */
static void byte_feed(struct stream *stream, const uint8_t *bytes, size_t count, struct mono now,
                      void (*emit)(void *context, const struct decoded *decoded), void *context)
{
	(void)stream;
	for (size_t i = 0; i < count; i++) {
		struct decoded decoded = {.count = 1};
		decoded.list[0] = (struct measurement){.parameter = PARAMETER_SPO2,
		                                       .quality = QUALITY_VALID,
		                                       .milli = bytes[i] * MILLI,
		                                       .determined = now};
		emit(context, &decoded);
	}
}

static struct bedside *bedside_of_bytes(void)
{
	static const struct driver driver = {.name = "bytes", .period_ns = NS_PER_S, .feed = byte_feed};
	struct bedside *bedside = bedside_new(LINK_SERIAL);

	bedside->config.devices[0].driver = &driver;
	plug_pty(bedside);
	bedside_start(bedside);
	await(bedside, DEVICE_RESYNC, FAULT_NONE);
	return bedside;
}

/* Of a burst the engine gets the extremes and the last one, and not the rest. */
static void test_burst_is_thinned(void **state)
{
	static const uint8_t burst[] = {97, 97, 97, 97, 84, 97, 97, 97, 97, 97, 97, 97, 97, 97, 96, 95, 96};
	static const int32_t expected[] = {97, 84, 96};
	struct bedside *bedside = bedside_of_bytes();
	struct waiting wait = wait_for("the extremes of a burst and its last value");
	size_t seen = 0;

	(void)state;
	assert_int_equal(write(bedside->end, burst, sizeof burst), (ssize_t)sizeof burst);
	while (seen < 3) {
		struct event event;
		if (!mailbox_take(bedside->mailbox, &event)) {
			wait_more(&wait, mailbox_fd(bedside->mailbox));
			continue;
		}
		if (event.kind != EVENT_MEASUREMENTS)
			continue;
		assert_int_equal(event.u.measurements.list[0].milli, expected[seen] * MILLI);
		seen++;
	}
	bedside_end(bedside);
}

/* A device that sends without end is told to be what it is, and some of its values still come. */
static void test_babble(void **state)
{
	uint8_t same[256];
	struct bedside *bedside = bedside_of_bytes();
	struct waiting wait = wait_for("the word that a device babbles");
	unsigned written = 0, frames = 0;
	bool told = false;

	(void)state;
	memset(same, 98, sizeof same);
	while (!told) {
		struct pollfd line = {.fd = bedside->end, .events = POLLOUT};
		struct event event;
		if (poll(&line, 1, 10) == 1 && write(bedside->end, same, sizeof same) > 0)
			written += (unsigned)sizeof same;
		wait_more(&wait, mailbox_fd(bedside->mailbox));
		while (mailbox_take(bedside->mailbox, &event)) {
			frames += event.kind == EVENT_MEASUREMENTS;
			if (event.kind == EVENT_DEVICE) {
				assert_int_equal(event.u.device.state, DEVICE_UP);
				told = event.u.device.fault == FAULT_BABBLE;
			}
		}
	}
	assert_true(frames > 10 && frames < written / 100);
	bedside_end(bedside);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_burst_is_thinned),
	    cmocka_unit_test(test_babble),
	    cmocka_unit_test(test_serial),
	    cmocka_unit_test(test_another_number),
	    cmocka_unit_test(test_unknown_status),
	    cmocka_unit_test(test_garbage),
	    cmocka_unit_test(test_locked),
	    cmocka_unit_test(test_no_terminal),
	    cmocka_unit_test(test_raw_tcp),
	    cmocka_unit_test(test_raw_tcp_refused),
	    cmocka_unit_test(test_device_that_connects),
	    cmocka_unit_test(test_raw_tcp_closed_and_gone),
	    cmocka_unit_test(test_silence),
	    cmocka_unit_test(test_silent_driver_does_not_spin),
	    cmocka_unit_test(test_stuck_thread_is_named),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
