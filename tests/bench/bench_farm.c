/* The measuring end of `make bench`: Modbus TCP devices that stamp each answer as it leaves, a ZeroMQ subscriber that
 * stamps each reading as it arrives, and a bare libzmq pair of the same message size and rate for comparison.
 *
 * Each answer carries a value of its own (a running count in thousandths), so a reading names the answer it came from.
 * usage: bench_farm SECONDS PORT... -- ENDPOINT...     (tests/bench/run.py starts the monitors)
 * Prints one JSON line: latencies in microseconds from the answer's send() to the subscriber's recv(). */
#include <errno.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <zmq.h>

#include "vitals.pb-c.h"

#define VALUE_FIRST     30000 /* 30.000: inside the plausible range of every parameter of the bench's map */
#define VALUE_COUNT     60000
#define SAMPLES_MAX     400000
#define CONNECTIONS_MAX 256

static _Atomic int64_t answered_ns[VALUE_COUNT];
static _Atomic uint32_t next_value;
static _Atomic bool stopping;
static int64_t samples[SAMPLES_MAX];
static size_t sample_count;

static int64_t now_ns(void)
{
	struct timespec now;
	if (clock_gettime(CLOCK_MONOTONIC, &now) != 0)
		abort();
	return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static void die(const char *what)
{
	int error = errno;
	(void)fprintf(stderr, "bench_farm: %s: %s\n", what, strerror(error));
	exit(1);
}

/* ---- the devices ---------------------------------------------------------------------------------------------------
 */

static int listen_on(int port)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	int one = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) != 0 ||
	    bind(fd, (const struct sockaddr *)&address, sizeof(address)) != 0 || listen(fd, 16) != 0)
		die("listen");
	return fd;
}

/* Answers a read of `count` registers: identity 0x4241 in a block of one register, else the running value as u32. */
static void answer(int fd, const uint8_t request[12])
{
	uint8_t reply[9 + 250] = {0};
	uint16_t count = (uint16_t)(request[10] << 8 | request[11]);
	if (count > 125)
		return;
	memcpy(reply, request, 4);
	reply[4] = (uint8_t)((3 + 2 * count) >> 8);
	reply[5] = (uint8_t)(3 + 2 * count);
	reply[6] = request[6];
	reply[7] = request[7];
	reply[8] = (uint8_t)(2 * count);
	if (count == 1) {
		reply[9] = 0x42;
		reply[10] = 0x41;
	} else {
		uint32_t index = atomic_fetch_add(&next_value, 1) % VALUE_COUNT;
		uint32_t value = VALUE_FIRST + index;
		for (int i = 0; i < 4; i++)
			reply[9 + i] = (uint8_t)(value >> (24 - 8 * i));
		atomic_store(&answered_ns[index], now_ns());
	}
	if (send(fd, reply, (size_t)(9 + 2 * count), MSG_NOSIGNAL) < 0 && errno != EPIPE && errno != ECONNRESET)
		die("send");
}

static void *serve(void *context)
{
	const int *listeners = context;
	struct sched_param param = {.sched_priority = 50};
	(void)pthread_setschedparam(pthread_self(), SCHED_FIFO, &param); /* so that it is not the farm that waits */
	int poller = epoll_create1(EPOLL_CLOEXEC);
	if (poller < 0)
		die("epoll");
	for (int i = 0; listeners[i] >= 0; i++) {
		struct epoll_event event = {.events = EPOLLIN, .data.u64 = (uint64_t)listeners[i] << 1 | 1};
		if (epoll_ctl(poller, EPOLL_CTL_ADD, listeners[i], &event) != 0)
			die("epoll_ctl");
	}
	while (!atomic_load(&stopping)) {
		struct epoll_event events[64];
		int ready = epoll_wait(poller, events, 64, 100);
		for (int i = 0; i < ready; i++) {
			int fd = (int)(events[i].data.u64 >> 1);
			if (events[i].data.u64 & 1) {
				int one = 1, peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC);
				struct epoll_event event = {.events = EPOLLIN, .data.u64 = (uint64_t)peer << 1};
				if (peer < 0 || setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one)) != 0 ||
				    epoll_ctl(poller, EPOLL_CTL_ADD, peer, &event) != 0)
					die("accept");
				continue;
			}
			uint8_t request[12];
			if (recv(fd, request, sizeof(request), 0) == (ssize_t)sizeof(request))
				answer(fd, request);
			else if (close(fd) != 0)
				die("close");
		}
	}
	return NULL;
}

