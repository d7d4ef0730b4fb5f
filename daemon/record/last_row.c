/* See last_row.h. */
#include "daemon/record/last_row.h"

#include <fcntl.h>
#include <sodium.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define PLACE_BYTES 512 /* a sector: one of them survives a write that was cut off */
#define PATH_MOST   512
static const char magic[8] = {'v', 'i', 't', 'a', 'l', 'e', 'n', 'd'};

struct place {
	char magic[8];
	struct last_row row;
	uint8_t sum[crypto_generichash_BYTES_MIN];
};
_Static_assert(sizeof(struct place) <= PLACE_BYTES, "in its place");

static void sum_of(const struct place *place, uint8_t sum[crypto_generichash_BYTES_MIN])
{
	/* Cannot fail with these sizes. */
	(void)crypto_generichash(sum, crypto_generichash_BYTES_MIN, (const uint8_t *)place, offsetof(struct place, sum),
	                         NULL, 0);
}

static int open_it(const char *record_path, int flags)
{
	char path[PATH_MOST];
	int length = snprintf(path, sizeof(path), "%s" LAST_ROW_SUFFIX, record_path);
	return length > 0 && length < PATH_MOST ? open(path, flags | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0600) : -1;
}

bool last_row_read(const char *record_path, struct last_row *last)
{
	int fd = open_it(record_path, O_RDONLY);
	bool found = false;
	memset(last, 0, sizeof(*last));
	for (off_t at = 0; fd >= 0 && at < 2 * PLACE_BYTES; at += PLACE_BYTES) {
		struct place place;
		uint8_t sum[sizeof(place.sum)];
		if (pread(fd, &place, sizeof(place), at) != (ssize_t)sizeof(place))
			continue;
		sum_of(&place, sum);
		if (memcmp(place.magic, magic, sizeof(magic)) != 0 || memcmp(sum, place.sum, sizeof(sum)) != 0 ||
		    (found && place.row.turn < last->turn))
			continue;
		*last = place.row;
		last->session_id[NAME_BYTES - 1] = '\0';
		found = true;
	}
	if (fd >= 0)
		(void)close(fd); /* only read from */
	return found;
}

bool last_row_write(const char *record_path, struct last_row *last, bool sync)
{
	struct place place;
	int fd = open_it(record_path, O_WRONLY | O_CREAT);
	if (fd < 0)
		return false;
	memset(&place, 0, sizeof(place)); /* padding too */
	last->turn++;
	memcpy(place.magic, magic, sizeof(magic));
	place.row.turn = last->turn;
	place.row.seq = last->seq;
	place.row.forwarded = last->forwarded;
	memcpy(place.row.hash, last->hash, sizeof(last->hash));
	memcpy(place.row.session_id, last->session_id, sizeof(last->session_id));
	sum_of(&place, place.sum);
	bool written =
	    pwrite(fd, &place, sizeof(place), (off_t)(last->turn % 2) * PLACE_BYTES) == (ssize_t)sizeof(place) &&
	    (!sync || fdatasync(fd) == 0);
	return close(fd) == 0 && written;
}
