/* Who the simulated patient is, and how this day will go: drawn once, before anything happens. Called by whoever begins
 * a session, with the patient's random numbers.
 *
 * Sizes: peak rise of an infusion N(16, 11) / N(11, 8.5) mmHg (Yale 2024), heart rate +4 +/- 6; esketamine spray 88 %
 * N(6)/N(4) and 12 % high responders with +22/+11 on top, by the proposal drawn from the label and trial rows. */
#include "clients/sim/patient.h"

/* Systolic and diastolic move together: correlation 0.6. */
static void draw_pair(struct prng *prng, double sd_sys, double sd_dia, double *sys, double *dia)
{
	double a = prng_gauss(prng), b = prng_gauss(prng);

	*sys += sd_sys * a;
	*dia += sd_dia * (0.6 * a + 0.8 * b);
}

static void draw_day(struct patient *patient)
{
	if (patient->kind == SESSION_KETAMINE_IV) {
		patient->peak_sys = 16;
		patient->peak_dia = 11;
		draw_pair(&patient->prng, 11, 8.5, &patient->peak_sys, &patient->peak_dia);
		return;
	}
	patient->peak_sys = patient->usual_sys;
	patient->peak_dia = patient->usual_dia;
	draw_pair(&patient->prng, 7.5, 6, &patient->peak_sys, &patient->peak_dia);
}

static void draw_person(struct patient *patient)
{
	struct prng *prng = &patient->prng;

	/* Nobody is started at 140/90 or above; a draw beyond that is drawn again. */
	for (int tries = 0; tries < 50; tries++) {
		patient->base_sys = 122;
		patient->base_dia = 76;
		draw_pair(prng, 14, 9, &patient->base_sys, &patient->base_dia);
		if (patient->base_sys < 140 && patient->base_dia < 90 && patient->base_sys > 95 &&
		    patient->base_dia > 50)
			break;
	}
	patient->base_sys = clamp(patient->base_sys, 95, 139);
	patient->base_dia = clamp(patient->base_dia, 50, 89);
	patient->base_hr = clamp(72 + 8 * prng_gauss(prng), 56, 92);
	patient->peak_hr = 4 + 6 * prng_gauss(prng);
	if (patient->kind == SESSION_KETAMINE_IV)
		return;

	bool high = prng_uniform(prng) < 0.12;

	patient->usual_sys = 6 + (high ? 22 : 0);
	patient->usual_dia = 4 + (high ? 11 : 0);
	draw_pair(prng, 6.5, 5, &patient->usual_sys, &patient->usual_dia);
}

void patient_init(struct patient *patient, uint64_t seed, enum session_kind kind, double speed)
{
	*patient = (struct patient){.prng = {seed}, .kind = kind, .speed = speed};
	draw_person(patient);
	draw_day(patient);
	pk_start(&patient->pk, kind);
	pk_advance(&patient->pk, 40);
	patient->ng_ml_40 = pk_ng_ml(&patient->pk);
	pk_start(&patient->pk, kind);
	patient_step(patient);
	patient->now.time_s = 0;
}

void patient_another_day(struct patient *patient)
{
	struct patient before = *patient;

	*patient = (struct patient){.prng = before.prng,
	                            .kind = before.kind,
	                            .speed = before.speed,
	                            .base_sys = before.base_sys,
	                            .base_dia = before.base_dia,
	                            .base_hr = before.base_hr,
	                            .usual_sys = before.usual_sys,
	                            .usual_dia = before.usual_dia,
	                            .ng_ml_40 = before.ng_ml_40};
	patient->peak_hr = 4 + 6 * prng_gauss(&patient->prng);
	draw_day(patient);
	pk_start(&patient->pk, patient->kind);
	patient_step(patient);
	patient->now.time_s = 0;
}
