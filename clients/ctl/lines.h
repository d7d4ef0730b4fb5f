/* `watch` into a file or a pipe: one line for each change. Pure. Called by watch.c. */
#ifndef CTL_LINES_H
#define CTL_LINES_H

#include "clients/lib/text.h"
#include "clients/lib/vitals-client.h"

/* What `message` changes in `view`, which it has not been applied to yet, as lines that begin with `clock`. */
void lines_message(struct out *out, const struct view *view, const Vitals__V1__Message *message, const char *clock);

/* One line about the link itself. */
void lines_link(struct out *out, const struct view *view, enum view_link link, const char *clock);

#endif
