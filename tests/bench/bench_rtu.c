/* How near Modbus RTU comes to the limit of its wire: the link thread of the daemon against a device on a pseudo
 * terminal that hands over each character when a line of that speed would. The poll period is far below what the wire
 * can carry, which no configuration may ask for, so the link is driven directly.
 *
 * The limit is (8 + 5 + 2 N) characters and two silences a poll, and the milliseconds for which the device thinks. "%
 * exact" leaves out the time by which the device itself was late. The columns behind "t3.5" are the silences before the
 * requests; "early" counts those that were too short, and there must be none.
 *
 * usage: bench_rtu SECONDS     (called by tests/bench/run.py) */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "vitals/link.h"

#define REGISTERS      12
#define REQUEST_BYTES  8
#define ANSWER_BYTES   (5 + 2 * REGISTERS)
#define WARM_POLLS     5
#define EXACT_NS       (100 * INT64_C(1000)) /* a sleep ends up to so much late, so the rest is spun away */
#define SAMPLES_MAX    16384
#define SPIN_NS        (2 * NS_PER_MS)
#define FAST_SILENCE   INT64_C(1750000)
#define ANSWER_WAIT_MS 300

struct device {
	int master;
	char path[64];
	int64_t character_ns, silence_ns, think_ns;
	uint8_t answer[ANSWER_BYTES];
	pthread_t thread;
	atomic_bool stopping;
	atomic_uint polls;
	uint32_t violations;
	int64_t silences[SAMPLES_MAX]; /* before each request */
	size_t count;
	_Atomic int64_t late_ns; /* by how much the device itself was late, all in all */
};

static int64_t now_ns(void)
{
	struct timespec now;
	if (clock_gettime(CLOCK_MONOTONIC, &now) != 0)
		abort();
	return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

static void die(const char *what)
{
	int error = errno;
	(void)fprintf(stderr, "bench_rtu: %s: %s\n", what, strerror(error));
	exit(1);
}

static void sleep_until(int64_t at)
{
	struct timespec until = {.tv_sec = at / NS_PER_S, .tv_nsec = at % NS_PER_S};

	(void)clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL); /* the pace of the line */
}

/* The whole request; returns when its first byte came, or 0 at the end. One that comes too early is found waiting. */
static int64_t take_request(struct device *device, int64_t silent_at)
{
	int64_t began = 0;
	size_t have = 0;

	sleep_until(silent_at - EXACT_NS);
	while (!atomic_load(&device->stopping)) {
		struct pollfd wire = {.fd = device->master, .events = POLLIN};
		if (now_ns() > silent_at + SPIN_NS)
			(void)poll(&wire, 1, 50);
		uint8_t bytes[REQUEST_BYTES];
		ssize_t got = read(device->master, bytes, sizeof bytes - have);
		if (got > 0 && began == 0)
			began = now_ns();
		have += got > 0 ? (size_t)got : 0;
		if (have == REQUEST_BYTES)
			return began;
	}
	return 0;
}

static void *device_main(void *argument)
{
	struct device *device = argument;
	struct sched_param parameters = {.sched_priority = 50};
	int64_t last = 0, began;

	(void)prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
	(void)pthread_setschedparam(pthread_self(), SCHED_FIFO,
	                            &parameters); /* so that it is not the device that waits */
	while ((began = take_request(device, last + device->silence_ns)) != 0) {
		if (last != 0 && device->count < SAMPLES_MAX)
			device->silences[device->count++] = began - last;
		device->violations += last != 0 && began - last < device->silence_ns;
		int64_t at = began + REQUEST_BYTES * device->character_ns + device->silence_ns + device->think_ns;
		for (size_t i = 0; i < ANSWER_BYTES; i++) {
			at += device->character_ns;
			sleep_until(i + 1 < ANSWER_BYTES ? at : at - EXACT_NS);
			while (i + 1 == ANSWER_BYTES && now_ns() < at)
				continue;
			if (write(device->master, device->answer + i, 1) != 1)
				die("write");
		}
		last = now_ns();
		atomic_fetch_add(&device->late_ns, last - at);
		atomic_fetch_add(&device->polls, 1);
	}
	return NULL;
}

static void make_answer(uint8_t answer[ANSWER_BYTES])
{
	uint16_t crc = 0xFFFF;

	memset(answer, 0, ANSWER_BYTES);
	answer[0] = 1;
	answer[1] = 4;
	answer[2] = 2 * REGISTERS;
	for (size_t i = 0; i < ANSWER_BYTES - 2; i++) {
		crc ^= answer[i];
		for (int bit = 0; bit < 8; bit++)
			crc = (uint16_t)((crc & 1) != 0 ? crc >> 1 ^ 0xA001 : crc >> 1);
	}
	answer[ANSWER_BYTES - 2] = (uint8_t)(crc & 0xFF);
	answer[ANSWER_BYTES - 1] = (uint8_t)(crc >> 8);
}

static void plug(struct device *device, int baud)
{
	struct termios raw;

	device->character_ns = 11 * NS_PER_S / baud; /* 8E1 */
	device->silence_ns = baud > 19200 ? FAST_SILENCE : device->character_ns * 7 / 2;
	make_answer(device->answer);
	device->master = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	if (device->master < 0 || grantpt(device->master) != 0 || unlockpt(device->master) != 0 ||
	    ptsname_r(device->master, device->path, sizeof device->path) != 0 || tcgetattr(device->master, &raw) != 0)
		die("pty");
	cfmakeraw(&raw);
	if (tcsetattr(device->master, TCSANOW, &raw) != 0)
		die("tcsetattr");
}

