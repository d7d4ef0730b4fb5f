/* The client library as a nurse station uses it: two bedsides in one program, each with its handle, their messages,
 * questions and failures interleaved. Real ZeroMQ and local sockets. Linked without anything of the daemon. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include <zmq.h>

#include "clients/lib/message.h"

#define S          INT64_C(1000000000)
#define PATIENCE_S 20
#define PATH_BYTES 100

static char directory[PATH_BYTES];
static char line[JSON_BYTES];

static int64_t now(void)
{
	struct timespec time;

	assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &time), 0);
	return time.tv_sec * S + time.tv_nsec;
}

/* ---- a bedside that publishes ------------------------------------------------------------------------------------ */

struct bed {
	char name[16], endpoint[PATH_BYTES + 32], topic[64];
	void *socket;
	uint64_t sequence[VIEW_TOPICS];
	struct client *client;
	struct client_news news;
};

static void publish(struct bed *bed, Vitals__V1__Message *message, enum view_topic topic, const char *kind)
{
	uint8_t bytes[4096];

	message->version = 1;
	message->bedside = bed->name;
	message->epoch = 1000 + (uint64_t)bed->name[5];
	message->sequence = ++bed->sequence[topic];
	size_t size = vitals__v1__message__pack(message, bytes);
	(void)snprintf(bed->topic, sizeof(bed->topic), "vitals/%s/%s", bed->name, kind);
	assert_true(zmq_send(bed->socket, bed->topic, strlen(bed->topic), ZMQ_SNDMORE) > 0);
	assert_int_equal(zmq_send(bed->socket, bytes, size, 0), size);
}

static void publish_snapshot(struct bed *bed)
{
	Vitals__V1__Session session;
	Vitals__V1__Heartbeat heartbeat;
	Vitals__V1__Snapshot snapshot;
	Vitals__V1__Message message;

	vitals__v1__session__init(&session);
	vitals__v1__heartbeat__init(&heartbeat);
	heartbeat.alarm_digest = UINT64_C(0xcbf29ce484222325); /* of no alarm */
	vitals__v1__snapshot__init(&snapshot);
	snapshot.session = &session;
	snapshot.heartbeat = &heartbeat;
	vitals__v1__message__init(&message);
	message.body_case = VITALS__V1__MESSAGE__BODY_SNAPSHOT;
	message.snapshot = &snapshot;
	publish(bed, &message, VIEW_SNAPSHOT, "snapshot");
}

static void publish_alarm(struct bed *bed, uint32_t id, char *words)
{
	Vitals__V1__Alarm alarm;
	Vitals__V1__AlarmChange change = VITALS__V1__ALARM_CHANGE__INIT;
	Vitals__V1__Message message;

	vitals__v1__alarm__init(&alarm);
	alarm.id = id;
	alarm.generation = 1;
	alarm.text = words;
	alarm.state = VITALS__V1__ALARM_STATE__ALARM_STATE_ACTIVE;
	change.alarm = &alarm;
	change.change = VITALS__V1__CHANGE__CHANGE_RAISED;
	vitals__v1__message__init(&message);
	message.body_case = VITALS__V1__MESSAGE__BODY_ALARM;
	message.alarm = &change;
	publish(bed, &message, VIEW_ALARM, "alarm");
}

static void publish_value(struct bed *bed, int64_t milli)
{
	static char spo2[] = "spo2";
	Vitals__V1__Reading reading, *list[] = {&reading};
	Vitals__V1__Readings readings = VITALS__V1__READINGS__INIT;
	Vitals__V1__Message message;

	vitals__v1__reading__init(&reading);
	reading.parameter = spo2;
	reading.quality = VITALS__V1__QUALITY__QUALITY_VALID;
	reading.result_case = VITALS__V1__READING__RESULT_MILLI;
	reading.milli = milli;
	readings.n_reading = 1;
	readings.reading = list;
	vitals__v1__message__init(&message);
	message.body_case = VITALS__V1__MESSAGE__BODY_READINGS;
	message.readings = &readings;
	publish(bed, &message, VIEW_READINGS, "readings");
}

