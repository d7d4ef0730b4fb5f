/* What an alarm is called outside the engine. A slot is a place in this build's table and moves with every parameter or
 * rule that is added; the id is worked out of the condition's name, so that a display, a recorded acknowledgement and
 * another version mean the same alarm. Also what displays compare. Pure questions; called within engine_step, by the
 * encoder, the record and the configuration's check. */
#include "core.h"

static bool exists(const struct engine_config *config, const struct alarm *alarm)
{
	switch (alarm->kind) {
	case CONDITION_RULE:
		return alarm->index < config->plan.rule_count;
	case CONDITION_CHECK_LATE:
		return alarm->index < config->plan.check_count;
	case CONDITION_DEVICE:
	case CONDITION_CUFF_FAILED:
	case CONDITION_FLAPPING:
		return alarm->index < config->device_count;
	case CONDITION_TAKEN_OUT:
		return alarm->index < config->device_count || alarm->index >= DEVICES_MAX;
	case CONDITION_MISSING:
	case CONDITION_SERVICE:
	case CONDITION_CLOCK:
	case CONDITION_TEST:
	case CONDITION_HELP:
	case CONDITION_AWAY:
		return true;
	case CONDITION_KIND_COUNT:
		break;
	}
	return false;
}

/* 32-bit FNV-1a: draft-eastlake-fnv. 0 means "every alarm" in an order, so no alarm is called that. */
static uint32_t hash_name(const char *name)
{
	uint32_t hash = UINT32_C(0x811c9dc5);

	for (; *name != '\0'; name++) {
		hash ^= (unsigned char)*name;
		hash *= UINT32_C(0x01000193);
	}
	return hash == 0 ? 1 : hash;
}

uint32_t engine_alarm_id(const struct engine *engine, uint16_t slot)
{
	char name[64];

	if (slot >= ALARMS_MAX || !exists(engine->config, &engine->alarms[slot]))
		return 0;
	engine_condition_name(engine, &engine->alarms[slot], name, sizeof(name));
	return hash_name(name);
}

bool engine_alarm_ids_clash(const struct engine *engine, uint16_t *one, uint16_t *other)
{
	for (*one = 0; *one < ALARMS_MAX; (*one)++) {
		uint32_t id = engine_alarm_id(engine, *one);

		for (*other = (uint16_t)(*one + 1); id != 0 && *other < ALARMS_MAX; (*other)++)
			if (engine_alarm_id(engine, *other) == id)
				return true;
	}
	return false;
}

static uint64_t hash_u32(uint64_t hash, uint32_t value)
{
	for (int shift = 24; shift >= 0; shift -= 8) {
		hash ^= (value >> shift) & 0xff;
		hash *= UINT64_C(0x100000001b3);
	}
	return hash;
}

uint64_t engine_alarm_digest(const struct engine *engine, uint16_t *count)
{
	uint64_t hash = UINT64_C(0xcbf29ce484222325);
	uint32_t ids[ALARMS_MAX];
	uint16_t left = 0;

	for (uint16_t slot = 0; slot < ALARMS_MAX; slot++) {
		ids[slot] = alarm_announced(engine->alarms[slot].state) ? engine_alarm_id(engine, slot) : 0;
		left = (uint16_t)(left + (ids[slot] != 0));
	}
	for (*count = left; left > 0; left--) {
		uint16_t next = 0;

		for (uint16_t slot = 1; slot < ALARMS_MAX; slot++)
			if (ids[slot] != 0 && (ids[next] == 0 || ids[slot] < ids[next]))
				next = slot;
		hash = hash_u32(hash, ids[next]);
		hash = hash_u32(hash, engine->alarms[next].generation);
		ids[next] = 0;
	}
	return hash;
}

enum priority engine_highest_priority(const struct engine *engine)
{
	enum priority highest = PRIORITY_NONE;

	for (uint16_t id = 0; id < ALARMS_MAX; id++)
		if (alarm_announced(engine->alarms[id].state) && engine->alarms[id].priority > highest)
			highest = engine->alarms[id].priority;
	return highest;
}
