/* The publisher child as a real process with real subscribers: this program is its own child, as vitalsd is. Every wait
 * is for something that must happen, with a deadline far beyond what it takes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zmq.h>

#include "publisher_world.h"

#define OPENED_MAX 8
#define PREFIX     "vitals/room-9/"

static void *context;
static void *opened[OPENED_MAX];
static int opened_count;

/* Bound and not listened on until the program ends: nobody else is given the port, and the child can listen on it. */
static const char *free_tcp(void)
{
	static char endpoint[64];
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t size = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	assert_true(fd >= 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on), 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, size), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	assert_true(snprintf(endpoint, sizeof endpoint, "tcp://127.0.0.1:%d", ntohs(address.sin_port)) > 0);
	return endpoint;
}

/* ---- subscribers ---------------------------------------------------------------------------------------------------
 */

/* Closed at the end of the test, even of one that fails. */
static void *open_socket(int type)
{
	int linger = 0;
	void *socket = zmq_socket(context, type);

	assert_non_null(socket);
	assert_true(opened_count < OPENED_MAX);
	opened[opened_count++] = socket;
	assert_int_equal(zmq_setsockopt(socket, ZMQ_LINGER, &linger, sizeof linger), 0);
	return socket;
}

static void *subscriber(const char *endpoint)
{
	void *socket = open_socket(ZMQ_SUB);
	int retry = 20;

	assert_int_equal(zmq_setsockopt(socket, ZMQ_RECONNECT_IVL, &retry, sizeof retry), 0);
	assert_int_equal(zmq_setsockopt(socket, ZMQ_SUBSCRIBE, PREFIX, strlen(PREFIX)), 0);
	if (endpoint != NULL)
		assert_int_equal(zmq_connect(socket, endpoint), 0);
	return socket;
}

/* One whole message if there is one; it must have two frames. */
static bool take(void *socket, char *topic, size_t topic_size, char *body, size_t body_size)
{
	int more = 0;
	size_t size = sizeof more;
	int got = zmq_recv(socket, topic, topic_size - 1, ZMQ_DONTWAIT);

	if (got < 0) {
		assert_int_equal(zmq_errno(), EAGAIN);
		return false;
	}
	assert_in_range(got, 1, topic_size - 1);
	topic[got] = '\0';
	assert_int_equal(zmq_getsockopt(socket, ZMQ_RCVMORE, &more, &size), 0);
	assert_true(more);
	got = zmq_recv(socket, body, body_size - 1, 0);
	assert_in_range(got, 1, body_size - 1);
	body[got] = '\0';
	assert_int_equal(zmq_getsockopt(socket, ZMQ_RCVMORE, &more, &size), 0);
	assert_false(more);
	return true;
}

/* Publishes `text` on the alarm topic, again and again while the subscription comes into effect, until it arrives. */
static void expect_alarm(void *socket, const char *text)
{
	const struct mono begin = clock_now();
	char topic[TOPIC_BYTES], body[8192];

	for (;;) {
		assert_false(expired(begin));
		zmq_pollitem_t item = {.socket = socket, .events = ZMQ_POLLIN};
		beat();
		(void)send_text(TOPIC_ALARM, text); /* tried again in the next round */
		assert_true(zmq_poll(&item, 1, LOOK_MS) >= 0);
		while (take(socket, topic, sizeof topic, body, sizeof body)) {
			if (strcmp(topic, PREFIX "alarm") == 0 && strcmp(body, text) == 0)
				return;
		}
	}
}

/* ---- tests ---------------------------------------------------------------------------------------------------------
 */

static int setup(void **state)
{
	(void)state;
	start_with(ipc());
	context = zmq_ctx_new();
	return context == NULL;
}

static int teardown(void **state)
{
	(void)state;
	publisher_stop(publisher, WAIT_MS);
	publisher = NULL;
	while (opened_count > 0)
		(void)zmq_close(opened[--opened_count]);
	return zmq_ctx_term(context);
}

static void messages_reach_a_subscriber(void **state)
{
	(void)state;
	start();
	void *sub = subscriber(ipc());
	expect_alarm(sub, "hello");
}

