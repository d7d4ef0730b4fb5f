/* Rows of words about the session; see session_rows.h. */
#include "clients/ctl/session_rows.h"

#include <inttypes.h>
#include <string.h>

#include "clients/ctl/row.h"

#define OUTS_SHOWN     4
#define BLOCKERS_SHOWN 12
#define LIMITS_SHOWN   16 /* of one parameter */

struct rows {
	struct session_row *list;
	size_t count;
	struct out out;
};

/* Ends the row before it. One that finds no room is written over the last. */
static struct out *begin(struct rows *rows, const char *style)
{
	if (rows->count > 0)
		rows->list[rows->count - 1].text[rows->out.used] = '\0';
	if (rows->count < SESSION_ROWS_MAX)
		rows->count++;
	struct session_row *row = &rows->list[rows->count - 1];
	row->style = style;
	rows->out = (struct out){row->text, sizeof(row->text) - 1, 0, false};
	return &rows->out;
}

static void taken_out(struct rows *rows, const struct view_details *details, int64_t passed_ns)
{
	for (size_t i = 0; i < details->out_count && i < OUTS_SHOWN; i++) {
		const struct view_out *taken = &details->outs[i];
		struct out *out = begin(rows, STYLE_YELLOW);
		out_format(out, " NOT ALARMING: %s for ", taken->name);
		out_duration(out, taken->left_ns > passed_ns ? taken->left_ns - passed_ns : 0);
		out_format(out, ", by %s: %s ", taken->by, taken->reason);
	}
	if (details->out_count > OUTS_SHOWN)
		out_format(begin(rows, STYLE_YELLOW), " NOT ALARMING: %zu more (vitalsctl --json status) ",
		           details->out_count - OUTS_SHOWN);
}

static void blockers(struct rows *rows, const struct view_session *session)
{
	const struct view_details *details = &session->details;
	const char *title = session->started ? " BEFORE LEAVING" : " BEFORE THE START";

	if (session->started && !session->ended)
		return; /* nobody leaves yet */
	for (size_t i = 0; i < details->blocker_count && i < BLOCKERS_SHOWN; i++)
		out_format(begin(rows, STYLE_BOLD), "%s %zu/%zu: %s (%s)", title, i + 1, details->blocker_count,
		           details->blockers[i].text, details->blockers[i].name);
}

/* Only those that matter now. */
static void items(struct rows *rows, const struct view_session *session)
{
	const struct view_details *details = &session->details;
	struct out *out = NULL;

	if (session->started && !session->ended)
		return;
	for (size_t i = 0; i < details->item_count; i++) {
		if (details->items[i].before_start == session->started)
			continue;
		if (out == NULL) {
			out = begin(rows, "");
			out_text(out, " Items ");
		}
		out_format(out, "  %s %s", details->items[i].ticked ? "[x]" : "[ ]", details->items[i].name);
	}
}

static void outlook(struct rows *rows, const struct view_details *details, int64_t passed_ns)
{
	if (details->has_recheck) {
		int64_t due = details->recheck_in_ns - passed_ns;
		struct out *out = begin(rows, due < 0 ? STYLE_YELLOW : "");
		out_format(out, " Enter %s again", details->recheck);
		out_text(out, due < 0 ? ": OVERDUE by " : " in ");
		out_duration(out, due);
	}
	if (details->has_expected) {
		struct out *out = begin(rows, STYLE_DIM);
		out_text(out, " PREDICTION, not measured: plasma level of a typical patient ");
		out_milli(out, details->expected_ng_per_l, 0);
		out_text(out, " ng/mL (");
		out_milli(out, details->low_ng_per_l, 0);
		out_text(out, " to ");
		out_milli(out, details->high_ng_per_l, 0);
		out_text(out, ")");
	}
}

/* The range that a typical patient with this baseline shows in this phase. */
static void usual(struct rows *rows, const struct view_details *details)
{
	struct out *out = NULL;

	for (size_t i = 0; i < details->usual_count; i++) {
		const struct view_usual *range = &details->usual[i];
		if (out == NULL)
			out = begin(rows, STYLE_DIM);
		out_text(out, i == 0 ? " PREDICTION, usual in this phase:" : ",");
		out_format(out, " %s ", range->parameter);
		out_milli(out, range->low_milli, 0);
		out_text(out, " to ");
		out_milli(out, range->high_milli, 0);
	}
}

