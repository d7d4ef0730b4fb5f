/* What the tests of the configuration share: reading a file into `config` with its errors in `errors`, and writing main
 * files into a directory of their own. Run from the top of the repository. */
#ifndef VITALS_TESTS_CONFIG_WORLD_H
#define VITALS_TESTS_CONFIG_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <dirent.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>

#include "vitals/config.h"

#define BAD          "tests/config/bad/"
#define GOOD         "tests/config/good/"
#define ERRORS_BYTES 65536

static struct config config;
static char errors[ERRORS_BYTES];
static char directory[] = "/tmp/vitals-config-XXXXXX";

/* Reads `path`; the errors are in `errors`. */
static inline int read_config(const char *path)
{
	memset(errors, 0, sizeof errors);
	FILE *stream = fmemopen(errors, sizeof errors - 1, "w");
	assert_non_null(stream);
	int count = config_read(&config, path, stream);
	assert_int_equal(fclose(stream), 0);
	return count;
}

static inline void read_good(const char *path)
{
	if (read_config(path) != 0)
		fail_msg("%s: %s", path, errors);
	assert_string_equal(errors, "");
}

static inline void write_file(const char *path, const void *bytes, size_t size, mode_t mode)
{
	FILE *file = fopen(path, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, size, file), size);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, mode), 0);
}

/* A main file in the temporary directory, with `format` filled in; returns its path. */
__attribute__((format(printf, 1, 2))) static inline const char *write_main(const char *format, ...)
{
	static char path[PATH_BYTES], text[8192];
	va_list arguments;
	va_start(arguments, format);
	int length = vsnprintf(text, sizeof text, format, arguments);
	va_end(arguments);
	assert_in_range(length, 1, sizeof text - 1);
	assert_in_range(snprintf(path, sizeof path, "%s/main.conf", directory), 1, sizeof path - 1);
	write_file(path, text, (size_t)length, 0600);
	return path;
}

static inline const char *here(void)
{
	static char path[PATH_BYTES];
	assert_non_null(getcwd(path, sizeof path));
	return path;
}

/* The small good bedside with another plan, another map, other publish keys. */
static inline const char *write_variant(const char *plan, const char *map, const char *publish)
{
	return write_main("bedside = \"t\"\nplan = \"%s/%s\"\ncontrol { socket = \"/run/t/control\" }\n"
	                  "record { path = \"/var/lib/t/record.sqlite\" }\npublish { %s }\n"
	                  "link \"bus\" { type = \"modbus-rtu\"  port = \"/dev/ttyS0\" }\n"
	                  "device \"cuff\" { link = \"bus\"  map = \"%s/%s\"  unit = 1  poll_period_ms = 1000 }\n",
	                  here(), plan, publish, here(), map);
}

#define ENDPOINTS "endpoints = { \"ipc:///run/t/publish\" }"

static inline int set_up(void **state)
{
	(void)state;
	return mkdtemp(directory) != NULL ? 0 : -1;
}

static inline int tear_down(void **state)
{
	(void)state;
	static const char *const names[] = {"main.conf",  "map.conf",  "fifo.conf",
	                                    "large.conf", "many.conf", "secret.key"};
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		char path[PATH_BYTES];
		(void)snprintf(path, sizeof path, "%s/%s", directory, names[i]);
		(void)unlink(path); /* not every test that makes one may have come so far */
	}
	return rmdir(directory);
}

#endif
