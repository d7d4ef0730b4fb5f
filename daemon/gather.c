/* When gathered readings are sent; see gather.h. */
#include "daemon/gather.h"

void gather_add(struct gather *gather, parameter_set readings)
{
	gather->waiting |= readings;
	for (int p = 0; p < PARAMETER_COUNT; p++)
		if ((readings & PARAMETER_BIT(p)) != 0 && parameter_table[p].cadence != CADENCE_CONTINUOUS)
			gather->urgent = true;
}

void gather_hurry(struct gather *gather)
{
	gather->urgent = true;
}

struct mono gather_due(const struct gather *gather)
{
	return gather->waiting == 0 ? MONO_NEVER : mono_after(gather->at, gather->sent ? GATHER_NS : 0);
}

parameter_set gather_take(struct gather *gather, struct mono now)
{
	parameter_set readings = gather->waiting;
	bool wait = gather->sent && !gather->urgent && mono_before(now, mono_after(gather->at, GATHER_NS));

	if (readings == 0 || wait) {
		gather->urgent = gather->urgent && readings != 0;
		return 0;
	}
	*gather = (struct gather){.sent = true, .at = now};
	return readings;
}
