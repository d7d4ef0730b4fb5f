/* Connections that are held without being used: nobody who acts is kept out by them. */
#include "tests/unit/desk_world.h"

static void advance(int64_t ns)
{
	atomic_fetch_add(&clock_ahead_ns, ns);
}

/* Somebody acts: is let in, and answered. */
static void acts(uid_t uid)
{
	int fd = join_as(uid);
	ask(fd, 7, VITALS__V1__REQUEST__COMMAND_AUDIO_PAUSE);
	desk_reply(fixture.desk, take_command().id, RESULT_OK);
	expect(fd, 7, "ok", "");
	leave(fd);
}

static bool open_still(int fd)
{
	char byte;
	ssize_t size = recv(fd, &byte, sizeof(byte), MSG_PEEK | MSG_DONTWAIT);
	return size < 0 && errno == EAGAIN;
}

static void expect_closed(int fd, uint64_t id, const char *result, const char *why)
{
	expect(fd, id, result, why);
	assert_int_equal(hear(fd), 0);
}

static void leave_all(const int *fds, int count)
{
	for (int i = 0; i < count; i++)
		leave(fds[i]);
}

/* Sixteen that do nothing, and one more. The one that has been silent for longest goes, first of those that never said
 * anything. */
static void test_idle_connections_make_room(void **state)
{
	int fds[LOCAL_SOCKET_CLIENTS_MAX];
	(void)state;
	for (int i = 0; i < LOCAL_SOCKET_CLIENTS_MAX; i++) {
		fds[i] = join_as(LOCAL_UID + (uid_t)i / LOCAL_SOCKET_SHARE_MAX);
		if (i < LOCAL_SOCKET_SHARE_MAX - 1)
			control_goes_round(fds[i]);
	}
	control_goes_round(fds[LOCAL_SOCKET_CLIENTS_MAX - 1]);
	advance(3 * NS_PER_S);
	control_goes_round(fds[2]);
	acts(LOCAL_UID);
	expect_closed(fds[LOCAL_SOCKET_SHARE_MAX - 1], 0, "busy", "was idle");
	for (int i = 0; i < LOCAL_SOCKET_CLIENTS_MAX; i++)
		if (i != LOCAL_SOCKET_SHARE_MAX - 1)
			assert_true(open_still(fds[i]));
	int again = join_as(LOCAL_UID);
	control_goes_round(again); /* in the place of the one that has gone */
	acts(NOBODY_UID);
	expect_closed(fds[LOCAL_SOCKET_SHARE_MAX], 0, "busy", "was idle");
	acts(LOCAL_UID); /* has its share: one of its own goes */
	expect_closed(fds[0], 0, "busy", "was idle");
	assert_true(open_still(again));
	leave(again);
	leave_all(fds, LOCAL_SOCKET_CLIENTS_MAX);
}

/* An account that asks all the time with all that it gets, and wants more. */
static void test_an_account_cannot_keep_others_out(void **state)
{
	int greedy[100], busy[LOCAL_SOCKET_SHARE_MAX];
	(void)state;
	for (int i = 0; i < 100; i++)
		greedy[i] = join_as(DIRECTORY_UID);
	for (int i = LOCAL_SOCKET_SHARE_MAX; i < 100; i++)
		expect_closed(greedy[i], 0, "busy", "Too many clients");
	for (int i = 0; i < LOCAL_SOCKET_SHARE_MAX; i++)
		busy[i] = join_as(LOCAL_UID);
	for (int i = 0; i < LOCAL_SOCKET_CLIENTS_MAX; i++) {
		ask(i < LOCAL_SOCKET_SHARE_MAX ? greedy[i] : busy[i - LOCAL_SOCKET_SHARE_MAX], 1,
		    VITALS__V1__REQUEST__COMMAND_CUFF_START);
		(void)take_command(); /* never answered */
	}
	/* Nobody is idle. Another account comes in nevertheless, in the place of the one that asked first. */
	int other = join_as(NOBODY_UID);
	control_goes_round(other);
	expect_closed(greedy[0], 1, "not-recorded", "It may have been");
	for (int i = 0; i < LOCAL_SOCKET_SHARE_MAX; i++)
		assert_true(open_still(busy[i]) && (i == 0 || open_still(greedy[i])));
	acts(NOBODY_UID);
	acts(0);
	leave(other);
	leave_all(greedy, 100);
	leave_all(busy, LOCAL_SOCKET_SHARE_MAX);
}

/* What is used stays: by a command that is being carried out, or by a display that confirms every second. */
static void test_silence_ends_a_connection(void **state)
{
	int silent = join(), used = join(), waiting = join();
	(void)state;
	control_goes_round(used);
	advance(40 * NS_PER_S);
	control_goes_round(used);
	assert_true(open_still(silent));
	ask(waiting, 5, VITALS__V1__REQUEST__COMMAND_CUFF_START);
	struct event_command command = take_command();
	advance(21 * NS_PER_S);
	expect_closed(silent, 0, "busy", "Nothing was asked for 60 s");
	control_goes_round(used);
	expect(waiting, 5, "not-recorded", "within 5 s");
	desk_reply(fixture.desk, command.id, RESULT_OK);
	control_goes_round(waiting);
	leave(silent);
	leave(used);
	leave(waiting);
}

#define SHARE_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    SHARE_TEST(test_idle_connections_make_room),
	    SHARE_TEST(test_an_account_cannot_keep_others_out),
	    SHARE_TEST(test_silence_ends_a_connection),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
