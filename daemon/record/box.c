/* The black box; see box.h. A header, two checkpoints, the ring. Everything that the next run must believe carries a
 * checksum (BLAKE2b of libsodium): a process can be killed between any two instructions. */
#include "daemon/record/box.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "vitals/record.h"

#define MAGIC      "vitalbox"
#define SUM_BYTES  crypto_generichash_BYTES_MIN
#define PAGE_BYTES 4096
#define WRAP       UINT32_MAX /* in the place of a size: the next event is at the beginning of the ring */
#define PATH_MOST  512

struct checkpoint {
	_Atomic uint64_t number; /* of the last event in it; 0: none, or being written */
	uint8_t sum[SUM_BYTES];  /* over number and engine */
};

struct header {
	char magic[8];
	uint64_t layout, ring_bytes;
	struct box_identity identity;
	uint8_t sum[SUM_BYTES]; /* over all before it */
	_Atomic uint64_t recorded;
	_Atomic int64_t alive_ns;
	/* The ring. Offsets count on and on; their place is the rest of the division by the size. */
	_Atomic uint64_t oldest, oldest_at, newest, end_at;
	struct checkpoint checkpoints[2];
};
_Static_assert(sizeof(struct header) <= PAGE_BYTES, "one page");

struct event_head {
	uint32_t size, unused;
	uint64_t number;
	uint8_t sum[SUM_BYTES]; /* over number and bytes */
};

struct box {
	struct header *header;
	uint8_t *engines[2], *ring;
	size_t engine_bytes, mapped;
};

/* ---- places -------------------------------------------------------------------------------------------------------
 */

