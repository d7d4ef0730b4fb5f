/* What every file of a configuration goes through: opened, hashed, parsed, its path and its name. Called by the files
 * that read sections, at start and on the reload thread. */
#include "daemon/config/reading.h"

#include <stdlib.h>
#include <string.h>

void reading_hash_hex(crypto_hash_sha256_state *state, char hex[65])
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
		reading_hash_hex(&alone, file_hash_hex);
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
