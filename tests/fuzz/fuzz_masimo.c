/* Fuzzes the Masimo ASCII 1 driver; the rules are in driver_fuzz.h. */
#include "driver_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_stream("masimo-ascii1", 300, data, size);
	return 0;
}
