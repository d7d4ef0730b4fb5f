/* Every driver hears every other driver's golden bytes, and noise: none of them makes a frame of it. The bytes come at
 * the speed of a line and, as through a device server, in one piece a second. */
#include "driver_world.h"

#include <dirent.h>

static const char folder[] = "tests/replay";

static void count_frame(void *context, const struct decoded *decoded)
{
	(void)decoded;
	(*(size_t *)context)++;
}

/* What the device of recorded traffic says, without its times. */
static size_t read_traffic(const char *path, uint8_t *bytes, size_t size)
{
	static char text[4096];
	struct traffic_line line;
	size_t count = 0;
	FILE *file = fopen(path, "r");

	assert_non_null(file);
	while (fgets(text, sizeof text, file) != NULL)
		if (traffic_parse(text, &line) == TRAFFIC_LINE && line.kind == TRAFFIC_RECEIVED) {
			assert_true(count + line.count <= size);
			memcpy(bytes + count, line.bytes, line.count);
			count += line.count;
		}
	assert_int_equal(fclose(file), 0);
	return count;
}

static void must_stay_silent(const struct driver *driver, const uint8_t *bytes, size_t count, size_t piece,
                             int64_t step_ns, const char *whose)
{
	struct stream stream = {0};
	struct mono now = {NS_PER_S};
	size_t frames = 0;

	for (size_t at = 0; at < count; at += piece, now.ns += step_ns)
		driver->feed(&stream, bytes + at, count - at < piece ? count - at : piece, now, count_frame, &frames);
	if (frames > 0)
		fail_msg("%s makes %zu frames of %s", driver->name, frames, whose);
}

static void must_not_understand(const struct driver *driver, const uint8_t *bytes, size_t count, const char *whose)
{
	const int64_t byte_ns = 10 * NS_PER_S / driver->line.baud;

	must_stay_silent(driver, bytes, count, 1, byte_ns, whose);
	must_stay_silent(driver, bytes, count, 64, NS_PER_S, whose);
	must_stay_silent(driver, bytes, count, 960, NS_PER_S, whose);
	must_stay_silent(driver, bytes, count, 4, NS_PER_S, whose);
}

/* The driver of a file: its name up to the point. */
static const struct driver *driver_of(const char *file)
{
	char name[64];
	const char *point = strchr(file, '.');

	if (point == NULL || (size_t)(point - file) >= sizeof name)
		return NULL;
	(void)snprintf(name, sizeof name, "%.*s", (int)(point - file), file);
	return driver_by_name(name);
}

static bool ends_with(const char *text, const char *end)
{
	size_t count = strlen(text), length = strlen(end);
	return count >= length && strcmp(text + count - length, end) == 0;
}

/* The Combi Board's file holds a frame of the plain module, on purpose. */
static bool holds_frame_of(const struct driver *own, const struct driver *other)
{
	return strcmp(own->name, "par-combi") == 0 && strcmp(other->name, "par-nibp") == 0;
}

static void test_matrix(void **state)
{
	static uint8_t bytes[FILE_BYTES];
	DIR *files = opendir(folder);
	size_t heard = 0;

	(void)state;
	assert_non_null(files);
	for (struct dirent *file; (file = readdir(files)) != NULL;) {
		const struct driver *own = driver_of(file->d_name);
		bool timed = ends_with(file->d_name, ".talk") || ends_with(file->d_name, ".traffic");
		char path[300];
		if (own == NULL || (!timed && !ends_with(file->d_name, ".txt") && !ends_with(file->d_name, ".bin")))
			continue;
		(void)snprintf(path, sizeof path, "%s/%s", folder, file->d_name);
		size_t count = timed ? read_traffic(path, bytes, sizeof bytes) : read_whole(path, bytes, sizeof bytes);
		assert_true(count > 0);
		for (const struct driver *const *driver = driver_list; *driver != NULL; driver++)
			if (*driver != own && !holds_frame_of(own, *driver)) {
				must_not_understand(*driver, bytes, count, file->d_name);
				heard++;
			}
	}
	assert_int_equal(closedir(files), 0);
	assert_true(heard > 80);
}

/* The same noise every time. */
static uint32_t next_number(uint32_t *number)
{
	*number ^= *number << 13;
	*number ^= *number >> 17;
	*number ^= *number << 5;
	return *number;
}

static void test_noise(void **state)
{
	static uint8_t bytes[1 << 18];
	uint32_t number = 2463534242;

	(void)state;
	for (int printable = 0; printable < 2; printable++) {
		for (size_t i = 0; i < sizeof bytes; i++) {
			uint8_t byte = (uint8_t)(next_number(&number) >> 11);
			bytes[i] = !printable ? byte : byte % 100 < 95 ? (uint8_t)(' ' + byte % 100) : '\n';
		}
		for (const struct driver *const *driver = driver_list; *driver != NULL; driver++)
			must_not_understand(*driver, bytes, sizeof bytes, printable ? "noise of letters" : "noise");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_matrix),
	    cmocka_unit_test(test_noise),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
