/* Waiting in unit tests: for a condition and never for an amount of time, with a deadline far beyond what it takes on a
 * busy machine, and with words for who reads that it did not come. Include after cmocka.h; the test's own thread only.
 */
#ifndef TESTS_UNIT_WAIT_H
#define TESTS_UNIT_WAIT_H

#include <poll.h>
#include <stdint.h>
#include <time.h>

#define WAIT_MS 60000
#define LOOK_MS 20

/* guard.c says it when the program is ended because it hangs. */
extern const char *volatile unit_waiting_for;

struct waiting {
	const char *what;
	int64_t give_up_ms;
};

static inline int64_t wait_clock_ms(void)
{
	struct timespec now;

	/* Some tests have a monotonic clock of their own. */
	assert_int_equal(clock_gettime(CLOCK_BOOTTIME, &now), 0);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static inline struct waiting wait_for(const char *what)
{
	unit_waiting_for = what;
	return (struct waiting){what, wait_clock_ms() + WAIT_MS};
}

/* Until the next look at the condition: `fd` (or -1) can be read, or a moment has passed. Fails the test when it has
 * waited in vain. */
static inline void wait_more(const struct waiting *wait, int fd)
{
	struct pollfd readable = {.fd = fd, .events = POLLIN};

	if (wait_clock_ms() > wait->give_up_ms)
		fail_msg("waited in vain for %s", wait->what);
	(void)poll(&readable, 1, LOOK_MS); /* the caller looks itself */
}

#define WAIT_UNTIL(what, condition)                                                                                    \
	do {                                                                                                           \
		struct waiting until = wait_for(what);                                                                 \
		while (!(condition))                                                                                   \
			wait_more(&until, -1);                                                                         \
		unit_waiting_for = NULL;                                                                               \
	} while (0)

#endif
