/* Every truncation and every single flipped bit of the golden files of devices that talk by themselves. (Conversations
 * are damaged in the tests of their drivers, registers in test_traffic.c.) */
#include "driver_world.h"

/* Without a checksum a digit that turns into another possible digit passes, and so does a status that turns into
 * another. How many do is counted here, so that it cannot grow unseen; what follows from it is in docs/DRIVERS.md. With
 * a checksum no flip makes a value, but for those that mend the packets that are damaged in the files. */
static const struct {
	const char *name, *path;
	size_t changed; /* frames, by one flip: Ivy's cuff may come messages later */
	size_t wrong, cut;
} files[] = {
    {"masimo-ascii1", "tests/replay/masimo-ascii1.txt", 1, 193, 0},
    /* A header that looks like that of a printed memory removes the values up to the next one. */
    {"nellcor-ascii", "tests/replay/nellcor-ascii.txt", 15, 84, 0},
    /* Cut where the monitor has erased its last determination: it counts as new when it is shown again. */
    {"ivy-ansarb", "tests/replay/ivy-ansarb.bin", 12, 525, 2257},
    {"nonin-df2", "tests/replay/nonin-df2.bin", 1, 2, 0},
    {"nonin-df7", "tests/replay/nonin-df7.bin", 1, 3, 0},
    /* Cut behind the noise before the first frame. */
    {"nonin-df8", "tests/replay/nonin-df8.bin", 4, 502, 1},
};

static void test_flips(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
		size_t wrong = flip_file(files[i].name, files[i].path, files[i].changed);
		if (wrong != files[i].wrong)
			fail_msg("%s: %zu flips pass, %zu did", files[i].name, wrong, files[i].wrong);
	}
}

static void test_truncations(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof files / sizeof files[0]; i++)
		truncate_raw(files[i].name, files[i].path, files[i].cut);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_flips),
	    cmocka_unit_test(test_truncations),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
