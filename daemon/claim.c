/* Claiming a name; see claim.h. A lock on a file of that name, which the kernel gives up when the process ends in
 * whatever way. */
#include "daemon/claim.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#include "vitals/config.h"

enum claim claim_bedside(const char *directory, const char *bedside, bool alone, int *fd)
{
	char path[PATH_BYTES];
	int length = snprintf(path, sizeof(path), "%s/%s.lock", directory, bedside);
	if (length < 0 || (size_t)length >= sizeof(path)) {
		errno = ENAMETOOLONG;
		return CLAIM_IMPOSSIBLE;
	}
	*fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (*fd < 0)
		return CLAIM_IMPOSSIBLE;
	if (flock(*fd, (alone ? LOCK_EX : LOCK_SH) | LOCK_NB) == 0)
		return CLAIM_HELD;
	int error = errno;
	(void)close(*fd); /* nothing was written */
	*fd = -1;
	errno = error;
	return error == EWOULDBLOCK ? CLAIM_TAKEN : CLAIM_IMPOSSIBLE;
}
