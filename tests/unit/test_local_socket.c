/* The control socket over a real socket: this program is the clients, and the engine behind the mailbox. */
#include "tests/unit/desk_world.h"

/* ---- the ordinary way ------------------------------------------------------------------------ */

static void test_command_and_answer(void **state)
{
	int fd = join();
	(void)state;
	ask(fd, 41, VITALS__V1__REQUEST__COMMAND_SESSION_START);
	struct event_command first = take_command();
	assert_int_equal(first.command, COMMAND_SESSION_START);
	assert_string_equal(first.actor, "nurse_1");
	desk_reply(fixture.desk, first.id, RESULT_NO_SESSION);
	expect(fd, 41, "no-session", "No session is open.");
	ask(fd, 42, VITALS__V1__REQUEST__COMMAND_CUFF_START);
	struct event_command second = take_command();
	assert_true(second.id != first.id);
	desk_reply(fixture.desk, first.id, RESULT_WRONG_STATE); /* of the past: nobody's */
	desk_reply(fixture.desk, second.id, RESULT_OK);
	expect(fd, 42, "ok", "Done.");
	leave(fd);
}

static void test_status(void **state)
{
	int fd = join();
	(void)state;
	ask(fd, 1, VITALS__V1__REQUEST__COMMAND_STATUS);
	expect(fd, 1, "busy", "no current state");
	give_state("P-7");
	ask(fd, 2, VITALS__V1__REQUEST__COMMAND_STATUS);
	Vitals__V1__Response *response = response_of(fd);
	assert_string_equal(response->result, "ok");
	assert_non_null(response->snapshot);
	assert_string_equal(response->snapshot->session->patient_ref, "P-7");
	vitals__v1__response__free_unpacked(response, NULL);
	expect_no_command();

	/* When the engine falls silent its last state stops being an answer. */
	bool current = true;
	struct mono give_up = mono_after(shell_now(), PATIENCE_MS * NS_PER_MS);
	while (current && mono_before(shell_now(), give_up)) {
		ask(fd, 3, VITALS__V1__REQUEST__COMMAND_STATUS);
		response = response_of(fd);
		current = response->snapshot != NULL;
		vitals__v1__response__free_unpacked(response, NULL);
		(void)poll(NULL, 0, 20);
	}
	assert_false(current);
	assert_true(local_socket_alive(fixture.local, shell_now(), 5 * NS_PER_S));
	leave(fd);
}

static void test_one_command_at_a_time(void **state)
{
	int busy = join(), other = join();
	(void)state;
	ask(busy, 1, VITALS__V1__REQUEST__COMMAND_SESSION_PAUSE);
	ask(busy, 2, VITALS__V1__REQUEST__COMMAND_SESSION_RESUME);
	struct event_command first = take_command();
	assert_int_equal(first.command, COMMAND_SESSION_PAUSE);
	control_goes_round(other);
	expect_no_command();
	desk_reply(fixture.desk, first.id, RESULT_OK);
	struct event_command second = take_command();
	assert_int_equal(second.command, COMMAND_SESSION_RESUME);
	desk_reply(fixture.desk, second.id, RESULT_OK);
	expect(busy, 1, "ok", "");
	expect(busy, 2, "ok", "");
	leave(busy);
	leave(other);
}

/* ---- clients that misbehave ------------------------------------------------------------------ */

static void test_bad_packets(void **state)
{
	static const uint8_t open_light[] = {0x08, 0x07, 0x5A, 0x05, 0x0A, 0x01, 'p', 0x10, 0x05}; /* weight_g 5 */
	static const uint8_t garbage[100] = {0xFF, 0xFF, 0xFF};
	static uint8_t long_packet[4097];
	int fd = join();
	(void)state;
	say(fd, garbage, sizeof(garbage));
	expect(fd, 0, "bad-request", "not a vitals.v1.Request");
	say(fd, long_packet, sizeof(long_packet));
	expect(fd, 0, "bad-request", "1 .. 4096 bytes");
	ask(fd, 5, VITALS__V1__REQUEST__COMMAND_STATUS); /* a good one wipes the slate */
	expect(fd, 5, "busy", "");
	for (int i = 0; i < 3; i++)
		say(fd, open_light, sizeof(open_light));
	for (int i = 0; i < 3; i++)
		expect(fd, 7, "bad-request", "session_open.weight_g is 5 (legal: 0 for none, or 20000 .. 400000)");
	assert_int_equal(hear(fd), 0); /* closed after three in a row */
	expect_no_command();
	leave(fd);
}

