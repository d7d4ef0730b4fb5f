/* The lower part of the terminal view: due checks, devices, sound and link. Called by screen.c; pure. */
#include "clients/ctl/screen_parts.h"

#include <inttypes.h>
#include <string.h>

#define ITEMS_COLUMN 13 /* where checks and devices begin */

/* ---- checks and devices ------------------------------------------------------------------------------------------ */

/* Begins item `index` (from 0) of a list that is laid out in `across` columns. Returns the width of the item. */
static size_t place(struct frame *frame, const char *title, size_t index, size_t across)
{
	size_t width =
	    frame->row.columns > ITEMS_COLUMN + 8 * across ? (frame->row.columns - ITEMS_COLUMN) / across : 8;

	if (index % across == 0) {
		row_begin(&frame->row);
		row_style(&frame->row, STYLE_DIM);
		row_text(&frame->row, index == 0 ? title : "");
		row_text(&frame->row, index == 0 && frame->screen->live && frame->link >= VIEW_STALE ? " OLD" : "");
		row_style(&frame->row, "");
		row_fill(&frame->row, ITEMS_COLUMN);
	}
	return width;
}

/* Indexes of the checks that are still to come, soonest first. */
size_t screen_sorted_checks(const struct view_session *session, size_t order[MESSAGE_CHECKS_MAX])
{
	size_t count = 0;

	for (size_t i = 0; i < session->check_count; i++) {
		if (!session->checks[i].has_next)
			continue;
		size_t at = count++;
		for (; at > 0 && session->checks[i].due_in_ns < session->checks[order[at - 1]].due_in_ns; at--)
			order[at] = order[at - 1];
		order[at] = i;
	}
	return count;
}

void screen_checks(struct frame *frame, const size_t *order, size_t count)
{
	const struct view_session *session = &frame->view->session;

	for (size_t i = 0; i < count; i++) {
		const struct view_check *check = &session->checks[order[i]];
		int64_t due = check->due_in_ns - since(frame, session->received_ns);
		struct words words;
		struct out *out = words_begin(&words);

		size_t width = place(frame, " Due", i, CHECKS_ACROSS);
		row_style(&frame->row, due < 0 ? STYLE_YELLOW : "");
		out_text(out, check->text[0] != '\0' ? check->text : check->name);
		out_text(out, due < 0 ? " OVERDUE by " : " in ");
		out_duration(out, due < 0 ? due : due + 999999999);
		if (check->missed > 0)
			out_format(out, ", %" PRIu32 " missed", check->missed);
		row_field(&frame->row, words_end(&words), width);
		row_style(&frame->row, "");
	}
}

bool screen_device_up(const struct view_device *device)
{
	return device->state == VIEW_DEVICE_UP;
}

static void device(struct frame *frame, const struct view_device *device, size_t index)
{
	struct words words;
	struct out *out = words_begin(&words);
	char word[32];
	size_t width = place(frame, " Devices", index, DEVICES_ACROSS);

	char *text = view_word(word, sizeof(word), VIEW_WORDS_DEVICE, (int)device->state);
	out_format(out, "%s %s", device->name, screen_device_up(device) ? text : out_upper(text));
	if (strcmp(device->fault, "none") != 0 && device->fault[0] != '\0')
		out_format(out, " %s", device->fault);
	row_style(&frame->row, screen_device_up(device) ? "" : STYLE_BOLD);
	row_field(&frame->row, words_end(&words), width);
	row_style(&frame->row, "");
}

/* At most `count`, those that need somebody first. */
void screen_devices(struct frame *frame, size_t count)
{
	const struct view *view = frame->view;
	size_t placed = 0;

	for (int up = 0; up < 2; up++) {
		for (size_t i = 0; i < view->device_count && placed < count; i++) {
			if (screen_device_up(&view->devices[i]) == (up == 1))
				device(frame, &view->devices[i], placed++);
		}
	}
}

/* ---- bottom ------------------------------------------------------------------------------------------------------ */

/* Whether there is an alarm that a display may sound for. */
static bool sounding(const struct frame *frame)
{
	for (size_t i = 0; i < frame->alarm_count; i++) {
		const struct view_alarm *alarm = &frame->view->alarms[frame->order[i]];
		if (alarm->state != VIEW_STATE_ACKNOWLEDGED && view_rank(alarm->priority) > 0)
			return true;
	}
	return false;
}

static void sound(struct frame *frame)
{
	const struct view_session *session = &frame->view->session;
	int64_t left = session->audio_paused_ns - since(frame, session->received_ns);
	struct words words;
	struct out *out = words_begin(&words);

	if (left <= 0) {
		bool known = frame->link != VIEW_NO_DATA && frame->link != VIEW_WAITING;
		row_text(&frame->row, !known ? " Sound not known" : sounding(frame) ? " Sound on" : " No sound");
		return;
	}
	out_text(out, " SOUND PAUSED ");
	out_duration(out, left + 999999999);
	out_text(out, session->audio_paused_by[0] != '\0' ? " by " : "");
	out_text(out, session->audio_paused_by);
	out_text(out, " ");
	row_style(&frame->row, STYLE_REVERSE);
	row_text(&frame->row, words_end(&words));
	row_style(&frame->row, "");
}

void screen_footer(struct frame *frame)
{
	const struct view *view = frame->view;
	struct row *row = &frame->row;
	int64_t beat = since(frame, view->heartbeat_ns);
	struct words words;
	struct out *out = words_begin(&words);

	row_begin(row);
	sound(frame);
	row_text(row, "   ");
	if (frame->screen->live) {
		row_style(row, frame->link == VIEW_OK ? "" : STYLE_YELLOW);
		out_format(out, "Monitor link %s", view_link_name(frame->link));
		if (view->has_heartbeat)
			out_format(out, ", heartbeat %" PRId64 ".%" PRId64 " s ago", beat / 1000000000,
			           beat / 100000000 % 10);
		row_text(row, words_end(&words));
		row_style(row, "");
	}
	if (view->recorder_failed || view->publisher_failed) {
		row_text(row, " ");
		row_style(row, STYLE_RED);
		row_text(row, view->recorder_failed ? " RECORD FAILED " : "");
		row_text(row, view->publisher_failed ? " PUBLISHING FAILED " : "");
		row_style(row, "");
	}
	if (frame->screen->confirms != NULL) {
		bool confirmed = frame->screen->not_confirmed[0] == '\0';
		out = words_begin(&words);
		out_format(out, confirmed ? "   confirms as %s" : "   NOT CONFIRMED as %s: ", frame->screen->confirms);
		out_text(out, frame->screen->not_confirmed);
		row_style(row, confirmed ? "" : STYLE_YELLOW);
		row_text(row, words_end(&words));
		row_style(row, "");
	}
	if (frame->screen->live && row->columns > 7) {
		row_fill(row, row->columns - 7);
		row_text(row, "q ends");
	}
}
