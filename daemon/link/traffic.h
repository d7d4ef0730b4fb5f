/* Recording of raw traffic: a ring for each recorded link, and one thread that writes them all to files. A link thread
 * only copies bytes into its ring: it takes no lock and makes no system call here, so neither disk nor writer can delay
 * a poll. What does not fit is counted and noted in the file. */
#ifndef VITALS_DAEMON_TRAFFIC_H
#define VITALS_DAEMON_TRAFFIC_H

#include "vitals/config.h"
#include "vitals/traffic.h"

#define TRAFFIC_FILE_BYTES_MAX (INT64_C(64) * 1024 * 1024)

struct traffic;
struct traffic_ring;

/* Called by the writer's thread when something about a recording has to be told; must not block. */
typedef void (*traffic_tell_fn)(void *context, uint8_t link, const char *what, const char *detail);

/* Starts the thread. NULL with errno 0 if no link is recorded, with another errno if it cannot be done. `limit` is the
 * greatest size of a file. */
struct traffic *traffic_start(const struct config *config, int64_t limit, traffic_tell_fn tell, void *context);

/* Where the link's thread puts its traffic; NULL if it is not recorded. */
struct traffic_ring *traffic_ring_of(struct traffic *traffic, uint8_t link);

/* The link's thread alone. `ring` may be NULL. Longer chunks than TRAFFIC_BYTES are cut into several. */
void traffic_add(struct traffic_ring *ring, enum traffic_kind kind, const uint8_t *bytes, size_t count,
                 struct mono now);

/* Writes what is left, at most until `until`, and frees. False if the thread did not end: it is left alone. The link
 * threads have ended before. NULL is true. */
bool traffic_stop(struct traffic *traffic, struct mono until);

#endif