static void every_topic_has_its_name(void **state)
{
	(void)state;
	static const char *const names[TOPIC_COUNT] = {"alarm",   "readings", "device",
	                                               "session", "snapshot", "heartbeat"};
	char topic[TOPIC_BYTES], body[64], expected[TOPIC_BYTES];

	start();
	void *sub = subscriber(ipc());
	expect_alarm(sub, "ready");
	for (int t = 0; t < TOPIC_COUNT; t++) {
		const struct mono begin = clock_now();
		assert_true(send_text((enum topic)t, names[t]));
		assert_true(snprintf(expected, sizeof expected, PREFIX "%s", names[t]) > 0);
		bool found = false;
		while (!found) {
			zmq_pollitem_t item = {.socket = sub, .events = ZMQ_POLLIN};
			assert_false(expired(begin));
			assert_true(zmq_poll(&item, 1, LOOK_MS) >= 0);
			while (!found && take(sub, topic, sizeof topic, body, sizeof body))
				found = strcmp(body, names[t]) == 0;
		}
		assert_string_equal(topic, expected);
	}
}

static void largest_message_passes_whole(void **state)
{
	(void)state;
	static uint8_t body[MESSAGE_BYTES + 1];
	char topic[TOPIC_BYTES];
	const struct mono begin = clock_now();

	start();
	void *sub = subscriber(ipc());
	expect_alarm(sub, "ready");
	message.topic = TOPIC_SNAPSHOT;
	message.size = MESSAGE_BYTES;
	memset(message.bytes, 0xa5, MESSAGE_BYTES);
	assert_true(publisher_send(publisher, &message));
	for (;;) {
		assert_false(expired(begin));
		zmq_pollitem_t item = {.socket = sub, .events = ZMQ_POLLIN};
		assert_true(zmq_poll(&item, 1, LOOK_MS) >= 0);
		int got = zmq_recv(sub, topic, sizeof topic, ZMQ_DONTWAIT);
		if (got < 0)
			continue;
		int size = zmq_recv(sub, body, sizeof body, 0);
		if ((size_t)got != strlen(PREFIX "snapshot") || memcmp(topic, PREFIX "snapshot", (size_t)got) != 0)
			continue;
		assert_int_equal(size, MESSAGE_BYTES);
		assert_memory_equal(body, message.bytes, MESSAGE_BYTES);
		break;
	}
}

static void killed_child_is_noticed_and_replaced(void **state)
{
	(void)state;
	start();
	void *sub = subscriber(ipc());
	expect_alarm(sub, "before");
	pid_t first = child_pid();
	assert_int_equal(kill(first, SIGKILL), 0);
	wait_until_dead(publisher, clock_now());
	assert_false(send_text(TOPIC_ALARM, "lost"));
	const struct mono now = clock_now();
	restart(now);
	assert_int_not_equal(child_pid(), first);
	assert_true(publisher_check(publisher, now));
	expect_alarm(sub, "after");
}

static void restart_ends_a_child_that_hangs(void **state)
{
	(void)state;
	start();
	void *sub = subscriber(ipc());
	expect_alarm(sub, "before");
	pid_t first = child_pid();
	assert_int_equal(kill(first, SIGSTOP), 0);
	assert_false(publisher_restart(publisher, clock_now())); /* told to go; nobody waits for it */
	assert_int_equal(errno, EAGAIN);
	restart(clock_now());
	assert_int_equal(kill(first, 0), -1);
	expect_alarm(sub, "after");
}

static void stopped_child_never_blocks_the_sender(void **state)
{
	(void)state;
	start();
	wait_until_heard();
	assert_int_equal(kill(child_pid(), SIGSTOP), 0);
	message.topic = TOPIC_READINGS;
	message.size = 4096;
	memset(message.bytes, 1, message.size);
	int accepted = 0;
	while (publisher_send(publisher, &message)) /* would hang here */
		assert_in_range(++accepted, 1, 100000);
	assert_in_range(accepted, 10, 100000);
	restart(clock_now());
	wait_until_heard();
}

static void stalled_subscriber_stops_nobody(void **state)
{
	(void)state;
	int one = 1;
	char topic[TOPIC_BYTES];
	static char body[8192], text[4000];

	start();
	void *stalled = subscriber(NULL);
	assert_int_equal(zmq_setsockopt(stalled, ZMQ_RCVHWM, &one, sizeof one), 0);
	assert_int_equal(zmq_connect(stalled, ipc()), 0);
	expect_alarm(stalled, "here"); /* from now on it reads nothing */
	void *sub = subscriber(ipc());
	expect_alarm(sub, "ready");
	memset(text, 'x', sizeof text - 1);
	const struct mono begin = clock_now();
	for (int i = 0; i < 8000; i++) { /* 32 MB: far more than all buffers and queues of the stalled one hold */
		beat();
		while (!send_text(TOPIC_READINGS, text)) { /* the child shares a processor with this test */
			struct pollfd room = {.fd = publisher_fd(publisher), .events = POLLOUT};
			assert_false(expired(begin));
			(void)poll(&room, 1, 20);
		}
		while (take(sub, topic, sizeof topic, body, sizeof body))
			;
	}
	expect_alarm(sub, "still here");
	wait_until_heard();
}

