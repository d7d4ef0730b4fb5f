/* What every TCP connection of a link needs, whoever opened it. Called by link threads. */
#ifndef VITALS_DAEMON_TCP_SOCKET_H
#define VITALS_DAEMON_TCP_SOCKET_H

#include <stdbool.h>

/* Makes a dead peer noticed: keepalive every few seconds and a bound on unanswered data. False with errno. */
bool tcp_socket_watch(int fd);

#endif