/* Waits for the message that `bed` has just sent, at both handles: the other must not get it. */
static void arrives(struct bed *bed, struct bed *other)
{
	struct client *both[] = {bed->client, other->client};
	enum client_next next = CLIENT_NOTHING;
	int64_t until = now() + PATIENCE_S * S;

	while (next == CLIENT_NOTHING && now() < until) {
		assert_false(client_wait(both, 2, -1, 1000));
		assert_int_equal(client_next(other->client, now(), &other->news), CLIENT_NOTHING);
		next = client_next(bed->client, now(), &bed->news);
	}
	if (next != CLIENT_APPLIED)
		fail_msg("waited in vain for the message %s", bed->topic);
}

static void bed_open(struct bed *bed, void *context, const char *name)
{
	struct client_problem problem;
	int patience_ms = PATIENCE_S * 1000;
	uint8_t subscribed[64];

	(void)snprintf(bed->name, sizeof(bed->name), "%s", name);
	(void)snprintf(bed->endpoint, sizeof(bed->endpoint), "ipc://%s/%s", directory, name);
	bed->socket = zmq_socket(context, ZMQ_XPUB);
	assert_non_null(bed->socket);
	assert_int_equal(zmq_setsockopt(bed->socket, ZMQ_RCVTIMEO, &patience_ms, sizeof(patience_ms)), 0);
	assert_int_equal(zmq_setsockopt(bed->socket, ZMQ_LINGER, &(int){0}, sizeof(int)), 0);
	assert_int_equal(zmq_bind(bed->socket, bed->endpoint), 0);
	bed->client =
	    client_open(&(struct client_options){.bedside = name, .endpoint = bed->endpoint}, now(), &problem);
	assert_non_null(bed->client);
	if (zmq_recv(bed->socket, subscribed, sizeof(subscribed), 0) <= 0)
		fail_msg("waited in vain for the subscription of %s", name);
}

static void bed_close(struct bed *bed)
{
	client_close(bed->client);
	assert_int_equal(zmq_close(bed->socket), 0);
}

static void two_bedsides_do_not_mix(void **state)
{
	static struct bed a, b;
	static char low_a[] = "SpO2 low in A", low_b[] = "SpO2 low in B";
	void *context = zmq_ctx_new();
	struct out out = {line, sizeof(line) - 1, 0, false};

	(void)state;
	bed_open(&a, context, "room-a");
	bed_open(&b, context, "room-b");
	const struct view *in_a = client_view(a.client), *in_b = client_view(b.client);
	publish_snapshot(&a);
	arrives(&a, &b);
	assert_true(in_a->complete && !in_b->complete);
	publish_snapshot(&b);
	arrives(&b, &a);
	publish_alarm(&a, 1, low_a);
	arrives(&a, &b);
	assert_int_equal(a.news.topic, VIEW_ALARM);
	assert_int_equal(a.news.change, VIEW_CHANGE_RAISED);
	publish_value(&b, 97000);
	arrives(&b, &a);
	publish_value(&a, 86000);
	arrives(&a, &b);
	publish_alarm(&b, 1, low_b);
	arrives(&b, &a);
	assert_string_equal(view_alarm(in_a, 1)->text, "SpO2 low in A");
	assert_string_equal(view_alarm(in_b, 1)->text, "SpO2 low in B");
	assert_true(view_reading(in_a, "spo2")->milli == 86000 && view_reading(in_b, "spo2")->milli == 97000);
	assert_int_equal(view_link(in_a, in_a->heard_ns), VIEW_OK);
	/* A's last message is still A's after B had another. */
	client_json(a.client, &out);
	line[out.used] = '\0';
	assert_non_null(strstr(line, "\"topic\":\"vitals/room-a/readings\""));
	/* One falls silent, and it alone. */
	int64_t later = in_a->heard_ns + VIEW_NO_DATA_NS;
	assert_int_equal(view_link(in_a, later), VIEW_NO_DATA);
	a.sequence[VIEW_READINGS]++; /* lost on the way */
	publish_value(&a, 85000);
	arrives(&a, &b);
	assert_int_equal(view_link(in_a, in_a->heard_ns), VIEW_GAP);
	assert_int_equal(view_link(in_b, in_b->heard_ns), VIEW_OK);
	bed_close(&a);
	publish_value(&b, 96000); /* the end of one handle is no matter to the other */
	struct client *left[] = {b.client};
	assert_false(client_wait(left, 1, -1, PATIENCE_S * 1000));
	assert_int_equal(client_next(b.client, now(), &b.news), CLIENT_APPLIED);
	bed_close(&b);
	assert_int_equal(zmq_ctx_term(context), 0);
}

