/* The simulated patient: what is true, before any device measures it. Owned and called by the main thread, one step a
 * real second; the drug's clock runs `speed` times faster. The same seed and the same events give the same patient. */
#include "clients/sim/patient.h"

static void begin(struct episode *episode, double now_s, double over_s, double hold_s, double a, double b)
{
	*episode = (struct episode){true, now_s, over_s, hold_s, {a, b}};
}

/* ---- told patients ------------------------------------------------------------------------------------------------
 */

static double course_at(const struct course *course, double now_s)
{
	double t = now_s - course->begin_s;

	return t >= course->over_s ? course->to : course->from + (course->to - course->from) * t / course->over_s;
}

/* The vital sign as told, else as drawn. */
static double as_told(const struct patient *patient, enum vital vital, double drawn)
{
	return patient->told ? course_at(&patient->courses[vital], patient->now.time_s) : drawn;
}

static void show(struct patient *patient);

static void set_course(struct patient *patient, enum vital vital, double to, double over_s)
{
	struct course *course = &patient->courses[vital];
	double now_s = patient->now.time_s;

	*course = (struct course){course_at(course, now_s), to, now_s, over_s};
}

void patient_tell(struct patient *patient, enum vital vital, const double number[HAPPEN_NUMBERS])
{
	if (vital == VITAL_PULSE && !patient->own_pulse) {
		patient->courses[vital] = (struct course){.to = patient->now.hr};
		patient->own_pulse = true;
	}
	set_course(patient, vital, number[0], number[2]);
	if (vital == VITAL_SYS)
		set_course(patient, VITAL_DIA, number[1], number[2]);
	show(patient);
}

static void tell(struct patient *patient, const double number[HAPPEN_NUMBERS])
{
	static const enum vital order[HAPPEN_NUMBERS] = {VITAL_SYS,  VITAL_DIA,  VITAL_HR,
	                                                 VITAL_SPO2, VITAL_RESP, VITAL_ETCO2};

	patient->told = true;
	for (int i = 0; i < HAPPEN_NUMBERS; i++)
		patient->courses[order[i]] = (struct course){.from = number[i], .to = number[i]};
}

void patient_event(struct patient *patient, enum happening what, const double number[HAPPEN_NUMBERS])
{
	const double *n = number;
	double now_s = patient->now.time_s;

	switch (what) {
	case HAPPEN_INFUSION_START:
		patient->started = true;
		patient->started_s = now_s;
		pk_start(&patient->pk, patient->kind);
		break;
	case HAPPEN_INFUSION_STOP:
		pk_stop(&patient->pk);
		break;
	case HAPPEN_DESATURATION:
		begin(&patient->desaturation, now_s, n[1], n[2], n[0], 0);
		break;
	case HAPPEN_VASOVAGAL:
		begin(&patient->vasovagal, now_s, 3, n[0], 0, 0);
		break;
	case HAPPEN_SURGE:
		begin(&patient->surge, now_s, 3, n[2], n[0], n[1]);
		break;
	case HAPPEN_TACHYCARDIA:
		begin(&patient->tachycardia, now_s, 3, n[1], n[0], 0);
		break;
	case HAPPEN_APNOEA:
		begin(&patient->apnoea, now_s, 2, n[0], 0, 0);
		break;
	case HAPPEN_HYPOVENTILATION:
		begin(&patient->hypoventilation, now_s, 3, n[1], n[0], 0);
		break;
	case HAPPEN_BASELINE:
		tell(patient, number);
		break;
	case HAPPEN_PULSE_FOLLOWS:
		patient->own_pulse = false;
		break;
	case HAPPEN_COURSE: /* patient_tell */
	case HAPPEN_PROBE_OFF:
	case HAPPEN_PROBE_ON:
	case HAPPEN_LEAD_OFF:
	case HAPPEN_LEAD_ON:
	case HAPPEN_CABLE_PULL:
	case HAPPEN_CABLE_PLUG:
	case HAPPEN_CUFF_FAIL:
	case HAPPEN_CUFF_SECONDS:
	case HAPPEN_CUFF_BUTTON:
	case HAPPEN_NO_VALUE:
	case HAPPEN_DOUBT:
	case HAPPEN_VALUE:
	case HAPPEN_MODE:
	case HAPPEN_QUIT:
		break;
	}
	if (patient->told)
		show(patient);
}

/* How far an episode has taken hold: 0 .. 1. */
static double strength(struct episode *episode, double now_s)
{
	double t = now_s - episode->begin_s;

	if (!episode->active)
		return 0;
	if (t < episode->over_s)
		return t / episode->over_s;
	t -= episode->over_s + episode->hold_s;
	if (t < 0)
		return 1;
	if (t < episode->over_s)
		return 1 - t / episode->over_s;
	episode->active = false;
	return 0;
}

