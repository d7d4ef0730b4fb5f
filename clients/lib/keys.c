/* Making and reading of key files; see keys.h. */
#include "clients/lib/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zmq.h>

#include "clients/lib/problem.h"

/* A key that is not wholly on the disk must not be used: the public half would be handed out for nothing. */
static bool store(const char *path, const char *secret, struct client_problem *problem)
{
	char line[KEY_BYTES + 1];
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	int error = errno;

	if (fd < 0)
		return error == EEXIST ? problem_is(problem, CLIENT_FILE, path, "exists; a key is never overwritten")
		                       : problem_errno(problem, CLIENT_FILE, path, "", error);
	memcpy(line, secret, KEY_BYTES - 1);
	line[KEY_BYTES - 1] = '\n';
	bool written = write(fd, line, KEY_BYTES) == KEY_BYTES && fsync(fd) == 0;
	error = errno;
	explicit_bzero(line, sizeof(line));
	written = close(fd) == 0 && written;
	if (!written) {
		(void)unlink(path); /* half a key is of no use; if it stays, the next try says that it exists */
		return problem_errno(problem, CLIENT_FILE, path, "", error);
	}
	return true;
}

bool keys_generate(const char *path, char public[KEY_BYTES], struct client_problem *problem)
{
	char secret[KEY_BYTES];

	if (zmq_curve_keypair(public, secret) != 0)
		return problem_is(problem, CLIENT_SYSTEM, "cannot make a key pair", zmq_strerror(zmq_errno()));
	bool stored = store(path, secret, problem);
	explicit_bzero(secret, sizeof(secret));
	return stored;
}

bool keys_read(const char *path, char secret[KEY_BYTES], struct client_problem *problem)
{
	struct stat status;
	uint8_t bytes[32];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	int error = errno;

	if (fd < 0)
		return problem_errno(problem, CLIENT_FILE, path, "", error);
	ssize_t size = fstat(fd, &status) == 0 && S_ISREG(status.st_mode) ? read(fd, secret, KEY_BYTES - 1) : -1;
	(void)close(fd); /* was only read */
	if (size < 0)
		return problem_is(problem, CLIENT_FILE, path, "cannot be read as a key file");
	if (status.st_mode & (S_IRWXG | S_IRWXO))
		return problem_is(problem, CLIENT_FILE, path, "others may read it; it must have mode 0600 or stricter");
	secret[size] = '\0';
	if (zmq_z85_decode(bytes, secret) == NULL || size != KEY_BYTES - 1)
		return problem_is(problem, CLIENT_FILE, path, "must begin with the 40 characters of a Z85 key");
	explicit_bzero(bytes, sizeof(bytes));
	return true;
}
