/* A streaming device, or its device server, that connects to us: one peer, known by its address, at one address of
 * ours. Called by the link's thread from stream_loop.c. */
#include <arpa/inet.h>
#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "daemon/link/stream_port.h"
#include "daemon/link/tcp_socket.h"

/* An attempt lasts so long, whether somebody comes or nothing can be waited for. */
#define ATTEMPT_NS (1 * NS_PER_S)
#define BACKLOG    4

static int listen_at(const struct link_config *own)
{
	struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM};
	struct addrinfo *found;
	char service[8];
	const int on = 1;

	(void)snprintf(service, sizeof service, "%u", (unsigned)own->tcp_port); /* at most 5 digits */
	if (getaddrinfo(own->listen, service, &hints, &found) != 0)
		return -1;
	int fd = socket(found->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	bool listens = fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
	               bind(fd, found->ai_addr, found->ai_addrlen) == 0 && listen(fd, BACKLOG) == 0;
	int error = errno;
	freeaddrinfo(found);
	if (fd >= 0 && !listens)
		(void)close(fd); /* nothing was written */
	errno = error;
	return listens ? fd : -1;
}

/* As the configuration writes addresses: whatever their spelling, they are compared as numbers. */
static bool is_peer(const struct link_config *own, const struct sockaddr_storage *address, char text[INET6_ADDRSTRLEN])
{
	struct in6_addr expected, came;
	bool v6 = address->ss_family == AF_INET6;
	const void *number = v6 ? (const void *)&((const struct sockaddr_in6 *)address)->sin6_addr
	                        : (const void *)&((const struct sockaddr_in *)address)->sin_addr;

	if (inet_ntop(address->ss_family, number, text, INET6_ADDRSTRLEN) == NULL)
		return false;
	memcpy(&came, number, v6 ? sizeof came : sizeof(struct in_addr));
	return inet_pton(address->ss_family, own->host, &expected) == 1 &&
	       memcmp(&came, &expected, v6 ? sizeof came : sizeof(struct in_addr)) == 0;
}

static void refuse(struct link *link, struct stream_port *port, const char *address)
{
	char detail[TEXT_BYTES];

	if (port->stranger_told)
		return;
	port->stranger_told = true;
	(void)snprintf(detail, sizeof detail, "%s connected and was sent away: only %s is let in", address,
	               link->own->host); /* fits */
	link_notice(link, true, "wrong-peer", detail);
}

/* True if `port` is the peer's connection now. */
static bool take_connection(struct link *link, struct stream_port *port)
{
	struct sockaddr_storage address = {0};
	socklen_t size = sizeof address;
	char text[INET6_ADDRSTRLEN] = "";

	int fd = accept4(port->listen_fd, (struct sockaddr *)&address, &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
	if (fd < 0)
		return false; /* it has gone again */
	port->fd = fd;
	if (!is_peer(link->own, &address, text))
		refuse(link, port, text);
	else if (tcp_socket_watch(fd))
		return true;
	(void)close(fd); /* nothing was written */
	return false;
}

static enum device_fault listen_open(struct link *link, struct stream_port *port)
{
	struct mono until = mono_after(shell_now(), ATTEMPT_NS);
	enum device_fault fault = FAULT_NOT_FOUND;

	if (port->listen_fd < 0) {
		port->listen_fd = listen_at(link->own);
		fault = port->listen_fd < 0 && errno == EADDRINUSE ? FAULT_LOCKED : FAULT_NOT_FOUND;
	}
	while (!atomic_load(&link->stopping)) {
		switch (link_wait(link, port->listen_fd, POLLIN, until)) {
		case WAIT_READY:
			if (take_connection(link, port))
				return FAULT_NONE;
			break;
		case WAIT_TIMEOUT:
			return fault;
		case WAIT_GONE:
			(void)close(port->listen_fd); /* nothing was written */
			port->listen_fd = -1;
			break;
		case WAIT_WOKEN:
			break;
		}
	}
	return fault;
}

static void listen_close(struct stream_port *port)
{
	(void)close(port->fd); /* nothing was written that is waited for */
}

const struct stream_port_ops listen_port_ops = {
    .open = listen_open,
    .close = listen_close,
    .settle_ns = 200 * NS_PER_MS, /* the peer may have kept lines from before */
    .reconnects = true,
    .waits = true,
};
