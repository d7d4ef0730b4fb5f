/* Preloaded into vitalsd by tests/fault/run.py: the nth call of one kind fails, once, with a given error. Calls are
 * those of the whole process, all threads and libraries (SQLite's file calls among them); the publisher child has an
 * empty environment and goes untouched.
 *
 * FAULT_CALL kind, FAULT_NTH n from 1, FAULT_ERRNO number, FAULT_LOG file that is made when it has happened. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define STEP_S 3600 /* the wall clock, from the nth look at it on */

static char call[32], log_path[256];
static long nth;
static int error_number;
static atomic_long calls;

__attribute__((constructor)) static void read_orders(void)
{
	const char *name = getenv("FAULT_CALL"), *n = getenv("FAULT_NTH"), *error = getenv("FAULT_ERRNO"),
	           *path = getenv("FAULT_LOG");

	if (name == NULL || n == NULL || error == NULL || path == NULL)
		return;
	(void)snprintf(log_path, sizeof log_path, "%s", path);
	error_number = (int)strtol(error, NULL, 10);
	nth = strtol(n, NULL, 10);
	(void)snprintf(call, sizeof call, "%s", name);
}

/* By system call: the functions of the library may be the ones that fail. */
static void note(void)
{
	long fd = syscall(SYS_openat, AT_FDCWD, log_path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	if (fd >= 0)
		(void)syscall(SYS_close, fd);
}

/* The number of this call of a kind; 0 if it is another kind. */
static long count(const char *name)
{
	return strcmp(name, call) == 0 ? atomic_fetch_add(&calls, 1) + 1 : 0;
}

static bool fails(const char *name)
{
	if (count(name) != nth || nth == 0)
		return false;
	note();
	errno = error_number;
	return true;
}

/* The library's own function of this name. */
static void *next(const char *name)
{
	void *function = dlsym(RTLD_NEXT, name);

	if (function == NULL)
		abort();
	return function;
}

/* A function whose failure is -1 and errno. */
#define FAILING(kind, type, name, parameters, arguments)                                                               \
	type name parameters                                                                                           \
	{                                                                                                              \
		static type(*real) parameters;                                                                         \
		if (real == NULL)                                                                                      \
			*(void **)&real = next(#name);                                                                 \
		return fails(kind) ? -1 : real arguments;                                                              \
	}

FAILING("socket", int, socket, (int domain, int type, int protocol), (domain, type, protocol))
FAILING("socketpair", int, socketpair, (int domain, int type, int protocol, int pair[2]),
        (domain, type, protocol, pair))
FAILING("bind", int, bind, (int fd, const struct sockaddr *to, socklen_t size), (fd, to, size))
FAILING("listen", int, listen, (int fd, int backlog), (fd, backlog))
FAILING("connect", int, connect, (int fd, const struct sockaddr *to, socklen_t size), (fd, to, size))
FAILING("accept4", int, accept4, (int fd, struct sockaddr *from, socklen_t *size, int flags), (fd, from, size, flags))
FAILING("getsockopt", int, getsockopt, (int fd, int level, int name, void *value, socklen_t *size),
        (fd, level, name, value, size))
FAILING("setsockopt", int, setsockopt, (int fd, int level, int name, const void *value, socklen_t size),
        (fd, level, name, value, size))
FAILING("send", ssize_t, send, (int fd, const void *bytes, size_t size, int flags), (fd, bytes, size, flags))
FAILING("sendto", ssize_t, sendto,
        (int fd, const void *bytes, size_t size, int flags, const struct sockaddr *to, socklen_t to_size),
        (fd, bytes, size, flags, to, to_size))
FAILING("sendmsg", ssize_t, sendmsg, (int fd, const struct msghdr *message, int flags), (fd, message, flags))
FAILING("recv", ssize_t, recv, (int fd, void *bytes, size_t size, int flags), (fd, bytes, size, flags))
FAILING("eventfd", int, eventfd, (unsigned int value, int flags), (value, flags))
FAILING("signalfd", int, signalfd, (int fd, const sigset_t *signals, int flags), (fd, signals, flags))
FAILING("poll", int, poll, (struct pollfd * fds, nfds_t size, int ms), (fds, size, ms))
FAILING("ppoll", int, ppoll, (struct pollfd * fds, nfds_t size, const struct timespec *timeout, const sigset_t *mask),
        (fds, size, timeout, mask))
/* SQLite's, on the record and its log. */
FAILING("sqlite-read", ssize_t, pread64, (int fd, void *bytes, size_t size, off64_t at), (fd, bytes, size, at))
FAILING("sqlite-write", ssize_t, pwrite64, (int fd, const void *bytes, size_t size, off64_t at), (fd, bytes, size, at))
FAILING("sqlite-sync", int, fdatasync, (int fd), (fd))
FAILING("sqlite-truncate", int, ftruncate64, (int fd, off64_t size), (fd, size))

void *mmap64(void *at, size_t size, int protection, int flags, int fd, off64_t offset)
{
	static void *(*real)(void *, size_t, int, int, int, off64_t);

	if (real == NULL)
		*(void **)&real = next("mmap64");
	return fails("sqlite-map") ? MAP_FAILED : real(at, size, protection, flags, fd, offset);
}

int open64(const char *path, int flags, ...)
{
	va_list arguments;

	va_start(arguments, flags);
	mode_t mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
	va_end(arguments);
	/* Not by the library's open, which other shims may have. */
	return fails("sqlite-open") ? -1 : (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

int fcntl64(int fd, int command, ...)
{
	va_list arguments;

	va_start(arguments, command);
	void *argument = va_arg(arguments, void *);
	va_end(arguments);
	bool lock = command == F_SETLK || command == F_GETLK;
	return lock && fails("sqlite-lock") ? -1 : (int)syscall(SYS_fcntl, fd, command, argument);
}

/* Functions that return the error. */

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*run)(void *), void *context)
{
	static int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);

	if (real == NULL)
		*(void **)&real = next("pthread_create");
	return fails("pthread_create") ? error_number : real(thread, attributes, run, context);
}

int posix_spawn(pid_t *pid, const char *path, const posix_spawn_file_actions_t *actions,
                const posix_spawnattr_t *attributes, char *const arguments[], char *const environment[])
{
	static int (*real)(pid_t *, const char *, const posix_spawn_file_actions_t *, const posix_spawnattr_t *,
	                   char *const[], char *const[]);

	if (real == NULL)
		*(void **)&real = next("posix_spawn");
	return fails("posix_spawn") ? error_number : real(pid, path, actions, attributes, arguments, environment);
}

/* It cannot fail; it can be set. */
int clock_gettime(clockid_t clock, struct timespec *now)
{
	int result = (int)syscall(SYS_clock_gettime, clock, now);
	long number = clock == CLOCK_REALTIME && nth > 0 ? count("clock-step") : 0;

	if (number == nth && number != 0)
		note();
	if (number >= nth && number != 0)
		now->tv_sec += STEP_S;
	return result;
}
