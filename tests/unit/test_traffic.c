/* Recorded traffic: its text, its Modbus frames, and the writer: what it keeps, what it counts as lost, where it ends,
 * and which files it refuses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <sched.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "daemon/link/modbus_port.h"
#include "daemon/link/traffic.h"

#define TEXT_MAX (4 * 1024 * 1024)

static char directory[] = "/tmp/vitals-traffic-XXXXXX";
static char text[TEXT_MAX];

/* ---- text -------------------------------------------------------------------------------------------------------- */

static void test_lines_survive_the_way_there_and_back(void **state)
{
	struct traffic_line line = {.kind = TRAFFIC_RECEIVED, .at_us = TRAFFIC_US_MAX, .count = TRAFFIC_BYTES}, read;
	char one[TRAFFIC_LINE_BYTES];

	(void)state;
	for (int i = 0; i < TRAFFIC_BYTES; i++)
		line.bytes[i] = (uint8_t)(i * 7);
	size_t length = traffic_format(&line, one);
	assert_int_equal(length, strlen(one));
	assert_int_equal(traffic_parse(one, &read), TRAFFIC_LINE);
	assert_memory_equal(&read, &line, sizeof line);
	static const enum traffic_kind without[] = {TRAFFIC_CONNECTED, TRAFFIC_START, TRAFFIC_STOP};
	for (size_t i = 0; i < 3; i++) {
		line = (struct traffic_line){.kind = without[i], .at_us = 12};
		(void)traffic_format(&line, one);
		assert_int_equal(traffic_parse(one, &read), TRAFFIC_LINE);
		assert_memory_equal(&read, &line, sizeof line);
	}
	line = (struct traffic_line){.kind = TRAFFIC_SENT, .at_us = 1500000, .count = 2, .bytes = {0x3A, 0xFF}};
	(void)traffic_format(&line, one);
	assert_string_equal(one, "1500000 > 3AFF\n");
	assert_int_equal(traffic_parse(" 1.5 >  3a Ff # said\r\n", &read), TRAFFIC_LINE);
	assert_memory_equal(&read, &line, sizeof line);
}

static void test_what_is_no_line_is_refused(void **state)
{
	static const char *const wrong[] = {
	    "x < 41",
	    "-1 < 41",
	    "1 < 4",
	    "1 < 4 1",
	    "1 < 4G",
	    "1 <",
	    "1 >  # nothing",
	    "1 ? 41",
	    "1",
	    "1 ",
	    "1< 41",
	    "1. < 41",
	    "1.2.3 < 41",
	    "1.1234567 < 41",
	    ".5 < 41",
	    "1 connected 41",
	    "1 connectedly",
	    "1 start 4",
	    "9000000000000001 < 41",
	    "10000000000 < zz",
	    "9000000001.0 < 41",
	    "99999999999999999999 < 41",
	    "1 stop stop",
	};
	static const char *const comments[] = {"", "\n", "# anything", "  \t# anything\n", "\r\n"};
	struct traffic_line line = {.at_us = 77};
	char longest[2 * TRAFFIC_BYTES + 64];

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++)
		if (traffic_parse(wrong[i], &line) != TRAFFIC_WRONG)
			fail_msg("\"%s\" is taken", wrong[i]);
	for (size_t i = 0; i < sizeof comments / sizeof comments[0]; i++)
		assert_int_equal(traffic_parse(comments[i], &line), TRAFFIC_COMMENT);
	assert_int_equal(line.at_us, 77);
	memset(longest, '4', sizeof longest);
	memcpy(longest, "1 < ", 4);
	longest[4 + 2 * TRAFFIC_BYTES] = '\0';
	assert_int_equal(traffic_parse(longest, &line), TRAFFIC_LINE);
	memcpy(longest + 4 + 2 * TRAFFIC_BYTES, "44", 3);
	assert_int_equal(traffic_parse(longest, &line), TRAFFIC_WRONG);
}

/* ---- Modbus frames ----------------------------------------------------------------------------------------------- */

