/* The recording of raw traffic; see traffic.h. One ring for each recorded link, with one writer (the link's thread) and
 * one reader (the thread here), which looks every tenth of a second: nobody has to wake it, and 64 KiB are more than
 * five seconds of the fastest serial line.
 *
 * The thread runs with normal priority whatever the links have: it may wait for a disk. */
#include "daemon/link/traffic.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "daemon/shell.h"

#define RING_BYTES 65536 /* a power of two */
#define LOOK_MS    100

/* In the ring before the bytes of each chunk. */
struct head {
	int64_t at_ns;
	uint16_t count;
	uint8_t kind;
};

struct traffic_ring {
	_Atomic uint32_t written, taken; /* bytes ever; their difference is what waits */
	_Atomic uint32_t lost;           /* chunks that found no room */
	uint8_t bytes[RING_BYTES];
	/* The writer's thread alone: */
	uint8_t link;
	int fd; /* -1: not open, or given up */
	int64_t size, began_ns;
	uint32_t lost_noted;
};

struct traffic {
	const struct config *config;
	int64_t limit;
	traffic_tell_fn tell;
	void *context;
	struct shell_thread thread;
	int wake_fd; /* written once: the thread is to end */
	struct traffic_ring *rings[LINKS_MAX];
};

/* ---- the link's side --------------------------------------------------------------------------------------------- */

static void put(struct traffic_ring *ring, uint32_t at, const void *bytes, size_t count)
{
	const uint8_t *from = bytes;

	for (size_t i = 0; i < count; i++)
		ring->bytes[(at + i) % RING_BYTES] = from[i];
}

static void add_chunk(struct traffic_ring *ring, enum traffic_kind kind, const uint8_t *bytes, size_t count,
                      struct mono now)
{
	uint32_t written = atomic_load_explicit(&ring->written, memory_order_relaxed);
	uint32_t waiting = written - atomic_load_explicit(&ring->taken, memory_order_acquire);
	struct head head;

	if (sizeof head + count > RING_BYTES - waiting) {
		(void)atomic_fetch_add_explicit(&ring->lost, 1, memory_order_relaxed);
		return;
	}
	memset(&head, 0, sizeof head);
	head.at_ns = now.ns;
	head.count = (uint16_t)count;
	head.kind = (uint8_t)kind;
	put(ring, written, &head, sizeof head);
	put(ring, written + (uint32_t)sizeof head, bytes, count);
	atomic_store_explicit(&ring->written, written + (uint32_t)(sizeof head + count), memory_order_release);
}

void traffic_add(struct traffic_ring *ring, enum traffic_kind kind, const uint8_t *bytes, size_t count, struct mono now)
{
	if (ring == NULL)
		return;
	while (count > TRAFFIC_BYTES) {
		add_chunk(ring, kind, bytes, TRAFFIC_BYTES, now);
		bytes += TRAFFIC_BYTES;
		count -= TRAFFIC_BYTES;
	}
	add_chunk(ring, kind, bytes, count, now);
}

/* ---- the writer's side ------------------------------------------------------------------------------------------- */

static void tell(const struct traffic *traffic, const struct traffic_ring *ring, const char *what, const char *why)
{
	char detail[TEXT_BYTES];

	/* Cut on purpose. */
	(void)snprintf(detail, sizeof detail, "%s: %s", traffic->config->links[ring->link].traffic_path, why);
	traffic->tell(traffic->context, ring->link, what, detail);
}

static void give_up(const struct traffic *traffic, struct traffic_ring *ring, const char *why)
{
	(void)close(ring->fd); /* what was lost is being told already */
	ring->fd = -1;
	tell(traffic, ring, "recording-stopped", why);
}

/* False if the file is now given up. */
static bool write_text(const struct traffic *traffic, struct traffic_ring *ring, const char *text, size_t count)
{
	while (count > 0) {
		ssize_t done = write(ring->fd, text, count);
		int error = errno;
		if (done < 0 && error == EINTR)
			continue;
		if (done <= 0) {
			give_up(traffic, ring, strerror(error));
			return false;
		}
		text += done;
		count -= (size_t)done;
		ring->size += done;
	}
	return true;
}

