/* The simulated patient and the drug in plasma, without any device: random numbers, pharmacokinetics, vital signs.
 * Shared by vitals-sim and the session simulation (tests/simulation); includes nothing of the daemon. */
#ifndef SIMULATOR_PATIENT_H
#define SIMULATOR_PATIENT_H

#include <stdbool.h>
#include <stdint.h>

/* ---- random numbers: splitmix64, the same everywhere for one seed ------------------------------------------------ */

struct prng {
	uint64_t state;
};
uint64_t prng_next(struct prng *prng);
double prng_uniform(struct prng *prng); /* [0, 1) */
double prng_gauss(struct prng *prng);   /* mean 0, SD 1 */

static inline double clamp(double value, double low, double high)
{
	return value < low ? low : value > high ? high : value;
}

/* ---- drug in plasma ---------------------------------------------------------------------------------------------- */

enum session_kind {
	SESSION_KETAMINE_IV, /* racemic ketamine 0.5 mg/kg over 40 min */
	SESSION_ESKETAMINE_56,
	SESSION_ESKETAMINE_84,
};

#define PK_COMPARTMENTS 6
#define PK_MINUTES      480

struct pk {
	enum session_kind kind;
	uint32_t step;              /* of 0.01 min since the start of the dose */
	uint32_t stopped_at;        /* the step at which an infusion was stopped */
	double mg[PK_COMPARTMENTS]; /* per 70 kg */
};
void pk_start(struct pk *pk, enum session_kind kind);
void pk_stop(struct pk *pk);
void pk_advance(struct pk *pk, double minutes);
double pk_minutes(const struct pk *pk);
double pk_ng_ml(const struct pk *pk);
bool pk_dosing(const struct pk *pk); /* the pump still runs or a spray is still to come */

/* ---- patient ----------------------------------------------------------------------------------------------------- */

enum happening {
	HAPPEN_INFUSION_START,
	HAPPEN_INFUSION_STOP,
	HAPPEN_DESATURATION,
	HAPPEN_VASOVAGAL,
	HAPPEN_SURGE,
	HAPPEN_TACHYCARDIA,
	HAPPEN_APNOEA,
	HAPPEN_HYPOVENTILATION,
	HAPPEN_PROBE_OFF,
	HAPPEN_PROBE_ON,
	HAPPEN_LEAD_OFF,
	HAPPEN_LEAD_ON,
	HAPPEN_CABLE_PULL,
	HAPPEN_CABLE_PLUG,
	HAPPEN_CUFF_FAIL,
	HAPPEN_CUFF_SECONDS,
	HAPPEN_CUFF_BUTTON,   /* somebody presses the device's own button */
	HAPPEN_NO_VALUE,      /* a device shows no value, for a reason, */
	HAPPEN_DOUBT,         /* values that it marks as doubtful, */
	HAPPEN_VALUE,         /* or values again */
	HAPPEN_BASELINE,      /* from here on the patient is told, not drawn: the drug does nothing by itself */
	HAPPEN_COURSE,        /* a told vital sign changes */
	HAPPEN_PULSE_FOLLOWS, /* the oximeter counts each heart beat again */
	HAPPEN_MODE,          /* a device starts or ends to misbehave */
	HAPPEN_QUIT,
};

/* Vital signs as a story tells them. A told patient has no drug effect, no wandering and no scatter of its own;
 * episodes come on top. */
enum vital {
	VITAL_SYS,
	VITAL_DIA,
	VITAL_HR,
	VITAL_PULSE, /* what the oximeter counts; follows the heart rate until it is told */
	VITAL_SPO2,
	VITAL_RESP,
	VITAL_ETCO2,
	VITAL_COUNT
};

/* From one value to another on a straight line. */
struct course {
	double from, to;
	double begin_s, over_s;
};

/* A change that ramps up over `over_s`, holds, and ramps down over `over_s`. */
struct episode {
	bool active;
	double begin_s, over_s, hold_s;
	double target[2];
};

struct vitals { /* the truth */
	double time_s;
	double minute; /* of the infusion, 0 before it */
	double ng_ml;
	double sys, dia, mean;
	double hr, pulse, spo2, resp, etco2;
};

struct patient {
	struct prng prng;
	enum session_kind kind;
	double speed;
	double base_sys, base_dia, base_hr;
	double usual_sys, usual_dia;        /* spray: rise at the peak on this patient's average day */
	double peak_sys, peak_dia, peak_hr; /* rise at the peak, drawn once */
	double ng_ml_40;                    /* undisturbed concentration at minute 40 */
	bool started;
	double started_s;
	struct pk pk;
	double drift[4]; /* hr, spo2, resp, etco2 */
	bool told, own_pulse;
	struct course courses[VITAL_COUNT];
	struct episode desaturation, vasovagal, surge, tachycardia, apnoea, hypoventilation;
	struct vitals now;
};
void patient_init(struct patient *patient, uint64_t seed, enum session_kind kind, double speed);
/* `number`: what the scenario's line says, in its order; unused ones are 0. */
#define HAPPEN_NUMBERS 6
void patient_event(struct patient *patient, enum happening what, const double number[HAPPEN_NUMBERS]);
/* Told patients. HAPPEN_BASELINE brings systolic, diastolic, heart rate, SpO2, respiration, EtCO2. */
/* HAPPEN_COURSE of a vital sign: the value (a pressure: systolic, diastolic), then in number[2] the seconds it takes.
 */
void patient_tell(struct patient *patient, enum vital vital, const double number[HAPPEN_NUMBERS]);
void patient_step(struct patient *patient); /* one real second on */
/* The same person on another day: before the dose again, with another rise. */
void patient_another_day(struct patient *patient);

#endif
