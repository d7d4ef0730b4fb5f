/* The queue of debug lines; see debug.h. */
#include "daemon/debug.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "daemon/shell.h"

static const char *const names[DEBUG_ROOMS] = {
    [DEBUG_CONFIG] = "config", [DEBUG_CORE] = "core", [DEBUG_DESK] = "desk",       [DEBUG_DRIVER] = "driver",
    [DEBUG_LINK] = "link",     [DEBUG_LOOP] = "loop", [DEBUG_PUBLISH] = "publish", [DEBUG_RECORD] = "record",
};

uint32_t debug_rooms;

static struct {
	pthread_mutex_t mutex; /* of all below; made by the first debug_enable */
	bool open;
	int wake_fd; /* -1: nobody listens yet, or any more */
	uint32_t first, count, dropped;
	char lines[DEBUG_LINES][DEBUG_LINE_BYTES];
} queue = {.wake_fd = -1};

static int room_named(const char *name, size_t size)
{
	for (int i = 0; i < DEBUG_ROOMS; i++)
		if (strlen(names[i]) == size && memcmp(names[i], name, size) == 0)
			return i;
	return -1;
}

bool debug_enable(const char *list)
{
	uint32_t rooms = debug_rooms;
	for (const char *name = list;; name++) {
		size_t size = strcspn(name, ",");
		int room = room_named(name, size);
		if (room < 0)
			return false;
		rooms |= UINT32_C(1) << room;
		name += size;
		if (*name == '\0')
			break;
	}
	if (!queue.open && shell_mutex_init(&queue.mutex) != 0)
		return false;
	queue.open = true;
	debug_rooms = rooms;
	return true;
}

const char *debug_names(void)
{
	return "config, core, desk, driver, link, loop, publish, record";
}

/* Whatever came from a device or a client must not become a line, or a command of a terminal, of its own. */
static void make_harmless(char *line)
{
	for (char *p = line; *p != '\0'; p++)
		if (*p < 0x20 || *p > 0x7E)
			*p = '?';
}

void debug_line(enum debug_room room, const char *format, ...)
{
	char line[DEBUG_LINE_BYTES];
	int64_t ms = shell_now().ns / NS_PER_MS;
	int used =
	    snprintf(line, sizeof(line), "debug %s %lld.%03d: ", names[room], (long long)(ms / 1000), (int)(ms % 1000));
	va_list arguments;
	va_start(arguments, format);
	(void)vsnprintf(line + used, sizeof(line) - (size_t)used, format, arguments); /* cut is fine */
	va_end(arguments);
	make_harmless(line);
	shell_lock(&queue.mutex);
	if (queue.count < DEBUG_LINES)
		memcpy(queue.lines[(queue.first + queue.count++) % DEBUG_LINES], line, sizeof(line));
	else
		queue.dropped++;
	if (queue.wake_fd >= 0)
		shell_wake(queue.wake_fd);
	shell_unlock(&queue.mutex);
}

void debug_listen(int wake_fd)
{
	if (!queue.open)
		return;
	shell_lock(&queue.mutex);
	queue.wake_fd = wake_fd;
	if (wake_fd >= 0)
		shell_wake(wake_fd); /* there may be lines from before */
	shell_unlock(&queue.mutex);
}

bool debug_take(char line[DEBUG_LINE_BYTES])
{
	if (!queue.open)
		return false;
	shell_lock(&queue.mutex);
	bool any = queue.count > 0 || queue.dropped > 0;
	if (queue.count > 0) {
		memcpy(line, queue.lines[queue.first], DEBUG_LINE_BYTES);
		queue.first = (queue.first + 1) % DEBUG_LINES;
		queue.count--;
	} else if (any) {
		/* Those that came while the queue was full: here they are missing. */
		(void)snprintf(line, DEBUG_LINE_BYTES, "debug: %u lines were dropped about here", queue.dropped);
		queue.dropped = 0;
	}
	shell_unlock(&queue.mutex);
	return any;
}
