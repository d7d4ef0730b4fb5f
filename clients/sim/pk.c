/* Drug in plasma, by explicit steps of 0.01 min. Owned by the patient (main thread); also behind --print-pk.
 *
 * Racemic ketamine: Kamp 2020, three compartments, linear in weight, so the result for a dose per kg does not depend on
 * it. Esketamine spray: Perez-Ruixo 2021, typical adult under 60, sprays of 28 mg five minutes apart. */
#include "clients/sim/patient.h"

#define STEPS_PER_MIN 100
#define STEP_H        (1.0 / (60.0 * STEPS_PER_MIN))

#define IV_MG_PER_KG 0.5
#define IV_MINUTES   40
#define WEIGHT_KG    70.0

#define SPRAY_MG            28.0
#define SPRAY_GAP_MIN       5
#define SPRAY_NOSE_FIRST    0.54 /* share taken up through the nose */
#define SPRAY_NOSE_LATER    (0.54 * 0.62)
#define SPRAY_SWALLOW_H     0.53 /* the rest reaches the gut over this time */
#define SPRAY_GUT_ESCAPE    0.64
#define SPRAY_NOSE_KA_PER_H 2.93
#define SPRAY_GUT_KA_PER_H  1.45
#define LIVER_OUT_PER_H     (1.11 + 2.77) /* eliminated, and turned into noresketamine */

enum { KET_V1, KET_V2, KET_V3 };
enum { ESK_NOSE, ESK_GUT, ESK_LIVER, ESK_CENTRAL, ESK_P1, ESK_P2 };

static uint32_t sprays(enum session_kind kind)
{
	return kind == SESSION_ESKETAMINE_84 ? 3 : 2;
}

void pk_start(struct pk *pk, enum session_kind kind)
{
	*pk = (struct pk){.kind = kind, .stopped_at = UINT32_MAX};
}

void pk_stop(struct pk *pk)
{
	if (pk->stopped_at == UINT32_MAX)
		pk->stopped_at = pk->step;
}

bool pk_dosing(const struct pk *pk)
{
	if (pk->step >= pk->stopped_at)
		return false;
	if (pk->kind == SESSION_KETAMINE_IV)
		return pk->step < IV_MINUTES * STEPS_PER_MIN;
	return pk->step <= (sprays(pk->kind) - 1) * SPRAY_GAP_MIN * STEPS_PER_MIN;
}

double pk_minutes(const struct pk *pk)
{
	return (double)pk->step / STEPS_PER_MIN;
}

static void ketamine_step(struct pk *pk)
{
	const double v1 = 25, v2 = 56, v3 = 157, cl = 84, q2 = 161, q3 = 79; /* L and L/h for 70 kg */
	double *mg = pk->mg;
	double rate = pk_dosing(pk) ? IV_MG_PER_KG * WEIGHT_KG / (IV_MINUTES / 60.0) : 0;
	double to2 = q2 * (mg[KET_V1] / v1 - mg[KET_V2] / v2);
	double to3 = q3 * (mg[KET_V1] / v1 - mg[KET_V3] / v3);

	mg[KET_V1] += STEP_H * (rate - cl * mg[KET_V1] / v1 - to2 - to3);
	mg[KET_V2] += STEP_H * to2;
	mg[KET_V3] += STEP_H * to3;
}

static void esketamine_step(struct pk *pk)
{
	const double vc = 192, vp1 = 143, vp2 = 417, q1 = 84.3, q2 = 37.6, qh = 151, vh = 101;
	double *mg = pk->mg;
	double swallowed = 0; /* mg/h */

	for (uint32_t i = 0; i < sprays(pk->kind); i++) {
		uint32_t at = i * SPRAY_GAP_MIN * STEPS_PER_MIN;
		double nose = i == 0 ? SPRAY_NOSE_FIRST : SPRAY_NOSE_LATER;

		if (at >= pk->stopped_at || pk->step < at)
			continue;
		if (pk->step == at)
			mg[ESK_NOSE] += SPRAY_MG * nose;
		if ((pk->step - at) * STEP_H < SPRAY_SWALLOW_H)
			swallowed += SPRAY_MG * (1 - nose) / SPRAY_SWALLOW_H;
	}
	double from_nose = SPRAY_NOSE_KA_PER_H * mg[ESK_NOSE];
	double from_gut = SPRAY_GUT_KA_PER_H * mg[ESK_GUT];
	double to_liver = qh * (mg[ESK_CENTRAL] / vc - mg[ESK_LIVER] / vh);
	double to1 = q1 * (mg[ESK_CENTRAL] / vc - mg[ESK_P1] / vp1);
	double to2 = q2 * (mg[ESK_CENTRAL] / vc - mg[ESK_P2] / vp2);

	mg[ESK_NOSE] -= STEP_H * from_nose;
	mg[ESK_GUT] += STEP_H * (swallowed - from_gut);
	mg[ESK_LIVER] += STEP_H * (SPRAY_GUT_ESCAPE * from_gut + to_liver - LIVER_OUT_PER_H * mg[ESK_LIVER]);
	mg[ESK_CENTRAL] += STEP_H * (from_nose - to_liver - to1 - to2);
	mg[ESK_P1] += STEP_H * to1;
	mg[ESK_P2] += STEP_H * to2;
}

void pk_advance(struct pk *pk, double minutes)
{
	if (minutes <= 0)
		return;
	/* Nothing is left to see after that long, and the counter cannot run over. */
	if (minutes > 10 * PK_MINUTES)
		minutes = 10 * PK_MINUTES;
	uint32_t end = pk->step + (uint32_t)(minutes * STEPS_PER_MIN + 0.5);

	if (end > 10 * PK_MINUTES * STEPS_PER_MIN)
		end = 10 * PK_MINUTES * STEPS_PER_MIN;
	for (; pk->step < end; pk->step++) {
		if (pk->kind == SESSION_KETAMINE_IV)
			ketamine_step(pk);
		else
			esketamine_step(pk);
	}
}

double pk_ng_ml(const struct pk *pk)
{
	if (pk->kind == SESSION_KETAMINE_IV)
		return pk->mg[KET_V1] / 25 * 1000;
	return pk->mg[ESK_CENTRAL] / 192 * 1000;
}