static void test_too_many_clients(void **state)
{
	int fds[20], served = 0, refused = 0;
	(void)state;
	for (int i = 0; i < 20; i++)
		fds[i] = join();
	for (int i = 0; i < 20; i++) {
		if (i < LOCAL_SOCKET_SHARE_MAX) {
			ask(fds[i], 9, VITALS__V1__REQUEST__COMMAND_STATUS);
			expect(fds[i], 9, "busy", "no current state");
			served++;
		} else {
			expect(fds[i], 0, "busy", "Too many clients");
			assert_int_equal(hear(fds[i]), 0);
			refused++;
		}
	}
	assert_int_equal(served, LOCAL_SOCKET_SHARE_MAX);
	assert_int_equal(refused, 20 - LOCAL_SOCKET_SHARE_MAX);
	for (int i = 0; i < 20; i++)
		leave(fds[i]);
	/* The places are free again as soon as the thread has seen it. */
	bool again = false;
	struct mono give_up = mono_after(shell_now(), PATIENCE_MS * NS_PER_MS);
	while (!again && mono_before(shell_now(), give_up)) {
		int fd = join();
		Vitals__V1__Response *response;
		uint8_t status[] = {0x08, 0x01, 0x52, 0x00};
		(void)send(fd, status, sizeof(status), MSG_NOSIGNAL); /* may be closed already */
		response = response_of(fd);
		again = response->id == 1;
		vitals__v1__response__free_unpacked(response, NULL);
		leave(fd);
	}
	assert_true(again);
}

static void test_a_client_that_does_not_read(void **state)
{
	static uint8_t large[DESK_STATE_BYTES - 16];
	static const uint8_t status[] = {0x08, 0x01, 0x52, 0x00};
	int stalled = join(), other = join();
	struct pollfd gone = {.fd = stalled, .events = 0};
	(void)state;
	/* config_hash of as many bytes as there is room for */
	large[0] = 6 << 3 | 2;
	large[1] = (uint8_t)(((sizeof(large) - 4) & 0x7F) | 0x80);
	large[2] = (uint8_t)((((sizeof(large) - 4) >> 7) & 0x7F) | 0x80);
	large[3] = (uint8_t)((sizeof(large) - 4) >> 14);
	memset(large + 4, 'x', sizeof(large) - 4);
	int sent = 0;
	for (; sent < 10000 && poll(&gone, 1, 0) == 0; sent++) {
		desk_state(fixture.desk, large, sizeof(large));
		ssize_t size = send(stalled, status, sizeof(status), MSG_DONTWAIT | MSG_NOSIGNAL);
		int error = errno;
		if (size < 0 && error != EAGAIN)
			break;
		control_goes_round(other);
	}
	assert_true(sent < 10000);
	control_goes_round(other);
	leave(stalled);
	leave(other);
}

static void test_answer_for_a_client_that_left(void **state)
{
	int first = join(), other = join();
	(void)state;
	ask(first, 1, VITALS__V1__REQUEST__COMMAND_SESSION_CLOSE);
	struct event_command orphan = take_command();
	leave(first);
	control_goes_round(other);
	int second = join(); /* in the same place, with the same id of its own */
	ask(second, 1, VITALS__V1__REQUEST__COMMAND_SESSION_STOP);
	struct event_command command = take_command();
	assert_true(command.id != orphan.id);
	desk_reply(fixture.desk, orphan.id, RESULT_OK);
	desk_reply(fixture.desk, command.id, RESULT_WRONG_STATE);
	expect(second, 1, "wrong-state", "");
	desk_reply(fixture.desk, UINT64_MAX, RESULT_OK); /* never given out */
	desk_reply(fixture.desk, 0, RESULT_OK);
	control_goes_round(second);
	leave(second);
	leave(other);
}

static void test_full_mailbox(void **state)
{
	struct event event = {.kind = EVENT_COMMAND};
	int fd = join();
	int posted = 0;
	(void)state;
	while (posted < 100000 && mailbox_post(fixture.mailbox, &event))
		posted++;
	assert_true(posted < 100000);
	ask(fd, 3, VITALS__V1__REQUEST__COMMAND_SESSION_STOP);
	expect(fd, 3, "busy", "Too many commands");
	while (mailbox_take(fixture.mailbox, &event))
		continue;
	ask(fd, 4, VITALS__V1__REQUEST__COMMAND_SESSION_STOP);
	desk_reply(fixture.desk, take_command().id, RESULT_OK);
	expect(fd, 4, "ok", "");
	leave(fd);
}

