/* Fuzzes the PAR drivers, in conversation; the first byte chooses the variant. The rules are in driver_fuzz.h. */
#include "driver_fuzz.h"

static void hear(struct heard *heard, const uint8_t *bytes, size_t count)
{
	if (count == 1) {
		must(bytes[0] == 'X');
		return;
	}
	must(count == (bytes[0] == 0xFD ? 9 : 8));
	if (bytes[1] == '0' && bytes[2] == '1')
		heard->starts++;
	else if (bytes[1] == '1' && bytes[2] == '8')
		heard->questions++;
	else
		must(false);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size > 0)
		fuzz_talk(data[0] % 2 == 0 ? "par-nibp" : "par-combi", 999, data + 1, size - 1, hear, 1);
	return 0;
}
