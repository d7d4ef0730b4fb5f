/* What was seen against what the story expects. Each difference says what was seen instead. */
#include <math.h>
#include <stdarg.h>
#include <string.h>

#include "tests/stories/stories.h"

#define INSTEAD_MAX 5 /* alarms that a difference names */

void differ(struct performance *performance, unsigned line, const char *expected, const char *instead, ...)
{
	struct difference *d = &performance->differences[performance->difference_count];
	va_list list;

	if (performance->difference_count == DIFFERENCES_MAX)
		return;
	performance->difference_count++;
	d->line = line;
	(void)snprintf(d->expected, sizeof d->expected, "%s", expected);
	va_start(list, instead);
	(void)vsnprintf(d->instead, sizeof d->instead, instead, list);
	va_end(list);
}

/* Does this change announce something: an alarm that is new, more urgent or less? */
static bool announces(const struct seen *seen)
{
	if (seen->cuff)
		return false;
	switch (seen->change) {
	case ALARM_RAISED:
	case ALARM_PRIORITY_CHANGED:
	case ALARM_WORSE:
		return true;
	case ALARM_REMINDED:
	case ALARM_WAS_ACKNOWLEDGED:
	case ALARM_BECAME_LATCHED:
	case ALARM_CLEARED:
	case ALARM_SESSION_ENDED:
	case ALARM_SUPERSEDED:
	case ALARM_REASON_CHANGED:
	case ALARM_EASED:
		return false;
	}
	return false;
}

static bool is_change(const struct seen *seen, const char *change)
{
	if (seen->cuff)
		return false;
	if (strcmp(change, "latches") == 0)
		return seen->change == ALARM_BECAME_LATCHED;
	if (strcmp(change, "reminds") == 0)
		return seen->change == ALARM_REMINDED;
	return seen->change == ALARM_CLEARED || seen->change == ALARM_SUPERSEDED || seen->change == ALARM_SESSION_ENDED;
}

/* In whole seconds, as people are told it: a value is some hundredths old when it is here. */
static double at_s(const struct seen *seen)
{
	return (double)llround((double)seen->at_ns / (double)NS_PER_S);
}

static bool in_window(const struct expect *expect, const struct seen *seen)
{
	return expect->whole || (at_s(seen) >= expect->from_s && at_s(seen) <= expect->to_s);
}

static bool named(const struct expect *expect, const char *name)
{
	return strcmp(expect->name, "any") == 0 || name_matches(expect->name, name);
}

/* A signal without a priority is a note in the record: nobody means it by "any". */
static bool of_priority(const struct expect *expect, enum priority priority)
{
	if (expect->any_priority)
		return strcmp(expect->name, "any") != 0 || priority > PRIORITY_NONE;
	return expect->or_higher ? priority >= expect->priority : priority == expect->priority;
}

static bool as_expected(const struct expect *expect, const struct seen *seen)
{
	if (!announces(seen) || !in_window(expect, seen) || !named(expect, seen->name) ||
	    !of_priority(expect, seen->priority))
		return false;
	if (expect->has_value && (!seen->has_value || llround(expect->value * MILLI) != seen->milli))
		return false;
	return expect->says == NULL || strcasestr(seen->text, expect->says) != NULL;
}

/* ---- what was seen instead
 * -------------------------------------------------------------------------------------------- */

struct instead {
	size_t used, named;
	char text[SIM_TEXT];
};

static void mention(struct instead *instead, const struct seen *seen)
{
	char clock[16];

	if (instead->named++ >= INSTEAD_MAX || instead->used >= SIM_TEXT)
		return;
	int more = snprintf(instead->text + instead->used, SIM_TEXT - instead->used, "%s%s %s %s %s",
	                    instead->named > 1 ? "; " : "", clock_text(at_s(seen), clock), seen->name,
	                    priority_name(seen->priority), alarm_change_name(seen->change));

	instead->used += more > 0 ? (size_t)more : 0;
	if (seen->has_value && instead->used < SIM_TEXT) {
		more = snprintf(instead->text + instead->used, SIM_TEXT - instead->used, " at %g",
		                (double)seen->milli / MILLI);
		instead->used += more > 0 ? (size_t)more : 0;
	}
}

/* What came of this alarm at any time, else what else was announced in the window. */
static const char *what_came(const struct expect *expect, const struct performance *p, struct instead *instead)
{
	*instead = (struct instead){0};
	for (size_t i = 0; i < p->seen_count; i++)
		if (!p->seen[i].cuff && named(expect, p->seen[i].name) &&
		    (strcmp(expect->name, "any") != 0 || in_window(expect, &p->seen[i])))
			mention(instead, &p->seen[i]);
	if (instead->named > 0)
		return instead->text;
	for (size_t i = 0; i < p->seen_count; i++)
		if (announces(&p->seen[i]) && in_window(expect, &p->seen[i]) && p->seen[i].priority > PRIORITY_NONE)
			mention(instead, &p->seen[i]);
	if (instead->named == 0)
		return "no alarm";
	memmove(instead->text + 6, instead->text, sizeof instead->text - 7);
	memcpy(instead->text, "only: ", 6);
	return instead->text;
}

