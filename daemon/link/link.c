/* The thread table: one thread for each configured link. Called by main (start, stop) and by the engine thread (cuff,
 * alive). What a thread does is in bus_loop.c and stream_loop.c. */
#include "vitals/link.h"

#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "daemon/link/link_thread.h"

#define STACK_BYTES (256 * 1024)
/* A thread marks its loop at least this often beside the longest call that may block, which is one answer timeout. */
#define ALIVE_MARGIN_NS (2 * NS_PER_S)

struct links {
	pthread_mutex_t lock; /* with `ended`: some thread has ended */
	pthread_cond_t ended;
	uint8_t count;
	struct link list[LINKS_MAX];
	struct link_notices notices;
	struct traffic *traffic; /* NULL: nothing is recorded */
	struct links_seat {
		struct links *links;
		struct link *link;
	} seats[LINKS_MAX];
};

/* What only the thread itself can set. Nothing here is needed to work, only to be punctual, so failures are let pass.
 */
static void settle_in(const struct link *link)
{
	char name[16]; /* of the kernel, with the NUL */

	(void)snprintf(name, sizeof name, "l-%.13s", link->own->name); /* cut on purpose */
	(void)pthread_setname_np(pthread_self(), name);
	(void)prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
	if (link->config->realtime_priority > 0) {
		struct sched_param parameters = {.sched_priority = link->config->realtime_priority};
		(void)pthread_setschedparam(pthread_self(), SCHED_FIFO, &parameters);
	}
}

static void *link_main(void *argument)
{
	struct links_seat *seat = argument;
	struct link *link = seat->link;

	settle_in(link);
	link_touch(link);
	switch (link->own->type) {
	case LINK_MODBUS_RTU:
	case LINK_MODBUS_TCP:
		bus_run(link);
		break;
	case LINK_SERIAL:
	case LINK_RAW_TCP:
		stream_run(link);
		break;
	}
	(void)pthread_mutex_lock(&seat->links->lock);
	atomic_store(&link->ended, true);
	(void)pthread_cond_signal(&seat->links->ended);
	(void)pthread_mutex_unlock(&seat->links->lock);
	return NULL;
}

/* Returns 0 or an errno value. */
static int make_lock(pthread_mutex_t *mutex)
{
	pthread_mutexattr_t attributes;
	int error = pthread_mutexattr_init(&attributes);

	if (error != 0)
		return error;
	/* A link thread of normal priority must not hold up the real-time engine. */
	error = pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
	if (error == 0)
		error = pthread_mutex_init(mutex, &attributes);
	(void)pthread_mutexattr_destroy(&attributes);
	return error;
}

static int make_thread(struct links *links, uint8_t index)
{
	struct link *link = &links->list[index];
	pthread_attr_t attributes;
	int error = make_lock(&link->queue.lock);

	if (error != 0)
		return error;
	link->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (link->wake_fd < 0)
		return errno;
	link->backoff_ns = BACKOFF_MIN_NS;
	link_touch(link);
	links->seats[index] = (struct links_seat){links, link};
	error = pthread_attr_init(&attributes);
	if (error == 0)
		error = pthread_attr_setstacksize(&attributes, STACK_BYTES);
	if (error == 0)
		error = pthread_create(&link->thread, &attributes, link_main, &links->seats[index]);
	(void)pthread_attr_destroy(&attributes);
	if (error != 0)
		(void)close(link->wake_fd); /* nothing was written to it */
	return error;
}

static struct links *make_table(void)
{
	struct links *links = calloc(1, sizeof *links);
	pthread_condattr_t attributes;

	if (links == NULL)
		return NULL;
	int error = pthread_condattr_init(&attributes);
	if (error == 0)
		error = pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	if (error == 0)
		error = pthread_cond_init(&links->ended, &attributes);
	if (error == 0)
		error = pthread_mutex_init(&links->lock, NULL);
	if (error == 0)
		error = make_lock(&links->notices.lock);
	if (error != 0) {
		free(links);
		errno = error;
		return NULL;
	}
	return links;
}

/* The traffic writer's. */
static void tell_of_recording(void *context, uint8_t index, const char *what, const char *detail)
{
	struct links *links = context;

	link_notice(&links->list[index], strcmp(what, "recording-on") != 0, what, detail);
}

struct links *links_start(const struct config *config, struct mailbox *mailbox)
{
	struct links *links = make_table();

