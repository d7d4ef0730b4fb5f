/* Names of the accounts that ask, while the directory service answers, hangs, and comes back. */
#include "tests/unit/desk_world.h"

/* What a look-up uses that hangs at the end is left to it on purpose. */
const char *__lsan_default_suppressions(void);
const char *__lsan_default_suppressions(void)
{
	return "leak:accounts_start";
}

/* Gives a command and takes it as the engine does. */
static struct event_command command_of(int fd)
{
	ask(fd, 1, VITALS__V1__REQUEST__COMMAND_CUFF_START);
	struct event_command command = take_command();
	desk_reply(fixture.desk, command.id, RESULT_OK);
	expect(fd, 1, "ok", "");
	return command;
}

static void expect_actor(uid_t uid, const char *actor)
{
	int fd = join_as(uid);
	struct event_command command = command_of(fd);
	assert_string_equal(command.actor, actor);
	leave(fd);
}

static int directory_back(void **state)
{
	atomic_store(&directory_hangs, false);
	return tear_down(state);
}

static void test_names(void **state)
{
	(void)state;
	expect_actor(LOCAL_UID, "nurse_1");
	assert_int_equal(atomic_load(&directory_asked), 0); /* it is not asked for accounts of this computer */
	expect_actor(DIRECTORY_UID + 3, "domain_user3");
	expect_actor(DIRECTORY_UID + 3, "domain_user3");
	assert_int_equal(atomic_load(&directory_asked), 1); /* it is kept */
	expect_actor(NOBODY_UID, "uid-3000");
}

static void test_names_are_asked_for_again(void **state)
{
	(void)state;
	expect_actor(DIRECTORY_UID, "domain_user0");
	int asked = atomic_load(&directory_asked);
	atomic_fetch_add(&clock_ahead_ns, 61 * NS_PER_S);
	expect_actor(DIRECTORY_UID, "domain_user0");
	assert_int_equal(atomic_load(&directory_asked), asked + 1);
	/* A name that was known stays better than none. */
	atomic_store(&directory_hangs, true);
	atomic_fetch_add(&clock_ahead_ns, 61 * NS_PER_S);
	expect_actor(DIRECTORY_UID, "domain_user0");
}

static void test_many_accounts(void **state)
{
	char actor[NAME_BYTES];
	(void)state;
	for (uid_t uid = 5000; uid < 5100; uid++) {
		(void)snprintf(actor, sizeof(actor), "uid-%u", uid);
		expect_actor(uid, actor);
	}
	expect_actor(DIRECTORY_UID + 1, "domain_user1");
}

/* Nobody waits for a directory service that hangs: not the others, not the beat, and the one who asks not for long. */
static void test_a_directory_that_hangs(void **state)
{
	int before = atomic_load(&directory_asked);
	(void)state;
	atomic_store(&directory_hangs, true);
	int stuck = join_as(DIRECTORY_UID + 5), other = join();
	ask(stuck, 1, VITALS__V1__REQUEST__COMMAND_CUFF_START);
	struct mono give_up = mono_after(shell_now(), PATIENCE_MS * NS_PER_MS);
	while (atomic_load(&directory_asked) == before && mono_before(shell_now(), give_up))
		(void)poll(NULL, 0, 1);
	assert_int_equal(atomic_load(&directory_asked), before + 1);
	assert_string_equal(command_of(other).actor, "nurse_1");
	struct mono asked = shell_now(); /* the beat goes on: */
	while (!local_socket_alive(fixture.local, shell_now(), mono_since(shell_now(), asked)) &&
	       mono_before(shell_now(), give_up))
		(void)poll(NULL, 0, 1);
	assert_true(mono_before(shell_now(), give_up));
	struct event_command command = take_command();
	assert_string_equal(command.actor, "uid-2005");
	desk_reply(fixture.desk, command.id, RESULT_OK);
	expect(stuck, 1, "ok", "");
	expect_actor(DIRECTORY_UID + 6, "uid-2006"); /* waits behind the first, and not for ever either */
	expect_actor(LOCAL_UID, "nurse_1");
	/* The name, as soon as there is one. */
	atomic_store(&directory_hangs, false);
	char actor[NAME_BYTES] = "";
	while (strcmp(actor, "domain_user5") != 0 && mono_before(shell_now(), give_up))
		memcpy(actor, command_of(stuck).actor, sizeof(actor));
	assert_string_equal(actor, "domain_user5");
	leave(stuck);
	leave(other);
}

/* Stopping does not wait for the directory service. */
static void test_stop_while_the_directory_hangs(void **state)
{
	(void)state;
	atomic_store(&directory_hangs, true);
	expect_actor(DIRECTORY_UID + 7, "uid-2007");
	assert_true(local_socket_stop(fixture.local, 2000));
	assert_int_equal(try_connect_as(LOCAL_UID), -1);
	fixture.local = local_socket_start(fixture.path, fixture.desk);
	assert_non_null(fixture.local);
	expect_actor(LOCAL_UID, "nurse_1");
}

#define ACCOUNT_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, directory_back)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    ACCOUNT_TEST(test_names),
	    ACCOUNT_TEST(test_names_are_asked_for_again),
	    ACCOUNT_TEST(test_many_accounts),
	    ACCOUNT_TEST(test_a_directory_that_hangs),
	    ACCOUNT_TEST(test_stop_while_the_directory_hangs),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
