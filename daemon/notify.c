/* The service manager's notification socket: a datagram to the path in $NOTIFY_SOCKET, as sd_notify(3) documents.
 * Called by the engine thread (daemon/loop.c) and by main. */
#include "daemon/notify.h"

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "vitals/mono.h"

static int notify_fd = -1;
static struct sockaddr_un notify_address;
static socklen_t notify_address_size;

void notify_open(void)
{
	const char *path = getenv("NOTIFY_SOCKET");
	if (path == NULL || (path[0] != '/' && path[0] != '@'))
		return;
	size_t size = strlen(path);
	if (size >= sizeof(notify_address.sun_path))
		return;
	notify_address.sun_family = AF_UNIX;
	memcpy(notify_address.sun_path, path, size);
	if (path[0] == '@') /* the abstract namespace */
		notify_address.sun_path[0] = '\0';
	notify_address_size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size);
}

/* False if it was not taken. */
static bool deliver(const char *message)
{
	size_t size = strlen(message);
	if (notify_fd < 0) /* the first message, or there was no descriptor for the one before */
		notify_fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	return notify_fd >= 0 && sendto(notify_fd, message, size, MSG_NOSIGNAL,
	                                (const struct sockaddr *)&notify_address, notify_address_size) == (ssize_t)size;
}

void notify_send(const char *message)
{
	/* A manager that does not read is not the monitor's trouble; the watchdog will tell it. */
	if (notify_address_size > 0)
		(void)deliver(message);
}

void notify_ready(void)
{
	static bool told;
	if (!told && notify_address_size > 0)
		told = deliver("READY=1");
}

int64_t notify_watchdog_ns(void)
{
	const char *interval = getenv("WATCHDOG_USEC");
	const char *pid = getenv("WATCHDOG_PID");
	char *end;

	if (interval == NULL)
		return 0;
	if (pid != NULL && strtoll(pid, &end, 10) != (long long)getpid())
		return 0;
	errno = 0;
	long long microseconds = strtoll(interval, &end, 10);
	if (errno != 0 || *end != '\0' || microseconds <= 0 || microseconds > INT64_C(3600000000))
		return 0;
	return microseconds * 1000;
}
