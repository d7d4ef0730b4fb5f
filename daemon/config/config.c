/* config_read: the order in which the files of a bedside are read, hashed and checked. Called by main before any thread
 * exists, by `vitalsctl config check` and by tests. */
#include "vitals/config.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/config/reading.h"

static void read_all(struct reading *reading, const char *path)
{
	struct where where = {path, 1, "file"};
	if (strlen(path) >= PATH_BYTES) {
		report_error(&reading->report, where, "path is too long (legal: 1..%d bytes)", PATH_BYTES - 1);
		return;
	}
	memcpy(reading->config->path, path, strlen(path) + 1);
	const char *slash = strrchr(path, '/');
	if (slash != NULL)
		memcpy(reading->directory, path, (size_t)(slash - path) + 1);
	if (sodium_init() < 0) {
		report_error(&reading->report, where, "libsodium cannot be initialised (legal: a working libsodium)");
		return;
	}
	(void)crypto_hash_sha256_init(&reading->hash);
	read_main(reading);
	tree_close(&reading->main);
	reading_hash_hex(&reading->hash, reading->config->hash_hex);
}

static int no_memory(const char *path, FILE *errors)
{
	(void)fprintf(errors, "%s:1: file: not enough memory to read it (legal: a working computer)\n", path);
	return 1;
}

/* One file without a main file around it. */
static int read_alone(const char *path, FILE *errors, void (*read)(struct reading *reading, const char *path),
                      void (*take)(const struct config *config, void *to), void *to)
{
	struct where where = {path, 1, "file"};
	struct reading *reading = calloc(1, sizeof *reading);
	struct config *config = calloc(1, sizeof *config);
	int count;

	if (reading == NULL || config == NULL) {
		count = no_memory(path, errors);
	} else {
		reading->config = config;
		reading->report.stream = errors;
		if (strlen(path) >= PATH_BYTES)
			report_error(&reading->report, where, "path is too long (legal: 1..%d bytes)", PATH_BYTES - 1);
		else if (sodium_init() < 0 || crypto_hash_sha256_init(&reading->hash) != 0)
			report_error(&reading->report, where,
			             "libsodium cannot be initialised (legal: a working libsodium)");
		else
			read(reading, path);
		count = reading->report.count;
		take(config, to);
	}
	free(config);
	free(reading);
	return count;
}

static void read_map_alone(struct reading *reading, const char *path)
{
	(void)read_map(reading, path, (struct where){path, 1, "file"});
}

static void take_map(const struct config *config, void *to)
{
	*(struct register_map *)to = config->maps[0];
}

int config_read_map(struct register_map *map, const char *path, FILE *errors)
{
	return read_alone(path, errors, read_map_alone, take_map, map);
}

static void read_plan_alone(struct reading *reading, const char *path)
{
	read_plan(reading, path, (struct where){path, 1, "file"});
}

static void take_plan(const struct config *config, void *to)
{
	*(struct plan *)to = config->engine.plan;
}

int config_read_plan(struct plan *plan, const char *path, FILE *errors)
{
	return read_alone(path, errors, read_plan_alone, take_plan, plan);
}

int config_read(struct config *config, const char *path, FILE *errors)
{
	return config_read_as(config, path, &(struct config_wish){0}, errors);
}

int config_read_as(struct config *config, const char *path, const struct config_wish *wish, FILE *errors)
{
	memset(config, 0, sizeof *config);
	struct reading *reading = calloc(1, sizeof *reading);
	if (reading == NULL)
		return no_memory(path, errors);
	reading->config = config;
	reading->wish = *wish;
	reading->report.stream = errors;
	read_all(reading, path);
	int count = reading->report.count;
	sodium_memzero(reading, sizeof *reading);
	free(reading);
	/* Nothing of a wrong configuration may be used by accident. */
	if (count > 0)
		sodium_memzero(config, sizeof *config);
	return count;
}
