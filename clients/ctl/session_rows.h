/* What a session says beside its clocks, as rows of words: blockers, items, devices given, prediction, what does not
 * alarm. Pure; used by screen.c and lines.c. */
#ifndef CTL_SESSION_ROWS_H
#define CTL_SESSION_ROWS_H

#include "clients/lib/vitals-client.h"

#define SESSION_ROWS_MAX 24

struct session_row {
	const char *style; /* of row.h */
	char text[256];
};

/* The most important first. `passed_ns` is the time since the session was received. Returns how many there are. */
size_t session_rows(const struct view_session *session, int64_t passed_ns, struct session_row rows[SESSION_ROWS_MAX]);

/* The limits of a parameter as they are in force, "<93 <90 >=+40*": as many whole ones as fit in `columns`, and ".." if
 * there are more; a plus stands before a rise from the baseline, a star after what was changed for this patient. Those
 * that only leave a note are left out. */
void session_limits(struct out *out, const struct view_session *session, const char *parameter, size_t columns);

#endif
