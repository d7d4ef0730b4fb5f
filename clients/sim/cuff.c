/* The simulated blood-pressure module: one determination at a time, its result in eight input registers. Called with
 * the world's lock held: commands and registers by the Modbus server's thread, the end of a determination by the main
 * thread's tick.
 *
 * Cuff readings scatter by 5-6 mmHg (placebo arms of the spray trials) and 3-5 % of them fail. Every determination
 * draws the same count of random numbers, so that the n-th one scatters the same way whenever it is started. */
#include <math.h>

#include "clients/sim/sim.h"

enum cuff_status {
	CUFF_OK = 0,
	CUFF_ARTEFACT = 2,
	CUFF_LEAK = 3,
	CUFF_STOPPED = 4,
};

static uint16_t reading(double value)
{
	return value < 1 ? 1 : value > 300 ? 300 : (uint16_t)lround(value);
}

static void finish(struct cuff *cuff, uint16_t status)
{
	cuff->measuring = false;
	cuff->sequence++;
	cuff->status = status;
	cuff->sys = cuff->dia = cuff->mean = cuff->pulse = CUFF_MISSING;
}

void cuff_update(struct cuff *cuff, const struct world *world, int64_t now_ns)
{
	const struct vitals *vitals = &world->vitals;

	if (!cuff->measuring || now_ns - cuff->begun_ns < (int64_t)(cuff->seconds * (double)NS_PER_S))
		return;
	double a = prng_gauss(&cuff->prng), b = prng_gauss(&cuff->prng), c = prng_gauss(&cuff->prng);
	bool unlucky = prng_uniform(&cuff->prng) < cuff->fail_rate;

	finish(cuff, world->device[DEVICE_CUFF].probe_off ? CUFF_LEAK : CUFF_ARTEFACT);
	if (world->device[DEVICE_CUFF].probe_off)
		return;
	if (cuff->fail_next > 0 || unlucky) {
		if (cuff->fail_next > 0)
			cuff->fail_next--;
		return;
	}
	double sys = vitals->sys + cuff->scatter * a;
	double dia = vitals->dia + 0.8 * cuff->scatter * b;

	if (dia > sys - 10 && vitals->dia <= vitals->sys - 10)
		dia = sys - 10; /* the scatter alone contradicts nothing */
	cuff->status = CUFF_OK;
	cuff->sys = reading(sys);
	cuff->dia = reading(dia);
	cuff->mean = reading(dia + (sys - dia) / 3);
	cuff->pulse = reading(vitals->hr + c);
}

/* Falls from 180 mmHg while a determination lasts. */
static uint16_t pressure(const struct cuff *cuff, int64_t now_ns)
{
	double share = (double)(now_ns - cuff->begun_ns) / (double)NS_PER_S / cuff->seconds;

	if (!cuff->measuring || share > 1)
		return 0;
	return (uint16_t)(share < 0.2 ? 900 * share : 180 - 140 * (share - 0.2) / 0.8);
}

/* The panel is switched to kPa: tenths of it. */
static uint16_t in_kpa(uint16_t mmhg)
{
	return mmhg == CUFF_MISSING ? mmhg : (uint16_t)lround(mmhg * 10 / MMHG_PER_KPA);
}

void cuff_registers(const struct cuff *cuff, int64_t now_ns, bool kpa, uint16_t input[8])
{
	input[0] = cuff->sequence;
	input[1] = cuff->status;
	input[2] = kpa ? in_kpa(cuff->sys) : cuff->sys;
	input[3] = kpa ? in_kpa(cuff->dia) : cuff->dia;
	input[4] = kpa ? in_kpa(cuff->mean) : cuff->mean;
	input[5] = cuff->pulse;
	input[6] = pressure(cuff, now_ns);
	input[7] = kpa ? 1 : 0;
}

bool cuff_command(struct cuff *cuff, uint16_t value, int64_t now_ns)
{
	if (value == 1) {
		if (cuff->measuring)
			return false;
		cuff->measuring = true;
		cuff->begun_ns = now_ns;
	}
	if (value == 2 && cuff->measuring)
		finish(cuff, CUFF_STOPPED);
	return true;
}