/* Keeps room for one closing line. */
static void write_line(const struct traffic *traffic, struct traffic_ring *ring, const char *text, size_t count)
{
	static const char full[] = "# the file is full: the recording ends here\n";

	if (ring->fd < 0)
		return;
	if (ring->size + (int64_t)(count + sizeof full) <= traffic->limit) {
		(void)write_text(traffic, ring, text, count);
	} else if (write_text(traffic, ring, full, sizeof full - 1)) {
		give_up(traffic, ring, "the file is full");
	}
}

static const char *type_of(enum link_type type)
{
	switch (type) {
	case LINK_MODBUS_RTU:
		return "modbus-rtu";
	case LINK_MODBUS_TCP:
		return "modbus-tcp";
	case LINK_SERIAL:
		return "serial";
	case LINK_RAW_TCP:
		return "raw-tcp";
	case LINK_MODBUS_RTU_TCP:
		return "modbus-rtu-tcp";
	}
	return "";
}

static void write_header(const struct traffic *traffic, struct traffic_ring *ring)
{
	const struct config *config = traffic->config;
	char text[2 * PATH_BYTES], when[32] = "";
	int64_t wall_ns = shell_wall_ns();
	time_t wall_s = wall_ns / NS_PER_S;
	struct tm utc;

	ring->began_ns = shell_now().ns;
	if (gmtime_r(&wall_s, &utc) == NULL || strftime(when, sizeof when, "%Y-%m-%dT%H:%M:%S", &utc) == 0)
		when[0] = '\0';
	int count = snprintf(text, sizeof text,
	                     TRAFFIC_HEADER " microseconds, then < from the device or > to it\n"
	                                    "# PATIENT DATA: treat this file like a patient's record\n"
	                                    "# link %s, %s\n# began %s.%06" PRId64 "Z\n",
	                     config->links[ring->link].name, type_of(config->links[ring->link].type), when,
	                     wall_ns % NS_PER_S / 1000);
	write_line(traffic, ring, text, (size_t)count);
	for (uint8_t i = 0; i < config->device_count; i++) {
		const struct device_config *device = &config->devices[i];
		if (device->link != ring->link)
			continue;
		if (device->driver != NULL)
			count =
			    snprintf(text, sizeof text, "# device %s, driver %s\n", device->name, device->driver->name);
		else
			count = snprintf(text, sizeof text, "# device %s, map %s, unit %u\n", device->name,
			                 config->maps[device->map].name, (unsigned)device->unit);
		write_line(traffic, ring, text, (size_t)count);
	}
}

/* Recorded traffic that is there is continued, and is nobody else's to read. Any other file is left as it is. */
static bool may_continue(int fd, struct stat *status)
{
	uint8_t head[sizeof TRAFFIC_HEADER];

	if (fstat(fd, status) < 0 || !S_ISREG(status->st_mode))
		return false;
	ssize_t count = pread(fd, head, sizeof head, 0);
	return count >= 0 && traffic_is_ours(head, (size_t)count) && fchmod(fd, 0600) == 0;
}

static void open_file(const struct traffic *traffic, struct traffic_ring *ring)
{
	struct stat status;

	ring->fd = open(traffic->config->links[ring->link].traffic_path,
	                O_RDWR | O_APPEND | O_CREAT | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC, 0600);
	int error = errno;
	if (ring->fd < 0) {
		tell(traffic, ring, "recording-failed", strerror(error));
		return;
	}
	if (!may_continue(ring->fd, &status)) {
		(void)close(ring->fd); /* nothing was written */
		ring->fd = -1;
		tell(traffic, ring, "recording-failed", "not recorded traffic of our own: it is left alone");
		return;
	}
	ring->size = status.st_size;
	write_header(traffic, ring);
	if (ring->fd >= 0)
		tell(traffic, ring, "recording-on", "raw traffic with patient data is recorded");
}

static void take(struct traffic_ring *ring, uint32_t at, void *bytes, size_t count)
{
	uint8_t *to = bytes;

	for (size_t i = 0; i < count; i++)
		to[i] = ring->bytes[(at + i) % RING_BYTES];
}

