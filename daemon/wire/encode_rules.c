/* What the plan's rules make of the session, as protobuf-c structs: items to tick, limits in force, what
 * is taken out of alarming, the alarm load. Called by encode.c and encode_session.c on the engine thread; pure. */
#include "daemon/wire/encode_parts.h"

static void fill_items(struct wire_session *wire, const struct engine *engine)
{
	const struct plan *plan = &engine->config->plan;

	wire->session.item = wire->item_list;
	for (uint8_t i = 0; i < plan->item_count; i++) {
		vitals__v1__item__init(&wire->items[i]);
		wire->items[i].name = wire_text(plan->items[i].name);
		wire->items[i].text = wire_text(plan->items[i].text);
		wire->items[i].before_start = plan->items[i].when == ITEM_START;
		wire->items[i].ticked = (engine->session.items >> i & 1) != 0;
		wire->item_list[wire->session.n_item++] = &wire->items[i];
	}
}

static void fill_limit(Vitals__V1__Limit *wire, char name[NAME_BYTES], const struct engine *engine, uint8_t rule,
                       uint8_t term)
{
	const struct plan_rule *r = &engine->config->plan.rules[rule];

	vitals__v1__limit__init(wire);
	wire->rule = wire_text(r->name);
	engine_term_name(&r->terms[term], name);
	wire->term = name;
	wire->parameter = wire_text(parameter_table[r->terms[term].parameter].name);
	wire->comparison = wire_comparison(r->terms[term].comparison);
	wire->reference = wire_reference(r->terms[term].reference);
	wire->limit_milli = engine_limit(engine, rule, term);
	wire->priority = wire_priority(r->priority);
	wire->changed = engine->session.limit_changed[rule][term];
}

static void fill_limits(struct wire_session *wire, const struct engine *engine)
{
	const struct plan *plan = &engine->config->plan;
	size_t count = 0;

	wire->session.limit = wire->limit_list;
	for (uint8_t rule = 0; rule < plan->rule_count; rule++) {
		const struct plan_rule *r = &plan->rules[rule];
		if (r->kind != RULE_ALARM || (r->phases >> engine->session.phase & 1) == 0)
			continue;
		for (uint8_t term = 0; term < r->term_count; term++, count++) {
			fill_limit(&wire->limits[count], wire->term_names[count], engine, rule, term);
			wire->limit_list[count] = &wire->limits[count];
		}
	}
	wire->session.n_limit = count;
}

void fill_rules(struct wire_session *wire, const struct engine *engine)
{
	fill_items(wire, engine);
	fill_blockers(wire, engine);
	fill_limits(wire, engine);
}

void fill_taken_out(struct wire_session *wire, const struct engine *engine, struct mono now)
{
	size_t count = 0;

	wire->session.taken_out = wire->out_list;
	for (int i = 0; i < WIRE_OUT_MAX; i++) {
		const struct taken_out *out = &engine->taken_out[i];
		Vitals__V1__TakenOut *to = &wire->out[count];
		if (!mono_ahead(out->until, now))
			continue;
		vitals__v1__taken_out__init(to);
		if (i < DEVICES_MAX) {
			to->what_case = VITALS__V1__TAKEN_OUT__WHAT_DEVICE;
			to->device = wire_text(engine->config->devices[i].name);
		} else {
			to->what_case = VITALS__V1__TAKEN_OUT__WHAT_PARAMETER;
			to->parameter = wire_text(parameter_table[i - DEVICES_MAX].name);
		}
		to->left_ns = mono_since(out->until, now);
		to->by = wire_text(out->by);
		to->reason = wire_text(out->reason);
		wire->out_list[count++] = to;
	}
	wire->session.n_taken_out = count;
}

void fill_load(struct wire_session *wire, const struct engine *engine)
{
	size_t count = 0;

	wire->session.load = wire->load_list;
	for (int i = 0; i < ALARMS_MAX; i++) {
		const struct alarm_load *load = &engine->session.load[i];
		const struct alarm *alarm = &engine->alarms[i];
		if (load->raised == 0)
			continue;
		Vitals__V1__Load *row = &wire->load[count];
		vitals__v1__load__init(row);
		engine_condition_name(engine, alarm, wire->load_names[count], sizeof wire->load_names[0]);
		row->condition = wire->load_names[count];
		row->priority = wire_priority(
		    alarm->kind == CONDITION_RULE ? engine->config->plan.rules[alarm->index].priority : PRIORITY_NONE);
		row->raised = load->raised;
		row->nuisance = load->nuisance;
		row->acknowledged = load->acknowledged;
		row->acknowledge_ns_total = load->acknowledge_ns_total;
		wire->load_list[count++] = row;
	}
	wire->session.n_load = count;
}
