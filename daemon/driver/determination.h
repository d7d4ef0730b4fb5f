/* Which looks at a register map's sequence register show a new determination: struct register_state of vitals/driver.h.
 * Pure; called by register_map.c alone. */
#ifndef VITALS_DRIVER_DETERMINATION_H
#define VITALS_DRIVER_DETERMINATION_H

#include "vitals/driver.h"

/* Takes a look at `at`: what the register says, and the intermittent values that were read with it. Sets state->news
 * and what belongs to it. */
void determination_look(struct register_state *state, uint16_t sequence, const struct determination *values,
                        struct mono at);

#endif
