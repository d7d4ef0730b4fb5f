/* What is so before a session begins, told as events: who steps an engine that is new through them, and then through
 * the session's own, comes to the same judgements of the session, in another build too. Pure. Used by the recorder
 * (written when a session is opened) and by whoever reads it back. In daemon/record/prefix.c. */
#ifndef DAEMON_RECORD_PREFIX_H
#define DAEMON_RECORD_PREFIX_H

#include <stddef.h>
#include <stdint.h>

#include "vitals/engine.h"

#define PREFIX_BYTES 16384 /* a state and a battery for each device, a frame for each measured parameter */

/* States of devices, then the newest value of each measured parameter, in the order of their times. Returns the number
 * of bytes. */
size_t prefix_of(const struct engine *engine, uint8_t bytes[PREFIX_BYTES]);

#endif
