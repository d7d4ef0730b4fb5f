/* What of the terminal view gets the rows of the window, and in which order values stand. Called by screen.c; pure. */
#include <string.h>

#include "clients/ctl/screen_parts.h"

#define ALARM_ROWS_LEAST 3
#define FIXED_ROWS       5  /* head, patient, banner, title of the values, foot */
#define SMALL_ROWS       20 /* a window below this shows one row of checks, and devices only when they need somebody */

static size_t least(size_t a, size_t b)
{
	return a < b ? a : b;
}

static size_t most(size_t a, size_t b)
{
	return a > b ? a : b;
}

/* ---- values ------------------------------------------------------------------------------------------------------ */

/* What is looked at first when something is wrong, in this order; it is never hidden. */
static const char *const vital[] = {"spo2", "heart_rate", "ecg_hr", "pulse", "resp", "nibp_sys", "nibp_dia"};
#define VITAL_COUNT (sizeof(vital) / sizeof(vital[0]))

bool screen_never_entered(const struct view_reading *reading)
{
	return reading->device[0] == '\0' && reading->reason == VIEW_REASON_NEVER_RECEIVED;
}

static size_t rank_of(const struct view_reading *reading)
{
	for (size_t i = 0; i < VITAL_COUNT; i++)
		if (strcmp(reading->parameter, vital[i]) == 0)
			return i;
	return VITAL_COUNT + (screen_never_entered(reading) ? 1 : 0);
}

void screen_order_readings(struct frame *frame)
{
	const struct view_reading *readings = frame->view->readings;

	for (size_t i = 0; i < frame->view->reading_count; i++) {
		size_t at = i;
		for (; at > 0 && rank_of(&readings[frame->readings[at - 1]]) > rank_of(&readings[i]); at--)
			frame->readings[at] = frame->readings[at - 1];
		frame->readings[at] = (uint16_t)i;
	}
}

static size_t vital_rows(const struct frame *frame)
{
	size_t count = 0;

	for (size_t i = 0; i < frame->view->reading_count; i++)
		count += rank_of(&frame->view->readings[i]) < VITAL_COUNT;
	return count;
}

/* ---- the window -------------------------------------------------------------------------------------------------- */

size_t screen_high_alarms(const struct frame *frame)
{
	size_t count = 0;

	for (size_t i = 0; i < frame->alarm_count; i++)
		count += view_rank(frame->view->alarms[frame->order[i]].priority) >= 3;
	return count;
}

static size_t needing(const struct view *view)
{
	size_t count = 0;

	for (size_t i = 0; i < view->device_count; i++)
		count += !screen_device_up(&view->devices[i]);
	return count;
}

static size_t fixed_rows(const struct layout *layout)
{
	return FIXED_ROWS + (layout->checks + CHECKS_ACROSS - 1) / CHECKS_ACROSS +
	       (layout->devices + DEVICES_ACROSS - 1) / DEVICES_ACROSS;
}

/* Devices and checks give way, row by row, to `needed` rows. */
static void give_way(struct layout *layout, size_t rows, size_t needed)
{
	while (fixed_rows(layout) + needed > rows && layout->devices > 0)
		layout->devices = layout->devices > DEVICES_ACROSS ? DEVICES_ACROSS : 0;
	while (fixed_rows(layout) + needed > rows && layout->checks > 0)
		layout->checks = layout->checks > CHECKS_ACROSS ? CHECKS_ACROSS : 0;
}

/* High alarms come first, then the vital values, then three alarms of any priority, then the other values. */
void screen_fit(struct layout *layout, const struct frame *frame)
{
	const struct view *view = frame->view;
	bool small = frame->screen->rows < SMALL_ROWS;
	size_t high = screen_high_alarms(frame), vitals = vital_rows(frame);
	size_t urgent = high + (high > 0 && high < layout->alarms); /* and a row that counts the rest */

	layout->checks = least(layout->checks, small ? CHECKS_ACROSS : 2 * CHECKS_ACROSS);
	layout->devices = small ? least(needing(view), DEVICES_ACROSS) : least(layout->devices, 2 * DEVICES_ACROSS);
	give_way(layout, frame->screen->rows, urgent + (high > 0 ? vitals : 0));
	size_t fixed = fixed_rows(layout);
	size_t rows = frame->screen->rows > fixed ? frame->screen->rows - fixed : 0;
	size_t alarms = most(least(layout->alarms, ALARM_ROWS_LEAST), urgent);
	/* The session's own rows get what values and alarms leave, but one if nothing urgent needs it: what does not
	 * alarm comes first. */
	size_t needed = layout->values + alarms;
	layout->extras = least(layout->extras, rows > needed ? rows - needed : rows > 4 && urgent + vitals < rows);
	rows -= layout->extras;
	while (layout->values > 0 && layout->values + layout->alarms > rows &&
	       screen_never_entered(&view->readings[frame->readings[layout->values - 1]]))
		layout->values--;
	size_t kept = most(least(rows / 2, alarms), least(urgent, rows > vitals ? rows - vitals : 0));
	layout->values = least(layout->values, rows - least(kept, rows));
	layout->alarms = least(layout->alarms, rows - layout->values);
	layout->gap = rows - layout->values - layout->alarms;
}
