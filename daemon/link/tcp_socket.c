/* Connecting, and options that make a half-open connection die within about ten seconds in place of hours. Addresses
 * are numeric: no name is ever looked up. Called by link threads. */
#include "daemon/link/tcp_socket.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

bool tcp_socket_watch(int fd)
{
	static const struct {
		int level, name, value;
	} options[] = {
	    {SOL_SOCKET, SO_KEEPALIVE, 1}, {IPPROTO_TCP, TCP_KEEPIDLE, 5},        {IPPROTO_TCP, TCP_KEEPINTVL, 2},
	    {IPPROTO_TCP, TCP_KEEPCNT, 3}, {IPPROTO_TCP, TCP_USER_TIMEOUT, 5000}, {IPPROTO_TCP, TCP_NODELAY, 1},
	};

	for (size_t i = 0; i < sizeof options / sizeof options[0]; i++)
		if (setsockopt(fd, options[i].level, options[i].name, &options[i].value, sizeof options[i].value) < 0)
			return false;
	return true;
}

static int open_socket(const struct link_config *own, struct sockaddr_storage *address, socklen_t *size)
{
	struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM};
	struct addrinfo *found;
	char service[8];

	(void)snprintf(service, sizeof service, "%u", (unsigned)own->tcp_port); /* at most 5 digits */
	if (getaddrinfo(own->host, service, &hints, &found) != 0)
		return -1;
	memcpy(address, found->ai_addr, found->ai_addrlen);
	*size = found->ai_addrlen;
	int fd = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	freeaddrinfo(found);
	return fd;
}

/* Waits until a connect that has begun is through. */
static bool await_connect(struct link *link, int fd, int64_t within_ns)
{
	struct mono until = mono_after(shell_now(), within_ns);
	int error = 0;
	socklen_t size = sizeof error;

	while (!atomic_load(&link->stopping)) {
		switch (link_wait(link, fd, POLLOUT, until)) {
		case WAIT_READY:
			return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) == 0 && error == 0;
		case WAIT_TIMEOUT:
		case WAIT_GONE:
			return false;
		case WAIT_WOKEN:
			break;
		}
	}
	return false;
}

int tcp_socket_connect(struct link *link, int64_t within_ns)
{
	struct sockaddr_storage address;
	socklen_t size;

	int fd = open_socket(link->own, &address, &size);
	if (fd < 0)
		return -1;
	int rc = connect(fd, (const struct sockaddr *)&address, size);
	int error = errno;
	bool connected = rc == 0 || (error == EINPROGRESS && await_connect(link, fd, within_ns));
	if (connected && tcp_socket_watch(fd))
		return fd;
	(void)close(fd); /* nothing was written */
	return -1;
}
