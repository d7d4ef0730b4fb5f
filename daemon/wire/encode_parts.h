/* Parts of messages: fills protobuf-c structs from engine state. Private to daemon/wire (encode.c calls, and
 * encode_parts.c, encode_session.c and encode_enum.c provide); engine thread only. The structs point into the engine,
 * the configuration and themselves: they must stay where they are until they have been packed. */
#ifndef VITALS_PUBLISH_ENCODE_PARTS_H
#define VITALS_PUBLISH_ENCODE_PARTS_H

#include "vitals.pb-c.h"
#include "vitals/refusal.h"
#include "vitals/wire.h"

struct wire_reading {
	Vitals__V1__Reading reading;
	Vitals__V1__NoValue no_value;
	Vitals__V1__LastGood last_good;
};

struct wire_alarm {
	Vitals__V1__Alarm alarm;
	char name[64];              /* what engine_condition_name needs */
	char text[TEXT_BYTES + 32]; /* what engine_condition_text needs */
};

struct wire_device {
	Vitals__V1__Device device;
	char *parameters[PARAMETER_COUNT];
};

#define WIRE_LIMITS_MAX   (PLAN_RULES_MAX * RULE_TERMS_MAX)
#define WIRE_BLOCKERS_MAX (PLAN_RULES_MAX + PLAN_ITEMS_MAX + 8) /* rules, items, and words of the engine's own */
#define WIRE_OUT_MAX      (DEVICES_MAX + PARAMETER_COUNT)

struct wire_blocker {
	Vitals__V1__Blocker blocker;
	struct refusal said;
	char text[REFUSAL_TEXT_BYTES];
	Vitals__V1__Argument arguments[REFUSAL_ARGUMENTS_MAX], *list[REFUSAL_ARGUMENTS_MAX];
};

struct wire_session {
	Vitals__V1__Session session;
	Vitals__V1__Oxygen oxygen;
	Vitals__V1__Check checks[PLAN_CHECKS_MAX];
	Vitals__V1__Check *check_list[PLAN_CHECKS_MAX];
	Vitals__V1__Item items[PLAN_ITEMS_MAX];
	Vitals__V1__Item *item_list[PLAN_ITEMS_MAX];
	char blocker_names[WIRE_BLOCKERS_MAX][NAME_BYTES];
	struct wire_blocker blockers[WIRE_BLOCKERS_MAX];
	Vitals__V1__Blocker *blocker_list[WIRE_BLOCKERS_MAX];
	Vitals__V1__Override start_override, close_override;
	Vitals__V1__DeviceGiven given[GIVEN_MAX];
	Vitals__V1__DeviceGiven *given_list[GIVEN_MAX];
	Vitals__V1__Limit limits[WIRE_LIMITS_MAX];
	Vitals__V1__Limit *limit_list[WIRE_LIMITS_MAX];
	char term_names[WIRE_LIMITS_MAX][NAME_BYTES];
	Vitals__V1__Expected expected;
	Vitals__V1__UsualRange usual[PLAN_USUAL_MAX];
	Vitals__V1__UsualRange *usual_list[PLAN_USUAL_MAX];
	Vitals__V1__Recheck recheck;
	Vitals__V1__TakenOut out[WIRE_OUT_MAX];
	Vitals__V1__TakenOut *out_list[WIRE_OUT_MAX];
	Vitals__V1__Load load[ALARMS_MAX];
	Vitals__V1__Load *load_list[ALARMS_MAX];
	char load_names[ALARMS_MAX][64]; /* what engine_condition_name needs */
};

void fill_reading(struct wire_reading *wire, const struct engine *engine, enum parameter parameter, struct mono now);
void fill_alarm(struct wire_alarm *wire, const struct engine *engine, const struct alarm *alarm, struct mono now);
void fill_device(struct wire_device *wire, const struct engine *engine, uint8_t device, struct mono now);
void fill_session(struct wire_session *wire, const struct engine *engine, struct mono now);
void fill_rules(struct wire_session *wire,
                const struct engine *engine); /* items, blockers, limits; a session is open */
void fill_blockers(struct wire_session *wire, const struct engine *engine);
void fill_taken_out(struct wire_session *wire, const struct engine *engine, struct mono now);
void fill_load(struct wire_session *wire, const struct engine *engine); /* after fill_session */
void fill_heartbeat(Vitals__V1__Heartbeat *heartbeat, const struct stream_id *id, const struct engine *engine);

Vitals__V1__Quality wire_quality(enum quality quality);
Vitals__V1__Reason wire_reason(enum reason reason);
Vitals__V1__Priority wire_priority(enum priority priority);
Vitals__V1__AlarmState wire_alarm_state(enum alarm_state state);
Vitals__V1__ConditionKind wire_condition_kind(enum condition_kind kind);
Vitals__V1__Change wire_change(enum alarm_change change);
Vitals__V1__DeviceState wire_device_state(enum device_state state);
Vitals__V1__Comparison wire_comparison(enum comparison comparison);
Vitals__V1__Watch wire_watch(enum watch watch);
Vitals__V1__Reference wire_reference(enum reference reference);

/* protobuf-c declares every string as `char *`, but only reads them while it packs. */
static inline char *wire_text(const char *text)
{
	return (char *)(uintptr_t)text;
}

#endif