static size_t whole_pages(uint64_t bytes)
{
	return (size_t)((bytes + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES);
}

static size_t file_size(uint64_t engine_bytes)
{
	return PAGE_BYTES + 2 * whole_pages(engine_bytes) + BOX_RING_BYTES;
}

static size_t taken_by(size_t size)
{
	return (sizeof(struct event_head) + size + 7) / 8 * 8;
}

static void sum_numbered(uint8_t sum[SUM_BYTES], uint64_t number, const void *bytes, size_t size)
{
	crypto_generichash_state state;
	/* None of the three fails with these sizes. */
	(void)crypto_generichash_init(&state, NULL, 0, SUM_BYTES);
	(void)crypto_generichash_update(&state, (const uint8_t *)&number, sizeof(number));
	(void)crypto_generichash_update(&state, bytes, size);
	(void)crypto_generichash_final(&state, sum, SUM_BYTES);
}

static void sum_header(uint8_t sum[SUM_BYTES], const struct header *header)
{
	(void)crypto_generichash(sum, SUM_BYTES, (const uint8_t *)header, offsetof(struct header, sum), NULL, 0);
}

/* ---- making, opening ----------------------------------------------------------------------------------------------
 */

/* `fd` -1: memory alone. */
static bool map(struct box *box, int fd, uint64_t engine_bytes, int protection)
{
	box->engine_bytes = (size_t)engine_bytes;
	box->mapped = file_size(engine_bytes);
	uint8_t *base = mmap(NULL, box->mapped, protection, fd < 0 ? MAP_PRIVATE | MAP_ANONYMOUS : MAP_SHARED, fd, 0);
	if (base == MAP_FAILED)
		return false;
	box->header = (struct header *)(void *)base;
	box->engines[0] = base + PAGE_BYTES;
	box->engines[1] = box->engines[0] + whole_pages(engine_bytes);
	box->ring = box->engines[1] + whole_pages(engine_bytes);
	return true;
}

static bool new_name(const char *path, char name[PATH_MOST])
{
	int length = snprintf(name, PATH_MOST, "%s.new", path);
	return length > 0 && length < PATH_MOST;
}

/* Its room is taken now: a write to a mapped page that the file system has no room for would end the process. Returns a
 * descriptor or -1. */
static int new_file(const char *path, size_t size)
{
	char name[PATH_MOST];
	if (path[0] == '\0' || !new_name(path, name)) {
		errno = ENOENT;
		return -1;
	}
	if (unlink(name) != 0 && errno != ENOENT)
		return -1;
	int fd = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -1;
	int error = posix_fallocate(fd, 0, (off_t)size);
	if (error == 0)
		return fd;
	(void)close(fd);    /* nothing in it is wanted */
	(void)unlink(name); /* tried again by the next run */
	errno = error;
	return -1;
}

struct box *box_create(const char *path, const struct box_identity *identity, char why[BOX_WHY_BYTES])
{
	struct box *box = calloc(1, sizeof(*box));
	if (box == NULL)
		return NULL;
	int fd = new_file(path, file_size(identity->engine_bytes));
	bool kept = fd >= 0 && map(box, fd, identity->engine_bytes, PROT_READ | PROT_WRITE);
	why[0] = '\0';
	if (!kept)
		(void)snprintf(why, BOX_WHY_BYTES, "%s", strerror(errno)); /* fits */
	if (fd >= 0)
		(void)close(fd); /* the mapping stays */
	if (!kept && !map(box, -1, identity->engine_bytes, PROT_READ | PROT_WRITE)) {
		free(box);
		return NULL;
	}
	struct header *header = box->header;
	memcpy(header->magic, MAGIC, sizeof(header->magic));
	header->layout = BOX_LAYOUT;
	header->ring_bytes = BOX_RING_BYTES;
	header->identity = *identity;
	sum_header(header->sum, header);
	atomic_store(&header->oldest, 1);
	return box;
}

bool box_publish(struct box *box, const char *path)
{
	char name[PATH_MOST];
	(void)box;
	return new_name(path, name) && rename(name, path) == 0;
}

static bool refuse(char *why, const char *what)
{
	(void)snprintf(why, BOX_WHY_BYTES, "%s", what); /* fits */
	return false;
}

bool box_is_ours(const uint8_t *head, size_t size)
{
	return size == 0 || (size >= sizeof(MAGIC) - 1 && memcmp(head, MAGIC, sizeof(MAGIC) - 1) == 0);
}

static bool believable(struct box *box, off_t size, char *why)
{
	const struct header *header = box->header;
	uint8_t sum[SUM_BYTES];
	if (memcmp(header->magic, MAGIC, sizeof(header->magic)) != 0)
		return refuse(why, "it is no black box");
	if (header->layout != BOX_LAYOUT || header->ring_bytes != BOX_RING_BYTES)
		return refuse(why, "another version wrote it");
	sum_header(sum, header);
	if (memcmp(sum, header->sum, SUM_BYTES) != 0)
		return refuse(why, "its head is damaged");
	if (header->identity.engine_bytes > (1u << 24) || (uint64_t)size != file_size(header->identity.engine_bytes))
		return refuse(why, "its length is wrong");
	return true;
}

struct box *box_open(const char *path, char why[BOX_WHY_BYTES])
{
	struct stat status;
	why[0] = '\0';
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
	if (fd < 0) {
		if (errno != ENOENT)
			(void)snprintf(why, BOX_WHY_BYTES, "%s", strerror(errno)); /* fits */
		return NULL;
	}
	struct box *box = calloc(1, sizeof(*box));
	bool good = box != NULL && fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
	if (!good)
		(void)refuse(why, "it is no plain file");
	else if (status.st_size < (off_t)PAGE_BYTES)
		good = refuse(why, "it is too short");
	/* The length says how large the engine in it is; believable() looks whether the head says the same. */
	uint64_t engines =
	    good && status.st_size >= (off_t)file_size(0) ? ((uint64_t)status.st_size - file_size(0)) / 2 : 0;
	if (good && (status.st_size < (off_t)file_size(0) || file_size(engines) != (uint64_t)status.st_size))
		good = refuse(why, "its length is wrong");
	if (good && !map(box, fd, engines, PROT_READ))
		good = refuse(why, "it cannot be mapped");
	(void)close(fd); /* only read from; the mapping stays */
	if (good && believable(box, status.st_size, why)) {
		box->engine_bytes = (size_t)box->header->identity.engine_bytes;
		return box;
	}
	box_close(box);
	return NULL;
}

void box_close(struct box *box)
{
	if (box == NULL)
		return;
	if (box->header != NULL)
		(void)munmap(box->header, box->mapped); /* it was mapped so */
	free(box);
}

const struct box_identity *box_identity(const struct box *box)
{
	return &box->header->identity;
}

/* ---- writing ------------------------------------------------------------------------------------------------------
 */

/* Lets go of the oldest events until `needed` bytes more fit. */
static void make_room(struct box *box, uint64_t needed)
{
	struct header *header = box->header;
	uint64_t end = atomic_load(&header->end_at);
	for (;;) {
		uint64_t at = atomic_load(&header->oldest_at);
		if (end + needed - at <= BOX_RING_BYTES)
			return;
		uint32_t size;
		memcpy(&size, box->ring + at % BOX_RING_BYTES, sizeof(size));
		if (size == WRAP) {
			atomic_store(&header->oldest_at, at + BOX_RING_BYTES - at % BOX_RING_BYTES);
			continue;
		}
		/* The number first: a reader that finds the place gone must find the number gone as well. */
		atomic_store(&header->oldest, atomic_load(&header->oldest) + 1);
		atomic_store(&header->oldest_at, at + taken_by(size));
	}
}

void box_append(struct box *box, uint64_t number, const void *bytes, size_t size)
{
	struct header *header = box->header;
	struct event_head head = {.size = (uint32_t)size, .number = number};
	uint64_t end = atomic_load(&header->end_at), left = BOX_RING_BYTES - end % BOX_RING_BYTES;
	bool wraps = left < taken_by(size);
	make_room(box, taken_by(size) + (wraps ? left : 0));
	if (wraps) {
		uint32_t wrap = WRAP;
		memcpy(box->ring + end % BOX_RING_BYTES, &wrap, sizeof(wrap)); /* all sizes are whole eights */
		end += left;
	}
	sum_numbered(head.sum, number, bytes, size);
	memcpy(box->ring + end % BOX_RING_BYTES, &head, sizeof(head));
	memcpy(box->ring + end % BOX_RING_BYTES + sizeof(head), bytes, size);
	if (atomic_load(&header->oldest) > atomic_load(&header->newest)) { /* it was empty */
		atomic_store(&header->oldest_at, end);
		atomic_store(&header->oldest, number);
	}
	atomic_store(&header->end_at, end + taken_by(size));
	atomic_store(&header->newest, number);
}

bool box_checkpoint(struct box *box, uint64_t number, const void *engine, size_t size)
{
	struct header *header = box->header;
	uint64_t numbers[2] = {atomic_load(&header->checkpoints[0].number),
	                       atomic_load(&header->checkpoints[1].number)};
	int older = numbers[0] <= numbers[1] ? 0 : 1;
	/* The newer one would be the only one left: it must not be ahead of the record, unless the events that it
	 * stands for are about to be overwritten anyway. */
	if (numbers[0] != 0 && numbers[1] != 0 && numbers[1 - older] > atomic_load(&header->recorded) &&
	    atomic_load(&header->end_at) - atomic_load(&header->oldest_at) < BOX_RING_BYTES / 4 * 3)
		return false;
	struct checkpoint *checkpoint = &header->checkpoints[older];
	if (size != box->engine_bytes)
		return false;
	atomic_store(&checkpoint->number, 0);
	memcpy(box->engines[older], engine, size);
	sum_numbered(checkpoint->sum, number, engine, size);
	atomic_store(&checkpoint->number, number);
	return true;
}

/* ---- reading ------------------------------------------------------------------------------------------------------
 */

void box_recorded(struct box *box, uint64_t number)
{
	atomic_store(&box->header->recorded, number);
}

uint64_t box_recorded_up_to(const struct box *box)
{
	return atomic_load(&box->header->recorded);
}

void box_alive(struct box *box, struct mono now)
{
	atomic_store(&box->header->alive_ns, now.ns);
}

struct mono box_alive_at(const struct box *box)
{
	return (struct mono){atomic_load(&box->header->alive_ns)};
}

uint64_t box_oldest(const struct box *box)
{
	return atomic_load(&box->header->oldest);
}

uint64_t box_newest(const struct box *box)
{
	return atomic_load(&box->header->newest);
}

/* The event at `offset`, if it is whole and fits. Sets where the next begins. */
static size_t read_at(const struct box *box, uint64_t *offset, uint64_t *number, void *bytes, size_t size)
{
	struct event_head head;
	uint8_t sum[SUM_BYTES];
	uint64_t at = *offset % BOX_RING_BYTES;
	uint32_t first;
	memcpy(&first, box->ring + at, sizeof(first));
	if (first == WRAP) {
		*offset += BOX_RING_BYTES - at;
		at = 0;
	}
	if (BOX_RING_BYTES - at < sizeof(head))
		return 0;
	memcpy(&head, box->ring + at, sizeof(head));
	if (head.size == 0 || head.size > size || head.size > BOX_RING_BYTES - at - sizeof(head))
		return 0;
	memcpy(bytes, box->ring + at + sizeof(head), head.size);
	sum_numbered(sum, head.number, bytes, head.size);
	if (memcmp(sum, head.sum, SUM_BYTES) != 0)
		return 0;
	*number = head.number;
	*offset += taken_by(head.size);
	return head.size;
}

size_t box_next(const struct box *box, struct box_place *place, void *bytes, size_t size)
{
	const struct header *header = box->header;
	uint64_t oldest = atomic_load(&header->oldest), number = 0;
	if (place->number + 1 < oldest)
		place->offset = 0;
	/* No more looks than there can be events: in a damaged box the numbers may be anything. */
	for (size_t look = 0; look < BOX_RING_BYTES / sizeof(struct event_head); look++) {
		if (place->number >= atomic_load(&header->newest))
			return 0;
		if (place->offset == 0)
			place->offset = atomic_load(&header->oldest_at);
		size_t got = read_at(box, &place->offset, &number, bytes, size);
		if (got > 0 && number > place->number) {
			place->number = number;
			return got;
		}
		if (got > 0)
			continue; /* read before */
		if (atomic_load(&header->oldest) == oldest)
			return 0;
		oldest = atomic_load(&header->oldest);
		place->offset = 0; /* overwritten while it was read: from the one that is the oldest now */
	}
	return 0;
}

uint64_t box_restore(const struct box *box, uint64_t most, void *engine, size_t size)
{
	uint64_t best = 0;
	if (size != box->engine_bytes)
		return 0;
	for (int i = 0; i < 2; i++) {
		const struct checkpoint *checkpoint = &box->header->checkpoints[i];
		uint64_t number = atomic_load(&checkpoint->number);
		uint8_t sum[SUM_BYTES];
		if (number == 0 || number > most || number <= best)
			continue;
		sum_numbered(sum, number, box->engines[i], size);
		if (memcmp(sum, checkpoint->sum, SUM_BYTES) != 0)
			continue;
		memcpy(engine, box->engines[i], size);
		best = number;
	}
	return best;
}
