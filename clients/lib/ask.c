/* The client's end of the control socket; see ask.h. */
#include "clients/lib/ask.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include "clients/lib/problem.h"

static int64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now); /* cannot fail with this clock and a valid address */
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int complain(struct client_problem *problem, const char *path, const char *what, int error)
{
	(void)problem_errno(problem, CLIENT_UNREACHABLE, path, what, error); /* is false */
	return -1;
}

/* A blocking connect to a local socket waits while the listener's queue is full; SO_SNDTIMEO bounds that. */
static int reach(const char *path, struct client_problem *problem)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct timeval wait = {CLIENT_REACH_MS / 1000, CLIENT_REACH_MS % 1000 * 1000};
	size_t length = strlen(path);

	if (length >= sizeof(address.sun_path))
		return complain(problem, path, "path of the control socket", ENAMETOOLONG);
	memcpy(address.sun_path, path, length);
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return complain(problem, path, "socket", errno);
	if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof(wait)) != 0 ||
	    connect(fd, (const struct sockaddr *)&address, sizeof(address)) != 0) {
		int error = errno;
		(void)close(fd); /* nothing was sent */
		return complain(problem, path, "cannot reach the monitor", error == EAGAIN ? ETIMEDOUT : error);
	}
	return fd;
}

static bool send_request(int fd, const char *path, Vitals__V1__Request *request, struct client_problem *problem)
{
	uint8_t packet[1024];
	size_t size = vitals__v1__request__get_packed_size(request);

	if (size > sizeof(packet))
		return problem_is(problem, CLIENT_WRONG, "", "the command is too long");
	(void)vitals__v1__request__pack(request, packet); /* returns `size` again */
	if (send(fd, packet, size, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)size)
		return problem_errno(problem, CLIENT_UNREACHABLE, path, "cannot send to the monitor", errno);
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

static bool wait_answer(struct ask *ask, int fd, int wait_ms, struct client_problem *problem)
{
	int64_t deadline_ms = now_ms() + wait_ms;

	for (;;) {
		ssize_t size = receive(fd, ask->packet, sizeof(ask->packet), deadline_ms);
		int error = errno;
		if (size <= 0)
			return problem_errno(problem, CLIENT_UNREACHABLE, ask->path, "no answer from the monitor",
			                     size == 0 ? ECONNRESET : error);
		ask->response = message_unpack_response(&ask->arena, ask->packet, (size_t)size);
		if (ask->response == NULL)
			return problem_is(problem, CLIENT_UNCLEAR, ask->path, "the answer cannot be understood");
		if (ask->response->id == ask->last_id || ask->response->id == 0) /* 0: the request was unreadable */
			return true;
	}
}

bool ask_send(struct ask *ask, Vitals__V1__Request *request, int wait_ms, struct client_problem *problem)
{
	ask->response = NULL;
	int fd = reach(ask->path, problem);
	if (fd < 0)
		return false;
	request->id = ++ask->last_id;
	bool sent = send_request(fd, ask->path, request, problem);
	bool answered = sent && wait_answer(ask, fd, wait_ms, problem);
	if (!answered) {
		ask->response = NULL;
		problem->in_doubt = sent;
	}
	(void)close(fd); /* the answer is here or will never be */
	return answered;
}
