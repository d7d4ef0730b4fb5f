/* Random numbers of the simulated patient: splitmix64, the same on every machine for one seed. Called by whatever
 * draws; the state belongs to the caller. */
#include <math.h>

#include "clients/sim/patient.h"

uint64_t prng_next(struct prng *prng)
{
	uint64_t z = prng->state += UINT64_C(0x9E3779B97F4A7C15);

	z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
	z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
	return z ^ (z >> 31);
}

double prng_uniform(struct prng *prng)
{
	return (double)(prng_next(prng) >> 11) * 0x1p-53;
}

double prng_gauss(struct prng *prng)
{
	double u = 1.0 - prng_uniform(prng); /* never 0 */

	return sqrt(-2.0 * log(u)) * cos(6.283185307179586 * prng_uniform(prng));
}
