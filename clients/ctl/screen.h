/* What a view looks like on a terminal: one frame of text. Pure. Used by watch.c for the live view and by main.c for
 * `status` and `alarm list`. */
#ifndef CTL_SCREEN_H
#define CTL_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clients/lib/vitals-client.h"

#define SCREEN_BYTES (256 * 1024)

struct screen {
	size_t rows, columns;
	bool colour;
	bool live;            /* a frame of `watch`: judge the link, flash, fill the window; else everything, once */
	const char *clock;    /* local time, "14:03:22" */
	const char *confirms; /* the display's name if this view sends receipts, else NULL */
	const char *not_confirmed; /* why the monitor did not take the last one; "" if it did */
};

/* One frame. When live it begins at the upper left corner and clears what an earlier frame left. */
void screen_frame(struct out *out, const struct view *view, const struct screen *screen, int64_t now_ns);

/* The announced alarms alone, one row each; a sentence if there are none. */
void screen_alarms(struct out *out, const struct view *view, const struct screen *screen, int64_t now_ns);

#endif
