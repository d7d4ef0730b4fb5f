/* What the publisher child does with an endpoint that somebody has: waits a moment for one that is in use, replaces a
 * socket that nobody listens on, and leaves everything else as it is. This program is its own child, as vitalsd is. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <netinet/in.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "publisher_world.h"

static int words_fd = -1; /* the child's standard error, if a test listens to it */
static const char content[] = "bedside = \"room-1\"\n";

static const char *path(void)
{
	return ipc() + strlen("ipc://");
}

static int setup(void **state)
{
	(void)state;
	start_with(ipc());
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	publisher_stop(publisher, 5000);
	publisher = NULL;
	if (words_fd >= 0)
		(void)close(words_fd); /* only read from */
	words_fd = -1;
	if (unlink(path()) != 0 && errno != ENOENT)
		return rmdir(path());
	return 0;
}

static void write_content(const char *name)
{
	FILE *file = fopen(name, "we");
	assert_non_null(file);
	assert_true(fputs(content, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void expect_content(const char *name)
{
	char text[64] = "";
	FILE *file = fopen(name, "re");
	assert_non_null(file);
	size_t count = fread(text, 1, sizeof text - 1, file);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(count, strlen(content));
	assert_string_equal(text, content);
}

/* A socket of ours at the endpoint's path, with `type`; listening if wanted. */
static int occupy(int type, bool listening)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	memcpy(address.sun_path, path(), strlen(path()));
	assert_int_equal(bind(fd, (const struct sockaddr *)&address, sizeof address), 0);
	if (listening)
		assert_int_equal(listen(fd, 1), 0);
	return fd;
}

static void refused(void)
{
	start();
	wait_until_dead(publisher, clock_now());
	publisher_stop(publisher, 5000);
	publisher = NULL;
}

static void file_keeps_its_bytes(void **state)
{
	(void)state;
	struct stat before, after;

	write_content(path());
	assert_int_equal(stat(path(), &before), 0);
	refused();
	assert_int_equal(stat(path(), &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	expect_content(path());
}

static void link_and_its_file_stay(void **state)
{
	(void)state;
	char target[64];
	struct stat status;

	assert_true(snprintf(target, sizeof target, "%s/target", directory) > 0);
	write_content(target);
	assert_int_equal(symlink(target, path()), 0);
	refused();
	assert_int_equal(lstat(path(), &status), 0);
	assert_true(S_ISLNK(status.st_mode));
	expect_content(target);
	assert_int_equal(unlink(target), 0);
}

static void directory_stays(void **state)
{
	(void)state;
	struct stat status;

	assert_int_equal(mkdir(path(), 0700), 0);
	refused();
	assert_int_equal(stat(path(), &status), 0);
	assert_true(S_ISDIR(status.st_mode));
}

/* As the control socket is one: of another kind, and somebody answers there. */
static void socket_of_another_program_stays(void **state)
{
	(void)state;
	struct stat before, after;
	int fd = occupy(SOCK_SEQPACKET, true);

	assert_int_equal(stat(path(), &before), 0);
	refused();
	assert_int_equal(stat(path(), &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	assert_int_equal(close(fd), 0);
}

static void socket_without_a_listener_is_replaced(void **state)
{
	(void)state;
	assert_int_equal(close(occupy(SOCK_STREAM, true)), 0);
	start();
	wait_until_heard();
}

/* Starts a child and returns when it has said that it waits for its endpoint. */
static void start_until_it_waits(void)
{
	char said[512] = "";
	size_t used = 0;
	int pair[2], own = dup(STDERR_FILENO);
	const struct mono begin = clock_now();

	assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
	assert_int_equal(dup2(pair[1], STDERR_FILENO), STDERR_FILENO);
	start();
	assert_int_equal(dup2(own, STDERR_FILENO), STDERR_FILENO);
	assert_int_equal(close(own) | close(pair[1]), 0);
	while (strstr(said, "is in use: waiting") == NULL) {
		struct pollfd ready = {.fd = pair[0], .events = POLLIN};
		assert_false(expired(begin));
		if (poll(&ready, 1, 100) <= 0)
			continue;
		ssize_t count = read(pair[0], said + used, sizeof said - 1 - used);
		assert_true(count > 0); /* 0: it has ended without a word */
		used += (size_t)count;
	}
	words_fd = pair[0]; /* stays open: what else it says must not fail */
}

static void tcp_in_use_is_waited_for(void **state)
{
	(void)state;
	char endpoint[64];
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t size = sizeof address;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(fd, (const struct sockaddr *)&address, size), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &size), 0);
	assert_true(snprintf(endpoint, sizeof endpoint, "tcp://127.0.0.1:%d", ntohs(address.sin_port)) > 0);
	start_with(endpoint);
	start_until_it_waits();
	assert_int_equal(close(fd), 0);
	wait_until_heard();
}

static void ipc_in_use_is_waited_for(void **state)
{
	(void)state;
	int fd = occupy(SOCK_STREAM, true);

	start_until_it_waits();
	assert_int_equal(close(fd), 0);
	wait_until_heard();
}

static void lock_of_a_predecessor_is_waited_for(void **state)
{
	(void)state;
	char name[64];

	assert_true(snprintf(name, sizeof name, "%s.lock", path()) > 0);
	int fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
	assert_int_equal(flock(fd, LOCK_EX | LOCK_NB), 0);
	start_until_it_waits();
	assert_int_equal(close(fd), 0);
	wait_until_heard();
}

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
	    TEST(file_keeps_its_bytes),
	    TEST(link_and_its_file_stay),
	    TEST(directory_stays),
	    TEST(socket_of_another_program_stays),
	    TEST(socket_without_a_listener_is_replaced),
	    TEST(tcp_in_use_is_waited_for),
	    TEST(ipc_in_use_is_waited_for),
	    TEST(lock_of_a_predecessor_is_waited_for),
	};

	if (argc == 2 && strcmp(argv[1], "--publisher-child") == 0)
		return publisher_child_main();
	if (mkdtemp(directory) == NULL)
		return 1;
	return cmocka_run_group_tests(tests, NULL, remove_directory);
}
