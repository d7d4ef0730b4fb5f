/* The way to syslog(3); see relay.h. The only user of syslog.h, and the only thread that may call it: glibc holds a
 * lock while it blocks. */
#include "daemon/record/relay.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "daemon/debug.h"
#include "daemon/record/syslog_line.h"
#include "daemon/shell.h"
#include "vitals/text.h"

#define RELAY_LINES 2048 /* both batches of the recorder */

_Static_assert(SEVERITY_CRITICAL == LOG_CRIT && SEVERITY_ERROR == LOG_ERR && SEVERITY_WARNING == LOG_WARNING &&
                   SEVERITY_NOTICE == LOG_NOTICE && SEVERITY_INFO == LOG_INFO,
               "enum severity is that of syslog(3)");

struct relay_line {
	enum severity severity;
	char text[SYSLOG_LINE_BYTES];
};

struct relay {
	struct shell_thread thread;
	int wake_fd;
	char ident[NAME_BYTES]; /* openlog keeps the pointer */
	bool use_stderr;
	pthread_mutex_t mutex; /* of what follows */
	bool stopping, dropping;
	uint32_t first, count;
	struct relay_line lines[RELAY_LINES];
};

/* False if no line of the record waits; then *stopping says whether one may still come. */
static bool take(struct relay *relay, struct relay_line *line, bool *stopping)
{
	shell_lock(&relay->mutex);
	*stopping = relay->stopping;
	bool any = relay->count > 0;
	if (any) {
		*line = relay->lines[relay->first];
		relay->first = (relay->first + 1) % RELAY_LINES;
		relay->count--;
		if (relay->count == 0)
			relay->dropping = false;
	}
	shell_unlock(&relay->mutex);
	return any;
}

static void hand_on(const struct relay *relay, int priority, const char *text)
{
	syslog(LOG_LOCAL0 | priority, "%s", text);
	if (relay->use_stderr)
		(void)dprintf(STDERR_FILENO, "%s\n", text); /* nobody to tell */
}

/* The lines of the record come first: what is only for debugging must not push them out. */
static void run(void *context)
{
	struct relay *relay = context;
	struct relay_line line;
	char debug_text[DEBUG_LINE_BYTES];
	bool stopping = false;
	openlog(relay->ident, LOG_PID | LOG_NDELAY, LOG_LOCAL0);
	for (;;) {
		if (take(relay, &line, &stopping)) {
			hand_on(relay, (int)line.severity, line.text);
		} else if (debug_take(debug_text)) {
			hand_on(relay, LOG_DEBUG, debug_text);
		} else if (stopping) {
			break;
		} else {
			struct pollfd wake = {.fd = relay->wake_fd, .events = POLLIN};
			if (poll(&wake, 1, -1) > 0)
				shell_wake_clear(relay->wake_fd);
		}
	}
	closelog();
}

struct relay *relay_start(const char *ident, bool use_stderr)
{
	struct relay *relay = calloc(1, sizeof(*relay));
	if (relay == NULL)
		return NULL;
	(void)snprintf(relay->ident, sizeof(relay->ident), "%s", ident); /* same size in the configuration */
	relay->use_stderr = use_stderr;
	relay->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	int error = relay->wake_fd < 0 ? errno : shell_mutex_init(&relay->mutex);
	if (error == 0)
		error = shell_thread_start(&relay->thread, "syslog", run, relay);
	if (error != 0) {
		if (relay->wake_fd >= 0)
			(void)close(relay->wake_fd); /* nothing was written */
		free(relay);
		errno = error;
		return NULL;
	}
	debug_listen(relay->wake_fd);
	return relay;
}

bool relay_push(struct relay *relay, enum severity severity, const char *line)
{
	shell_lock(&relay->mutex);
	if (relay->count == RELAY_LINES)
		relay->dropping = true;
	bool taken = !relay->dropping;
	if (taken) {
		struct relay_line *slot = &relay->lines[(relay->first + relay->count) % RELAY_LINES];
		slot->severity = severity;
		size_t size = strnlen(line, sizeof(slot->text) - 1);
		memcpy(slot->text, line, size);
		slot->text[size] = '\0';
		relay->count++;
	}
	shell_unlock(&relay->mutex);
	if (taken)
		shell_wake(relay->wake_fd);
	return taken;
}

bool relay_stop(struct relay *relay, struct mono deadline)
{
	debug_listen(-1);
	shell_lock(&relay->mutex);
	relay->stopping = true;
	shell_unlock(&relay->mutex);
	shell_wake(relay->wake_fd);
	if (!shell_thread_join(&relay->thread, deadline))
		return false;
	(void)pthread_mutex_destroy(&relay->mutex); /* nobody is left to use these */
	(void)close(relay->wake_fd);
	free(relay);
	return true;
}
