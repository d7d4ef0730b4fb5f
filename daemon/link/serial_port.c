/* A serial line with one streaming device. Ports are opened and set up by libserialport and read by our own poll loop,
 * because the library's reads spin or sleep when a cable is pulled. Called by the link's thread from stream_loop.c.
 *
 * libserialport 0.1.1 refuses pseudo terminals (it wants sysfs and modem lines), so those, which only tests and the
 * simulator have, are set up with termios. */
#include <libserialport.h>
#include <errno.h>
#include <fcntl.h>
#include <termios.h>

#include "daemon/link/stream_port.h"

static enum sp_parity parity_of(char parity)
{
	return parity == 'E' ? SP_PARITY_EVEN : parity == 'O' ? SP_PARITY_ODD : SP_PARITY_NONE;
}

static bool set_up(struct sp_port *library, const struct line_settings *line)
{
	return sp_set_baudrate(library, line->baud) == SP_OK && sp_set_bits(library, line->data_bits) == SP_OK &&
	       sp_set_parity(library, parity_of(line->parity)) == SP_OK &&
	       sp_set_stopbits(library, line->stop_bits) == SP_OK &&
	       sp_set_flowcontrol(library, SP_FLOWCONTROL_NONE) == SP_OK;
}

/* Opens the claimed port with the library. */
static enum device_fault open_library(struct link *link, struct stream_port *port)
{
	const struct line_settings *line = &link->own->line;
	enum device_fault fault = FAULT_NOT_FOUND;

	if (sp_get_port_by_name(port->serial.real, &port->library) != SP_OK)
		return fault;
	enum sp_return rc = sp_open(port->library, SP_MODE_READ_WRITE);
	int error = rc == SP_ERR_FAIL ? sp_last_error_code() : 0;
	if (rc == SP_OK) {
		if (set_up(port->library, line) && sp_get_port_handle(port->library, &port->fd) == SP_OK)
			return FAULT_NONE;
		serial_line_tell_line(link, &port->serial, line);
		(void)sp_close(port->library); /* it is useless either way */
	} else if (error == EBUSY) {
		fault = FAULT_LOCKED;
	}
	sp_free_port(port->library);
	return fault;
}

static bool open_pty(struct stream_port *port)
{
	struct termios raw;

	port->library = NULL;
	port->fd = port->serial.lock_fd;
	if (tcgetattr(port->fd, &raw) < 0)
		return false;
	cfmakeraw(&raw);
	return tcsetattr(port->fd, TCSANOW, &raw) == 0;
}

static void serial_close(struct stream_port *port)
{
	(void)tcflush(port->fd, TCIOFLUSH); /* else close may wait for output; may fail on a port that is gone */
	if (port->library != NULL) {
		(void)sp_close(port->library); /* a port that is gone cannot be closed better */
		sp_free_port(port->library);
	}
	serial_line_release(&port->serial);
}

static enum device_fault serial_open(struct link *link, struct stream_port *port)
{
	const struct line_settings *line = &link->own->line;
	enum device_fault fault = serial_line_claim(&port->serial, link->own->port);

	if (fault != FAULT_NONE)
		return fault;
	if (port->serial.is_pty)
		fault = open_pty(port) ? FAULT_NONE : FAULT_NOT_FOUND;
	else
		fault = open_library(link, port);
	if (fault != FAULT_NONE) {
		serial_line_release(&port->serial);
		return fault;
	}
	if (serial_line_settle_link(link, &port->serial, port->fd, line))
		return FAULT_NONE;
	serial_close(port);
	return FAULT_NOT_FOUND;
}

const struct stream_port_ops serial_port_ops = {
    .open = serial_open,
    .close = serial_close,
};
