/* Wires: where somebody can connect to a simulated device, a pty behind a symlink or a TCP listener, and the pacing of
 * bytes onto them. Each wire is owned by its device's thread. Pulling the cable closes everything, so that the other
 * side sees a real hang-up; putting it back gives a new pty under the same name, or the same TCP port. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pty.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "clients/sim/sim.h"

static bool failed(char error[SIM_TEXT], const char *what, const char *where, int code)
{
	(void)snprintf(error, SIM_TEXT, "%s %.300s: %s", what, where, strerrordesc_np(code));
	return false;
}

/* Also replaces a link that a killed simulator left, but never a file that is not a link. */
static bool point_link(const char *path, const char *target, char error[SIM_TEXT])
{
	struct stat found;
	char fresh[512];

	if (lstat(path, &found) == 0 && !S_ISLNK(found.st_mode)) {
		(void)snprintf(error, SIM_TEXT, "%s exists and is not a symbolic link", path);
		return false;
	}
	if (snprintf(fresh, sizeof fresh, "%s.new", path) >= (int)sizeof fresh)
		return failed(error, "link", path, ENAMETOOLONG);
	if (unlink(fresh) != 0 && errno != ENOENT)
		return failed(error, "unlink", fresh, errno);
	if (symlink(target, fresh) != 0)
		return failed(error, "symlink", fresh, errno);
	if (rename(fresh, path) != 0) {
		int code = errno;

		(void)unlink(fresh); /* the rename's error is the one to tell */
		return failed(error, "rename to", path, code);
	}
	return true;
}

/* The slave is opened and closed once, so that the master reports a hang-up until somebody else opens it: bytes written
 * before that would wait in the kernel and arrive long after they were true. */
static bool plug_pty(struct wire *wire, char error[SIM_TEXT])
{
	struct termios raw;
	char slave_name[128];
	int master, slave;

	if (openpty(&master, &slave, slave_name, NULL, NULL) != 0)
		return failed(error, "openpty for", wire->path, errno);
	bool good = tcgetattr(slave, &raw) == 0;

	if (good) {
		cfmakeraw(&raw);
		good = tcsetattr(slave, TCSANOW, &raw) == 0;
	}
	good = good && fcntl(master, F_SETFL, O_NONBLOCK) == 0 && fcntl(master, F_SETFD, FD_CLOEXEC) == 0;
	if (!good)
		(void)failed(error, "set up pty for", wire->path, errno);
	good = good && point_link(wire->path, slave_name, error);
	(void)close(slave); /* nothing was written to it */
	if (!good) {
		(void)close(master); /* already failed */
		return false;
	}
	wire->peers[0] = master;
	wire->absent = true;
	return true;
}

static bool plug_tcp(struct wire *wire, char error[SIM_TEXT])
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(wire->port)};
	socklen_t length = sizeof address;
	char where[64];
	const int on = 1;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	(void)snprintf(where, sizeof where, "%s:%u", wire->bind, (unsigned)wire->port);
	if (fd < 0)
		return failed(error, "socket for", where, errno);
	if (inet_pton(AF_INET, wire->bind, &address.sin_addr) != 1) {
		(void)close(fd); /* unused */
		return failed(error, "bind", where, EINVAL);
	}
	if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
	    bind(fd, (struct sockaddr *)&address, sizeof address) != 0 || listen(fd, WIRE_PEERS) != 0 ||
	    getsockname(fd, (struct sockaddr *)&address, &length) != 0) {
		int code = errno;

		(void)close(fd); /* the error above is the one to tell */
		return failed(error, "listen on", where, code);
	}
	wire->port = ntohs(address.sin_port);
	wire->listener = fd;
	return true;
}

bool wire_plug(struct wire *wire, char error[SIM_TEXT])
{
	wire->listener = -1;
	for (size_t i = 0; i < WIRE_PEERS; i++)
		wire->peers[i] = -1;
	return wire->kind == WIRE_PTY ? plug_pty(wire, error) : plug_tcp(wire, error);
}

static void drop(struct wire *wire, size_t peer)
{
	if (wire->peers[peer] >= 0)
		(void)close(wire->peers[peer]); /* nobody is left to tell */
	wire->peers[peer] = -1;
}

