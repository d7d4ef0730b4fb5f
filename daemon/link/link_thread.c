/* The helpers of link threads: waiting, back-off, posting. Each function is called by the thread that owns the
 * link, link_take_command included (it shares the queue with the engine thread). */
#include "daemon/link/link_thread.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* No wait is longer, so that links_alive can tell a waiting thread from a stuck one. */
#define SLICE_NS (500 * NS_PER_MS)

void link_sleep_until(struct mono until)
{
	struct timespec at = {.tv_sec = until.ns / NS_PER_S, .tv_nsec = until.ns % NS_PER_S};

	if (mono_since(until, shell_now()) == 0)
		return;
	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &at, NULL) == EINTR)
		continue;
}

void link_touch(struct link *link)
{
	atomic_store_explicit(&link->last_round_ns, shell_now().ns, memory_order_relaxed);
}

/* A start is carried out only while the wish is young; a stop is worth more patience. */
static bool has_expired(const struct link_command *command)
{
	int64_t life = command->start ? 2 * NS_PER_S : 10 * NS_PER_S;
	return mono_since(shell_now(), command->asked) > life;
}

void link_command_lost(struct link *link, const struct link_command *command, const char *why)
{
	char detail[TEXT_BYTES];

	/* Cut on purpose. */
	(void)snprintf(detail, sizeof detail, "%s: %s: %s", link->config->devices[command->device].name,
	               command->start ? "start" : "stop", why);
	link_notice(link, true, "cuff-command-lost", detail);
}

/* The queue is locked. */
static void drop_expired(struct link *link)
{
	struct link_queue *queue = &link->queue;
	uint8_t kept = 0;

	for (uint8_t i = 0; i < queue->count; i++) {
		if (has_expired(&queue->list[i]))
			link_command_lost(link, &queue->list[i], "the device was not ready in time");
		else
			queue->list[kept++] = queue->list[i];
	}
	queue->count = kept;
}

static void expire_commands(struct link *link)
{
	shell_lock(&link->queue.lock);
	drop_expired(link);
	shell_unlock(&link->queue.lock);
}

enum wait link_wait(struct link *link, int fd, short events, struct mono until)
{
	for (;;) {
		link_touch(link);
		expire_commands(link);
		link_post_waiting(link);
		int64_t left = mono_since(mono_earlier(until, link_post_due(link)), shell_now());
		if (left > SLICE_NS)
			left = SLICE_NS;
		struct timespec slice = {.tv_sec = left / NS_PER_S, .tv_nsec = left % NS_PER_S};
		struct pollfd fds[2] = {{.fd = link->wake_fd, .events = POLLIN}, {.fd = fd, .events = events}};
		int ready = ppoll(fds, 2, &slice, NULL);
		if (ready > 0 && fds[0].revents != 0) {
			uint64_t wakes;
			if (read(link->wake_fd, &wakes, sizeof wakes) > 0)
				return WAIT_WOKEN;
		}
		if (ready > 0 && (fds[1].revents & (POLLHUP | POLLERR | POLLNVAL | POLLRDHUP)) != 0)
			return WAIT_GONE;
		if (ready > 0)
			return WAIT_READY;
		if (mono_since(until, shell_now()) == 0)
			return WAIT_TIMEOUT;
	}
}

bool link_back_off(struct link *link)
{
	struct mono until = mono_after(shell_now(), link->backoff_ns);

	debug(DEBUG_LINK, "%s: opened again in %lld ms", link->own->name, (long long)(link->backoff_ns / NS_PER_MS));
	link->backoff_ns = link->backoff_ns * 2 < BACKOFF_MAX_NS ? link->backoff_ns * 2 : BACKOFF_MAX_NS;
	while (!atomic_load(&link->stopping))
		if (link_wait(link, -1, 0, until) == WAIT_TIMEOUT)
			return true;
	return false;
}

void link_works(struct link *link)
{
	link->backoff_ns = BACKOFF_MIN_NS;
}

void link_notice(struct link *link, bool trouble, const char *what, const char *detail)
{
	struct link_notices *notices = link->notices;
	struct link_notice notice = {.trouble = trouble};

	if (notices == NULL)
		return;
	/* Both cut on purpose. */
	(void)snprintf(notice.what, sizeof notice.what, "%s", what);
	(void)snprintf(notice.detail, sizeof notice.detail, "%s: %s", link->own->name, detail);
	shell_lock(&notices->lock);
	if (notices->count < LINK_NOTICES_MAX)
		notices->list[notices->count++] = notice;
	shell_unlock(&notices->lock);
}

void link_traffic(struct link *link, enum traffic_kind kind, const void *bytes, size_t count)
{
	if (link->ring != NULL)
		traffic_add(link->ring, kind, bytes, count, shell_now());
}

bool link_take_command(struct link *link, uint32_t devices, struct link_command *command)
{
	struct link_queue *queue = &link->queue;
	bool taken = false;

	shell_lock(&queue->lock);
	drop_expired(link);
	for (uint8_t i = 0; i < queue->count; i++) {
		if (taken)
			queue->list[i - 1] = queue->list[i];
		else if ((devices & UINT32_C(1) << queue->list[i].device) != 0) {
			*command = queue->list[i];
			taken = true;
		}
	}
	queue->count -= taken;
	shell_unlock(&queue->lock);
	return taken;
}
