/* What can be measured or scored: identity, unit, code and plausible range of each parameter.
 *
 * Values everywhere in vitalsd are int32_t in thousandths ("milli") of the parameter's UCUM unit: 120 mmHg is 120000,
 * 97 % is 97000. One fixed scale for all parameters keeps floating point out of the core and zero distinct from "none".
 * MDC reference ids and codes are those of ISO/IEEE 11073-10101 (code = partition * 65536 + term). The entered scores
 * and most derived values have no code there: mdc_code is 0 and mdc_refid is "".
 * The table is const and belongs to the core (daemon/core/parameter.c). */
#ifndef VITALS_PARAMETER_H
#define VITALS_PARAMETER_H

#include <stdbool.h>
#include <stdint.h>

#define MILLI 1000

enum parameter {
	PARAMETER_NIBP_SYS,   /* non-invasive blood pressure, systolic */
	PARAMETER_NIBP_DIA,   /* diastolic */
	PARAMETER_NIBP_MEAN,  /* mean */
	PARAMETER_NIBP_PULSE, /* pulse rate counted by the cuff */
	PARAMETER_ECG_HR,     /* heart rate from ECG */
	PARAMETER_PULSE,      /* pulse rate from the oximeter */
	PARAMETER_SPO2,       /* oxygen saturation by pulse oximetry */
	PARAMETER_PERFUSION,  /* perfusion index of the oximeter */
	PARAMETER_RESP,       /* respiration rate */
	PARAMETER_ETCO2,      /* end-tidal CO2 */
	PARAMETER_HEART_RATE, /* derived: ECG heart rate, else the oximeter's pulse rate */
	PARAMETER_MOAAS,      /* entered: sedation, 0 (none) .. 5 (alert) */
	PARAMETER_RASS,       /* entered: agitation-sedation, -5 .. +4 */
	PARAMETER_CADSS,      /* entered: dissociation, total 0 .. 92 */
	PARAMETER_CADSS6,     /* entered: six-item short form, total 0 .. 24 */
	PARAMETER_BPRS,       /* entered: BPRS+ four items, total 0 .. 24 */
	PARAMETER_DISTRESS,   /* entered: "patient distressed" button, 1 = distressed, 0 = settled */
	PARAMETER_COUNT
};

enum cadence {
	CADENCE_CONTINUOUS,   /* a fresh value every device period; stale after three periods without one */
	CADENCE_INTERMITTENT, /* one determination at a time (cuff): judged once, carries its age ever after */
	CADENCE_ENTERED,      /* typed in by staff; judged once */
};

struct parameter_info {
	const char *name;  /* token for configuration, JSON and logs: [a-z0-9_]+, unique */
	const char *label; /* what staff read on a display */
	const char *mdc_refid;
	const char *ucum; /* UCUM unit, "1" for scores */
	uint32_t mdc_code;
	int32_t
	    plausible_min; /* milli; a value outside plausible_min..plausible_max is never judged as a measurement */
	int32_t plausible_max;
	uint8_t decimals; /* digits after the point that a display shows */
	enum cadence cadence;
};

/* Indexed by enum parameter. */
extern const struct parameter_info parameter_table[PARAMETER_COUNT];

/* The parameter of that name, or -1. `name` must not be NULL. */
int parameter_by_name(const char *name);

/* Set of parameters as bits 1 << enum parameter. */
typedef uint32_t parameter_set;
#define PARAMETER_BIT(p) ((parameter_set)1 << (p))

/* What a derived parameter is worked out of (daemon/core/derived.c): all of `needs`, and at least one of `one_of` if
 * that is not empty. A derived parameter has no device of its own and is in no event. */
struct parameter_parts {
	parameter_set needs, one_of;
};

/* Indexed by enum parameter; both sets are empty for what is measured or entered. */
extern const struct parameter_parts parameter_parts[PARAMETER_COUNT];

static inline bool parameter_derived(enum parameter parameter)
{
	return (parameter_parts[parameter].needs | parameter_parts[parameter].one_of) != 0;
}

/* Can it be known where devices provide `provided`? Entered ones always can. */
bool parameter_provided(enum parameter parameter, parameter_set provided);

#endif
