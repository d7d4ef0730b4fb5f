/* Register maps: what they may hold on which link, and what the check asks about them. The mistakes in them are files
 * of tests/config/bad (test_config.c). Run from the top of the repository. */
#include "tests/unit/config_world.h"

/* A bedside of one Modbus device with the map in `text`; `link` is the type and address of its link. */
static const char *write_device(const char *text, const char *link)
{
	char path[PATH_BYTES];
	assert_in_range(snprintf(path, sizeof path, "%s/map.conf", directory), 1, sizeof path - 1);
	write_file(path, text, strlen(text), 0600);
	return write_main("bedside = \"t\"\nplan = \"%s/" GOOD "plan.conf\"\ncontrol { socket = \"/run/c\" }\n"
	                  "record { path = \"/var/r\" }\npublish { " ENDPOINTS " }\n"
	                  "link \"l\" { type = \"%s\" }\n"
	                  "device \"d\" { link = \"l\"  map = \"map.conf\"  unit = 1  poll_period_ms = 1000 }\n",
	                  here(), link);
}

#define OVER_TCP    "modbus-tcp\"  host = \"::1"
#define OVER_SERIAL "modbus-rtu\"  port = \"/dev/ttyS0"

/* Only behind TCP may something else answer for the device, and only continuous values are taken without a sign that
 * they are new. */
static void test_alive_is_asked_for(void **state)
{
	static char text[65536];
	static const char *const values[] = {
	    "value \"spo2\" { block = \"a\"  address = 1  type = \"u16\"  scale = 1 }\n",
	    "sequence { block = \"a\"  address = 0 }\n"
	    "value \"nibp_sys\" { block = \"a\"  address = 1  type = \"u16\"  scale = 1 }\n",
	    "value \"spo2\" { block = \"a\"  address = 1  type = \"u16\"  scale = 1 }\n"
	    "alive { block = \"a\"  address = 0  mask = 0xFF  within_s = 2 }\n"
	    "require { block = \"a\"  address = 2  value = 0x0300  mask = 0x0F00 }\n",
	};
	static const char *const types[] = {OVER_TCP, OVER_SERIAL};

	(void)state;
	for (int v = 0; v < 3; v++)
		for (int t = 0; t < 2; t++) {
			char map[1024];
			int size = snprintf(map, sizeof map,
			                    "description = \"x\"\naddress_base = 0\n"
			                    "block \"a\" { table = \"input\"  address = 0  count = 4 }\n%s",
			                    values[v]);
			assert_in_range(size, 1, sizeof map - 1);
			read_good(write_device(map, types[t]));
			memset(text, 0, sizeof text);
			FILE *out = fmemopen(text, sizeof text - 1, "w");
			assert_non_null(out);
			assert_int_equal(config_print(&config, out), 0);
			assert_int_equal(fclose(out), 0);
			assert_int_equal(strstr(text, "has no `alive`") != NULL, v == 0 && t == 0);
		}
	assert_non_null(strstr(text, "alive while this changes within 2 s: input 0 (30001) & 0x00FF"));
	assert_non_null(strstr(text, "must hold: input 2 (30003) & 0x0F00 = 0x0300, else no spo2"));
}

static void test_reads_of_one_length(void **state)
{
	static const char *const maps[] = {
	    "description = \"x\"\naddress_base = 0\n"
	    "block \"a\" { table = \"input\"  address = 0  count = 2 }\n"
	    "block \"b\" { table = \"input\"  address = 9  count = 2 }\n"
	    "value \"spo2\" { block = \"b\"  address = 9  type = \"u16\"  scale = 1 }\n",
	    "description = \"x\"\naddress_base = 0\n"
	    "identity { table = \"holding\"  address = 0  count = 2  expect = { 1 } }\n"
	    "block \"a\" { table = \"input\"  address = 0  count = 2 }\n"
	    "value \"spo2\" { block = \"a\"  address = 0  type = \"u16\"  scale = 1 }\n",
	};

	(void)state;
	for (int i = 0; i < 2; i++) {
		/* The header of an answer over TCP says which question it is for. */
		read_good(write_device(maps[i], OVER_TCP));
		assert_int_equal(read_config(write_device(maps[i], OVER_SERIAL)), 1);
		assert_non_null(strstr(errors, ":7: map: two reads of the map have 2 registers: on a serial line"));
	}
}

/* What a manual prints as 40033 is register 32; register 40033 itself is possible too, so it is asked. */
static void test_addresses_of_a_manual_are_asked_for(void **state)
{
	static const char block[] = "description = \"x\"\naddress_base = %d\n"
	                            "block \"a\" { table = \"input\"  address = %d  count = 2 }\n"
	                            "value \"spo2\" { block = \"a\"  address = %d  type = \"u16\"  scale = 1 }\n"
	                            "init { address = %d  value = 1 }\n";
	static const struct {
		int base, address, init;
		const char *note; /* NULL: none */
	} cases[] = {
	    {0, 16, 32, NULL},
	    {0, 16, 40033,
	     "NOTE: address 40033 is taken as holding 40033 (80034), since address_base is 0. If a manual prints 40033 "
	     "for "
	     "register 32, write 32\n"},
	    {1, 17, 40033,
	     "NOTE: address 40033 is taken as holding 40032 (80033), since address_base is 1. If a manual prints 40033 "
	     "for "
	     "register 32, write 33\n"},
	    {0, 30017, 0, "NOTE: address 30017 is taken as input 30017 (60018)"},
	    {0, 29999, 50000, NULL},
	    {40001, 30017, 40033, NULL},
	};
	static char text[65536];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		char map[1024];
		assert_in_range(
		    snprintf(map, sizeof map, block, cases[i].base, cases[i].address, cases[i].address, cases[i].init),
		    1, sizeof map - 1);
		read_good(write_device(map, OVER_SERIAL));
		memset(text, 0, sizeof text);
		FILE *out = fmemopen(text, sizeof text - 1, "w");
		assert_non_null(out);
		assert_int_equal(config_print(&config, out), 0);
		assert_int_equal(fclose(out), 0);
		if (cases[i].note != NULL)
			assert_non_null(strstr(text, cases[i].note));
		else
			assert_null(strstr(text, "NOTE: address"));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_alive_is_asked_for),
	    cmocka_unit_test(test_reads_of_one_length),
	    cmocka_unit_test(test_addresses_of_a_manual_are_asked_for),
	};
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