/* ---- the subscriber ------------------------------------------------------------------------------------------------
 */

static void take_reading(const Vitals__V1__Reading *reading, int64_t arrived)
{
	if (reading->result_case != VITALS__V1__READING__RESULT_MILLI || sample_count == SAMPLES_MAX)
		return;
	int64_t index = reading->milli - VALUE_FIRST;
	if (index < 0 || index >= VALUE_COUNT)
		return;
	int64_t left = atomic_load(&answered_ns[index]);
	if (left != 0)
		samples[sample_count++] = arrived - left;
}

static void subscribe(void *context, char **endpoints, int64_t until)
{
	void *socket = zmq_socket(context, ZMQ_SUB);
	int hwm = 100000, timeout = 100, linger = 0;
	if (socket == NULL || zmq_setsockopt(socket, ZMQ_RCVHWM, &hwm, sizeof(hwm)) != 0 ||
	    zmq_setsockopt(socket, ZMQ_LINGER, &linger, sizeof(linger)) != 0 ||
	    zmq_setsockopt(socket, ZMQ_RCVTIMEO, &timeout, sizeof(timeout)) != 0 ||
	    zmq_setsockopt(socket, ZMQ_SUBSCRIBE, "vitals/", 7) != 0)
		die("subscriber");
	for (int i = 0; endpoints[i] != NULL; i++)
		if (zmq_connect(socket, endpoints[i]) != 0)
			die("connect");
	int64_t warm = now_ns() + 1500000000;
	while (now_ns() < until) {
		static uint8_t body[196608];
		if (zmq_recv(socket, body, sizeof(body), 0) < 0)
			continue;
		int size = zmq_recv(socket, body, sizeof(body), 0);
		int64_t arrived = now_ns();
		if (size <= 0 || arrived < warm)
			continue;
		Vitals__V1__Message *message = vitals__v1__message__unpack(NULL, (size_t)size, body);
		if (message != NULL && message->body_case == VITALS__V1__MESSAGE__BODY_READINGS)
			for (size_t i = 0; i < message->readings->n_reading; i++)
				take_reading(message->readings->reading[i], arrived);
		vitals__v1__message__free_unpacked(message, NULL);
	}
	(void)zmq_close(socket);
}

/* ---- bare libzmq ----------------------------------------------------------------------------------------------------
 */

struct bare {
	void *context;
	int64_t until;
	int64_t gap_ns;
	char endpoint[64];
};

static void *bare_publish(void *argument)
{
	struct bare *bare = argument;
	void *socket = zmq_socket(bare->context, ZMQ_PUB);
	int linger = 0;
	size_t size = sizeof(bare->endpoint);
	if (socket == NULL || zmq_setsockopt(socket, ZMQ_LINGER, &linger, sizeof(linger)) != 0 ||
	    zmq_bind(socket, "tcp://127.0.0.1:*") != 0 ||
	    zmq_getsockopt(socket, ZMQ_LAST_ENDPOINT, bare->endpoint, &size) != 0)
		die("bare publisher");
	struct timespec next;
	if (clock_gettime(CLOCK_MONOTONIC, &next) != 0)
		die("clock");
	while (now_ns() < bare->until) {
		uint8_t body[200] = {0};
		int64_t sent = now_ns();
		memcpy(body, &sent, sizeof(sent));
		if (zmq_send(socket, "vitals/x/readings", 17, ZMQ_SNDMORE) < 0 ||
		    zmq_send(socket, body, sizeof(body), 0) < 0)
			die("bare send");
		int64_t then = (int64_t)next.tv_sec * 1000000000 + next.tv_nsec + bare->gap_ns;
		next = (struct timespec){then / 1000000000, then % 1000000000};
		(void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &next, NULL); /* the pace of a benchmark */
	}
	(void)zmq_close(socket);
	return NULL;
}