/* ---- a monitor that answers -------------------------------------------------------------------------------------- */

struct monitor {
	char path[PATH_BYTES + 32], words[32];
	int listener;
	pthread_t thread;
	char asked[64]; /* what the last request was */
};

#define QUESTIONS 2 /* then it answers no more */

/* With its own words and an alarm load of its own. */
static void answer(struct monitor *monitor, int fd)
{
	static char ok[] = "ok", empty[] = "";
	uint8_t bytes[4096];
	Vitals__V1__Response response;
	Vitals__V1__Session session;
	Vitals__V1__Heartbeat heartbeat;
	Vitals__V1__Snapshot snapshot;
	Vitals__V1__Load load, *loads[] = {&load};

	ssize_t size = recv(fd, bytes, sizeof(bytes), 0);
	Vitals__V1__Request *request = size > 0 ? vitals__v1__request__unpack(NULL, (size_t)size, bytes) : NULL;
	if (request == NULL)
		return; /* the client will say that there was no answer */
	if (request->command_case == VITALS__V1__REQUEST__COMMAND_ITEM)
		(void)snprintf(monitor->asked, sizeof(monitor->asked), "item %.31s", request->item->name);
	vitals__v1__response__init(&response);
	vitals__v1__session__init(&session);
	vitals__v1__heartbeat__init(&heartbeat);
	vitals__v1__snapshot__init(&snapshot);
	vitals__v1__load__init(&load);
	load.condition = monitor->words;
	load.raised = 7;
	session.n_load = 1;
	session.load = loads;
	snapshot.session = &session;
	snapshot.heartbeat = &heartbeat;
	response.id = request->id;
	response.result = ok;
	response.text = monitor->words;
	response.bedside = empty;
	if (request->command_case == VITALS__V1__REQUEST__COMMAND_STATUS)
		response.snapshot = &snapshot;
	size_t used = vitals__v1__response__pack(&response, bytes);
	(void)send(fd, bytes, used, MSG_NOSIGNAL); /* as above */
	vitals__v1__request__free_unpacked(request, NULL);
}

static void *serve(void *context)
{
	struct monitor *monitor = context;

	for (int i = 0; i < QUESTIONS; i++) {
		int fd = accept(monitor->listener, NULL, NULL);
		if (fd < 0)
			break;
		answer(monitor, fd);
		(void)close(fd);
	}
	return NULL;
}

static void monitor_begin(struct monitor *monitor, const char *name)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	(void)snprintf(monitor->path, sizeof(monitor->path), "%s/%s.control", directory, name);
	(void)snprintf(monitor->words, sizeof(monitor->words), "this is %s", name);
	assert_true(strlen(monitor->path) < sizeof(address.sun_path));
	memcpy(address.sun_path, monitor->path, strlen(monitor->path) + 1);
	monitor->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	assert_true(monitor->listener >= 0);
	assert_int_equal(bind(monitor->listener, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(monitor->listener, 4), 0);
	assert_int_equal(pthread_create(&monitor->thread, NULL, serve, monitor), 0);
}

static void questions_of_two_handles_do_not_mix(void **state)
{
	static struct monitor a, b;
	static struct view in_a, in_b;
	struct client_problem problem;
	struct client_answer answer_a, answer_b;
	struct view_load load;
	struct client_order item = {.command = CLIENT_ITEM, .item = {.name = "cuff-arm", .ticked = true}};
	struct out out = {line, sizeof(line) - 1, 0, false};

	(void)state;
	monitor_begin(&a, "room-a");
	monitor_begin(&b, "room-b");
	struct client *to_a = client_open(&(struct client_options){.socket = a.path}, 0, &problem);
	struct client *to_b = client_open(&(struct client_options){.socket = b.path}, 0, &problem);
	assert_true(to_a != NULL && to_b != NULL);
	assert_true(client_state(to_a, &in_a, &answer_a, &problem));
	assert_true(client_order(to_b, &item, &answer_b, &problem));
	assert_true(answer_a.ok && answer_b.ok);
	assert_string_equal(answer_a.text, "this is room-a");
	assert_string_equal(answer_b.text, "this is room-b");
	assert_true(client_load(to_a, 0, &load)); /* of its own last answer */
	assert_string_equal(load.condition, "this is room-a");
	assert_int_equal(load.raised, 7);
	assert_false(client_load(to_a, 1, &load));
	assert_false(client_load(to_b, 0, &load));
	client_json_answer(to_a, &out);
	line[out.used] = '\0';
	assert_non_null(strstr(line, "this is room-a"));
	item.item.name = "escort";
	assert_true(client_order(to_a, &item, &answer_a, &problem));
	assert_true(client_state(to_b, &in_b, &answer_b, &problem));
	assert_int_equal(pthread_join(a.thread, NULL), 0);
	assert_int_equal(pthread_join(b.thread, NULL), 0);
	assert_string_equal(a.asked, "item escort");
	assert_string_equal(b.asked, "item cuff-arm");
	client_close(to_a);
	client_close(to_b);
	assert_int_equal(close(a.listener), 0);
	assert_int_equal(close(b.listener), 0);
}

