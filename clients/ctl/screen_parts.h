/* What the files of the terminal view share. Private to screen.c, screen_fit.c and screen_bottom.c; pure. */
#ifndef CTL_SCREEN_PARTS_H
#define CTL_SCREEN_PARTS_H

#include "clients/ctl/row.h"
#include "clients/ctl/screen.h"

#define CHECKS_ACROSS  2
#define DEVICES_ACROSS 3

/* A short text made with the functions of out.h. */
struct words {
	struct out out;
	char bytes[256];
};

struct frame {
	const struct view *view;
	const struct screen *screen;
	int64_t now_ns;
	enum view_link link;
	struct row row;
	size_t alarm_count;
	uint16_t order[MESSAGE_ALARMS_MAX];
	uint16_t readings[MESSAGE_READINGS_MAX]; /* in the order in which they are shown */
};

static inline struct out *words_begin(struct words *words)
{
	words->out = (struct out){words->bytes, sizeof(words->bytes) - 1, 0, false};
	return &words->out;
}

static inline const char *words_end(struct words *words)
{
	words->bytes[words->out.used] = '\0';
	return words->bytes;
}

static inline int64_t since(const struct frame *frame, int64_t received_ns)
{
	return frame->now_ns > received_ns ? frame->now_ns - received_ns : 0;
}

/* How many rows or items of each part are shown. */
struct layout {
	size_t checks, devices;             /* items */
	size_t values, alarms, extras, gap; /* rows */
};

/* Fits the parts into the window; see screen_fit.c. */
void screen_fit(struct layout *layout, const struct frame *frame);
void screen_order_readings(struct frame *frame);

/* A score that nobody has entered yet: the first to go when rows are few. */
bool screen_never_entered(const struct view_reading *reading);
size_t screen_high_alarms(const struct frame *frame);

bool screen_device_up(const struct view_device *device);

/* Indexes of the checks that are still to come, soonest first. */
size_t screen_sorted_checks(const struct view_session *session, size_t order[MESSAGE_CHECKS_MAX]);
void screen_checks(struct frame *frame, const size_t *order, size_t count);

/* At most `count`, those that need somebody first. */
void screen_devices(struct frame *frame, size_t count);
void screen_footer(struct frame *frame);

#endif