/* ---- each kind
 * -------------------------------------------------------------------------------------------------------- */

static void judge_window(const struct expect *expect, struct performance *p)
{
	struct instead instead;

	for (size_t i = 0; i < p->seen_count; i++) {
		const struct seen *seen = &p->seen[i];

		if (expect->kind == EXPECT_ALARM && as_expected(expect, seen))
			return;
		if (expect->kind == EXPECT_CHANGE && in_window(expect, seen) && named(expect, seen->name) &&
		    is_change(seen, expect->change))
			return;
	}
	differ(p, expect->line->number, expect->line->text, "%s", what_came(expect, p, &instead));
}

static bool stands(const struct expect *expect, const struct look *look)
{
	for (size_t i = 0; i < look->present_count; i++)
		if (named(expect, look->present[i].name) && of_priority(expect, look->present[i].priority))
			return true;
	return false;
}

static void judge_stands(const struct expect *expect, const struct look *look, struct performance *p)
{
	char text[SIM_TEXT] = "standing then:";
	size_t used = strlen(text);

	if (stands(expect, look))
		return;
	for (size_t i = 0; i < look->present_count && used < sizeof text; i++) {
		int more = snprintf(text + used, sizeof text - used, " %s %s", look->present[i].name,
		                    priority_name(look->present[i].priority));

		used += more > 0 ? (size_t)more : 0;
	}
	differ(p, expect->line->number, expect->line->text, "%s", look->present_count > 0 ? text : "no alarm stood");
}

static void judge_never(const struct expect *expect, const struct look *look, struct performance *p)
{
	char clock[16];

	if (!expect->whole && stands(expect, look))
		differ(p, expect->line->number, expect->line->text, "it stood there at %s",
		       clock_text(expect->from_s, clock));
	for (size_t i = 0; i < p->seen_count; i++) {
		struct instead instead = {0};

		if (!as_expected(expect, &p->seen[i]))
			continue;
		mention(&instead, &p->seen[i]);
		differ(p, expect->line->number, expect->line->text, "%s", instead.text);
		return;
	}
}

static void judge_no_other(const struct expect *expect, struct performance *p)
{
	for (size_t i = 0; i < p->seen_count; i++) {
		const struct seen *seen = &p->seen[i];
		struct instead instead = {0};

		if (!announces(seen) || seen->expected || seen->priority == PRIORITY_NONE || !in_window(expect, seen) ||
		    !of_priority(expect, seen->priority))
			continue;
		mention(&instead, seen);
		differ(p, expect->line->number, expect->line->text, "%s", instead.text);
	}
}

static void judge_at_most(const struct expect *expect, struct performance *p)
{
	struct instead instead = {0};
	long count = 0;

	for (size_t i = 0; i < p->seen_count; i++) {
		const struct seen *seen = &p->seen[i];

		if (seen->cuff || seen->change != ALARM_RAISED || !in_window(expect, seen) ||
		    seen->priority == PRIORITY_NONE || (!expect->any_priority && !of_priority(expect, seen->priority)))
			continue;
		count++;
		mention(&instead, seen);
	}
	if (count > expect->count)
		differ(p, expect->line->number, expect->line->text, "%ld: %s", count, instead.text);
}

static void judge_cuff(const struct expect *expect, struct performance *p)
{
	char clock[16];

	for (size_t i = 0; i < p->seen_count; i++) {
		if (!p->seen[i].cuff || !in_window(expect, &p->seen[i]))
			continue;
		if (expect->kind == EXPECT_NO_CUFF)
			differ(p, expect->line->number, expect->line->text, "the cuff was started at %s",
			       clock_text(at_s(&p->seen[i]), clock));
		return;
	}
	if (expect->kind == EXPECT_CUFF)
		differ(p, expect->line->number, expect->line->text, "the monitor did not start the cuff");
}

static void judge_door(const struct expect *expect, const struct look *look, struct performance *p)
{
	char text[SIM_TEXT] = "blocked by";
	size_t used = strlen(text), found = 0;
	bool there = look->open && look->started == (strcmp(expect->name, "leave") == 0);

	for (uint8_t i = 0; i < look->blocker_count && i < 64 && used < sizeof text; i++) {
		int more = snprintf(text + used, sizeof text - used, " %s", look->blockers[i]);

		used += more > 0 ? (size_t)more : 0;
		for (size_t k = 0; k < expect->blocker_count; k++)
			found += strcmp(expect->blockers[k], look->blockers[i]) == 0;
	}
	if (!there)
		differ(p, expect->line->number, expect->line->text, "the session was %s",
		       !look->open     ? "not open"
		       : look->started ? "started already"
		                       : "not started");
	else if (expect->kind == EXPECT_FREE && look->blocker_count > 0)
		differ(p, expect->line->number, expect->line->text, "%s", text);
	else if (expect->kind == EXPECT_BLOCKED && (look->blocker_count == 0 || found < expect->blocker_count))
		differ(p, expect->line->number, expect->line->text, "%s",
		       look->blocker_count > 0 ? text : "nothing blocked");
}