static void history(struct rows *rows, const struct view_session *session, int64_t passed_ns)
{
	const struct view_details *details = &session->details;

	if (details->given_count > 0) {
		struct out *out = begin(rows, "");
		out_format(out, " Devices given: %zu", details->given_count);
		if (details->device_ug > 0 && session->dose_ug > 0)
			out_format(out, " of %" PRId32, session->dose_ug / details->device_ug);
		out_text(out, ", the last ");
		out_duration(out, details->last_given_ns + passed_ns);
		out_text(out, " ago");
	}
	if (details->start_override.name[0] != '\0')
		out_format(begin(rows, ""), " Started on the word of %s: %s", details->start_override.name,
		           details->start_override.reason);
	if (details->phase_text[0] != '\0')
		out_format(begin(rows, STYLE_DIM), " %s", details->phase_text);
}

size_t session_rows(const struct view_session *session, int64_t passed_ns, struct session_row rows[SESSION_ROWS_MAX])
{
	struct rows writer = {.list = rows};

	taken_out(&writer, &session->details, passed_ns);
	if (session->open) {
		blockers(&writer, session);
		items(&writer, session);
		outlook(&writer, &session->details, passed_ns);
		usual(&writer, &session->details);
		history(&writer, session, passed_ns);
	}
	if (writer.count > 0)
		rows[writer.count - 1].text[writer.out.used] = '\0';
	return writer.count;
}

static const char *sign(enum view_comparison comparison)
{
	return comparison == VIEW_COMPARISON_ABOVE      ? ">"
	       : comparison == VIEW_COMPARISON_AT_LEAST ? ">="
	       : comparison == VIEW_COMPARISON_BELOW    ? "<"
	       : comparison == VIEW_COMPARISON_AT_MOST  ? "<="
	                                                : "?";
}

static bool is_lower(const struct view_limit *limit)
{
	return limit->comparison == VIEW_COMPARISON_BELOW || limit->comparison == VIEW_COMPARISON_AT_MOST;
}

/* The one that alarms first stands first; lower limits before upper ones, rises from the baseline last. */
static bool alarms_first(const struct view_limit *a, const struct view_limit *b)
{
	if (a->reference != b->reference)
		return a->reference < b->reference;
	if (is_lower(a) != is_lower(b))
		return is_lower(a);
	return is_lower(a) ? a->milli > b->milli : a->milli < b->milli;
}

static size_t sorted_limits(const struct view_details *details, const char *parameter,
                            const struct view_limit *list[LIMITS_SHOWN])
{
	size_t count = 0;

	for (size_t i = 0; i < details->limit_count && count < LIMITS_SHOWN; i++) {
		const struct view_limit *limit = &details->limits[i];
		size_t at = count;
		if (strcmp(limit->parameter, parameter) != 0 || limit->reference == VIEW_REFERENCE_DIFFERENCE ||
		    limit->priority == VIEW_PRIORITY_NONE)
			continue;
		for (; at > 0 && alarms_first(limit, list[at - 1]); at--)
			list[at] = list[at - 1];
		list[at] = limit;
		count++;
	}
	return count;
}

void session_limits(struct out *out, const struct view_session *session, const char *parameter, size_t columns)
{
	const struct view_limit *list[LIMITS_SHOWN];
	size_t used = 0, count = sorted_limits(&session->details, parameter, list);

	for (size_t i = 0; i < count; i++) {
		char bytes[64];
		struct out one = {bytes, sizeof(bytes), 0, false};
		size_t more = i + 1 < count ? 3 : 0; /* room to say that there are more */
		out_text(&one, used > 0 ? " " : "");
		out_text(&one, sign(list[i]->comparison));
		if (list[i]->reference == VIEW_REFERENCE_BASELINE && list[i]->milli >= 0)
			out_text(&one, "+");
		out_milli_short(&one, list[i]->milli);
		out_text(&one, list[i]->changed ? "*" : "");
		if (used + one.used + more > columns) {
			out_text(out, used + 3 <= columns ? " .." : "");
			return;
		}
		out_bytes(out, bytes, one.used);
		used += one.used;
	}
}
