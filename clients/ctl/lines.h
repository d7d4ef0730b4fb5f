/* `watch` into a file or a pipe: one line for each change. Pure. Called by watch.c. */
#ifndef CTL_LINES_H
#define CTL_LINES_H

#include "clients/lib/vitals-client.h"

/* What a message changed in the view of a bedside, as lines that begin with `clock`. */
void lines_change(struct out *out, const struct view *before, const struct view *after, const struct client_news *news,
                  const char *clock);

/* One line about the link itself. */
void lines_link(struct out *out, const struct view *view, enum view_link link, const char *clock);

#endif