static void test_rtu_frames(void **state)
{
	/* Read holding 6, 4 registers of unit 0x20: the DFRobot board of docs/DRIVERS.md. */
	uint8_t asked[] = {0x20, 0x03, 0x00, 0x06, 0x00, 0x04, 0xA2, 0xB9};
	uint8_t answer[] = {0x20, 0x03, 0x08, 0x61, 0x00, 0x00, 0x00, 0x00, 0x48, 0x00, 0x00, 0x7D, 0x19};
	struct traffic_request request;
	uint16_t registers[125];

	(void)state;
	assert_true(traffic_request(asked, sizeof asked, &request));
	assert_false(request.tcp);
	assert_int_equal(request.unit, 0x20);
	assert_int_equal(request.address, 6);
	assert_int_equal(request.argument, 4);
	for (size_t count = 0; count < sizeof answer; count++)
		assert_int_equal(traffic_answer(&request, answer, count, registers), TRAFFIC_ANSWER_SHORT);
	assert_int_equal(traffic_answer(&request, answer, sizeof answer, registers), TRAFFIC_ANSWER_READ);
	assert_int_equal(registers[0], 0x6100);
	assert_int_equal(registers[2], 0x0048);
	for (size_t bit = 0; bit < 8 * sizeof answer; bit++) {
		answer[bit / 8] ^= (uint8_t)(1U << bit % 8);
		assert_int_not_equal(traffic_answer(&request, answer, sizeof answer, registers), TRAFFIC_ANSWER_READ);
		answer[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
	for (size_t bit = 0; bit < 8 * sizeof asked; bit++) {
		asked[bit / 8] ^= (uint8_t)(1U << bit % 8);
		assert_false(traffic_request(asked, sizeof asked, &request));
		asked[bit / 8] ^= (uint8_t)(1U << bit % 8);
	}
	assert_false(traffic_request(asked, 0, &request));
	assert_false(traffic_request(asked, sizeof asked - 1, &request));
}

static void test_tcp_frames(void **state)
{
	const uint8_t asked[] = {0, 5, 0, 0, 0, 6, 1, 4, 0, 100, 0, 2};
	const uint8_t too_many[] = {0, 5, 0, 0, 0, 6, 1, 4, 0, 100, 0, 126};
	uint8_t answer[] = {0, 5, 0, 0, 0, 7, 1, 4, 4, 0x12, 0x34, 0x56, 0x78};
	const uint8_t exception[] = {0, 5, 0, 0, 0, 3, 1, 0x84, 6};
	const uint8_t endless[] = {0, 5, 0, 0, 0xFF, 0xFF, 1, 4, 4};
	struct traffic_request request;
	uint16_t registers[125];

	(void)state;
	assert_false(traffic_request(too_many, sizeof too_many, &request));
	assert_true(traffic_request(asked, sizeof asked, &request));
	assert_int_equal(traffic_answer(&request, answer, sizeof answer - 1, registers), TRAFFIC_ANSWER_SHORT);
	assert_int_equal(traffic_answer(&request, answer, sizeof answer, registers), TRAFFIC_ANSWER_READ);
	assert_int_equal(registers[1], 0x5678);
	assert_int_equal(traffic_answer(&request, exception, sizeof exception, registers), TRAFFIC_ANSWER_NONE);
	assert_int_equal(traffic_answer(&request, endless, sizeof endless, registers), TRAFFIC_ANSWER_WRONG);
	answer[1] = 4; /* the answer to the question before */
	assert_int_equal(traffic_answer(&request, answer, sizeof answer, registers), TRAFFIC_ANSWER_WRONG);
}

/* ---- the writer -------------------------------------------------------------------------------------------------- */

struct told {
	atomic_int on, failed, stopped;
	sem_t *gate; /* the writer waits here before it begins */
};

static void note(void *context, uint8_t link, const char *what, const char *detail)
{
	struct told *told = context;

	assert_true(link < 2);
	assert_non_null(strstr(detail, directory));
	if (strcmp(what, "recording-on") == 0) {
		atomic_fetch_add(&told->on, 1);
		while (told->gate != NULL && sem_wait(told->gate) != 0)
			continue;
	} else if (strcmp(what, "recording-failed") == 0) {
		atomic_fetch_add(&told->failed, 1);
	} else {
		assert_string_equal(what, "recording-stopped");
		atomic_fetch_add(&told->stopped, 1);
	}
}

static struct mono now(void)
{
	struct timespec at;

	assert_int_equal(clock_gettime(CLOCK_MONOTONIC, &at), 0);
	return (struct mono){at.tv_sec * NS_PER_S + at.tv_nsec};
}

static void await(atomic_int *value)
{
	struct mono deadline = mono_after(now(), 20 * NS_PER_S);

	while (atomic_load(value) == 0) {
		assert_true(mono_before(now(), deadline));
		(void)sched_yield();
	}
}

/* Two links, of which the second is recorded. */
static const struct config *config_of(const char *name, char path[PATH_BYTES])
{
	static struct config config;

	memset(&config, 0, sizeof config);
	config.link_count = 2;
	config.links[1] = (struct link_config){.name = "line", .type = LINK_SERIAL};
	config.device_count = 1;
	config.devices[0] = (struct device_config){.name = "oximeter", .link = 1, .map = -1, .driver = driver_list[0]};
	(void)snprintf(path, PATH_BYTES, "%s/%s", directory, name);
	(void)snprintf(config.links[1].traffic_path, PATH_BYTES, "%s", path);
	return &config;
}

static void finish(struct traffic *traffic)
{
	assert_true(traffic_stop(traffic, mono_after(now(), 20 * NS_PER_S)));
}

static void read_text(const char *path)
{
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	size_t count = fread(text, 1, sizeof text - 1, file);
	text[count] = '\0';
	assert_int_equal(fclose(file), 0);
}

/* How many lines of the file are such; every line must be one or a comment. */
static unsigned count_lines(enum traffic_kind kind)
{
	struct traffic_line line;
	unsigned count = 0;

	for (const char *at = text; *at != '\0'; at = strchr(at, '\n') + 1) {
		assert_non_null(strchr(at, '\n'));
		enum traffic_text read = traffic_parse(at, &line);
		assert_int_not_equal(read, TRAFFIC_WRONG);
		count += read == TRAFFIC_LINE && line.kind == kind;
	}
	return count;
}

/* Every single flipped bit and every truncation of each answer of a recording. RTU has a checksum: nothing passes. Of
 * TCP, whose packets have their own, the registers themselves may be others, nothing else. */
static void damage_answers(const char *path, size_t payload_at, unsigned at_least)
{
	FILE *file = fopen(path, "r");
	struct traffic_request request;
	struct traffic_line line;
	uint16_t registers[125];
	char one[TRAFFIC_LINE_BYTES];
	bool asked = false;
	unsigned answers = 0;

	assert_non_null(file);
	while (fgets(one, sizeof one, file) != NULL) {
		if (traffic_parse(one, &line) != TRAFFIC_LINE)
			continue;
		if (line.kind == TRAFFIC_SENT)
			asked = traffic_request(line.bytes, line.count, &request);
		if (line.kind != TRAFFIC_RECEIVED || !asked ||
		    traffic_answer(&request, line.bytes, line.count, registers) != TRAFFIC_ANSWER_READ)
			continue;
		answers++;
		for (size_t count = 0; count < line.count; count++)
			assert_int_not_equal(traffic_answer(&request, line.bytes, count, registers),
			                     TRAFFIC_ANSWER_READ);
		for (size_t bit = 0; bit < line.count * 8U; bit++) {
			uint8_t mask = (uint8_t)(1U << bit % 8);
			line.bytes[bit / 8] ^= mask;
			if (traffic_answer(&request, line.bytes, line.count, registers) == TRAFFIC_ANSWER_READ)
				assert_true(bit / 8 >= payload_at);
			line.bytes[bit / 8] ^= mask;
		}
	}
	assert_int_equal(fclose(file), 0);
	assert_true(answers >= at_least);
}

static void test_recorded_answers_damaged(void **state)
{
	(void)state;
	damage_answers("tests/replay/vitals-sim-cuff.traffic", SIZE_MAX, 20);
	damage_answers("tests/replay/vitals-sim-ecg.traffic", 9, 5); /* behind header, unit, function and byte count */
}

static void test_what_is_added_is_written(void **state)
{
	struct told told = {0};
	char path[PATH_BYTES];
	uint8_t bytes[TRAFFIC_BYTES + 3] = {0x41};
	struct stat status;

	(void)state;
	for (int times = 1; times <= 2; times++) { /* the second run goes on in the same file */
		struct traffic *traffic = traffic_start(config_of("kept", path), 1 << 20, note, &told);
		assert_non_null(traffic);
		assert_null(traffic_ring_of(traffic, 0));
		struct traffic_ring *ring = traffic_ring_of(traffic, 1);
		assert_non_null(ring);
		traffic_add(NULL, TRAFFIC_SENT, bytes, 1, now());
		traffic_add(ring, TRAFFIC_CONNECTED, NULL, 0, now());
		traffic_add(ring, TRAFFIC_SENT, bytes, 1, now());
		traffic_add(ring, TRAFFIC_RECEIVED, bytes, sizeof bytes, now()); /* two lines */
		finish(traffic);
		read_text(path);
		assert_int_equal(count_lines(TRAFFIC_RECEIVED), 2 * times);
		assert_int_equal(count_lines(TRAFFIC_SENT), times);
		assert_int_equal(count_lines(TRAFFIC_CONNECTED), times);
		assert_int_equal(atomic_load(&told.on), times);
	}
	assert_non_null(strstr(text, "# device oximeter, driver masimo-ascii1\n"));
	assert_non_null(strstr(text, " > 41\n"));
	assert_null(strstr(text, "lost"));
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0600);
}

static void test_what_finds_no_room_is_counted(void **state)
{
	sem_t gate;
	struct told told = {.gate = &gate};
	char path[PATH_BYTES];
	uint8_t bytes[TRAFFIC_BYTES] = {0};
	assert_int_equal(sem_init(&gate, 0, 0), 0);
	struct traffic *traffic = traffic_start(config_of("lost", path), 1 << 24, note, &told);
	struct traffic_ring *ring = traffic_ring_of(traffic, 1);
	unsigned added = 1000, lost = 0;

	(void)state;
	assert_non_null(ring);
	for (unsigned i = 0; i < added; i++)
		traffic_add(ring, TRAFFIC_RECEIVED, bytes, sizeof bytes, now());
	assert_int_equal(sem_post(&gate), 0);
	finish(traffic);
	assert_int_equal(sem_destroy(&gate), 0);
	read_text(path);
	for (const char *at = text; (at = strstr(at, " pieces were lost about here\n")) != NULL; at++) {
		const char *number = at;
		while (number[-1] >= '0' && number[-1] <= '9')
			number--;
		lost += (unsigned)strtoul(number, NULL, 10);
	}
	assert_true(lost > 0);
	assert_int_equal(count_lines(TRAFFIC_RECEIVED) + lost, added);
}

/* Of an answer that libmodbus gave up, the front that differs from the filling is kept. */
static void test_a_broken_answer_is_kept(void **state)
{
	struct told told = {0};
	char path[PATH_BYTES];
	struct traffic *traffic = traffic_start(config_of("kept", path), 1 << 20, note, &told);
	struct link link = {.ring = traffic_ring_of(traffic, 1)};
	struct modbus_port port = {.link = &link};
	uint8_t answer[16];

	(void)state;
	assert_non_null(link.ring);
	memset(answer, ANSWER_FILLING, sizeof answer);
	answer_traffic(&port, answer, sizeof answer, -1); /* nothing came */
	memcpy(answer, "\x01\xA5\x03", 3);
	answer_traffic(&port, answer, sizeof answer, -1);
	answer_traffic(&port, answer, sizeof answer, 0); /* of another unit */
	answer_traffic(&port, answer, sizeof answer, 5); /* whole */
	finish(traffic);
	read_text(path);
	const char *last = strstr(text, " < 01A503\n");
	assert_non_null(last);
	last = strstr(last + 1, " < 01A503\n");
	assert_non_null(last);
	last = strstr(last + 1, " < 01A503A5A5\n");
	assert_non_null(last);
	assert_null(strstr(last + 1, " < "));
}

static void test_a_full_file_ends_the_recording(void **state)
{
	struct told told = {0};
	char path[PATH_BYTES];
	uint8_t bytes[TRAFFIC_BYTES] = {0};
	struct traffic *traffic = traffic_start(config_of("full", path), 4000, note, &told);
	struct traffic_ring *ring = traffic_ring_of(traffic, 1);
	struct stat status;

	(void)state;
	assert_non_null(ring);
	for (unsigned i = 0; i < 20; i++)
		traffic_add(ring, TRAFFIC_RECEIVED, bytes, sizeof bytes, now());
	await(&told.stopped);
	traffic_add(ring, TRAFFIC_RECEIVED, bytes, sizeof bytes, now()); /* is taken, and thrown away */
	finish(traffic);
	assert_int_equal(atomic_load(&told.stopped), 1);
	assert_int_equal(stat(path, &status), 0);
	assert_in_range(status.st_size, 2000, 4000);
	read_text(path);
	assert_true(count_lines(TRAFFIC_RECEIVED) >= 1);
	assert_string_equal(strrchr(text, '#'), "# the file is full: the recording ends here\n");
}

static void test_other_files_are_refused(void **state)
{
	struct told told = {0};
	char path[PATH_BYTES], target[PATH_BYTES];
	uint8_t byte = 1;

	(void)state;
	(void)config_of("target", target);
	FILE *file = fopen(target, "w");
	assert_non_null(file);
	assert_int_equal(fclose(file), 0);
	(void)config_of("symlink", path);
	assert_int_equal(symlink(target, path), 0);
	(void)config_of("fifo", path);
	assert_int_equal(mkfifo(path, 0600), 0);
	static const char *const names[] = {"symlink", "fifo", "no/such/directory", "."};
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		struct traffic *traffic = traffic_start(config_of(names[i], path), 1 << 20, note, &told);
		assert_non_null(traffic);
		for (int k = 0; k < 1000; k++) /* nobody waits for anything */
			traffic_add(traffic_ring_of(traffic, 1), TRAFFIC_RECEIVED, &byte, 1, now());
		finish(traffic);
		assert_int_equal(atomic_load(&told.failed) + atomic_load(&told.stopped), i + 1);
	}
	assert_int_equal(atomic_load(&told.on), 0);
	struct stat status;
	assert_int_equal(stat(target, &status), 0);
	assert_int_equal(status.st_size, 0);
}

