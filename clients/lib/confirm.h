/* Receipts: tells the monitor every second what this display shows, so that the monitor can alarm when it does not.
 * Over the control socket, without ever waiting: a view that waits does not show. Called by client.c; the thread of the
 * handle. */
#ifndef CLIENT_CONFIRM_H
#define CLIENT_CONFIRM_H

#include "clients/lib/ask.h"

struct confirm {
	char path[ASK_PATH_BYTES];
	char display[VIEW_NAME]; /* "": this view confirms nothing */
	int fd;                  /* -1: not connected */
	bool waiting;            /* for the answer to the last receipt */
	int64_t asked_ns, next_ns;
	char problem[VIEW_TEXT]; /* why the last one was not taken; "" if it was */
	struct arena arena;
};

/* Call often: takes what the monitor answered, and sends the next receipt when it is time and the view is whole. */
void confirm_turn(struct confirm *confirm, const struct view *view, int64_t now_ns);

void confirm_end(struct confirm *confirm);

#endif
