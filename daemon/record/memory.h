/* What the record remembers of the last run, read back at the start. Main thread, before the recorder has one. In
 * daemon/record/memory.c; what callers see is in include/vitals/record.h. */
#ifndef DAEMON_RECORD_MEMORY_H
#define DAEMON_RECORD_MEMORY_H

#include "daemon/record/last_row.h"
#include "daemon/record/store.h"
#include "vitals/record.h"

/* `store` is open, or not (then nothing is known); `last` is what stood beside it, seq 0 if nothing did. */
void memory_read(struct store *store, const struct last_row *last, struct record_memory *memory);

bool memory_events(struct store *store, const struct record_memory *memory, const struct record_now *now,
                   record_event_fn give, void *context, bool *other_boot);

bool memory_engine(struct store *store, const struct record_memory *memory, const char *config_hash_hex,
                   struct engine *engine);

#endif