void wire_pull(struct wire *wire)
{
	if (wire->kind == WIRE_PTY && wire->peers[0] >= 0)
		(void)unlink(wire->path); /* gone already is as good */
	for (size_t i = 0; i < WIRE_PEERS; i++)
		drop(wire, i);
	if (wire->listener >= 0)
		(void)close(wire->listener); /* nobody is left to tell */
	wire->listener = -1;
	wire->absent = false;
}

bool wire_plugged(const struct wire *wire)
{
	return wire->kind == WIRE_PTY ? wire->peers[0] >= 0 : wire->listener >= 0;
}

/* What the last user left unread is thrown away, as a serial port does when it is closed. */
static void forget_unread(int master)
{
	int slave = ioctl(master, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC);

	if (slave < 0)
		return;
	(void)tcflush(slave, TCIFLUSH); /* if it cannot, the next user sees old bytes, as on a poor adapter */
	(void)close(slave);             /* nothing was written to it */
}

void wire_check(struct wire *wire)
{
	struct pollfd state = {.fd = wire->peers[0], .events = POLLIN};
	bool was_absent = wire->absent;

	if (wire->kind != WIRE_PTY || wire->peers[0] < 0 || poll(&state, 1, 0) < 0)
		return;
	wire->absent = (state.revents & POLLHUP) != 0;
	if (wire->absent && !was_absent)
		forget_unread(wire->peers[0]);
}

/* A pty that nobody holds open would report its hang-up without end, so it is left out. */
size_t wire_poll_list(const struct wire *wire, struct pollfd list[WIRE_FDS])
{
	list[0] = (struct pollfd){.fd = wire->listener, .events = POLLIN};
	for (size_t i = 0; i < WIRE_PEERS; i++)
		list[i + 1] = (struct pollfd){.fd = wire->absent ? -1 : wire->peers[i], .events = POLLIN};
	return WIRE_FDS;
}

/* The fifth client is turned away. */
void wire_accept(struct wire *wire)
{
	const int on = 1;
	int fd = accept4(wire->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

	if (fd < 0)
		return;
	(void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on); /* without it answers are only later */
	for (size_t i = 0; i < WIRE_PEERS; i++) {
		if (wire->peers[i] < 0) {
			wire->peers[i] = fd;
			return;
		}
	}
	(void)close(fd); /* turned away */
}

size_t wire_read(struct wire *wire, size_t peer, uint8_t *bytes, size_t capacity)
{
	ssize_t got = read(wire->peers[peer], bytes, capacity);
	int code = errno;

	if (got > 0)
		return (size_t)got;
	if (got < 0 && (code == EAGAIN || code == EINTR))
		return 0;
	if (wire->kind == WIRE_TCP)
		drop(wire, peer); /* a pty's hang-up is wire_check's */
	return 0;
}

/* A peer that does not read loses bytes, as on a line without handshake. */
void wire_write(struct wire *wire, size_t peer, const uint8_t *bytes, size_t count)
{
	if (wire->peers[peer] < 0 || wire->absent)
		return;
	ssize_t sent = wire->kind == WIRE_PTY ? write(wire->peers[peer], bytes, count)
	                                      : send(wire->peers[peer], bytes, count, MSG_NOSIGNAL);
	int code = errno;

	if (sent < 0 && code != EAGAIN && code != EINTR && wire->kind == WIRE_TCP)
		drop(wire, peer);
}

bool playout_busy(const struct playout *playout)
{
	return playout->sent < playout->count;
}

int64_t playout_wait_ms(const struct playout *playout, int64_t now_ns)
{
	if (!playout_busy(playout))
		return -1;
	if (playout->due_ns <= now_ns)
		return 0;
	return (playout->due_ns - now_ns + NS_PER_MS - 1) / NS_PER_MS;
}

size_t playout_take(struct playout *playout, int64_t now_ns, const uint8_t **bytes)
{
	if (!playout_busy(playout) || now_ns < playout->due_ns)
		return 0;
	size_t count = playout->count - playout->sent;

	if (count > playout->chunk)
		count = playout->chunk;
	*bytes = playout->bytes + playout->sent;
	playout->sent += count;
	playout->due_ns = now_ns + playout->gap_ns;
	return count;
}
