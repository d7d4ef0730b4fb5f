/* Who may read the record besides the monitor: the group of auditors. In daemon/record/share.c; recorder thread. */
#ifndef DAEMON_RECORD_SHARE_H
#define DAEMON_RECORD_SHARE_H

#include <stdbool.h>

/* Gives the record and the files that SQLite keeps beside it to `group` of this computer, to read. The monitor must be
 * a member. NULL, or a sentence that says why not. */
const char *share_record(const char *record_path, const char *group);

#endif
