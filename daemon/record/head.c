/* Whose file is it? Looks at the beginning of one that stands where the record is to be. Pure. Called by the recorder
 * (daemon/record/store.c) before it opens the file, and by the check of the configuration. */
#include <string.h>

#include "daemon/record/store.h"
#include "vitals/record.h"

/* "Database File Format", https://www.sqlite.org/fileformat2.html: the header string, the application's id, and the
 * number of entries of the schema in the first page. */
#define MAGIC_BYTES    16
#define APPLICATION_AT 68
#define ENTRIES_AT     103
#define HEADER_BYTES   108

static uint32_t big_endian(const uint8_t *bytes, size_t count)
{
	uint32_t value = 0;

	for (size_t i = 0; i < count; i++)
		value = value << 8 | bytes[i];
	return value;
}

static bool all_zero(const uint8_t *bytes, size_t size)
{
	for (size_t i = 0; i < size; i++)
		if (bytes[i] != 0)
			return false;
	return true;
}

bool record_is_ours(const uint8_t *head, size_t size)
{
	static const char magic[MAGIC_BYTES] = "SQLite format 3";
	static const char schema[] = STORE_SCHEMA;

	if (size == 0)
		return true;
	if (size >= HEADER_BYTES && memcmp(head, magic, sizeof magic) == 0) {
		uint32_t application = big_endian(head + APPLICATION_AT, 4);
		/* Killed while it was made: a header and nothing else. */
		bool bare = application == 0 && big_endian(head + ENTRIES_AT, 2) == 0;
		return application == STORE_APPLICATION_ID || bare;
	}
	/* A header that was overwritten leaves the schema; a disk that lost the page leaves zeros. */
	return memmem(head, size, schema, sizeof schema - 1) != NULL || all_zero(head, size);
}
