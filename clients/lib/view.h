/* How a view takes what came; the rest of it is public. Called by client.c; one thread for each view. Pure. */
#ifndef CLIENT_VIEW_H
#define CLIENT_VIEW_H

#include "clients/lib/message.h"

/* Takes one published message. False if it is none of ours: wrong topic, other bedside, or seen before. */
bool view_apply(struct view *view, const char *topic, const Vitals__V1__Message *message, int64_t now_ns);

/* Replaces all that was known, as a published snapshot does (the answer to `status`). */
void view_apply_snapshot(struct view *view, const Vitals__V1__Snapshot *snapshot, int64_t now_ns);

/* Which part of the view a message is about. */
enum view_topic view_topic_of(const Vitals__V1__Message *message);

#endif