/* A plan, a record, a text: not a byte is appended, and its mode stays. */
static void test_a_file_of_others_keeps_its_bytes(void **state)
{
	static const char plan[] = "title = \"A session plan\"\n";
	struct told told = {0};
	char path[PATH_BYTES];
	uint8_t byte = 1;
	struct stat status;

	(void)state;
	(void)config_of("foreign", path);
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_true(fputs(plan, file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, 0644), 0);
	struct traffic *traffic = traffic_start(config_of("foreign", path), 1 << 20, note, &told);
	assert_non_null(traffic);
	traffic_add(traffic_ring_of(traffic, 1), TRAFFIC_RECEIVED, &byte, 1, now());
	finish(traffic);
	assert_int_equal(atomic_load(&told.failed), 1);
	read_text(path);
	assert_string_equal(text, plan);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0644);
}

static void test_nothing_to_record(void **state)
{
	static struct config config;

	(void)state;
	config.link_count = 2;
	errno = EIO;
	assert_null(traffic_start(&config, 1 << 20, note, NULL));
	assert_int_equal(errno, 0);
	assert_null(traffic_ring_of(NULL, 1));
	assert_true(traffic_stop(NULL, now()));
}

static int make_directory(void **state)
{
	(void)state;
	return mkdtemp(directory) == NULL;
}

static int remove_directory(void **state)
{
	static const char *const names[] = {"kept", "lost", "full", "target", "symlink", "fifo", "foreign"};
	char path[PATH_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		(void)config_of(names[i], path);
		(void)unlink(path); /* not there if its test failed */
	}
	return rmdir(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_lines_survive_the_way_there_and_back),
	    cmocka_unit_test(test_what_is_no_line_is_refused),
	    cmocka_unit_test(test_rtu_frames),
	    cmocka_unit_test(test_tcp_frames),
	    cmocka_unit_test(test_recorded_answers_damaged),
	    cmocka_unit_test(test_what_is_added_is_written),
	    cmocka_unit_test(test_what_finds_no_room_is_counted),
	    cmocka_unit_test(test_a_broken_answer_is_kept),
	    cmocka_unit_test(test_a_full_file_ends_the_recording),
	    cmocka_unit_test(test_other_files_are_refused),
	    cmocka_unit_test(test_a_file_of_others_keeps_its_bytes),
	    cmocka_unit_test(test_nothing_to_record),
	};

	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
