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

/* A thread marks its loop at least this often beside the longest call that may block, which is one answer timeout. */
#define ALIVE_MARGIN_NS (2 * NS_PER_S)

struct links {
	uint8_t count;
	struct link list[LINKS_MAX];
	struct link_notices notices;
	struct traffic *traffic; /* NULL: nothing is recorded */
};

/* What only the thread itself can set. Nothing here is needed to work, only to be punctual, so failures are let pass.
 */
static void settle_in(const struct link *link)
{
	(void)prctl(PR_SET_TIMERSLACK, 1UL, 0UL, 0UL, 0UL);
	if (link->config->realtime_priority > 0) {
		struct sched_param parameters = {.sched_priority = link->config->realtime_priority};
		(void)pthread_setschedparam(pthread_self(), SCHED_FIFO, &parameters);
	}
}

static void link_main(void *context)
{
	struct link *link = context;

	settle_in(link);
	link_touch(link);
	switch (link->own->type) {
	case LINK_MODBUS_RTU:
	case LINK_MODBUS_TCP:
	case LINK_MODBUS_RTU_TCP:
		bus_run(link);
		break;
	case LINK_SERIAL:
	case LINK_RAW_TCP:
		stream_run(link);
		break;
	}
	atomic_store(&link->ended, true);
}

/* Returns 0 or an errno value. */
static int make_thread(struct link *link)
{
	int error = shell_mutex_init(&link->queue.lock);

	if (error != 0)
		return error;
	link->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (link->wake_fd < 0)
		return errno;
	link->backoff_ns = BACKOFF_MIN_NS;
	link_touch(link);
	(void)snprintf(link->thread_name, sizeof link->thread_name, "l-%.13s", link->own->name); /* cut on purpose */
	error = shell_thread_start(&link->thread, link->thread_name, link_main, link);
	if (error != 0)
		(void)close(link->wake_fd); /* nothing was written to it */
	return error;
}

static struct links *make_table(void)
{
	struct links *links = calloc(1, sizeof *links);

	if (links == NULL)
		return NULL;
	int error = shell_mutex_init(&links->notices.lock);
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
		int error = make_thread(link);
		if (error != 0) {
			(void)links_stop(links, 1000);
			errno = error;
			return NULL;
		}
		links->count++;
	}
	return links;
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
	struct link_command command = {.device = device, .start = start, .asked = shell_now()};
	shell_lock(&link->queue.lock);
	bool room = link->queue.count < LINK_COMMANDS_MAX;
	if (room)
		link->queue.list[link->queue.count++] = command;
	shell_unlock(&link->queue.lock);
	if (room)
		shell_wake(link->wake_fd);
	return room;
}

bool links_notice(struct links *links, struct link_notice *notice)
{
	struct link_notices *notices = &links->notices;

	shell_lock(&notices->lock);
	bool taken = notices->count > 0;
	if (taken) {
		*notice = notices->list[0];
		notices->count--;
		memmove(&notices->list[0], &notices->list[1], notices->count * sizeof notices->list[0]);
	}
	shell_unlock(&notices->lock);
	return taken;
}

bool links_alive(const struct links *links, const char **name)
{
	int64_t now = shell_now().ns;

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

int links_stop(struct links *links, int wait_ms)
{
	struct mono until = mono_after(shell_now(), (int64_t)wait_ms * NS_PER_MS);
	int stuck = 0;

	for (uint8_t i = 0; i < links->count; i++) {
		atomic_store(&links->list[i].stopping, true);
		shell_wake(links->list[i].wake_fd);
	}
	for (uint8_t i = 0; i < links->count; i++)
		if (!shell_thread_join(&links->list[i].thread, until))
			stuck++;
	if (stuck > 0)
		return stuck;
	if (!traffic_stop(links->traffic, mono_after(shell_now(), (int64_t)wait_ms * NS_PER_MS)))
		return 1;
	for (uint8_t i = 0; i < links->count; i++) {
		(void)close(links->list[i].wake_fd); /* nothing was written */
		(void)pthread_mutex_destroy(&links->list[i].queue.lock);
	}
	(void)pthread_mutex_destroy(&links->notices.lock);
	free(links);
	return 0;
}
