/* Words of a plan that several of its sections use: priorities and anchors. Called by config_plan.c and config_rule.c
 * at start. */
#include "daemon/config/plan_reading.h"

static const char *const priorities[] = {
    [PRIORITY_NONE] = "none", [PRIORITY_LOW] = "low", [PRIORITY_MEDIUM] = "medium", [PRIORITY_HIGH] = "high", NULL,
};
static const char *const anchors[] = {
    [ANCHOR_OPEN] = "open",
    [ANCHOR_START] = "start",
    [ANCHOR_END] = "end",
    NULL,
};

bool read_priority(const struct section *section, const char *key, enum need need, enum priority *priority)
{
	int choice;
	if (!key_choice(section, key, need, priorities, &choice))
		return false;
	*priority = (enum priority)choice;
	return true;
}

bool read_anchor(const struct section *section, enum anchor *anchor)
{
	int choice;
	if (!key_choice(section, "anchor", REQUIRED, anchors, &choice))
		return false;
	*anchor = (enum anchor)choice;
	return true;
}
