/* The id of a session: never given twice, whatever restarts and whichever way the clock is set, because the record of
 * one bedside holds many runs of the daemon. Made by the engine thread (daemon/perform.c) when a session is ordered, so
 * that the core needs neither clock nor chance. */
#ifndef DAEMON_SESSION_ID_H
#define DAEMON_SESSION_ID_H

#include <stdint.h>

#include "vitals/text.h"

/* "20261201T093015Z-3f9a27c1": UTC, so that ids sort by time as long as nobody sets the clock back, and 32 bits of
 * chance, so that they differ even then. */
void session_id_make(char id[NAME_BYTES], int64_t wall_ns);

#endif
