/* What must be true of alarms that ask for a pressure (`measure_now`), after every step. Called by oracle.c. */
#include "tests/simulation/simulation.h"

static bool there(const struct room *room, int rule)
{
	const struct alarm *alarm = &room->engine.alarms[rule];

	return alarm->state == ALARM_ACTIVE || alarm->state == ALARM_ACKNOWLEDGED || alarm->kept_back;
}

/* Can the monitor start the cuff, now and as soon as it has rested? A person who stopped it wants none. */
static bool cuff_ready(const struct room *room)
{
	const struct oracle *o = &room->oracle;
	bool stopped = room->event.kind == EVENT_COMMAND && room->event.u.command.command == COMMAND_CUFF_STOP;

	return o->open && o->state[CUFF] == DEVICE_UP && world_fine(room, CUFF) && o->out_until[CUFF] <= room->now &&
	       room->config.devices[CUFF].cuff_command && !stopped;
}

static bool takes_its_own_value(const struct room *room, const struct plan_rule *p)
{
	for (int t = 0; t < p->term_count; t++)
		if (p->terms[t].parameter == PARAMETER_SPO2 && room->config.devices[OXIMETER].same_limb)
			return true;
	return false;
}

static bool cuff_starts(const struct room *room)
{
	for (uint16_t i = 0; i < room->actions.count; i++)
		if (room->actions.list[i].kind == ACTION_CUFF && room->actions.list[i].u.cuff.start)
			return true;
	return (room->oracle.fresh & PARAMETER_BIT(PARAMETER_NIBP_SYS)) != 0 && room->oracle.failures == 0;
}

/* The same for a device that says that there is no pulse. On the cuff's limb an inflation may explain it. */
static void heed_vital_sign(struct room *room)
{
	const struct plan_vital_sign *vital = &room->config.plan.no_vital_sign;
	struct oracle *o = &room->oracle;
	bool now = false;

	for (int p = 0; p < PARAMETER_COUNT; p++) {
		int device = world_device_of(room, (enum parameter)p);

		now = now || (o->open && vital->measure_now && device >= 0 && !room->config.devices[device].same_limb &&
		              !world_out(room, (enum parameter)p) && world_dead(room, (enum parameter)p) &&
		              room->now >= o->sent[p].dead + vital->after_ns);
	}
	if (now && !o->was_dead && room->now >= o->vital_until) {
		o->vital_until = room->now + room->config.plan.measure_again_ns;
		if (o->measure_from == NEVER)
			o->measure_from = room->now;
	}
	o->was_dead = now;
}

/* The onset of a `measure_now` alarm brings a pressure: the cuff starts when the one under way has ended or was given
 * up, and has rested. */
const char *oracle_measured(struct room *room)
{
	struct oracle *o = &room->oracle;
	int64_t rest = room->config.plan.cuff_rest_ns;

	for (int i = 0; i < room->config.plan.rule_count; i++) {
		const struct plan_rule *p = &room->config.plan.rules[i];
		bool now = p->measure_now && there(room, i);

		if (now && !o->was_there[i] && room->now >= o->measured_until[i]) {
			o->measured_until[i] = room->now + room->config.plan.measure_again_ns;
			if (o->measure_from == NEVER && !takes_its_own_value(room, p))
				o->measure_from = room->now;
		}
		o->was_there[i] = now;
	}
	heed_vital_sign(room);
	if (!cuff_ready(room) || cuff_starts(room))
		o->measure_from = NEVER;
	if (o->measure_from == NEVER || room->now <= o->measure_from + (rest > 60 * NS_PER_S ? rest : 60 * NS_PER_S))
		return NULL;
	return "an alarm asked for the cuff and it was not started";
}
