/* What the record says: one line for each action and for the monitor's own start, stop and configuration. Pure
 * formatting on top of line_* (include/vitals/record.h). Engine thread. In daemon/audit.c. */
#ifndef DAEMON_AUDIT_H
#define DAEMON_AUDIT_H

#include "vitals/config.h"
#include "vitals/engine.h"
#include "vitals/record.h"

struct audit_line {
	bool wanted; /* some actions are not recorded */
	enum severity severity;
	const char *kind; /* static token */
	struct line line;
};

/* The record of one action of `engine`. */
void audit_action(struct audit_line *audit, const struct engine *engine, const struct action *action);

void audit_start(struct audit_line *audit, const struct config *config, uint64_t epoch);
void audit_stop(struct audit_line *audit, const char *why);

/* Something the daemon noticed about itself: `what` is a token, `detail` a sentence. */
void audit_notice(struct audit_line *audit, enum severity severity, const char *what, const char *detail);

#endif
