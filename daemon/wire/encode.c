/* The encoder: engine state -> bytes of proto/vitals.proto. Called by the loop on the engine thread. Pure but for
 * protobuf-c, which packs into the caller's buffer; no heap, no clock. The parts are in encode_parts.c and
 * encode_session.c. A size that does not fit is our own bug (MESSAGE_BYTES is chosen for the largest snapshot, and
 * tests/unit/test_encode.c proves it), hence the assert. */
#include <assert.h>

#include "daemon/wire/encode_parts.h"

/* A snapshot's parts together: about 130 KiB, on the stack of whoever encodes one. */
struct wire_snapshot {
	Vitals__V1__Snapshot snapshot;
	Vitals__V1__Heartbeat heartbeat;
	struct wire_session session;
	struct wire_device devices[DEVICES_MAX];
	Vitals__V1__Device *device_list[DEVICES_MAX];
	struct wire_reading readings[PARAMETER_COUNT];
	Vitals__V1__Reading *reading_list[PARAMETER_COUNT];
	struct wire_alarm alarms[ALARMS_MAX];
	Vitals__V1__Alarm *alarm_list[ALARMS_MAX];
};

/* Starts the envelope and takes the next sequence number of the topic. */
static void open_envelope(Vitals__V1__Message *wire, enum topic topic, struct stream_id *id,
                          const struct engine *engine, struct stamp stamp)
{
	vitals__v1__message__init(wire);
	wire->version = 1;
	wire->bedside = wire_text(engine->config->bedside);
	wire->epoch = id->epoch;
	wire->sequence = ++id->sequence[topic];
	wire->sent_unix_ns = stamp.wall_ns;
	wire->sent_mono_ns = stamp.now.ns;
	wire->demo = engine->config->plan.demo;
}

static void pack(struct message *message, enum topic topic, const Vitals__V1__Message *wire)
{
	assert(protobuf_c_message_get_packed_size(&wire->base) <= sizeof message->bytes);
	message->topic = topic;
	message->size = protobuf_c_message_pack(&wire->base, message->bytes);
}

void encode_alarm(struct message *message, struct stream_id *id, const struct engine *engine, enum alarm_change change,
                  const struct alarm *alarm, struct stamp stamp)
{
	Vitals__V1__Message wire;
	Vitals__V1__AlarmChange body;
	struct wire_alarm part;

	open_envelope(&wire, TOPIC_ALARM, id, engine, stamp);
	vitals__v1__alarm_change__init(&body);
	fill_alarm(&part, engine, alarm, stamp.now);
	body.change = wire_change(change);
	body.alarm = &part.alarm;
	wire.body_case = VITALS__V1__MESSAGE__BODY_ALARM;
	wire.alarm = &body;
	pack(message, TOPIC_ALARM, &wire);
}

void encode_readings(struct message *message, struct stream_id *id, const struct engine *engine,
                     parameter_set parameters, struct stamp stamp)
{
	Vitals__V1__Message wire;
	Vitals__V1__Readings body;
	struct wire_reading parts[PARAMETER_COUNT];
	Vitals__V1__Reading *list[PARAMETER_COUNT];

	open_envelope(&wire, TOPIC_READINGS, id, engine, stamp);
	vitals__v1__readings__init(&body);
	body.reading = list;
	for (int p = 0; p < PARAMETER_COUNT; p++) {
		if (!(parameters & PARAMETER_BIT(p)))
			continue;
		fill_reading(&parts[p], engine, (enum parameter)p, stamp.now);
		list[body.n_reading++] = &parts[p].reading;
	}
	wire.body_case = VITALS__V1__MESSAGE__BODY_READINGS;
	wire.readings = &body;
	pack(message, TOPIC_READINGS, &wire);
}

void encode_device(struct message *message, struct stream_id *id, const struct engine *engine, uint8_t device,
                   struct stamp stamp)
{
	Vitals__V1__Message wire;
	struct wire_device part;

	open_envelope(&wire, TOPIC_DEVICE, id, engine, stamp);
	fill_device(&part, engine, device, stamp.now);
	wire.body_case = VITALS__V1__MESSAGE__BODY_DEVICE;
	wire.device = &part.device;
	pack(message, TOPIC_DEVICE, &wire);
}