/* ---- what goes wrong --------------------------------------------------------------------------------------------- */

static void problems_are_a_code_and_words(void **state)
{
	char path[PATH_BYTES + 32], open_key[PATH_BYTES + 32], public[KEY_BYTES], again[KEY_BYTES];
	char endpoint[PATH_BYTES + 32];
	struct client_problem problem;
	struct client_answer answer;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/nobody", directory);
	(void)snprintf(endpoint, sizeof(endpoint), "ipc://%s/nobody", directory);
	(void)snprintf(open_key, sizeof(open_key), "%s/key", directory);
	struct client *client = client_open(&(struct client_options){.socket = path}, 0, &problem);
	assert_non_null(client);
	assert_false(client_order(client, &(struct client_order){.command = CLIENT_CUFF_START}, &answer, &problem));
	assert_int_equal(problem.code, CLIENT_UNREACHABLE);
	assert_non_null(strstr(problem.text, "cannot reach the monitor"));
	assert_string_equal(problem.hint, "is the monitor of this bedside running?");
	assert_false(problem.in_doubt);
	client_close(client);
	client = client_open(&(struct client_options){0}, 0, &problem);
	assert_non_null(client);
	assert_false(client_order(client, &(struct client_order){.command = CLIENT_CUFF_START}, &answer, &problem));
	assert_int_equal(problem.code, CLIENT_WRONG);
	client_close(client);
	assert_true(keys_generate(open_key, public, &problem));
	assert_false(keys_generate(open_key, again, &problem)); /* never overwritten */
	assert_int_equal(problem.code, CLIENT_FILE);
	struct client_options curve = {.endpoint = endpoint, .server_key = public};
	assert_null(client_open(&curve, 0, &problem));
	assert_int_equal(problem.code, CLIENT_WRONG);
	curve.key_file = open_key;
	client = client_open(&curve, 0, &problem);
	assert_non_null(client);
	client_close(client);
	assert_int_equal(chmod(open_key, 0644), 0);
	assert_null(client_open(&curve, 0, &problem));
	assert_int_equal(problem.code, CLIENT_FILE);
	assert_non_null(strstr(problem.text, "others may read it"));
	assert_null(client_open(&(struct client_options){.endpoint = "no endpoint"}, 0, &problem));
	assert_int_equal(problem.code, CLIENT_WRONG);
	assert_null(client_open(&(struct client_options){.endpoint = endpoint, .display = "desk"}, 0, &problem));
	assert_int_equal(problem.code, CLIENT_WRONG);
}

static int make_directory(void **state)
{
	(void)state;
	(void)snprintf(directory, sizeof(directory), "/tmp/vitals-client-XXXXXX");
	return mkdtemp(directory) == NULL ? -1 : 0;
}

static int remove_directory(void **state)
{
	static const char *const names[] = {"room-a", "room-b", "room-a.control", "room-b.control", "key"};
	char path[PATH_BYTES + 32];

	(void)state;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/%s", directory, names[i]);
		if (unlink(path) != 0 && errno != ENOENT)
			return -1;
	}
	return rmdir(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(two_bedsides_do_not_mix),
	    cmocka_unit_test(questions_of_two_handles_do_not_mix),
	    cmocka_unit_test(problems_are_a_code_and_words),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
