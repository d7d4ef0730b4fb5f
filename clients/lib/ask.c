/* The client's end of the control socket; see control.h. */
#include "clients/lib/ask.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

static int64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail with this clock and a valid address */
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int complain(const char *path, const char *what, int error)
{
	fprintf(stderr, "vitalsctl: %s: %s: %s\n", path, what, strerror(error));
	if (error == EACCES || error == EPERM)
		fprintf(stderr, "vitalsctl: your account must be in the group of that socket\n");
	if (error == ENOENT || error == ECONNREFUSED)
		fprintf(stderr, "vitalsctl: is the monitor of this bedside running?\n");
	return -1;
}

/* A blocking connect to a local socket waits while the listener's queue is full; SO_SNDTIMEO bounds that. */
static int reach(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct timeval wait = {CONTROL_REACH_MS / 1000, CONTROL_REACH_MS % 1000 * 1000};
	size_t length = strlen(path);

	if (length >= sizeof(address.sun_path))
		return complain(path, "path of the control socket", ENAMETOOLONG);
	memcpy(address.sun_path, path, length);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return complain(path, "socket", errno);
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait)) != 0 ||
	    connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
		int error = errno;
		(void)close(fd); /* nothing was sent */
		return complain(path, "cannot reach the monitor", error == EAGAIN ? ETIMEDOUT : error);
	}
	return fd;
}

static bool send_request(int fd, const char *path, Vitals__V1__Request *request)
{
	uint8_t packet[1024];
	size_t size = vitals__v1__request__get_packed_size(request);

	if (size > sizeof(packet)) {
		fprintf(stderr, "vitalsctl: the command is too long\n");
		return false;
	}
	(void)vitals__v1__request__pack(request, packet); /* returns `size` again */
	if (send(fd, packet, size, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)size) {
		(void)complain(path, "cannot send to the monitor", errno);
		return false;
	}
	return true;
}

/* Waits for one packet until `deadline_ms`. Its size, 0 when the monitor closed the connection, -1 with errno. */
static ssize_t receive(int fd, uint8_t *packet, size_t size, int64_t deadline_ms)
{
	for (;;) {
		struct pollfd poller = {.fd = fd, .events = POLLIN};
		int64_t left = deadline_ms - now_ms();
		int ready = left > 0 ? poll(&poller, 1, (int)left) : 0;
		int error = errno;
		if (ready < 0 && error == EINTR)
			continue;
		if (ready == 0)
			errno = ETIMEDOUT;
		return ready <= 0 ? -1 : recv(fd, packet, size, MSG_DONTWAIT);
	}
}

static const Vitals__V1__Response *wait_answer(struct arena *arena, int fd, const char *path, uint64_t id, int wait_ms)
{
	static uint8_t packet[MESSAGE_PACKET_MAX];
	int64_t deadline_ms = now_ms() + wait_ms;

	for (;;) {
		ssize_t size = receive(fd, packet, sizeof(packet), deadline_ms);
		int error = errno;
		if (size <= 0) {
			(void)complain(path, "no answer from the monitor", size == 0 ? ECONNRESET : error);
			return NULL;
		}
		const Vitals__V1__Response *response = message_unpack_response(arena, packet, (size_t)size);
		if (response == NULL) {
			fprintf(stderr, "vitalsctl: %s: the answer cannot be understood\n", path);
			return NULL;
		}
		if (response->id == id || response->id == 0) /* 0: it could not even read the request */
			return response;
	}
}

const Vitals__V1__Response *control_ask(struct arena *arena, const char *path, Vitals__V1__Request *request)
{
	int fd = reach(path);
	const Vitals__V1__Response *response = NULL;

	if (fd < 0)
		return NULL;
	bool question = request->command_case == VITALS__V1__REQUEST__COMMAND_STATUS;
	request->id = (uint64_t)getpid();
	if (send_request(fd, path, request)) {
		response = wait_answer(arena, fd, path, request->id, question ? CONTROL_REACH_MS : CONTROL_COMMAND_MS);
		if (response == NULL && !question)
			fprintf(
			    stderr,
			    "vitalsctl: the command may have been carried out or not: look at `vitalsctl status`\n");
	}
	(void)close(fd); /* the answer is here or will never be */
	return response;
}
