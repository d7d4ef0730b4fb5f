/* Preloaded in tests: what a process would send to the log daemon at /dev/log goes to the socket named in
 * VITALS_TEST_LOG instead, so that the real syslog(3) can be watched without touching the machine's log. */
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

int connect(int fd, const struct sockaddr *address, socklen_t size)
{
	static int (*real)(int, const struct sockaddr *, socklen_t);
	struct sockaddr_un other;
	const char *path = getenv("VITALS_TEST_LOG");

	if (real == NULL)
		*(void **)&real = dlsym(RTLD_NEXT, "connect");
	if (path != NULL && address->sa_family == AF_UNIX && strlen(path) < sizeof(other.sun_path) &&
	    strcmp(((const struct sockaddr_un *)(const void *)address)->sun_path, "/dev/log") == 0) {
		memset(&other, 0, sizeof(other));
		other.sun_family = AF_UNIX;
		memcpy(other.sun_path, path, strlen(path));
		return real(fd, (const struct sockaddr *)&other, (socklen_t)sizeof(other));
	}
	return real(fd, address, size);
}
