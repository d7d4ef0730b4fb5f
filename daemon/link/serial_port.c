/* Claiming and settling serial ports. Called by link threads when they open and close their port.
 *
 * The lock is our own descriptor, taken before libmodbus or libserialport open the port, because both set the line up
 * before anybody could notice that it belongs to somebody else. flock() keeps out programs that ask, TIOCEXCL those
 * that do not (but not root). */
#include "daemon/link/serial_port.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

static speed_t speed_of(int32_t baud)
{
	static const struct {
		int32_t baud;
		speed_t speed;
	} speeds[] = {
	    {1200, B1200},   {2400, B2400},   {4800, B4800},   {9600, B9600},
	    {19200, B19200}, {38400, B38400}, {57600, B57600}, {115200, B115200},
	};

	for (size_t i = 0; i < sizeof speeds / sizeof speeds[0]; i++)
		if (speeds[i].baud == baud)
			return speeds[i].speed;
	return B0;
}

enum device_fault serial_port_claim(struct serial_port *port, const char *path)
{
	if (realpath(path, port->real) == NULL)
		return FAULT_NOT_FOUND;
	port->is_pty = strncmp(port->real, "/dev/pts/", strlen("/dev/pts/")) == 0;
	port->lock_fd = open(port->real, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	int error = errno;
	if (port->lock_fd < 0)
		return error == EBUSY ? FAULT_LOCKED : FAULT_NOT_FOUND;
	enum device_fault fault = FAULT_NONE;
	if (isatty(port->lock_fd) == 0)
		fault = FAULT_NOT_FOUND;
	else if (flock(port->lock_fd, LOCK_EX | LOCK_NB) < 0)
		fault = FAULT_LOCKED;
	if (fault != FAULT_NONE)
		(void)close(port->lock_fd); /* nothing was written */
	return fault;
}

/* Whether the line is as configured. Drivers may round or refuse without an error. */
static bool settled(const struct termios *now, const struct line_settings *line)
{
	tcflag_t parity = line->parity == 'N' ? 0 : line->parity == 'E' ? PARENB : PARENB | PARODD;
	tcflag_t size = line->data_bits == 7 ? CS7 : CS8;
	tcflag_t stop = line->stop_bits == 2 ? CSTOPB : 0;

	return cfgetispeed(now) == speed_of(line->baud) && cfgetospeed(now) == speed_of(line->baud) &&
	       (now->c_cflag & (PARENB | PARODD)) == parity && (now->c_cflag & CSIZE) == size &&
	       (now->c_cflag & CSTOPB) == stop && (now->c_cflag & CRTSCTS) == 0;
}

bool serial_port_settle(const struct serial_port *port, int fd, const struct line_settings *line)
{
	struct termios settings;

	if (fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 || tcgetattr(fd, &settings) < 0)
		return false;
	/* libserialport leaves CRTSCTS as the last program set it and sets HUPCL, which drops DTR at close and can
	 * reset a device; neither library lets the kernel check parity. */
	settings.c_cflag &= ~(tcflag_t)(CRTSCTS | HUPCL);
	if (line->parity != 'N' && !port->is_pty)
		settings.c_iflag |= INPCK;
	if (tcsetattr(fd, TCSANOW, &settings) < 0 || tcgetattr(fd, &settings) < 0)
		return false;
	if (!port->is_pty && !settled(&settings, line))
		return false;
	return ioctl(fd, TIOCEXCL) == 0 && tcflush(fd, TCIOFLUSH) == 0;
}

void serial_port_release(struct serial_port *port)
{
	/* A pty slave stays exclusive after its last close. Either call may fail on a port that is gone. */
	(void)ioctl(port->lock_fd, TIOCNXCL);
	(void)close(port->lock_fd);
}
