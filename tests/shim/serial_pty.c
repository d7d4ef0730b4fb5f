/* Preloaded by one test: gives pseudo terminals the modem lines that libserialport 0.1.1 insists on, so that the path
 * through the real library can be run without an adapter. Every other request goes to the kernel as it is. Each change
 * of the lines is written to the file that SERIAL_PTY_LOG names. */
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

/* As an adapter has them when its port was opened. */
static unsigned lines = TIOCM_DTR | TIOCM_RTS;

static void change(unsigned to)
{
	const char *path = getenv("SERIAL_PTY_LOG");
	FILE *log = path != NULL ? fopen(path, "a") : NULL;

	lines = to;
	if (log == NULL)
		return;
	(void)fprintf(log, "DTR %u RTS %u\n", (lines & TIOCM_DTR) != 0, (lines & TIOCM_RTS) != 0);
	(void)fclose(log); /* the test misses what could not be written */
}

int ioctl(int fd, unsigned long request, ...)
{
	va_list arguments;

	va_start(arguments, request);
	void *argument = va_arg(arguments, void *);
	va_end(arguments);
	bool of_lines = request == TIOCMGET || request == TIOCMSET || request == TIOCMBIS || request == TIOCMBIC;
	if (!of_lines)
		return (int)syscall(SYS_ioctl, fd, request, argument);
	/* Only where the kernel has none; a wrong descriptor stays wrong. */
	if (isatty(fd) == 0)
		return -1;
	unsigned *given = argument;
	if (request == TIOCMGET)
		*given = lines;
	else
		change(request == TIOCMSET ? *given : request == TIOCMBIS ? lines | *given : lines & ~*given);
	return 0;
}