static double toward(double value, double target, double share)
{
	return value + (target - value) * share;
}

/* Share of the session's peak effect on the circulation. The spray's plasma level stays high long after pressure has
 * fallen, so its curve is the empirical one: 100 % at 40, about 25 % at 90, none from 120 min. */
static double effect(const struct patient *patient)
{
	double minute = pk_minutes(&patient->pk);

	if (!patient->started)
		return 0;
	if (patient->kind == SESSION_KETAMINE_IV)
		return pk_ng_ml(&patient->pk) / patient->ng_ml_40;
	if (minute <= 40)
		return minute / 40;
	if (minute <= 90)
		return 1 - 0.75 * (minute - 40) / 50;
	return minute < 120 ? 0.25 * (120 - minute) / 30 : 0;
}

/* Slow wandering with the given SD, time constant about 20 steps. */
static double wander(struct patient *patient, int which, double sd)
{
	patient->drift[which] = 0.95 * patient->drift[which] + 0.3122 * sd * prng_gauss(&patient->prng);
	return patient->drift[which];
}

static void circulation(struct patient *patient, double now_s)
{
	struct vitals *now = &patient->now;
	double share = effect(patient);

	now->sys = as_told(patient, VITAL_SYS, patient->base_sys + patient->peak_sys * share);
	now->dia = as_told(patient, VITAL_DIA, patient->base_dia + patient->peak_dia * share);
	now->hr = as_told(patient, VITAL_HR, patient->base_hr + patient->peak_hr * share + wander(patient, 0, 1.5));

	double surge = strength(&patient->surge, now_s);

	now->sys = toward(now->sys, patient->surge.target[0], surge);
	now->dia = toward(now->dia, patient->surge.target[1], surge);
	now->hr = toward(now->hr, patient->tachycardia.target[0], strength(&patient->tachycardia, now_s));

	/* HR 35-45 with systolic 70-85 for some minutes. */
	double faint = strength(&patient->vasovagal, now_s);

	now->sys = toward(now->sys, 77, faint);
	now->dia = toward(now->dia, 44, faint);
	now->hr = toward(now->hr, 39, faint);
	if (!patient->told) {
		now->dia = clamp(now->dia, 20, 200);
		now->sys = clamp(now->sys, now->dia + 15, 280);
		now->hr = clamp(now->hr, 20, 240);
	}
	now->mean = now->dia + (now->sys - now->dia) / 3;
	now->pulse = patient->own_pulse ? as_told(patient, VITAL_PULSE, now->hr) : now->hr;
}

static void breathing(struct patient *patient, double now_s)
{
	struct vitals *now = &patient->now;
	double held = strength(&patient->apnoea, now_s);
	double slow = strength(&patient->hypoventilation, now_s);

	now->resp = as_told(patient, VITAL_RESP, 14 + wander(patient, 2, 0.8));
	now->etco2 = as_told(patient, VITAL_ETCO2, 38 + wander(patient, 3, 0.7));
	now->spo2 = as_told(patient, VITAL_SPO2, 97 + wander(patient, 1, 0.4));

	/* Each breath a minute less lets carbon dioxide rise by about 2 mmHg. */
	double lost = slow * (now->resp - patient->hypoventilation.target[0]);

	now->resp -= lost;
	now->etco2 += 2 * lost;
	now->resp = toward(now->resp, 0, held);
	now->etco2 = toward(now->etco2, 0, held);

	/* Saturation holds for a while without breath, then falls. */
	double without_s = held > 0 ? now_s - patient->apnoea.begin_s - 15 : 0;

	if (without_s > 0)
		now->spo2 = toward(now->spo2, clamp(now->spo2 - 0.4 * without_s, 60, 100), held);
	now->spo2 = toward(now->spo2, patient->desaturation.target[0], strength(&patient->desaturation, now_s));
	now->spo2 = clamp(now->spo2, patient->told ? 1 : 40, 100);
	now->resp = clamp(now->resp, 0, 60);
	now->etco2 = clamp(now->etco2, 0, 99);
}

/* What is so at this second; of a told patient at once when it is told. */
static void show(struct patient *patient)
{
	circulation(patient, patient->now.time_s);
	breathing(patient, patient->now.time_s);
}

void patient_step(struct patient *patient)
{
	struct vitals *now = &patient->now;

	now->time_s += 1;
	if (patient->started)
		pk_advance(&patient->pk,
		           (now->time_s - patient->started_s) * patient->speed / 60 - pk_minutes(&patient->pk));
	now->minute = patient->started ? pk_minutes(&patient->pk) : 0;
	now->ng_ml = pk_ng_ml(&patient->pk);
	show(patient);
}
