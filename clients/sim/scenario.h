/* Events of a simulated patient and simulated devices, as text and as data: scenarios and stories. Made by scenario.c
 * and story.c; played by vitals-sim and by the story run of the tests. Includes nothing of the daemon. */
#ifndef SIMULATOR_SCENARIO_H
#define SIMULATOR_SCENARIO_H

#include <stddef.h>

#include "clients/sim/patient.h"

enum device {
	DEVICE_OXIMETER,
	DEVICE_CUFF,
	DEVICE_ECG,
};
#define DEVICE_COUNT 3
extern const char *const device_names[DEVICE_COUNT];

/* How a device misbehaves. */
enum mode {
	MODE_NORMAL,
	MODE_HANG,           /* reads, does not answer */
	MODE_LATE,           /* answers after a delay */
	MODE_DRIBBLE,        /* one byte at a time */
	MODE_WRONG_UNIT,     /* answers in another unit's name */
	MODE_WRONG_LENGTH,   /* a valid frame with one register less than asked */
	MODE_BAD_CRC,        /* RTU: wrong CRC; TCP, which has none: wrong transaction id */
	MODE_GARBAGE,        /* random bytes before the frame */
	MODE_EXCEPTION,      /* answers everything with exception 4 (device failure) */
	MODE_WRONG_IDENTITY, /* another device under the same name */
	MODE_FROZEN,         /* goes on serving the registers of before, as a gateway whose device is dead */
	MODE_KPA,            /* somebody switched its panel from mmHg to kPa */
	MODE_CUT,            /* half a frame, then silence */
	MODE_ECHO,           /* the request comes back first, as from an RS-485 adapter with local echo */
};

enum event_anchor {
	FROM_BEGIN, /* start of the simulator */
	FROM_START, /* of the infusion */
	FROM_STOP,
};
#define FROM_COUNT 3

/* Why a device shows no value or doubts it, in the words of devices. */
enum complaint {
	COMPLAINT_SENSOR_OFF,
	COMPLAINT_SENSOR_FAULT,
	COMPLAINT_SEARCHING,
	COMPLAINT_NO_PULSE, /* looked for and not found: loss of pulse, asystole */
	COMPLAINT_LOW_SIGNAL,
	COMPLAINT_INTERFERENCE,
	COMPLAINT_COUNT
};
extern const char *const complaint_names[COMPLAINT_COUNT];

struct sim_event {
	enum event_anchor anchor;
	double at_s; /* real seconds after the anchor */
	enum happening what;
	enum device device;
	enum mode mode;
	enum complaint complaint;
	enum vital vital;
	double number[HAPPEN_NUMBERS]; /* in the order of the line; of a course: value, diastolic, seconds it takes */
	const char *prompt;            /* not NULL: instead, what staff do now (story.h) */
	bool done;
};

#define EVENTS_MAX 1024
struct scenario {
	bool story; /* of a told patient, who begins with `baseline`; cuff readings scatter by `noise` mmHg */
	double baseline[HAPPEN_NUMBERS], noise;
	size_t count;
	struct sim_event list[EVENTS_MAX];
};

#define SIM_TEXT 1024
/* `text` is one event without a time; it is cut up. False: `error` says what is legal. */
bool scenario_parse_event(char *text, struct sim_event *event, char error[SIM_TEXT]);
/* The same in words. */
bool scenario_read_event(char *const *words, size_t count, struct sim_event *event, char error[SIM_TEXT]);
bool scenario_knows(const char *word); /* an event begins with it */
/* "2 min", "30 s": seconds; false if it is none, or not from 0 to a day. */
bool scenario_duration(const char *number, const char *unit, double *seconds);
bool scenario_add(struct scenario *scenario, const struct sim_event *event, char error[SIM_TEXT]);
bool scenario_load(const char *path, struct scenario *scenario, char error[SIM_TEXT]);

#endif