void encode_session(struct message *message, struct stream_id *id, const struct engine *engine,
                    enum session_change change, const char *actor, struct stamp stamp)
{
	Vitals__V1__Message wire;
	Vitals__V1__SessionChange body;
	struct wire_session part;

	open_envelope(&wire, TOPIC_SESSION, id, engine, stamp);
	vitals__v1__session_change__init(&body);
	fill_session(&part, engine, stamp.now);
	if (change == SESSION_CLOSED)
		fill_load(&part, engine);
	body.change = wire_text(session_change_name(change));
	body.actor = wire_text(actor);
	body.session = &part.session;
	wire.body_case = VITALS__V1__MESSAGE__BODY_SESSION;
	wire.session = &body;
	pack(message, TOPIC_SESSION, &wire);
}

/* Shown: what a device here provides, what follows from it, and scores once somebody entered one. */
static bool reading_shown(const struct engine *engine, int parameter)
{
	const struct engine_parameter *state = &engine->parameters[parameter];

	return parameter_table[parameter].cadence == CADENCE_ENTERED
	           ? state->received
	           : engine_provided(engine, (enum parameter)parameter);
}

static void fill_snapshot(struct wire_snapshot *wire, const struct stream_id *id, const struct engine *engine,
                          struct mono now)
{
	Vitals__V1__Snapshot *s = &wire->snapshot;

	vitals__v1__snapshot__init(s);
	fill_session(&wire->session, engine, now);
	s->session = &wire->session.session;
	s->device = wire->device_list;
	for (uint8_t i = 0; i < engine->config->device_count; i++) {
		fill_device(&wire->devices[i], engine, i, now);
		wire->device_list[s->n_device++] = &wire->devices[i].device;
	}
	s->reading = wire->reading_list;
	for (int p = 0; p < PARAMETER_COUNT; p++) {
		if (!reading_shown(engine, p))
			continue;
		fill_reading(&wire->readings[p], engine, (enum parameter)p, now);
		wire->reading_list[s->n_reading++] = &wire->readings[p].reading;
	}
	s->alarm = wire->alarm_list;
	for (int i = 0; i < ALARMS_MAX; i++) {
		if (!alarm_announced(engine->alarms[i].state))
			continue;
		fill_alarm(&wire->alarms[i], engine, &engine->alarms[i], now);
		wire->alarm_list[s->n_alarm++] = &wire->alarms[i].alarm;
	}
	fill_heartbeat(&wire->heartbeat, id, engine);
	s->heartbeat = &wire->heartbeat;
	s->config_hash = wire_text(id->config_hash_hex);
	s->plan_hash = wire_text(id->plan_hash_hex);
}

void encode_snapshot(struct message *message, struct stream_id *id, const struct engine *engine, struct stamp stamp)
{
	Vitals__V1__Message wire;
	struct wire_snapshot part;

	open_envelope(&wire, TOPIC_SNAPSHOT, id, engine, stamp);
	fill_snapshot(&part, id, engine, stamp.now);
	wire.body_case = VITALS__V1__MESSAGE__BODY_SNAPSHOT;
	wire.snapshot = &part.snapshot;
	pack(message, TOPIC_SNAPSHOT, &wire);
}

void encode_heartbeat(struct message *message, struct stream_id *id, const struct engine *engine, struct stamp stamp)
{
	Vitals__V1__Message wire;
	Vitals__V1__Heartbeat body;

	open_envelope(&wire, TOPIC_HEARTBEAT, id, engine, stamp);
	fill_heartbeat(&body, id, engine);
	wire.body_case = VITALS__V1__MESSAGE__BODY_HEARTBEAT;
	wire.heartbeat = &body;
	pack(message, TOPIC_HEARTBEAT, &wire);
}

size_t encode_state(uint8_t *bytes, size_t size, const struct stream_id *id, const struct engine *engine,
                    struct stamp stamp)
{
	struct wire_snapshot part;

	fill_snapshot(&part, id, engine, stamp.now);
	fill_load(&part.session, engine);
	assert(protobuf_c_message_get_packed_size(&part.snapshot.base) <= size);
	return protobuf_c_message_pack(&part.snapshot.base, bytes);
}
