/* Fuzzes the Ivy driver; the rules are in driver_fuzz.h. */
#include "driver_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_stream("ivy-ansarb", 999, data, size);
	return 0;
}
