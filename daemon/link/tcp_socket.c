/* Options that make a half-open connection die within about ten seconds in place of hours. Called by link threads. */
#include "daemon/link/tcp_socket.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <sys/socket.h>

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
