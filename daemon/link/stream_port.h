/* The seam between the stream loop and what carries a streaming device's bytes. In serial_port.c and raw_tcp_port.c;
 * called by the link thread only. */
#ifndef VITALS_DAEMON_STREAM_PORT_H
#define VITALS_DAEMON_STREAM_PORT_H

#include "daemon/link/link_thread.h"
#include "daemon/link/serial_line.h"

struct sp_port; /* libserialport */

struct stream_port {
	int fd; /* non-blocking; read and polled by the loop */
	struct serial_line serial;
	struct sp_port *library; /* NULL on a pty */
	int listen_fd;           /* -1, or kept from one connection to the next; closed by the loop at its end */
	bool stranger_told;
};

struct stream_port_ops {
	/* FAULT_NONE if the port is open; else everything is as before. */
	enum device_fault (*open)(struct link *link, struct stream_port *port);
	void (*close)(struct stream_port *port);
	/* What comes after the connect, and after a long pause, is thrown away until it was quiet for this time. */
	int64_t settle_ns;
	bool waits;      /* `open` has waited itself before it failed */
	bool reconnects; /* a connection that the other end may close when it likes: no loss while the next one is good
	                  */
};

extern const struct stream_port_ops serial_port_ops, raw_tcp_port_ops, listen_port_ops;

#endif
