/* Taking and giving back of the terminal; see terminal.h. */
#include "clients/ctl/terminal.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define WINDOW_MOST 500 /* rows and columns that a frame is made for */

static const char enter[] = "\033[?1049h\033[?25l\033[?7l\033[2J"; /* alternate screen, no cursor, no line wrap */
static const char leave[] = "\033[0m\033[?7h\033[?25h\033[?1049l";

void terminal_enter(struct terminal *terminal)
{
	int never = 0;

	terminal->keys = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &terminal->before) == 0;
	if (terminal->keys) {
		struct termios quiet = terminal->before;
		quiet.c_lflag &= ~(tcflag_t)(ECHO | ICANON);
		(void)tcsetattr(STDIN_FILENO, TCSANOW, &quiet); /* if refused, keys are echoed until the next frame */
	}
	(void)terminal_write(enter, sizeof(enter) - 1, &never); /* the first frame will fail as well and say so */
}

void terminal_leave(const struct terminal *terminal)
{
	int never = 0;

	(void)terminal_write(leave, sizeof(leave) - 1,
	                     &never); /* nothing more can be done for a terminal that is gone */
	if (terminal->keys)
		(void)tcsetattr(STDIN_FILENO, TCSAFLUSH, &terminal->before); /* drops keys that the shell would get */
}

void terminal_size(size_t *rows, size_t *columns)
{
	struct winsize window = {0};
	bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &window) == 0 && window.ws_row > 0 && window.ws_col > 0;

	*rows = !known ? 24 : window.ws_row < WINDOW_MOST ? window.ws_row : WINDOW_MOST;
	*columns = !known ? 80 : window.ws_col < WINDOW_MOST ? window.ws_col : WINDOW_MOST;
}

bool terminal_write(const char *bytes, size_t count, const volatile int *stop)
{
	while (count > 0) {
		ssize_t written = write(STDOUT_FILENO, bytes, count);
		int error = errno;
		if (written >= 0) {
			bytes += written;
			count -= (size_t)written;
		} else if (*stop || (error != EINTR && error != EAGAIN)) {
			return false;
		} else if (error == EAGAIN) { /* somebody made it non-blocking; wait, but look at *stop now and then */
			struct pollfd poller = {.fd = STDOUT_FILENO, .events = POLLOUT};
			(void)poll(&poller, 1, 200); /* write() tells whether it helped */
		}
	}
	return true;
}
