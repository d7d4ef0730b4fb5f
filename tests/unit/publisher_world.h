/* The engine's side of the publisher child, for tests that are their own child, as vitalsd is. Every wait is for
 * something that must happen, with a deadline far beyond what it takes. Include after cmocka.h. */
#ifndef TESTS_UNIT_PUBLISHER_WORLD_H
#define TESTS_UNIT_PUBLISHER_WORLD_H

#include <dirent.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "vitals/publish.h"
#include "wait.h"

/* libzmq is not built with the thread sanitizer, which then takes its hand-overs between threads for races. */
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
	return "ignore_noninstrumented_modules=1";
}
#endif
#endif

#define DEADLINE_NS (30 * NS_PER_S)
#define BEAT_NS     (100 * NS_PER_MS)

static char directory[] = "/tmp/vitalsd-publisher-XXXXXX";
static struct config config;
static struct publisher *publisher;
static struct message message;
static uint64_t beats;
static struct mono last_beat;

static inline struct mono clock_now(void)
{
	struct timespec now;
	assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &now), 0);
	return (struct mono){(int64_t)now.tv_sec * NS_PER_S + now.tv_nsec};
}

static inline bool expired(struct mono since)
{
	return mono_since(clock_now(), since) > DEADLINE_NS;
}

static inline bool send_text(enum topic topic, const char *text)
{
	message.topic = topic;
	message.size = strlen(text);
	memcpy(message.bytes, text, message.size);
	return publisher_send(publisher, &message);
}

/* The heartbeat that the loop would send; without it the child has nothing to report. */
static inline void beat(void)
{
	char text[64];

	if (mono_since(clock_now(), last_beat) < BEAT_NS)
		return;
	last_beat = clock_now();
	assert_true(snprintf(text, sizeof text, "beat %llu", (unsigned long long)++beats) > 0);
	(void)send_text(TOPIC_HEARTBEAT, text); /* fails while the child is dead: wanted in some tests */
}

static inline void start_with(const char *endpoint)
{
	memset(&config.publish, 0, sizeof config.publish);
	assert_true(snprintf(config.engine.bedside, NAME_BYTES, "room-9") > 0);
	config.publish.endpoint_count = 1;
	assert_true(snprintf(config.publish.endpoints[0], PATH_BYTES, "%s", endpoint) < PATH_BYTES);
}

static inline void start(void)
{
	publisher = publisher_start(&config);
	assert_non_null(publisher);
}

/* The next report is taken as one of `now`. */
static inline void hear(struct mono now)
{
	const struct mono begin = clock_now();
	struct pollfd said = {.fd = publisher_fd(publisher), .events = POLLIN};

	do {
		assert_false(expired(begin));
		beat();
	} while (poll(&said, 1, 20) == 0);
	assert_true(publisher_check(publisher, now));
}

/* The child's first report: it is up, bound, and its own subscription works. */
static inline void wait_until_heard(void)
{
	hear(clock_now());
}

/* What it still reports is taken as of `now`. */
static inline void wait_until_dead(struct publisher *which, struct mono now)
{
	const struct mono begin = clock_now();
	struct pollfd said = {.events = POLLIN};

	while (publisher_check(which, now)) {
		assert_false(expired(begin));
		said.fd = publisher_fd(which);
		(void)poll(&said, 1, 20);
		beat();
	}
}

/* The child is there and must go, or has gone and only is not reaped: the next look finds it. */
static inline void restart(struct mono now)
{
	const struct mono begin = clock_now();

	while (!publisher_restart(publisher, now)) {
		assert_int_equal(errno, EAGAIN);
		assert_false(expired(begin));
	}
}

static inline const char *ipc(void)
{
	static char endpoint[64];
	assert_true(snprintf(endpoint, sizeof endpoint, "ipc://%s/publish", directory) < (int)sizeof endpoint);
	return endpoint;
}

static inline pid_t child_pid(void)
{
	char path[64], text[64] = "";
	assert_true(snprintf(path, sizeof path, "/proc/self/task/%d/children", getpid()) > 0);
	FILE *file = fopen(path, "re");
	if (file == NULL)
		skip(); /* a kernel without CONFIG_PROC_CHILDREN */
	assert_non_null(fgets(text, sizeof text, file));
	assert_int_equal(fclose(file), 0);
	long pid = strtol(text, NULL, 10);
	assert_true(pid > 1);
	return (pid_t)pid;
}

static inline int remove_directory(void **state)
{
	(void)state;
	DIR *list = opendir(directory);
	if (list == NULL)
		return 1;
	for (const struct dirent *entry = readdir(list); entry != NULL; entry = readdir(list))
		(void)unlinkat(dirfd(list), entry->d_name, 0); /* refuses "." and ".." */
	(void)closedir(list);
	return rmdir(directory);
}

#endif
