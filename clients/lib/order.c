/* Orders -> requests; see order.h. */
#include "clients/lib/order.h"

/* protobuf-c declares every string as `char *`, but only reads them while it packs. */
static char *text(const char *from)
{
	return from == NULL ? (char *)(uintptr_t) "" : (char *)(uintptr_t)from;
}

/* NULL if nobody overrides. */
static Vitals__V1__Override *overridden(struct order_parts *parts, const struct client_override *from)
{
	if (from->name == NULL)
		return NULL;
	vitals__v1__override__init(&parts->override);
	parts->override.name = text(from->name);
	parts->override.reason = text(from->reason);
	return &parts->override;
}

/* The oneof of the request has the same shape for each of them. */
static void simple(struct order_parts *parts)
{
	vitals__v1__empty__init(&parts->empty);
	parts->request.status = &parts->empty;
}

/* Start, resume, close and device given have the same shape too. */
static void proceed(struct order_parts *parts, const struct client_order *order)
{
	vitals__v1__proceed__init(&parts->proceed);
	parts->proceed.override = overridden(parts, &order->proceed);
	parts->request.session_start = &parts->proceed;
}

static void session_open(struct order_parts *parts, const struct client_order *order)
{
	Vitals__V1__SessionOpen *open = &parts->open;

	vitals__v1__session_open__init(open);
	open->patient_ref = text(order->open.patient_ref);
	open->weight_g = order->open.weight_g;
	open->dose_ug = order->open.dose_ug;
	open->duration_s = order->open.duration_s;
	open->ug_per_ml = order->open.ug_per_ml;
	open->series = order->open.series;
	open->age_years = order->open.age_years;
	open->second_person = text(order->open.second_person);
	parts->request.session_open = open;
}

static void item(struct order_parts *parts, const struct client_order *order)
{
	vitals__v1__item_tick__init(&parts->item);
	parts->item.name = text(order->item.name);
	parts->item.ticked = order->item.ticked;
	parts->request.item = &parts->item;
}

static void limit(struct order_parts *parts, const struct client_order *order)
{
	vitals__v1__limit_order__init(&parts->limit);
	parts->limit.rule = text(order->limit.rule);
	parts->limit.term = text(order->limit.term);
	parts->limit.limit_milli = order->limit.limit_milli;
	parts->limit.second_person = text(order->limit.second_person);
	parts->limit.reason = text(order->limit.reason);
	parts->request.limit = &parts->limit;
}

static void take_out(struct order_parts *parts, const struct client_order *order)
{
	vitals__v1__take_out__init(&parts->take_out);
	if (order->take_out.device) {
		parts->take_out.what_case = VITALS__V1__TAKE_OUT__WHAT_DEVICE;
		parts->take_out.device = text(order->take_out.name);
	} else {
		parts->take_out.what_case = VITALS__V1__TAKE_OUT__WHAT_PARAMETER;
		parts->take_out.parameter = text(order->take_out.name);
	}
	parts->take_out.duration_s = order->take_out.duration_s;
	parts->take_out.reason = text(order->take_out.reason);
	parts->take_out.override = overridden(parts, &order->take_out.override);
	parts->request.take_out = &parts->take_out;
}

static void acknowledge(struct order_parts *parts, const struct client_order *order)
{
	vitals__v1__alarm_acknowledge__init(&parts->acknowledge);
	if (order->acknowledge.shown_count > 0) {
		parts->acknowledge.n_shown = order->acknowledge.shown_count;
		parts->acknowledge.shown = parts->list;
		parts->acknowledge.settled_ns = order->acknowledge.settled_ns;
		for (size_t i = 0; i < order->acknowledge.shown_count; i++) {
			vitals__v1__shown_alarm__init(&parts->shown[i]);
			parts->shown[i].id = order->acknowledge.shown[i].id;
			parts->shown[i].generation = order->acknowledge.shown[i].generation;
			parts->list[i] = &parts->shown[i];
		}
	} else if (order->acknowledge.all) {
		parts->acknowledge.which_case = VITALS__V1__ALARM_ACKNOWLEDGE__WHICH_ALL;
		parts->acknowledge.all = 1;
	} else {
		parts->acknowledge.which_case = VITALS__V1__ALARM_ACKNOWLEDGE__WHICH_ID;
		parts->acknowledge.id = order->acknowledge.id;
	}
	parts->request.alarm_acknowledge = &parts->acknowledge;
}

