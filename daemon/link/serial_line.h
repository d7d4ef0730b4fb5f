/* One serial port, claimed for this process: shared by the RTU link and the serial link. Called by link threads. */
#ifndef VITALS_DAEMON_SERIAL_LINE_H
#define VITALS_DAEMON_SERIAL_LINE_H

#include <limits.h>
#include <stdbool.h>

#include "vitals/driver.h"
#include "vitals/event.h"

struct serial_line {
	int lock_fd;
	bool is_pty;         /* a pseudo terminal: tests and simulator; knows no parity, no baud, no modem lines */
	char real[PATH_MAX]; /* the device node that the configured path means now */
};

/* Finds the device node behind `path` (a by-id or by-path link gets another node after a replug, so it is looked up
 * each time) and locks it before anything on the line is touched. FAULT_NONE, FAULT_NOT_FOUND or FAULT_LOCKED. */
enum device_fault serial_line_claim(struct serial_line *port, const char *path);

/* Sets the line up as it is configured; a pty has neither rate nor parity. Used where no library does it. */
bool serial_line_set_line(const struct serial_line *port, int fd, const struct line_settings *line);

/* Sets on `fd` what the libraries leave wrong, reads the settings back and empties the input. False: the port cannot do
 * what is configured, or is gone. */
bool serial_line_settle(const struct serial_line *port, int fd, const struct line_settings *line);

struct link;

/* The same for a link, which it tells what the port refused, and how long its adapter holds short packets back. */
bool serial_line_settle_link(struct link *link, const struct serial_line *port, int fd,
                             const struct line_settings *line);

/* Tells, once, that the port does not keep the settings asked for; nothing if it does. */
void serial_line_tell_line(struct link *link, const struct serial_line *port, const struct line_settings *line);

/* The latency timer of the adapter behind a device node, -1 if it has none. (FTDI: 16 ms unless told otherwise.) */
int serial_line_latency_ms(const char *node);

/* Gives the claim up. The libraries' descriptors must be closed already. */
void serial_line_release(struct serial_line *port);

#endif