static void last_words_are_sent(void **state)
{
	(void)state;
	char topic[TOPIC_BYTES], body[8192];
	const struct mono begin = clock_now();
	bool found = false;

	start();
	void *sub = subscriber(ipc());
	expect_alarm(sub, "ready");
	assert_true(send_text(TOPIC_SESSION, "last words"));
	publisher_stop(publisher, WAIT_MS);
	publisher = NULL;
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
	assert_int_equal(errno, ECHILD);
	while (!found) {
		zmq_pollitem_t item = {.socket = sub, .events = ZMQ_POLLIN};
		assert_false(expired(begin));
		assert_true(zmq_poll(&item, 1, LOOK_MS) >= 0);
		while (!found && take(sub, topic, sizeof topic, body, sizeof body))
			found = strcmp(body, "last words") == 0;
	}
}

static void socket_file_is_for_the_group_only(void **state)
{
	(void)state;
	struct stat status;

	start();
	wait_until_heard();
	assert_int_equal(stat(ipc() + strlen("ipc://"), &status), 0);
	assert_true(S_ISSOCK(status.st_mode));
	assert_int_equal(status.st_mode & 0777, 0660);
}

static void second_publisher_cannot_take_the_path(void **state)
{
	(void)state;
	start();
	void *sub = subscriber(ipc());
	expect_alarm(sub, "first");
	struct publisher *thief = publisher_start(&config);
	assert_non_null(thief);
	wait_until_dead(thief, clock_now());
	publisher_stop(thief, WAIT_MS);
	void *late = subscriber(ipc());
	expect_alarm(late, "still the first");
}

static void network_needs_keys(void **state)
{
	(void)state;
	static const char *const refused[] = {"tcp://0.0.0.0:45991", "tcp://*:45991", "ipc://@abstract", "ipc://*",
	                                      "inproc://here"};

	for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
		start_with(refused[i]);
		start();
		wait_until_dead(publisher, clock_now());
		publisher_stop(publisher, WAIT_MS);
	}
	publisher = NULL;
}

static void loopback_tcp_works_too(void **state)
{
	(void)state;
	start_with(free_tcp());
	start();
	void *sub = subscriber(config.publish.endpoints[0]);
	expect_alarm(sub, "over tcp");
	wait_until_heard();
}

static bool file_has(pid_t pid, const char *name, const char *wanted)
{
	char path[64], line[256];
	bool found = false;

	assert_true(snprintf(path, sizeof path, "/proc/%d/%s", pid, name) > 0);
	FILE *file = fopen(path, "re");
	assert_non_null(file);
	while (!found && fgets(line, sizeof line, file) != NULL)
		found = strncmp(line, wanted, strlen(wanted)) == 0;
	assert_int_equal(fclose(file), 0);
	return found;
}

static void child_has_given_up_its_privileges(void **state)
{
	(void)state;
	start();
	wait_until_heard();
	pid_t pid = child_pid();
	assert_true(file_has(pid, "status", "CapEff:\t0000000000000000"));
	assert_true(file_has(pid, "status", "CapPrm:\t0000000000000000"));
	assert_true(file_has(pid, "status", "NoNewPrivs:\t1"));
	assert_true(file_has(pid, "limits", "Max core file size        0 "));
	assert_true(file_has(pid, "limits", "Max open files            256 "));
}

/* ---- CURVE ---------------------------------------------------------------------------------------------------------
 */

struct keys {
	char public[CURVE_KEY_BYTES], secret[CURVE_KEY_BYTES];
};

static void make_keys(struct keys *keys)
{
	assert_int_equal(zmq_curve_keypair(keys->public, keys->secret), 0);
}

static void *curve_subscriber(const char *endpoint, const struct keys *own, const char *server)
{
	void *sub = subscriber(NULL);

	assert_int_equal(zmq_setsockopt(sub, ZMQ_CURVE_SERVERKEY, server, CURVE_KEY_BYTES), 0);
	assert_int_equal(zmq_setsockopt(sub, ZMQ_CURVE_PUBLICKEY, own->public, CURVE_KEY_BYTES), 0);
	assert_int_equal(zmq_setsockopt(sub, ZMQ_CURVE_SECRETKEY, own->secret, CURVE_KEY_BYTES), 0);
	if (endpoint != NULL)
		assert_int_equal(zmq_connect(sub, endpoint), 0);
	return sub;
}

