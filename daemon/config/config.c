/* config_read: the order in which the files of a bedside are read, hashed and checked. Called by main before any thread
 * exists, by `vitalsctl config check` and by tests. */
#include "vitals/config.h"

#include <stdlib.h>
#include <string.h>

#include "daemon/config/reading.h"

static void hash_hex(crypto_hash_sha256_state *state, char hex[65])
{
	unsigned char digest[crypto_hash_sha256_BYTES];
	(void)crypto_hash_sha256_final(state, digest); /* cannot fail */
	(void)sodium_bin2hex(hex, 65, digest, sizeof digest);
}

bool reading_open(struct reading *reading, struct source *source, const char *file, struct where where, cfg_opt_t *rows,
                  char file_hash_hex[65])
{
	*source = (struct source){.report = &reading->report};
	(void)snprintf(source->file, sizeof source->file, "%s", file); /* callers bound it to PATH_BYTES */
	struct text text;
	if (!text_load(&text, file, &reading->report, where))
		return false;
	(void)crypto_hash_sha256_update(&reading->hash, (const unsigned char *)text.bytes, text.size);
	if (file_hash_hex != NULL) {
		crypto_hash_sha256_state alone;
		(void)crypto_hash_sha256_init(&alone);
		(void)crypto_hash_sha256_update(&alone, (const unsigned char *)text.bytes, text.size);
		hash_hex(&alone, file_hash_hex);
	}
	bool parsed = text_scan(&text, source->file, &reading->report) && tree_parse(source, text.bytes, rows);
	free(text.bytes);
	return parsed;
}

bool reading_resolve(struct reading *reading, struct where where, const char *path, char resolved[PATH_BYTES])
{
	int length = snprintf(resolved, PATH_BYTES, "%s%s", path[0] == '/' ? "" : reading->directory, path);
	if (path[0] != '\0' && length > 0 && length < PATH_BYTES)
		return true;
	report_error(&reading->report, where, "path is empty or too long (legal: 1..%d bytes, directory included)",
	             PATH_BYTES - 1);
	return false;
}

bool reading_name(struct reading *reading, struct where where, const char *file, char name[NAME_BYTES])
{
	static const char suffix[] = ".conf";
	const char *slash = strrchr(file, '/');
	const char *base = slash != NULL ? slash + 1 : file;
	size_t length = strlen(base);
	if (length > sizeof suffix - 1 && strcmp(base + length - (sizeof suffix - 1), suffix) == 0)
		length -= sizeof suffix - 1;
	char text[PATH_BYTES];
	(void)snprintf(text, sizeof text, "%.*s", (int)length, base);
	if (token_valid(text)) {
		memcpy(name, text, strlen(text) + 1);
		return true;
	}
	report_error(
	    &reading->report, where,
	    "\"%.40s\" cannot be used as a name (legal: a file called 1..31 characters A-Z a-z 0-9 . _ - and .conf)",
	    base);
	return false;
}

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
	hash_hex(&reading->hash, reading->config->hash_hex);
}

static int no_memory(const char *path, FILE *errors)
{
	(void)fprintf(errors, "%s:1: file: not enough memory to read it (legal: a working computer)\n", path);
	return 1;
}

int config_read_map(struct register_map *map, const char *path, FILE *errors)
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
			(void)read_map(reading, path, where);
		count = reading->report.count;
		*map = config->maps[0];
	}
	free(config);
	free(reading);
	return count;
}

int config_read(struct config *config, const char *path, FILE *errors)
{
	memset(config, 0, sizeof *config);
	struct reading *reading = calloc(1, sizeof *reading);
	if (reading == NULL)
		return no_memory(path, errors);
	reading->config = config;
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