static void observe(struct order_parts *parts, const struct client_order *order)
{
	vitals__v1__observe__init(&parts->observe);
	if (order->observe.parameter != NULL) {
		parts->observe.parameter = text(order->observe.parameter);
		parts->observe.score_case = VITALS__V1__OBSERVE__SCORE_MILLI;
		parts->observe.milli = order->observe.milli;
	}
	parts->observe.note = text(order->observe.note);
	parts->request.observe = &parts->observe;
}

static const Vitals__V1__Request__CommandCase cases[] = {
    [CLIENT_SESSION_OPEN] = VITALS__V1__REQUEST__COMMAND_SESSION_OPEN,
    [CLIENT_SESSION_START] = VITALS__V1__REQUEST__COMMAND_SESSION_START,
    [CLIENT_SESSION_PAUSE] = VITALS__V1__REQUEST__COMMAND_SESSION_PAUSE,
    [CLIENT_SESSION_RESUME] = VITALS__V1__REQUEST__COMMAND_SESSION_RESUME,
    [CLIENT_SESSION_STOP] = VITALS__V1__REQUEST__COMMAND_SESSION_STOP,
    [CLIENT_SESSION_CLOSE] = VITALS__V1__REQUEST__COMMAND_SESSION_CLOSE,
    [CLIENT_DEVICE_GIVEN] = VITALS__V1__REQUEST__COMMAND_DEVICE_GIVEN,
    [CLIENT_ITEM] = VITALS__V1__REQUEST__COMMAND_ITEM,
    [CLIENT_LIMIT] = VITALS__V1__REQUEST__COMMAND_LIMIT,
    [CLIENT_TAKE_OUT] = VITALS__V1__REQUEST__COMMAND_TAKE_OUT,
    [CLIENT_ACKNOWLEDGE] = VITALS__V1__REQUEST__COMMAND_ALARM_ACKNOWLEDGE,
    [CLIENT_AUDIO_PAUSE] = VITALS__V1__REQUEST__COMMAND_AUDIO_PAUSE,
    [CLIENT_OBSERVE] = VITALS__V1__REQUEST__COMMAND_OBSERVE,
    [CLIENT_CUFF_START] = VITALS__V1__REQUEST__COMMAND_CUFF_START,
    [CLIENT_CUFF_STOP] = VITALS__V1__REQUEST__COMMAND_CUFF_STOP,
    [CLIENT_TEST_ALARM] = VITALS__V1__REQUEST__COMMAND_TEST_ALARM,
    [CLIENT_OXYGEN] = VITALS__V1__REQUEST__COMMAND_OXYGEN,
    [CLIENT_CALL_HELP] = VITALS__V1__REQUEST__COMMAND_CALL_HELP,
};

void order_status(struct order_parts *parts)
{
	vitals__v1__request__init(&parts->request);
	parts->request.command_case = VITALS__V1__REQUEST__COMMAND_STATUS;
	simple(parts);
}

void order_request(struct order_parts *parts, const struct client_order *order)
{
	vitals__v1__request__init(&parts->request);
	parts->request.command_case = cases[order->command];
	switch (order->command) {
	case CLIENT_SESSION_OPEN:
		session_open(parts, order);
		break;
	case CLIENT_SESSION_START:
	case CLIENT_SESSION_RESUME:
	case CLIENT_SESSION_CLOSE:
	case CLIENT_DEVICE_GIVEN:
		proceed(parts, order);
		break;
	case CLIENT_ITEM:
		item(parts, order);
		break;
	case CLIENT_LIMIT:
		limit(parts, order);
		break;
	case CLIENT_TAKE_OUT:
		take_out(parts, order);
		break;
	case CLIENT_ACKNOWLEDGE:
		acknowledge(parts, order);
		break;
	case CLIENT_OBSERVE:
		observe(parts, order);
		break;
	case CLIENT_OXYGEN:
		vitals__v1__oxygen_order__init(&parts->oxygen);
		parts->oxygen.ml_per_min = order->oxygen_ml_per_min;
		parts->request.oxygen = &parts->oxygen;
		break;
	case CLIENT_SESSION_PAUSE:
	case CLIENT_SESSION_STOP:
	case CLIENT_AUDIO_PAUSE:
	case CLIENT_CUFF_START:
	case CLIENT_CUFF_STOP:
	case CLIENT_TEST_ALARM:
	case CLIENT_CALL_HELP:
		simple(parts);
		break;
	}
}
