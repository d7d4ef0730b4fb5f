/* A streaming device behind a serial device server, over plain TCP. Called by the link's thread from stream_loop.c.
 * Addresses are numeric: no name is ever looked up. */
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/link/stream_port.h"
#include "daemon/link/tcp_socket.h"

#define CONNECT_NS (3 * NS_PER_S)

/* A device server may have kept lines from before; what comes at once after the connect has no known age. */
#define SETTLE_NS (200 * NS_PER_MS)

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
static bool await_connect(struct link *link, int fd)
{
	struct mono until = mono_after(shell_now(), CONNECT_NS);
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

static enum device_fault raw_tcp_open(struct link *link, struct stream_port *port)
{
	struct sockaddr_storage address;
	socklen_t size;

	port->fd = open_socket(link->own, &address, &size);
	if (port->fd < 0)
		return FAULT_NOT_FOUND;
	int rc = connect(port->fd, (const struct sockaddr *)&address, size);
	int error = errno;
	bool connected = rc == 0 || (error == EINPROGRESS && await_connect(link, port->fd));
	if (connected && tcp_socket_watch(port->fd))
		return FAULT_NONE;
	(void)close(port->fd); /* nothing was written */
	return FAULT_NOT_FOUND;
}

static void raw_tcp_close(struct stream_port *port)
{
	(void)close(port->fd); /* nothing was written */
}

const struct stream_port_ops raw_tcp_port_ops = {
    .open = raw_tcp_open,
    .close = raw_tcp_close,
    .settle_ns = SETTLE_NS,
    .reconnects = true,
};
