/* Listening to a serial port that may belong to nobody; see vitals/port.h. Called by vitalsctl; one thread.
 *
 * The port is opened for reading only, so that nothing can be written to it by mistake. Opening a port raises its DTR
 * and RTS lines; that cannot be helped. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "daemon/link/serial_line.h"
#include "daemon/shell.h"
#include "vitals/port.h"

enum port_access port_ear_open(struct port_ear *ear, const char *path)
{
	char real[PATH_MAX];

	if (realpath(path, real) == NULL)
		return PORT_ABSENT;
	*ear = (struct port_ear){
	    .fd = open(real, O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC),
	    .is_pty = strncmp(real, "/dev/pts/", strlen("/dev/pts/")) == 0,
	};
	int error = errno;
	if (ear->fd < 0)
		return error == EBUSY ? PORT_IN_USE : error == EACCES || error == EPERM ? PORT_DENIED : PORT_ABSENT;
	enum port_access access = PORT_OPEN;
	if (isatty(ear->fd) == 0)
		access = PORT_ABSENT;
	/* Whoever holds the lock has it set up, and a line is not touched before it is ours. */
	else if (flock(ear->fd, LOCK_EX | LOCK_NB) < 0)
		access = PORT_IN_USE;
	else if (tcgetattr(ear->fd, &ear->before) < 0)
		access = PORT_ABSENT;
	if (access != PORT_OPEN)
		(void)close(ear->fd); /* nothing was written */
	return access;
}

bool port_ear_tune(struct port_ear *ear, const struct line_settings *line)
{
	struct serial_line port = {.lock_fd = ear->fd, .is_pty = ear->is_pty};

	return serial_line_set_line(&port, ear->fd, line) && serial_line_settle(&port, ear->fd, line);
}

int port_ear_hear(struct port_ear *ear, uint8_t *bytes, int size, struct mono until)
{
	struct pollfd fd = {.fd = ear->fd, .events = POLLIN};

	for (;;) {
		int64_t left = mono_since(until, shell_now());
		struct timespec wait = {.tv_sec = left / NS_PER_S, .tv_nsec = left % NS_PER_S};
		int ready = ppoll(&fd, 1, &wait, NULL);
		int error = errno;
		if (ready == 0)
			return 0;
		if (ready < 0 && error == EINTR)
			continue;
		if (ready < 0 || (fd.revents & (POLLHUP | POLLERR | POLLNVAL)) != 0)
			return -1;
		ssize_t count = read(ear->fd, bytes, (size_t)size);
		error = errno;
		if (count > 0)
			return (int)count;
		if (count == 0 || (error != EAGAIN && error != EINTR))
			return -1;
	}
}

void port_ear_close(struct port_ear *ear)
{
	(void)tcsetattr(ear->fd, TCSANOW, &ear->before); /* may fail on a port that is gone, as the rest */
	(void)ioctl(ear->fd, TIOCNXCL);
	(void)close(ear->fd);
}
