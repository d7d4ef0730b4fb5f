/* What the threads outside the core share: clocks, a mutex that a real-time thread may take, a thread with a stack
 * small enough to be locked in memory, a wake-up that never blocks. Each function belongs to whoever calls it; no
 * state. */
#ifndef DAEMON_SHELL_H
#define DAEMON_SHELL_H

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "vitals/mono.h"

#define SHELL_STACK_BYTES (256 * 1024)

static inline int64_t shell_clock_ns(clockid_t clock)
{
	struct timespec now;
	if (clock_gettime(clock, &now) != 0)
		abort(); /* cannot happen on Linux; without a clock there is no monitor */
	return (int64_t)now.tv_sec * NS_PER_S + now.tv_nsec;
}

static inline struct mono shell_now(void)
{
	return (struct mono){shell_clock_ns(CLOCK_MONOTONIC)};
}

static inline int64_t shell_wall_ns(void)
{
	return shell_clock_ns(CLOCK_REALTIME);
}

/* Priority inheritance: the engine thread may run in the real-time class and must not wait for a preempted holder.
 * Returns 0 or an error number. */
static inline int shell_mutex_init(pthread_mutex_t *mutex)
{
	pthread_mutexattr_t attributes;
	int error = pthread_mutexattr_init(&attributes);
	if (error != 0)
		return error;
	error = pthread_mutexattr_setprotocol(&attributes, PTHREAD_PRIO_INHERIT);
	if (error == 0)
		error = pthread_mutex_init(mutex, &attributes);
	(void)pthread_mutexattr_destroy(&attributes); /* cannot fail after a successful init */
	return error;
}

/* Locking fails only for a bug of ours: a mutex that is not one, or taken twice by the same thread. */
static inline void shell_lock(pthread_mutex_t *mutex)
{
	if (pthread_mutex_lock(mutex) != 0)
		abort();
}

static inline void shell_unlock(pthread_mutex_t *mutex)
{
	if (pthread_mutex_unlock(mutex) != 0)
		abort();
}

/* `fd` is a non-blocking eventfd. A full counter already wakes the reader. */
static inline void shell_wake(int fd)
{
	uint64_t one = 1;
	ssize_t written = write(fd, &one, sizeof(one));
	(void)written;
}

static inline void shell_wake_clear(int fd)
{
	uint64_t count;
	ssize_t taken = read(fd, &count, sizeof(count));
	(void)taken; /* EAGAIN: nobody called */
}

/* A thread whose end can be waited for with a deadline, by the monotonic clock. */
struct shell_thread {
	pthread_t thread;
	int done_fd;
	const char *name;
	void (*run)(void *context);
	void *context;
};

static inline void *shell_thread_main(void *argument)
{
	struct shell_thread *thread = (struct shell_thread *)argument;
	(void)pthread_setname_np(pthread_self(), thread->name); /* only for whoever looks at it */
	thread->run(thread->context);
	shell_wake(thread->done_fd);
	return NULL;
}

/* Returns 0 or an error number. Signals stay blocked as the caller has them. `thread` must not move; `name` has at most
 * 15 characters. */
static inline int shell_thread_start(struct shell_thread *thread, const char *name, void (*run)(void *), void *context)
{
	pthread_attr_t attributes;
	int error = pthread_attr_init(&attributes);
	if (error != 0)
		return error;
	thread->name = name;
	thread->run = run;
	thread->context = context;
	thread->done_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	error = thread->done_fd < 0 ? errno : pthread_attr_setstacksize(&attributes, SHELL_STACK_BYTES);
	if (error == 0)
		error = pthread_create(&thread->thread, &attributes, shell_thread_main, thread);
	if (error != 0 && thread->done_fd >= 0)
		(void)close(thread->done_fd);    /* nothing was written */
	(void)pthread_attr_destroy(&attributes); /* cannot fail after a successful init */
	return error;
}

/* False if the thread has not ended by `deadline`: it is stuck in a system call, and what it uses must not be freed. */
static inline bool shell_thread_join(struct shell_thread *thread, struct mono deadline)
{
	struct pollfd done = {.fd = thread->done_fd, .events = POLLIN};
	for (;;) {
		int64_t left_ms = mono_since(deadline, shell_now()) / NS_PER_MS;
		int ready = poll(&done, 1, (int)(left_ms < INT32_MAX ? left_ms : INT32_MAX));
		if (ready > 0)
			break;
		if (left_ms == 0)
			return false; /* still joinable: it can be waited for again, or ends with the process */
	}
	(void)pthread_join(thread->thread, NULL); /* it has only to return */
	(void)close(thread->done_fd);             /* nothing was written */
	return true;
}

#endif
