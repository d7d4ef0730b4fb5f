/* Fuzzes the SunTech driver, in conversation; the rules are in driver_fuzz.h. A start may be said three times, when the
 * module says that it is busy. */
#include "driver_fuzz.h"

static void hear(struct heard *heard, const uint8_t *bytes, size_t count)
{
	uint8_t total = 0;

	for (size_t i = 0; i < count; i++)
		total = (uint8_t)(total + bytes[i]);
	must(total == 0 && bytes[0] == 0x3A);
	if (count == 3 && bytes[1] == 0x20) {
		heard->starts++;
		return;
	}
	must(count == 5 && bytes[1] == 0x79 && bytes[3] == 0);
	must(bytes[2] == 0x01 || bytes[2] == 0x03 || bytes[2] == 0x05);
	if (bytes[2] == 0x03)
		heard->questions++;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	fuzz_talk("suntech-advantage", 65535, data, size, hear, 3);
	return 0;
}
