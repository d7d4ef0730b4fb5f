/* The bytes of an event: what a record keeps so that the engine can be stepped through it again, by another version of
 * this program and with another configuration. Nothing in them is a place in a table of this build: kinds, commands,
 * parameters, qualities, reasons, states, faults and services have codes of their own, devices go by their names, and
 * alarms by their lasting ids, limits by rule and name. docs/RECORD.md has the format; tests/vectors/events has
 * examples. Pure, any thread.
 *
 * Written into the black box and the record; read by a restart and by a replay. */
#ifndef DAEMON_RECORD_EVENT_CODE_H
#define DAEMON_RECORD_EVENT_CODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "vitals/engine.h"

#define EVENT_VERSION   1
#define EVENT_BYTES_MAX 322 /* of the largest: a take-out with all its texts */

/* An event as the engine was stepped with it, at `now`. Returns how many bytes it took; 0 if `size` is too small, or if
 * the event is none that a driver, a request or the shell may make: out of range, or of a device that is not there. */
size_t event_encode(uint8_t *bytes, size_t size, const struct event *event, struct mono now,
                    const struct engine_config *config);

/* False, with `event` zeroed, unless `bytes` are one whole event of a version that is known, everything in it is known
 * and within the ranges of event.h, and its device is one of `config`. Whether they are what was once written is the
 * caller's to check, by a checksum. */
bool event_decode(struct event *event, struct mono *now, const uint8_t *bytes, size_t size,
                  const struct engine_config *config);

/* The same event with all its times moved by `ns`: for one that was taken since another start of the computer. */
void event_shift(struct event *event, struct mono *now, int64_t ns);

#endif
