/* See forward.h. The datagrams are those of syslog(3): priority, local time, name and process (RFC 3164). */
#include "daemon/record/forward.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#include "daemon/shell.h"

#define ROWS_AT_ONCE 256 /* then the recorder looks at its queue again */
#define RETRY_NS     NS_PER_S
#define HEAD_BYTES   96 /* priority, time, name, process */

_Static_assert(SEVERITY_CRITICAL == LOG_CRIT && SEVERITY_ERROR == LOG_ERR && SEVERITY_WARNING == LOG_WARNING &&
                   SEVERITY_NOTICE == LOG_NOTICE && SEVERITY_INFO == LOG_INFO,
               "enum severity is that of syslog(3)");

void forward_init(struct forward *forward, const struct config *config)
{
	memset(forward, 0, sizeof(*forward));
	forward->fd = -1;
	forward->retry_at = forward->since = MONO_NEVER;
	memcpy(forward->socket_path, config->syslog_socket, sizeof(forward->socket_path));
	memcpy(forward->ident, config->syslog_ident, sizeof(forward->ident));
}

void forward_close(struct forward *forward)
{
	if (forward->fd >= 0)
		(void)close(forward->fd); /* a datagram is gone or it is not */
	forward->fd = -1;
}

void forward_stand(struct forward *forward, const struct store *store, int64_t taken)
{
	if (!forward->known)
		forward->sent = taken < 0 ? store->seq : taken;
	forward->known = true;
	if (forward->sent > store->seq)
		forward->sent = store->seq;
}

/* ---- one line -----------------------------------------------------------------------------------------------------
 */

static bool connect_to_log(struct forward *forward)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t size = strnlen(forward->socket_path, sizeof(address.sun_path) - 1);
	memcpy(address.sun_path, forward->socket_path, size);
	forward->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (forward->fd >= 0 && connect(forward->fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
		return true;
	forward->error = errno;
	forward_close(forward);
	return false;
}

static bool give(struct forward *forward, const char *bytes, size_t size)
{
	ssize_t sent;
	do
		sent = send(forward->fd, bytes, size, MSG_NOSIGNAL);
	while (sent < 0 && errno == EINTR);
	if (sent >= 0)
		return true;
	forward->error = errno;
	forward->full = errno == EAGAIN || errno == ENOBUFS;
	if (!forward->full)
		forward_close(forward); /* its daemon has ended: there may be another one */
	return false;
}

static bool hand_on(struct forward *forward, int priority, int64_t wall_ns, const char *text, struct mono now)
{
	char bytes[HEAD_BYTES + SYSLOG_LINE_BYTES], when[32];
	time_t seconds = (time_t)(wall_ns / NS_PER_S);
	struct tm tm;
	forward->full = false;
	if (forward->fd < 0 && !mono_is_never(forward->retry_at) && mono_before(now, forward->retry_at))
		return false;
	if (localtime_r(&seconds, &tm) == NULL || strftime(when, sizeof(when), "%b %e %T", &tm) == 0)
		memcpy(when, "Jan  1 00:00:00", sizeof("Jan  1 00:00:00"));
	int size = snprintf(bytes, sizeof(bytes), "<%d>%s %s[%ld]: %s", LOG_LOCAL0 | priority, when, forward->ident,
	                    (long)getpid(), text);
	size_t length = size < (int)sizeof(bytes) ? (size_t)size : sizeof(bytes) - 1;
	bool was_connected = forward->fd >= 0;
	bool taken = (was_connected || connect_to_log(forward)) && give(forward, bytes, length);
	if (!taken && was_connected && forward->fd < 0)
		taken = connect_to_log(forward) && give(forward, bytes, length);
	if (taken) {
		forward->since = MONO_NEVER;
		return true;
	}
	forward->retry_at = mono_after(now, RETRY_NS);
	if (mono_is_never(forward->since))
		forward->since = now;
	return false;
}

/* ---- what is handed on --------------------------------------------------------------------------------------------
 */

struct turn {
	struct forward *forward;
	struct mono now;
};

static bool hand_on_row(void *context, const struct chain_row *row, const uint8_t hash[CHAIN_BYTES])
{
	struct turn *turn = context;
	char line[SYSLOG_LINE_BYTES];
	syslog_line_write(line, row, hash);
	if (!hand_on(turn->forward, row->severity, row->wall_ns, line, turn->now))
		return false;
	turn->forward->sent = row->seq;
	return true;
}

bool forward_rows(struct forward *forward, struct store *store, struct mono now)
{
	struct turn turn = {forward, now};
	return forward->sent < store->seq &&
	       store_rows_after(store, forward->sent, ROWS_AT_ONCE, hand_on_row, &turn) == ROWS_AT_ONCE;
}

void forward_unrecorded(struct forward *forward, const struct chain_row *row, struct mono now)
{
	char line[SYSLOG_LINE_BYTES];
	syslog_line_write(line, row, NULL);
	(void)hand_on(forward, row->severity, row->wall_ns, line, now);
}

void forward_show(const char *kind, const char *text)
{
	struct pollfd end = {.fd = STDERR_FILENO, .events = POLLOUT};
	bool ready = poll(&end, 1, 0) == 1 && (end.revents & POLLOUT) != 0;
	if (ready && kind == NULL)
		(void)dprintf(STDERR_FILENO, "%s\n", text); /* nobody to tell */
	else if (ready)
		(void)dprintf(STDERR_FILENO, "kind=\"%s\" %s\n", kind, text); /* the same */
}

void forward_debug(struct forward *forward, bool use_stderr, struct mono now)
{
	while (forward->debug_held || debug_take(forward->debug_line)) {
		if (use_stderr && !forward->debug_held)
			forward_show(NULL, forward->debug_line);
		bool taken = hand_on(forward, LOG_DEBUG, shell_wall_ns(), forward->debug_line, now);
		forward->debug_held = !taken && forward->full;
		if (forward->debug_held)
			break;
	}
}

int forward_fd(const struct forward *forward)
{
	return forward->full ? forward->fd : -1;
}