static void run_bare(void *context, double seconds, int64_t gap_ns)
{
	struct bare bare = {.context = context, .until = now_ns() + (int64_t)(seconds * 1e9), .gap_ns = gap_ns};
	pthread_t thread;
	if (pthread_create(&thread, NULL, bare_publish, &bare) != 0)
		die("thread");
	void *socket = zmq_socket(context, ZMQ_SUB);
	int timeout = 100, linger = 0;
	while (((volatile char *)bare.endpoint)[0] == '\0')
		(void)sched_yield();
	if (socket == NULL || zmq_setsockopt(socket, ZMQ_RCVTIMEO, &timeout, sizeof(timeout)) != 0 ||
	    zmq_setsockopt(socket, ZMQ_LINGER, &linger, sizeof(linger)) != 0 ||
	    zmq_setsockopt(socket, ZMQ_SUBSCRIBE, "", 0) != 0 || zmq_connect(socket, bare.endpoint) != 0)
		die("bare subscriber");
	sample_count = 0;
	while (now_ns() < bare.until) {
		uint8_t body[256];
		if (zmq_recv(socket, body, sizeof(body), 0) < 0 || zmq_recv(socket, body, sizeof(body), 0) < 8)
			continue;
		int64_t sent;
		memcpy(&sent, body, sizeof(sent));
		if (sample_count < SAMPLES_MAX)
			samples[sample_count++] = now_ns() - sent;
	}
	(void)zmq_close(socket);
	if (pthread_join(thread, NULL) != 0)
		die("join");
}

/* ---- figures --------------------------------------------------------------------------------------------------------
 */

static int by_size(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

static void print_samples(const char *name)
{
	qsort(samples, sample_count, sizeof(samples[0]), by_size);
	if (sample_count == 0) {
		(void)printf("\"%s\": null", name);
		return;
	}
	(void)printf("\"%s\": {\"count\": %zu, \"p50_us\": %.1f, \"p99_us\": %.1f, \"max_us\": %.1f}", name,
	             sample_count, (double)samples[sample_count / 2] / 1e3,
	             (double)samples[sample_count * 99 / 100] / 1e3, (double)samples[sample_count - 1] / 1e3);
}

int main(int argc, char **argv)
{
	static int listeners[CONNECTIONS_MAX];
	int devices = 0, i = 2;
	if (argc < 5)
		return 2;
	double seconds = strtod(argv[1], NULL);
	for (; i < argc && strcmp(argv[i], "--") != 0 && devices < CONNECTIONS_MAX - 1; i++)
		listeners[devices++] = listen_on((int)strtol(argv[i], NULL, 10));
	listeners[devices] = -1;
	if (i >= argc - 1)
		return 2;
	(void)puts("listening");
	(void)fflush(stdout);

	pthread_t thread;
	if (pthread_create(&thread, NULL, serve, listeners) != 0)
		die("thread");
	void *context = zmq_ctx_new();
	if (context == NULL)
		die("context");
	struct sched_param param = {.sched_priority = 40};
	(void)sched_setscheduler(0, SCHED_FIFO, &param);
	uint32_t before = atomic_load(&next_value);
	int64_t begun = now_ns();
	subscribe(context, argv + i + 1, begun + (int64_t)(seconds * 1e9));
	double rate = (double)(atomic_load(&next_value) - before) / ((double)(now_ns() - begun) / 1e9);
	(void)printf("{\"devices\": %d, \"answers_per_s\": %.1f, ", devices, rate);
	print_samples("answer_to_subscriber");
	atomic_store(&stopping, true);
	run_bare(context, 4, rate > 1 ? (int64_t)(1e9 / rate) : 10000000);
	(void)printf(", ");
	print_samples("bare_libzmq");
	(void)printf("}\n");
	if (pthread_join(thread, NULL) != 0)
		die("join");
	(void)zmq_ctx_term(context);
	return 0;
}