static void test_no_answer(void **state)
{
	int fd = join();
	(void)state;
	ask(fd, 3, VITALS__V1__REQUEST__COMMAND_SESSION_STOP);
	struct event_command command = take_command();
	expect(fd, 3, "not-recorded", "No confirmation within 5 s");
	desk_reply(fixture.desk, command.id, RESULT_OK); /* too late: not said twice */
	ask(fd, 4, VITALS__V1__REQUEST__COMMAND_STATUS);
	expect(fd, 4, "busy", "");
	leave(fd);
}

/* ---- the socket file ------------------------------------------------------------------------- */

static void test_mode_and_live_socket(void **state)
{
	struct stat status;
	(void)state;
	assert_int_equal(stat(fixture.path, &status), 0);
	assert_int_equal(status.st_mode, S_IFSOCK | 0660);
	assert_null(local_socket_start(fixture.path, fixture.desk));
	int fd = join(); /* the first is still there */
	control_goes_round(fd);
	leave(fd);
}

static void test_stale_socket_is_replaced(void **state)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	(void)state;
	assert_true(local_socket_stop(fixture.local, PATIENCE_MS));
	assert_int_equal(access(fixture.path, F_OK), -1);
	int dead = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	assert_true(dead >= 0);
	memcpy(address.sun_path, fixture.path, strlen(fixture.path) + 1);
	assert_int_equal(bind(dead, (const struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(close(dead), 0);
	fixture.local = local_socket_start(fixture.path, fixture.desk);
	assert_non_null(fixture.local);
	int fd = join();
	control_goes_round(fd);
	leave(fd);
}

static void test_other_files_are_left_alone(void **state)
{
	char path[128];
	(void)state;
	(void)snprintf(path, sizeof(path), "%s/file", fixture.directory);
	int fd = open(path, O_CREAT | O_WRONLY | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_int_equal(close(fd), 0);
	assert_null(local_socket_start(path, fixture.desk));
	assert_int_equal(unlink(path), 0); /* still there */
	(void)snprintf(path, sizeof(path), "%s/none/control", fixture.directory);
	assert_null(local_socket_start(path, fixture.desk));
	char long_path[200];
	memset(long_path, 'x', sizeof(long_path));
	memcpy(long_path, "/tmp/", 5);
	long_path[108] = '\0';
	assert_null(local_socket_start(long_path, fixture.desk));
	assert_null(local_socket_start("", fixture.desk));
}

static void test_answers_are_given_before_the_end(void **state)
{
	int fd = join();
	(void)state;
	ask(fd, 8, VITALS__V1__REQUEST__COMMAND_SESSION_CLOSE);
	desk_reply(fixture.desk, take_command().id, RESULT_OK);
	assert_true(local_socket_stop(fixture.local, PATIENCE_MS));
	expect(fd, 8, "ok", "");
	assert_int_equal(hear(fd), 0);
	leave(fd);
	assert_int_equal(try_connect_as(LOCAL_UID), -1);
	fixture.local = local_socket_start(fixture.path, fixture.desk);
	assert_non_null(fixture.local);
}

#define LOCAL_SOCKET_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    LOCAL_SOCKET_TEST(test_command_and_answer),
	    LOCAL_SOCKET_TEST(test_status),
	    LOCAL_SOCKET_TEST(test_one_command_at_a_time),
	    LOCAL_SOCKET_TEST(test_bad_packets),
	    LOCAL_SOCKET_TEST(test_too_many_clients),
	    LOCAL_SOCKET_TEST(test_a_client_that_does_not_read),
	    LOCAL_SOCKET_TEST(test_answer_for_a_client_that_left),
	    LOCAL_SOCKET_TEST(test_full_mailbox),
	    LOCAL_SOCKET_TEST(test_no_answer),
	    LOCAL_SOCKET_TEST(test_mode_and_live_socket),
	    LOCAL_SOCKET_TEST(test_stale_socket_is_replaced),
	    LOCAL_SOCKET_TEST(test_other_files_are_left_alone),
	    LOCAL_SOCKET_TEST(test_answers_are_given_before_the_end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