	if (links == NULL)
		return NULL;
	for (uint8_t i = 0; i < config->link_count; i++) {
		links->list[i].own = &config->links[i];
		links->list[i].notices = &links->notices;
	}
	links->traffic = traffic_start(config, TRAFFIC_FILE_BYTES_MAX, tell_of_recording, links);
	int no_traffic = links->traffic == NULL ? errno : 0;
	if (no_traffic != 0) {
		(void)links_stop(links, 1000);
		errno = no_traffic;
		return NULL;
	}
	for (uint8_t i = 0; i < config->link_count; i++) {
		struct link *link = &links->list[i];
		link->config = config;
		link->ring = traffic_ring_of(links->traffic, i);
		link->index = i;
		link->mailbox = mailbox;
		int error = make_thread(links, i);
		if (error != 0) {
			(void)links_stop(links, 1000);
			errno = error;
			return NULL;
		}
		links->count++;
	}
	return links;
}

static void wake(struct link *link)
{
	const uint64_t one = 1;

	/* Fails only when the counter is full, and then the thread is awake already. */
	if (write(link->wake_fd, &one, sizeof one) < 0)
		return;
}

static bool takes_order(const struct config *config, const struct device_config *device, bool start)
{
	if (device->driver != NULL)
		return device->driver->order != NULL;
	if (device->map < 0)
		return false;
	const struct register_map *map = &config->maps[device->map];
	return (start ? map->cuff_start : map->cuff_stop).used;
}

bool links_cuff(struct links *links, uint8_t device, bool start)
{
	const struct config *config = links->list[0].config;

	if (config == NULL || device >= config->device_count || !takes_order(config, &config->devices[device], start))
		return false;
	struct link *link = &links->list[config->devices[device].link];
	struct link_command command = {.device = device, .start = start, .asked = link_now()};
	(void)pthread_mutex_lock(&link->queue.lock);
	bool room = link->queue.count < LINK_COMMANDS_MAX;
	if (room)
		link->queue.list[link->queue.count++] = command;
	(void)pthread_mutex_unlock(&link->queue.lock);
	if (room)
		wake(link);
	return room;
}

bool links_notice(struct links *links, struct link_notice *notice)
{
	struct link_notices *notices = &links->notices;

	(void)pthread_mutex_lock(&notices->lock);
	bool taken = notices->count > 0;
	if (taken) {
		*notice = notices->list[0];
		notices->count--;
		memmove(&notices->list[0], &notices->list[1], notices->count * sizeof notices->list[0]);
	}
	(void)pthread_mutex_unlock(&notices->lock);
	return taken;
}

bool links_alive(const struct links *links, const char **name)
{
	int64_t now = link_now().ns;

	for (uint8_t i = 0; i < links->count; i++) {
		const struct link *link = &links->list[i];
		if (atomic_load(&link->ended)) /* it was asked to, or no device is on it */
			continue;
		int64_t bound = link->own->timeout_ms * NS_PER_MS + ALIVE_MARGIN_NS;
		if (now - atomic_load_explicit(&link->last_round_ns, memory_order_relaxed) > bound) {
			*name = link->own->name;
			return false;
		}
	}
	return true;
}

static uint8_t count_running(struct links *links)
{
	uint8_t running = 0;

	for (uint8_t i = 0; i < links->count; i++)
		if (!atomic_load(&links->list[i].ended))
			running++;
	return running;
}

int links_stop(struct links *links, int wait_ms)
{
	struct mono until = mono_after(link_now(), (int64_t)wait_ms * NS_PER_MS);
	struct timespec deadline = {.tv_sec = until.ns / NS_PER_S, .tv_nsec = until.ns % NS_PER_S};
	uint8_t running;

	for (uint8_t i = 0; i < links->count; i++) {
		atomic_store(&links->list[i].stopping, true);
		wake(&links->list[i]);
	}
	(void)pthread_mutex_lock(&links->lock);
	while ((running = count_running(links)) > 0)
		if (pthread_cond_timedwait(&links->ended, &links->lock, &deadline) == ETIMEDOUT)
			break;
	(void)pthread_mutex_unlock(&links->lock);
	if (running > 0)
		return running;
	if (!traffic_stop(links->traffic, mono_after(link_now(), (int64_t)wait_ms * NS_PER_MS)))
		return 1;
	for (uint8_t i = 0; i < links->count; i++) {
		(void)pthread_join(links->list[i].thread, NULL);
		(void)close(links->list[i].wake_fd);
		(void)pthread_mutex_destroy(&links->list[i].queue.lock);
	}
	(void)pthread_mutex_destroy(&links->notices.lock);
	(void)pthread_cond_destroy(&links->ended);
	(void)pthread_mutex_destroy(&links->lock);
	free(links);
	return 0;
}
