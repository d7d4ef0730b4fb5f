/* Claiming and settling serial ports. Called by link threads when they open and close their port.
 *
 * The lock is our own descriptor, taken before libmodbus or libserialport open the port, because both set the line up
 * before anybody could notice that it belongs to somebody else. flock() keeps out programs that ask, TIOCEXCL those
 * that do not (but not root). */
#include "daemon/link/serial_line.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include "daemon/link/link_thread.h"
#include "vitals/port.h"

static const struct {
	int32_t baud;
	speed_t speed;
} speeds[] = {
    {1200, B1200},   {2400, B2400},   {4800, B4800},   {9600, B9600},
    {19200, B19200}, {38400, B38400}, {57600, B57600}, {115200, B115200},
};

static speed_t speed_of(int32_t baud)
{
	for (size_t i = 0; i < sizeof speeds / sizeof speeds[0]; i++)
		if (speeds[i].baud == baud)
			return speeds[i].speed;
	return B0;
}

/* 0 for one that nobody would have set. */
static int32_t baud_of(speed_t speed)
{
	for (size_t i = 0; i < sizeof speeds / sizeof speeds[0]; i++)
		if (speeds[i].speed == speed)
			return speeds[i].baud;
	return 0;
}

enum device_fault serial_line_claim(struct serial_line *port, const char *path)
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

static struct line_settings line_of(const struct termios *now)
{
	tcflag_t parity = now->c_cflag & (PARENB | PARODD);

	return (struct line_settings){
	    .baud = cfgetispeed(now) == cfgetospeed(now) ? baud_of(cfgetospeed(now)) : 0,
	    .parity = parity == PARENB              ? 'E'
	              : parity == (PARENB | PARODD) ? 'O'
	                                            : 'N',
	    .data_bits = (now->c_cflag & CSIZE) == CS8   ? 8
	                 : (now->c_cflag & CSIZE) == CS7 ? 7
	                                                 : 0,
	    .stop_bits = (now->c_cflag & CSTOPB) != 0 ? 2 : 1,
	};
}

/* Whether the line is as configured. Drivers may round or refuse without an error. */
static bool settled(const struct termios *now, const struct line_settings *line)
{
	struct line_settings is = line_of(now);

	return is.baud == line->baud && is.parity == line->parity && is.data_bits == line->data_bits &&
	       is.stop_bits == line->stop_bits && (now->c_cflag & CRTSCTS) == 0;
}

bool serial_line_set_line(const struct serial_line *port, int fd, const struct line_settings *line)
{
	struct termios settings;

	if (tcgetattr(fd, &settings) < 0)
		return false;
	cfmakeraw(&settings);
	if (!port->is_pty) {
		settings.c_cflag &= ~(tcflag_t)(CSIZE | PARENB | PARODD | CSTOPB | CRTSCTS);
		settings.c_cflag |= (line->data_bits == 7 ? CS7 : CS8) | CREAD | CLOCAL;
		settings.c_cflag |= line->parity == 'N' ? 0 : line->parity == 'E' ? PARENB : PARENB | PARODD;
		settings.c_cflag |= line->stop_bits == 2 ? CSTOPB : 0;
		if (cfsetispeed(&settings, speed_of(line->baud)) < 0 ||
		    cfsetospeed(&settings, speed_of(line->baud)) < 0)
			return false;
	}
	return tcsetattr(fd, TCSANOW, &settings) == 0;
}

bool serial_line_settle(const struct serial_line *port, int fd, const struct line_settings *line)
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
	/* Opening has raised them for a moment. A pty and some adapters have none. */
	if (line->modem_low)
		(void)ioctl(fd, TIOCMBIC, &(int){TIOCM_DTR | TIOCM_RTS});
	return ioctl(fd, TIOCEXCL) == 0 && tcflush(fd, TCIOFLUSH) == 0;
}

int serial_line_latency_ms(const char *node)
{
	const char *slash = strrchr(node, '/');
	char path[NAME_MAX + 64], text[8];
	int ms = 0;

	int length =
	    snprintf(path, sizeof path, "/sys/class/tty/%s/device/latency_timer", slash != NULL ? slash + 1 : node);
	if (length < 0 || (size_t)length >= sizeof path)
		return -1;
	int fd = open(path, O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (fd < 0)
		return -1;
	ssize_t count = read(fd, text, sizeof text);
	(void)close(fd); /* nothing was written */
	ssize_t digits = 0;
	while (digits < count && text[digits] >= '0' && text[digits] <= '9' && ms < 1000)
		ms = ms * 10 + (text[digits++] - '0');
	return digits > 0 ? ms : -1;
}

void port_line_text(const struct line_settings *line, char text[TEXT_BYTES])
{
	(void)snprintf(text, TEXT_BYTES, "%d %u%c%u", (int)line->baud, line->data_bits, line->parity, line->stop_bits);
}

/* The engine is told of every change of it, not of every connect. */
static void tell_latency(struct link *link, const struct serial_line *port)
{
	char detail[TEXT_BYTES];
	int ms = serial_line_latency_ms(port->real);

	if (ms < 0 || ms == link->latency_told_ms)
		return;
	link->latency_told_ms = ms;
	(void)snprintf(detail, sizeof detail, "the adapter at %.40s holds short packets for %d ms", port->real, ms);
	link_notice(link, false, "latency-timer", detail);
}

bool serial_line_settle_link(struct link *link, const struct serial_line *port, int fd,
                             const struct line_settings *line)
{
	if (serial_line_settle(port, fd, line)) {
		tell_latency(link, port);
		return true;
	}
	serial_line_tell_line(link, port, line);
	return false;
}

void serial_line_tell_line(struct link *link, const struct serial_line *port, const struct line_settings *line)
{
	char wanted[TEXT_BYTES], is[TEXT_BYTES], detail[TEXT_BYTES];
	struct termios now;

	if (port->is_pty || link->line_told || tcgetattr(port->lock_fd, &now) < 0 || settled(&now, line))
		return;
	link->line_told = true;
	struct line_settings has = line_of(&now);
	port_line_text(line, wanted);
	port_line_text(&has, is);
	/* Cut on purpose. */
	(void)snprintf(detail, sizeof detail, "asked for %.20s, the port keeps %.20s", wanted, is);
	link_notice(link, true, "line-settings", detail);
}

void serial_line_release(struct serial_line *port)
{
	/* A pty slave stays exclusive after its last close. Either call may fail on a port that is gone. */
	(void)ioctl(port->lock_fd, TIOCNXCL);
	(void)close(port->lock_fd);
}