/* Everything that waits at this moment: a link that is faster than the disk must not keep the others waiting. */
static void drain(const struct traffic *traffic, struct traffic_ring *ring)
{
	uint32_t end = atomic_load_explicit(&ring->written, memory_order_acquire);
	uint32_t taken = atomic_load_explicit(&ring->taken, memory_order_relaxed);
	char text[TRAFFIC_LINE_BYTES];
	struct traffic_line line;
	struct head head;

	while (taken != end) {
		take(ring, taken, &head, sizeof head);
		line.kind = (enum traffic_kind)head.kind;
		line.at_us = head.at_ns > ring->began_ns ? (head.at_ns - ring->began_ns) / 1000 : 0;
		line.count = head.count;
		take(ring, taken + (uint32_t)sizeof head, line.bytes, head.count);
		taken += (uint32_t)(sizeof head + head.count);
		atomic_store_explicit(&ring->taken, taken, memory_order_release);
		write_line(traffic, ring, text, traffic_format(&line, text));
	}
	uint32_t lost = atomic_load_explicit(&ring->lost, memory_order_relaxed);
	if (lost != ring->lost_noted) {
		int count =
		    snprintf(text, sizeof text, "# %" PRIu32 " pieces were lost about here\n", lost - ring->lost_noted);
		ring->lost_noted = lost;
		write_line(traffic, ring, text, (size_t)count);
	}
}

/* True when the thread is to end. */
static bool rest(const struct traffic *traffic)
{
	struct pollfd wake = {.fd = traffic->wake_fd, .events = POLLIN};

	return poll(&wake, 1, LOOK_MS) > 0;
}

static void write_all(void *context)
{
	const struct sched_param normal = {0};
	struct traffic *traffic = context;
	bool ending = false;

	(void)sched_setscheduler(0, SCHED_OTHER, &normal); /* this thread; refused only where it never was real-time */
	for (uint8_t i = 0; i < LINKS_MAX; i++)
		if (traffic->rings[i] != NULL)
			open_file(traffic, traffic->rings[i]);
	for (;;) {
		for (uint8_t i = 0; i < LINKS_MAX; i++)
			if (traffic->rings[i] != NULL)
				drain(traffic, traffic->rings[i]);
		if (ending)
			break;
		ending = rest(traffic); /* what came before the wish to end is still written */
	}
}

/* ---- beginning and end ------------------------------------------------------------------------------------------- */

static void release(struct traffic *traffic)
{
	for (uint8_t i = 0; i < LINKS_MAX; i++) {
		if (traffic->rings[i] != NULL && traffic->rings[i]->fd >= 0)
			(void)close(traffic->rings[i]->fd); /* every write was looked at */
		free(traffic->rings[i]);
	}
	free(traffic);
}

static bool make_rings(struct traffic *traffic)
{
	for (uint8_t i = 0; i < traffic->config->link_count; i++) {
		if (traffic->config->links[i].traffic_path[0] == '\0')
			continue;
		traffic->rings[i] = calloc(1, sizeof *traffic->rings[i]);
		if (traffic->rings[i] == NULL)
			return false;
		traffic->rings[i]->link = i;
		traffic->rings[i]->fd = -1;
	}
	return true;
}

/* Returns 0 or an errno value. */
static int make_thread(struct traffic *traffic)
{
	traffic->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (traffic->wake_fd < 0)
		return errno;
	int error = shell_thread_start(&traffic->thread, "traffic", write_all, traffic);
	if (error != 0)
		(void)close(traffic->wake_fd); /* nothing was written */
	return error;
}

struct traffic *traffic_start(const struct config *config, int64_t limit, traffic_tell_fn tell_fn, void *context)
{
	bool wanted = false;

	for (uint8_t i = 0; i < config->link_count; i++)
		wanted = wanted || config->links[i].traffic_path[0] != '\0';
	if (!wanted) {
		errno = 0;
		return NULL;
	}
	struct traffic *traffic = calloc(1, sizeof *traffic);
	if (traffic == NULL)
		return NULL;
	traffic->config = config;
	traffic->limit = limit;
	traffic->tell = tell_fn;
	traffic->context = context;
	int error = make_rings(traffic) ? make_thread(traffic) : ENOMEM;
	if (error == 0)
		return traffic;
	release(traffic);
	errno = error;
	return NULL;
}

struct traffic_ring *traffic_ring_of(struct traffic *traffic, uint8_t link)
{
	return traffic == NULL ? NULL : traffic->rings[link];
}

bool traffic_stop(struct traffic *traffic, struct mono until)
{
	if (traffic == NULL)
		return true;
	shell_wake(traffic->wake_fd);
	if (!shell_thread_join(&traffic->thread, until))
		return false;
	(void)close(traffic->wake_fd); /* nothing was written */
	release(traffic);
	return true;
}