/* Connects and waits until the publisher has turned it away; then it must have received nothing. */
static void expect_refusal(void *sub, const char *endpoint, const char *name)
{
	const int refusals = ZMQ_EVENT_HANDSHAKE_FAILED_AUTH | ZMQ_EVENT_HANDSHAKE_FAILED_PROTOCOL |
	                     ZMQ_EVENT_HANDSHAKE_FAILED_NO_DETAIL;
	const struct mono begin = clock_now();
	char byte;
	int got = -1;

	assert_int_equal(zmq_socket_monitor(sub, name, refusals | ZMQ_EVENT_HANDSHAKE_SUCCEEDED), 0);
	void *monitor = open_socket(ZMQ_PAIR);
	assert_int_equal(zmq_connect(monitor, name), 0);
	assert_int_equal(zmq_connect(sub, endpoint), 0);
	while (got < 0) {
		zmq_pollitem_t item = {.socket = monitor, .events = ZMQ_POLLIN};
		uint8_t event[6];
		assert_false(expired(begin));
		beat();
		assert_true(zmq_poll(&item, 1, LOOK_MS) >= 0);
		got = zmq_recv(monitor, event, sizeof event, ZMQ_DONTWAIT);
		if (got >= 0) {
			uint16_t number;
			assert_int_equal(got, 6);
			memcpy(&number, event, sizeof number);
			assert_true(number & refusals);
		}
	}
	assert_int_equal(zmq_socket_monitor(sub, NULL, 0), 0);
	assert_int_equal(zmq_recv(sub, &byte, 1, ZMQ_DONTWAIT), -1);
}

static void only_listed_keys_receive(void **state)
{
	(void)state;
	struct keys server, listed, stranger;
	char byte;

	make_keys(&server);
	make_keys(&listed);
	make_keys(&stranger);
	start_with(free_tcp());
	const char *endpoint = config.publish.endpoints[0];
	config.publish.curve = true;
	memcpy(config.publish.secret_key, server.secret, CURVE_KEY_BYTES);
	config.publish.client_key_count = 1;
	memcpy(config.publish.client_keys[0], listed.public, CURVE_KEY_BYTES);
	start();
	void *friend = curve_subscriber(endpoint, &listed, server.public);
	expect_alarm(friend, "for you");
	wait_until_heard(); /* the loop-back subscription has a key of its own */
	void *unlisted = curve_subscriber(NULL, &stranger, server.public);
	expect_refusal(unlisted, endpoint, "inproc://monitor-unlisted");
	void *plain = subscriber(NULL);
	expect_refusal(plain, endpoint, "inproc://monitor-plain");
	expect_alarm(friend, "for you again");
	assert_int_equal(zmq_recv(unlisted, &byte, 1, ZMQ_DONTWAIT), -1);
	assert_int_equal(zmq_recv(plain, &byte, 1, ZMQ_DONTWAIT), -1);
}

static void ipc_stays_plain_beside_curve(void **state)
{
	(void)state;
	struct keys server, listed;

	make_keys(&server);
	make_keys(&listed);
	config.publish.endpoint_count = 2;
	assert_true(snprintf(config.publish.endpoints[1], PATH_BYTES, "%s", free_tcp()) > 0);
	config.publish.curve = true;
	memcpy(config.publish.secret_key, server.secret, CURVE_KEY_BYTES);
	config.publish.client_key_count = 1;
	memcpy(config.publish.client_keys[0], listed.public, CURVE_KEY_BYTES);
	start();
	void *local = subscriber(ipc());
	void *remote = curve_subscriber(config.publish.endpoints[1], &listed, server.public);
	expect_alarm(local, "both");
	expect_alarm(remote, "both");
	wait_until_heard();
}

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(messages_reach_a_subscriber),
	    TEST(every_topic_has_its_name),
	    TEST(largest_message_passes_whole),
	    TEST(killed_child_is_noticed_and_replaced),
	    TEST(restart_ends_a_child_that_hangs),
	    TEST(stopped_child_never_blocks_the_sender),
	    TEST(stalled_subscriber_stops_nobody),
	    TEST(last_words_are_sent),
	    TEST(socket_file_is_for_the_group_only),
	    TEST(second_publisher_cannot_take_the_path),
	    TEST(network_needs_keys),
	    TEST(loopback_tcp_works_too),
	    TEST(child_has_given_up_its_privileges),
	    TEST(only_listed_keys_receive),
	    TEST(ipc_stays_plain_beside_curve),
	};

	if (argc == 2 && strcmp(argv[1], "--publisher-child") == 0)
		return publisher_child_main();
	if (mkdtemp(directory) == NULL)
		return 1;
	return cmocka_run_group_tests(tests, NULL, remove_directory);
}
