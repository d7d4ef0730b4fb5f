/* The parameter table: identity, unit, code and plausible range of everything that can be measured or scored. Const
 * data, read by every room from any thread.
 *
 * MDC reference ids and codes: ISO/IEEE 11073-10101 as used in the HL7 uv-pocd examples, VSCaptureMP and the OpenICE
 * IDL.
 *
 * Plausible ranges decide only whether a number can be a measurement at all; they are wider than any alarm limit:
 * - cuff pressures: systolic up to 260, diastolic up to 180 mmHg, rule C2 of the session protocol (our proposal); the
 * mean lies between those two, so its range is bounded by theirs. There is no lower bound but 1: a pressure that is low
 * and does not contradict itself is a patient in shock, and 0 is the commonest code for "nothing" (our proposal);
 * - rates of cuff and oximeter: a little wider than the widest display range of the supported oximeters (Nonin 18 ..
 * 321);
 * - ECG heart rate and respiration start at 0, because a monitor that reports asystole or apnoea as a rate of 0 must be
 *   judged, not ignored; "no value" is for its driver to tell apart (our proposal);
 * - SpO2 starts at 1 %: 0 % with a pulse does not exist, and 0 is the commonest code for "nothing" (our proposal);
 * - perfusion index and end-tidal CO2: the display ranges of common monitors, rounded up (our proposal);
 * - what is derived: what its parts allow;
 * - scores: the scales' own ranges (MOAA/S 0 .. 5, RASS -5 .. +4, CADSS of 23 and CADSS-6 of 6 items scored 0 .. 4,
 * BPRS+ of 4 items scored 0 .. 6, distressed or not). */
#include "vitals/parameter.h"

#include <string.h>

const struct parameter_info parameter_table[PARAMETER_COUNT] = {
    [PARAMETER_NIBP_SYS] = {"nibp_sys", "BP systolic", "MDC_PRESS_BLD_NONINV_SYS", "mm[Hg]", 150021, 1 * MILLI,
                            260 * MILLI, 0, CADENCE_INTERMITTENT},
    [PARAMETER_NIBP_DIA] = {"nibp_dia", "BP diastolic", "MDC_PRESS_BLD_NONINV_DIA", "mm[Hg]", 150022, 1 * MILLI,
                            180 * MILLI, 0, CADENCE_INTERMITTENT},
    [PARAMETER_NIBP_MEAN] = {"nibp_mean", "BP mean", "MDC_PRESS_BLD_NONINV_MEAN", "mm[Hg]", 150023, 1 * MILLI,
                             260 * MILLI, 0, CADENCE_INTERMITTENT},
    [PARAMETER_NIBP_PULSE] = {"nibp_pulse", "Pulse (cuff)", "MDC_PULS_RATE_NON_INV", "/min", 149546, 15 * MILLI,
                              330 * MILLI, 0, CADENCE_INTERMITTENT},
    [PARAMETER_ECG_HR] = {"ecg_hr", "ECG rate", "MDC_ECG_HEART_RATE", "/min", 147842, 0, 350 * MILLI, 0,
                          CADENCE_CONTINUOUS},
    [PARAMETER_PULSE] = {"pulse", "Pulse (SpO2)", "MDC_PULS_OXIM_PULS_RATE", "/min", 149530, 15 * MILLI, 330 * MILLI, 0,
                         CADENCE_CONTINUOUS},
    [PARAMETER_SPO2] = {"spo2", "SpO2", "MDC_PULS_OXIM_SAT_O2", "%", 150456, 1 * MILLI, 100 * MILLI, 0,
                        CADENCE_CONTINUOUS},
    [PARAMETER_PERFUSION] = {"perfusion", "Perfusion index", "MDC_PULS_OXIM_PERF_REL", "%", 150448, 0, 30 * MILLI, 2,
                             CADENCE_CONTINUOUS},
    [PARAMETER_RESP] = {"resp", "Respiration", "MDC_RESP_RATE", "/min", 151562, 0, 150 * MILLI, 0, CADENCE_CONTINUOUS},
    [PARAMETER_ETCO2] = {"etco2", "EtCO2", "MDC_AWAY_CO2_ET", "mm[Hg]", 151728, 0, 150 * MILLI, 0, CADENCE_CONTINUOUS},
    [PARAMETER_HEART_RATE] = {"heart_rate", "Heart rate", "MDC_PULS_RATE", "/min", 149514, 0, 350 * MILLI, 0,
                              CADENCE_CONTINUOUS},
    [PARAMETER_MOAAS] = {"moaas", "MOAA/S", "", "1", 0, 0, 5 * MILLI, 0, CADENCE_ENTERED},
    [PARAMETER_RASS] = {"rass", "RASS", "", "1", 0, -5 * MILLI, 4 * MILLI, 0, CADENCE_ENTERED},
    [PARAMETER_CADSS] = {"cadss", "CADSS", "", "1", 0, 0, 92 * MILLI, 0, CADENCE_ENTERED},
    [PARAMETER_CADSS6] = {"cadss6", "CADSS-6", "", "1", 0, 0, 24 * MILLI, 0, CADENCE_ENTERED},
    [PARAMETER_BPRS] = {"bprs", "BPRS+", "", "1", 0, 0, 24 * MILLI, 0, CADENCE_ENTERED},
    [PARAMETER_DISTRESS] = {"distress", "Distressed", "", "1", 0, 0, 1 * MILLI, 0, CADENCE_ENTERED},
};

const struct parameter_parts parameter_parts[PARAMETER_COUNT] = {
    [PARAMETER_HEART_RATE] = {.one_of = PARAMETER_BIT(PARAMETER_ECG_HR) | PARAMETER_BIT(PARAMETER_PULSE)},
};

bool parameter_provided(enum parameter parameter, parameter_set provided)
{
	const struct parameter_parts *parts = &parameter_parts[parameter];

	if (!parameter_derived(parameter))
		return parameter_table[parameter].cadence == CADENCE_ENTERED ||
		       (provided & PARAMETER_BIT(parameter)) != 0;
	return (parts->needs & ~provided) == 0 && (parts->one_of == 0 || (parts->one_of & provided) != 0);
}

int parameter_by_name(const char *name)
{
	size_t length = strlen(name);

	for (int p = 0; p < PARAMETER_COUNT; p++) {
		const char *other = parameter_table[p].name;

		if (strlen(other) == length && memcmp(other, name, length) == 0)
			return p;
	}
	return -1;
}
