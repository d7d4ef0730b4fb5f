/* The serial ports of this computer: which there are, under which name each is found again, and an ear that listens to
 * one without ever writing to it. For `vitalsctl devices scan`; in daemon/link (libserialport). Not used by vitalsd. */
#ifndef VITALS_PORT_H
#define VITALS_PORT_H

#include <stdbool.h>
#include <stdint.h>
#include <termios.h>

#include "vitals/config.h"
#include "vitals/text.h"

#define PORTS_MAX 64

struct port {
	char tty[PATH_BYTES];     /* "/dev/ttyUSB0": another one after the next replug */
	char by_id[PATH_BYTES];   /* "/dev/serial/by-id/...", or "" */
	char by_path[PATH_BYTES]; /* "/dev/serial/by-path/...", or "" */
	bool is_usb;
	uint16_t vendor, product;
	int bus, address;
	/* What the adapter says of itself, "" if nothing. Printable ASCII; anything else became '?'. */
	char maker[TEXT_BYTES], model[TEXT_BYTES], serial[TEXT_BYTES];
	int latency_ms; /* of its latency timer, -1 if it has none */
	bool alone;     /* by_id names this adapter and no other: it has a serial number, which no other one here has */
};

/* Fills `ports`; returns how many, at most PORTS_MAX, or -1 with errno. */
int port_list(struct port ports[PORTS_MAX]);

/* What is known of one port, by any of its names; a port that libserialport does not list (a pty) has only its path. */
void port_of_path(struct port *port, const char *path);

/* The name that a configuration should use: by_id if it is unique, else by_path, else NULL. A path without a device
 * behind it that could move (a pty, a built-in port) is its own name. */
const char *port_lasting_name(const struct port *port);

struct port_ear {
	int fd;
	bool is_pty;
	struct termios before; /* given back at the end */
};

enum port_access {
	PORT_OPEN,
	PORT_IN_USE, /* locked, or exclusive */
	PORT_DENIED, /* no right to open it */
	PORT_ABSENT,
};

/* Opens for reading only (writing is impossible then) and locks. */
enum port_access port_ear_open(struct port_ear *ear, const char *path);

/* Sets the line up and forgets what came before. False if the port cannot do it, or is gone. */
bool port_ear_tune(struct port_ear *ear, const struct line_settings *line);

/* Waits until `until` for bytes. Returns how many; 0 if the time is over, -1 if the port is gone. */
int port_ear_hear(struct port_ear *ear, uint8_t *bytes, int size, struct mono until);

/* Gives line settings and lock back. */
void port_ear_close(struct port_ear *ear);

/* "19200 8E1" */
void port_line_text(const struct line_settings *line, char text[TEXT_BYTES]);

#endif
