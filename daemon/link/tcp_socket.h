/* What every TCP connection of a link needs, whoever opened it. Called by link threads. */
#ifndef VITALS_DAEMON_TCP_SOCKET_H
#define VITALS_DAEMON_TCP_SOCKET_H

#include <stdbool.h>

#include "daemon/link/link_thread.h"

#define TCP_CONNECT_NS (3 * NS_PER_S)

/* A non-blocking socket that is connected to the link's host; -1 if that fails or takes longer than `within_ns`. */
int tcp_socket_connect(struct link *link, int64_t within_ns);

/* Makes a dead peer noticed: keepalive every few seconds and a bound on unanswered data. False with errno. */
bool tcp_socket_watch(int fd);

#endif
