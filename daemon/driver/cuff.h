/* Telling a cuff determination, or that there is none: what drivers of cuffs share. Pure. Included by daemon/driver
 * only. */
#ifndef VITALS_DAEMON_DRIVER_CUFF_H
#define VITALS_DAEMON_DRIVER_CUFF_H

#include "daemon/driver/frame.h"

#define CUFF_PARAMETERS                                                                                                \
	(PARAMETER_BIT(PARAMETER_NIBP_SYS) | PARAMETER_BIT(PARAMETER_NIBP_DIA) | PARAMETER_BIT(PARAMETER_NIBP_MEAN) |  \
	 PARAMETER_BIT(PARAMETER_NIBP_PULSE))

/* One determination, in mmHg and /min; -1 = missing. */
struct cuff_result {
	int32_t sys, dia, mean, pulse;
};

/* A determination, as a frame of its own. */
void cuff_tell(const struct cuff_result *result, struct mono determined, struct sink sink);

/* A valid frame of a commanded cuff that brought no result: tells the failure that is still to be told, or only that
 * the device is there. */
void cuff_alive(struct stream *stream, struct sink sink);

/* The determination, if one is on, is over, without a result for this reason; REASON_NONE: with one. */
void cuff_end(struct dialogue *dialogue, enum reason failed);

/* What we started cannot be over yet: no cuff goes up and down so fast. */
bool cuff_too_short(const struct dialogue *dialogue, struct mono now);

#endif
