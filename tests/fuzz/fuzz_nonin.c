/* Fuzzes the Nonin drivers; the first byte chooses one. The rules are in driver_fuzz.h. */
#include "driver_fuzz.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {"nonin-df2", "nonin-df7", "nonin-df8"};

	if (size > 0)
		fuzz_stream(names[data[0] % 3], 321, data + 1, size - 1);
	return 0;
}
