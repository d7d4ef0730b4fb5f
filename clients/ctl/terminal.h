/* The terminal while `watch` draws on it: alternate screen, no echo, given back as it was. Called by watch.c. */
#ifndef CTL_TERMINAL_H
#define CTL_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <termios.h>

struct terminal {
	bool keys; /* standard input is a terminal and its keys are ours */
	struct termios before;
};

void terminal_enter(struct terminal *terminal);
void terminal_leave(const struct terminal *terminal);

/* Size of the window, 80x24 if it is not known. */
void terminal_size(size_t *rows, size_t *columns);

/* Writes everything to standard output. False if that is not possible, or if *stop was set by a signal meanwhile. */
bool terminal_write(const char *bytes, size_t count, const volatile int *stop);

#endif
