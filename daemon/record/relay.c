/* The way to syslog(3); see relay.h. The only user of syslog.h, and the only thread that may call it: glibc holds a
 * lock while it blocks. */
#include "daemon/record/relay.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <syslog.h>

#include "daemon/shell.h"
#include "vitals/text.h"

#define RELAY_LINES 2048 /* both batches of the recorder */

_Static_assert(SEVERITY_CRITICAL == LOG_CRIT && SEVERITY_ERROR == LOG_ERR && SEVERITY_WARNING == LOG_WARNING &&
                   SEVERITY_NOTICE == LOG_NOTICE && SEVERITY_INFO == LOG_INFO,
               "enum severity is that of syslog(3)");

struct relay_line {
	enum severity severity;
	char text[RECORD_TEXT_BYTES];
};

struct relay {
	struct shell_thread thread;
	pthread_mutex_t mutex;
	pthread_cond_t work;
	char ident[NAME_BYTES]; /* openlog keeps the pointer */
	bool use_stderr;
	bool stopping, dropping;
	uint32_t first, count;
	struct relay_line lines[RELAY_LINES];
};

/* Blocks until there is a line; false when stopping and nothing is left. */
static bool take(struct relay *relay, struct relay_line *line)
{
	shell_lock(&relay->mutex);
	while (relay->count == 0 && !relay->stopping)
		if (pthread_cond_wait(&relay->work, &relay->mutex) != 0)
			abort(); /* a bug of ours: not our mutex */
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

static void run(void *context)
{
	struct relay *relay = context;
	struct relay_line line;
	openlog(relay->ident, LOG_PID | LOG_NDELAY, LOG_LOCAL0);
	while (take(relay, &line)) {
		syslog(LOG_LOCAL0 | (int)line.severity, "%s", line.text);
		if (relay->use_stderr)
			(void)dprintf(STDERR_FILENO, "%s\n", line.text); /* nobody to tell */
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
	int error = shell_mutex_init(&relay->mutex);
	if (error == 0)
		error = pthread_cond_init(&relay->work, NULL);
	if (error == 0)
		error = shell_thread_start(&relay->thread, "syslog", run, relay);
	if (error != 0) {
		free(relay);
		errno = error;
		return NULL;
	}
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
		(void)pthread_cond_signal(&relay->work); /* always 0 */
	}
	shell_unlock(&relay->mutex);
	return taken;
}

bool relay_stop(struct relay *relay, struct mono deadline)
{
	shell_lock(&relay->mutex);
	relay->stopping = true;
	(void)pthread_cond_signal(&relay->work); /* always 0 */
	shell_unlock(&relay->mutex);
	if (!shell_thread_join(&relay->thread, deadline))
		return false;
	(void)pthread_cond_destroy(&relay->work); /* nobody is left to use these */
	(void)pthread_mutex_destroy(&relay->mutex);
	free(relay);
	return true;
}