static enum parameter parameter_of(const char *sign)
{
	static const struct {
		const char *sign;
		enum parameter parameter;
	} signs[] = {{"bp", PARAMETER_NIBP_SYS}, {"hr", PARAMETER_ECG_HR}, {"pulse", PARAMETER_PULSE},
	             {"spo2", PARAMETER_SPO2},   {"resp", PARAMETER_RESP}, {"etco2", PARAMETER_ETCO2}};
	size_t i = 0;

	while (strcmp(sign, signs[i].sign) != 0)
		i++; /* expect.c lets no other pass */
	return signs[i].parameter;
}

static bool shows(const struct measurement *m, bool nothing, double value)
{
	return nothing ? !measurement_has_value(m) : measurement_has_value(m) && m->milli == llround(value * MILLI);
}

static void judge_shown(const struct expect *expect, const struct look *look, struct performance *p)
{
	enum parameter parameter = parameter_of(expect->name);
	const struct measurement *m = &look->shown[parameter], *dia = &look->shown[PARAMETER_NIBP_DIA];
	bool pressure = parameter == PARAMETER_NIBP_SYS;

	if (!expect->nothing && look->has_last[parameter]) {
		m = &look->last[parameter];
		dia = &look->last[PARAMETER_NIBP_DIA];
	}
	if (shows(m, expect->nothing, expect->value) && (!pressure || shows(dia, expect->nothing, expect->diastolic)))
		return;
	if (!measurement_has_value(m))
		differ(p, expect->line->number, expect->line->text, "no value: %s", reason_name(m->reason));
	else if (pressure)
		differ(p, expect->line->number, expect->line->text, "%d/%d", m->milli / MILLI, dia->milli / MILLI);
	else
		differ(p, expect->line->number, expect->line->text, "%d", m->milli / MILLI);
}

static void judge_one(const struct expect *expect, const struct look *look, struct performance *p)
{
	switch (expect->kind) {
	case EXPECT_ALARM:
	case EXPECT_CHANGE:
		judge_window(expect, p);
		break;
	case EXPECT_STANDS:
		judge_stands(expect, look, p);
		break;
	case EXPECT_AT_MOST:
		judge_at_most(expect, p);
		break;
	case EXPECT_NEVER:
		judge_never(expect, look, p);
		break;
	case EXPECT_NO_OTHER:
		judge_no_other(expect, p);
		break;
	case EXPECT_BLOCKED:
	case EXPECT_FREE:
		judge_door(expect, look, p);
		break;
	case EXPECT_CUFF:
	case EXPECT_NO_CUFF:
		judge_cuff(expect, p);
		break;
	case EXPECT_SHOWN:
		judge_shown(expect, look, p);
		break;
	case EXPECT_PHASE:
		if (strcmp(look->phase, expect->name) != 0)
			differ(p, expect->line->number, expect->line->text, "phase %s",
			       look->open ? look->phase : "none, no session is open");
		break;
	}
}

/* A name that no alarm of this plan and room can have would make `never` true for nothing. */
static void judge_name(const struct staged *staged, const struct expect *expect, struct performance *p)
{
	static struct engine engine;
	char name[64];

	if (expect->kind != EXPECT_ALARM && expect->kind != EXPECT_STANDS && expect->kind != EXPECT_CHANGE &&
	    expect->kind != EXPECT_NEVER)
		return;
	engine_init(&engine, &staged->config.engine, (struct mono){1});
	for (uint16_t id = 0; id < ALARMS_MAX; id++) {
		const struct alarm *alarm = &engine.alarms[id];
		const struct engine_config *config = &staged->config.engine;

		if ((alarm->kind == CONDITION_RULE && (alarm->index >= config->plan.rule_count ||
		                                       config->plan.rules[alarm->index].kind != RULE_ALARM)) ||
		    (alarm->kind == CONDITION_CHECK_LATE && alarm->index >= config->plan.check_count))
			continue;
		engine_condition_name(&engine, alarm, name, sizeof name);
		if (named(expect, name))
			return;
	}
	differ(p, expect->line->number, expect->line->text, "this plan and room have no alarm of that name");
}

void judge(const struct staged *staged, struct performance *performance)
{
	size_t count = staged->story.expect_count;

	for (size_t s = 0; s < performance->seen_count; s++)
		for (size_t i = 0; i < count && !performance->seen[s].expected; i++)
			performance->seen[s].expected = staged->expects[i].kind == EXPECT_ALARM &&
			                                as_expected(&staged->expects[i], &performance->seen[s]);
	for (size_t i = 0; i < count; i++) {
		judge_name(staged, &staged->expects[i], performance);
		judge_one(&staged->expects[i], &performance->looks[i], performance);
	}
}
