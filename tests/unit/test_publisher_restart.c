/* When the publisher child counts as well, and how soon another follows one that died: a real process, but times of the
 * test's own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <sys/socket.h>

#include "daemon/publish/protocol.h"
#include "publisher_world.h"

#define BABBLER "babbler-"

static int teardown(void **state)
{
	(void)state;
	publisher_stop(publisher, 5000);
	publisher = NULL;
	return 0;
}

static int setup(void **state)
{
	(void)state;
	start_with(ipc());
	return 0;
}

/* No heartbeat is sent any more: the reports of the last ones come to an end. */
static void expect_silence(struct mono t)
{
	const struct mono begin = clock_now();

	do {
		assert_false(expired(begin));
		t = mono_after(t, 5 * NS_PER_S / 2);
	} while (publisher_check(publisher, t));
	assert_false(publisher_steady(publisher, t));
}

static void check_is_true_only_while_heard(void **state)
{
	(void)state;
	const struct mono t = {1000 * NS_PER_S};

	start();
	assert_true(publisher_check(publisher, t)); /* time to start */
	assert_true(publisher_check(publisher, mono_after(t, 2 * NS_PER_S)));
	assert_false(publisher_check(publisher, mono_after(t, 3 * NS_PER_S))); /* alive but silent */
	hear(mono_after(t, 4 * NS_PER_S));
	expect_silence(mono_after(t, 4 * NS_PER_S));
}

static struct mono die_young(struct mono start, int64_t pause_ms)
{
	struct mono next = mono_after(start, pause_ms * NS_PER_MS);

	wait_until_dead(publisher, start);
	assert_false(publisher_steady(publisher, mono_after(start, 60 * NS_PER_S)));
	if (pause_ms > 0) {
		assert_false(publisher_restart(publisher, (struct mono){next.ns - 1}));
		assert_int_equal(errno, EAGAIN);
	}
	restart(next);
	return next;
}

static void child_that_dies_young_comes_back_more_and_more_slowly(void **state)
{
	(void)state;
	static const int64_t pauses_ms[] = {0, 250, 500, 1000, 2000, 4000, 5000, 5000};
	char nowhere[64];
	struct mono t = clock_now();

	assert_true(snprintf(nowhere, sizeof nowhere, "ipc://%s/none/publish", directory) > 0);
	start_with(nowhere);
	start();
	assert_true(publisher_check(publisher, t));
	for (size_t i = 0; i < sizeof pauses_ms / sizeof pauses_ms[0]; i++)
		t = die_young(t, pauses_ms[i]);
	start_with(ipc());
	t = die_young(t, 5000);
	hear(mono_after(t, NS_PER_S));
	assert_false(publisher_steady(publisher, mono_after(t, 2 * NS_PER_S))); /* as the others: wait and see */
	hear(mono_after(t, 10 * NS_PER_S));
	assert_true(publisher_steady(publisher, mono_after(t, 10 * NS_PER_S)));
	/* That was a life: what comes now has nothing to do with it. */
	start_with(nowhere);
	assert_int_equal(kill(child_pid(), SIGKILL), 0);
	wait_until_dead(publisher, mono_after(t, 10 * NS_PER_S));
	t = mono_after(t, 11 * NS_PER_S);
	restart(t);
	t = die_young(t, 250);
	(void)die_young(t, 500);
}

static void child_is_steady_when_it_was_heard_and_lived(void **state)
{
	(void)state;
	const struct mono t = clock_now();

	start();
	assert_true(publisher_check(publisher, t));
	assert_false(publisher_steady(publisher, mono_after(t, 3 * NS_PER_S / 2))); /* not heard yet */
	hear(mono_after(t, NS_PER_S / 2));
	assert_false(publisher_steady(publisher, mono_after(t, NS_PER_S - 1)));
	assert_true(publisher_steady(publisher, mono_after(t, NS_PER_S)));
	expect_silence(mono_after(t, NS_PER_S));
}

/* A child that a stranger took over. It says what `bedside` of its settings names, and stays. */
static _Noreturn void babbling_child(const struct packet_settings *settings)
{
	static uint8_t bytes[2 * sizeof(struct packet_message)] = {PACKET_REPORT};
	const struct packet_report report = {.kind = PACKET_REPORT, .seen = 1};
	const char *says = settings->bedside + sizeof BABBLER - 1;
	size_t size = strcmp(says, "short") == 0  ? sizeof report - 1
	              : strcmp(says, "long") == 0 ? 65536
	                                          : sizeof report;

	memcpy(bytes, &report, sizeof report);
	if (strcmp(says, "unknown") == 0)
		bytes[0] = 0xFF;
	if (strcmp(says, "wrong-way") == 0)
		bytes[0] = PACKET_MESSAGE;
	(void)!send(PUBLISHER_FD, &report, sizeof report, MSG_NOSIGNAL);
	(void)!send(PUBLISHER_FD, bytes, size, MSG_NOSIGNAL);
	for (;;)
		(void)pause();
}

static int child_main(void)
{
	static struct packet_settings settings;

	if (recv(PUBLISHER_FD, &settings, sizeof settings, MSG_PEEK) == (ssize_t)sizeof settings &&
	    strncmp(settings.bedside, BABBLER, sizeof BABBLER - 1) == 0)
		babbling_child(&settings);
	return publisher_child_main();
}

/* What the child says costs the child, and nothing else: it is counted, ended, and followed by another. */
static void child_that_babbles_is_ended(void **state)
{
	static const char *const manners[] = {"short", "long", "unknown", "wrong-way"};
	const struct mono begin = clock_now();
	struct mono t = begin;
	(void)state;

	start();
	for (size_t i = 0; i < sizeof manners / sizeof manners[0]; i++) {
		assert_true(snprintf(config.engine.bedside, NAME_BYTES, BABBLER "%s", manners[i]) > 0);
		t = mono_after(t, 60 * NS_PER_S);
		if (publisher_fd(publisher) >= 0)
			assert_int_equal(kill(child_pid(), SIGKILL), 0);
		wait_until_dead(publisher, t);
		restart(t);
		struct pollfd said = {.fd = publisher_fd(publisher), .events = POLLIN};
		while (publisher_check(publisher, t)) {
			assert_false(expired(begin));
			(void)poll(&said, 1, 20);
		}
		assert_int_equal(publisher_malformed(publisher), i + 1);
		assert_int_equal(publisher_fd(publisher), -1);
	}
	start_with(ipc());
	t = mono_after(t, 60 * NS_PER_S);
	restart(t);
	hear(t);
	assert_int_equal(publisher_malformed(publisher), sizeof manners / sizeof manners[0]);
}

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(check_is_true_only_while_heard),
	    TEST(child_that_dies_young_comes_back_more_and_more_slowly),
	    TEST(child_is_steady_when_it_was_heard_and_lived),
	    TEST(child_that_babbles_is_ended),
	};

	if (argc == 2 && strcmp(argv[1], "--publisher-child") == 0)
		return child_main();
	if (mkdtemp(directory) == NULL)
		return 1;
	return cmocka_run_group_tests(tests, NULL, remove_directory);
}