/* Processor time of the link's thread so far: the other threads are the device and this one. */
static int64_t link_cpu_ns(const struct device *device)
{
	clockid_t other;
	struct timespec all, own, peer;

	if (clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &all) != 0 || clock_gettime(CLOCK_THREAD_CPUTIME_ID, &own) != 0 ||
	    pthread_getcpuclockid(device->thread, &other) != 0 || clock_gettime(other, &peer) != 0)
		die("clock");
	return (int64_t)(all.tv_sec - own.tv_sec - peer.tv_sec) * NS_PER_S + all.tv_nsec - own.tv_nsec - peer.tv_nsec;
}

static int by_size(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
	return (x > y) - (x < y);
}

static void bench(int baud, int think_ms, int realtime, double seconds)
{
	static struct config config;
	static struct device device;
	struct event event;
	int64_t cpu = 0, late = 0;

	memset(&device, 0, sizeof device);
	device.think_ns = think_ms * NS_PER_MS;
	plug(&device, baud);
	config = (struct config){
	    .realtime_priority = (uint8_t)realtime,
	    .link_count = 1,
	    .links =
	        {{.name = "bus", .type = LINK_MODBUS_RTU, .line = {baud, 'E', 8, 1}, .timeout_ms = ANSWER_WAIT_MS}},
	    .device_count = 1,
	    .devices = {{.name = "device", .unit = 1, .period_ns = NS_PER_MS}},
	    .map_count = 1,
	    .maps = {{.block_count = 1, .blocks = {{.table = REGISTER_INPUT, .start = 16, .count = REGISTERS}}}},
	};
	(void)snprintf(config.links[0].port, sizeof config.links[0].port, "%s", device.path);
	struct mailbox *mailbox = mailbox_open();
	struct links *links = mailbox == NULL ? NULL : links_start(&config, mailbox);
	if (links == NULL || pthread_create(&device.thread, NULL, device_main, &device) != 0)
		die("start");

	int64_t begun = 0, until = INT64_MAX;
	unsigned first = 0;
	uint32_t faults = 0;
	while (now_ns() < until) {
		struct pollfd mail = {.fd = mailbox_fd(mailbox), .events = POLLIN};
		(void)poll(&mail, 1, 100);
		while (mailbox_take(mailbox, &event))
			faults += event.kind == EVENT_DEVICE && event.u.device.fault != FAULT_NONE;
		if (begun == 0 && atomic_load(&device.polls) >= WARM_POLLS) {
			cpu = link_cpu_ns(&device);
			late = atomic_load(&device.late_ns);
			first = atomic_load(&device.polls);
			begun = now_ns();
			until = begun + (int64_t)(seconds * 1e9);
		}
	}
	double elapsed = (double)(now_ns() - begun);
	unsigned polls = atomic_load(&device.polls) - first;
	cpu = link_cpu_ns(&device) - cpu;
	late = atomic_load(&device.late_ns) - late;
	int64_t ideal = (REQUEST_BYTES + ANSWER_BYTES) * device.character_ns + 2 * device.silence_ns + device.think_ns;
	if (links_stop(links, 2000) != 0)
		die("stop");
	atomic_store(&device.stopping, true);
	if (pthread_join(device.thread, NULL) != 0)
		die("join");
	mailbox_close(mailbox);
	(void)close(device.master);
	qsort(device.silences, device.count, sizeof device.silences[0], by_size);
	size_t last = device.count - 1;
	(void)printf("%6d %5d %-9s %8.2f %8.2f %8.2f %8.2f %6" PRIu32 " %8.0f %8.0f %8.0f %8.0f %8.0f %6" PRIu32 "\n",
	             baud, think_ms, realtime > 0 ? "real-time" : "normal", polls / elapsed * 1e9, 1e9 / (double)ideal,
	             100 * (double)ideal * polls / elapsed, 100 * (double)ideal * polls / (elapsed - (double)late),
	             device.violations, (double)device.silence_ns / 1e3, (double)device.silences[0] / 1e3,
	             (double)device.silences[last / 2] / 1e3, (double)device.silences[last * 99 / 100] / 1e3,
	             (double)cpu / 1e3 / polls, faults);
	(void)fflush(stdout);
}

int main(int argc, char **argv)
{
	static const int bauds[] = {9600, 19200, 115200};
	double seconds = argc > 1 ? strtod(argv[1], NULL) : 3;

	(void)printf("%6s %5s %-9s %8s %8s %8s %8s %6s %8s %8s %8s %8s %8s %6s\n", "baud", "think", "schedule",
	             "polls/s", "limit", "% of it", "% exact", "early", "t3.5 us", "least", "p50", "p99", "CPU/poll",
	             "faults");
	for (size_t i = 0; i < sizeof bauds / sizeof bauds[0]; i++) {
		bench(bauds[i], 0, 0, seconds);
		bench(bauds[i], 0, 20, seconds);
		bench(bauds[i], 10, 20, seconds);
	}
	return 0;
}
