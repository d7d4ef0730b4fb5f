/* A streaming device behind a serial device server, over plain TCP. Called by the link's thread from stream_loop.c.
 */
#include <unistd.h>

#include "daemon/link/stream_port.h"
#include "daemon/link/tcp_socket.h"

/* A device server may have kept lines from before; what comes at once after the connect has no known age. */
#define SETTLE_NS (200 * NS_PER_MS)

static enum device_fault raw_tcp_open(struct link *link, struct stream_port *port)
{
	port->fd = tcp_socket_connect(link, TCP_CONNECT_NS);
	return port->fd < 0 ? FAULT_NOT_FOUND : FAULT_NONE;
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
