/* Fuzzes the Nonin ASCII driver; the rules are in driver_fuzz.h. */
#include "driver_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_stream("nonin-ascii", 321, data, size);
	return 0;
}
