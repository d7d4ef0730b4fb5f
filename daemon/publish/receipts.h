/* What a display's receipt means in the engine's time. A display confirms (epoch, highest alarm sequence it shows
 * without a gap); the engine knows neither, only when it announced what. Kept by the engine thread (daemon/perform.c);
 * pure. In daemon/publish/receipts.c. */
#ifndef DAEMON_RECEIPTS_H
#define DAEMON_RECEIPTS_H

#include <stdbool.h>
#include <stdint.h>

#include "vitals/event.h"
#include "vitals/mono.h"

#define RECEIPTS_RING 1024 /* more alarm messages than a session has */

/* Zeroed at each new epoch. */
struct receipts {
	uint64_t last;                 /* sequence of the last alarm message; 0 = none in this epoch */
	struct mono at[RECEIPTS_RING]; /* when what it announces happened, by sequence modulo the ring */
};

/* An alarm message with this sequence (one more than the last) goes out. */
void receipts_sent(struct receipts *receipts, uint64_t sequence, struct mono at);

/* Fills receipt->shown. False if the receipt is of another epoch or confirms what was never sent: it says nothing. */
bool receipts_translate(const struct receipts *receipts, uint64_t epoch, struct mono now, struct receipt *receipt);

#endif
