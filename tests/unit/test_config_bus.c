/* What the configuration check says of a Modbus link that works as long as no answer is lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "daemon/config/reading.h"

/* One device with one block of four registers. The sums are worked out by hand: at 19200 8E1 a character takes 572.9
 * us, so 8 + 13 of them and 2 silences of 3.5 are 16.1 ms; with 10 ms for the device and 16 ms for an adapter, 43 ms.
 */
static void test_a_lost_answer_that_costs_a_poll(void **state)
{
	static const struct {
		enum link_type type;
		int32_t timeout_ms, period_ms;
		const char *sums; /* NULL: nothing to say */
	} cases[] = {
	    {LINK_MODBUS_RTU, 300, 342,
	     "= d 43 (4 registers, 1 read) + 300 at 19200 baud = 343 ms, and it is polled every 342 ms"},
	    {LINK_MODBUS_RTU, 300, 343, NULL},
	    {LINK_MODBUS_TCP, 500, 20, "= d 10 (4 registers, 1 read) + 500 = 510 ms, and it is polled every 20 ms"},
	    {LINK_MODBUS_TCP, 500, 510, NULL},
	};
	static struct config config;
	char text[768];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		config = (struct config){.link_count = 1, .device_count = 1, .map_count = 1};
		config.links[0] = (struct link_config){
		    .name = "bus",
		    .type = cases[i].type,
		    .line = {.baud = 19200, .parity = 'E', .data_bits = 8, .stop_bits = 1},
		    .timeout_ms = cases[i].timeout_ms,
		};
		config.devices[0] = (struct device_config){.name = "d", .period_ns = cases[i].period_ms * NS_PER_MS};
		config.maps[0].block_count = 1;
		config.maps[0].blocks[0].count = 4;
		assert_int_equal(bus_is_tight(&config, 0, text, sizeof text), cases[i].sums != NULL);
		if (cases[i].sums != NULL)
			assert_non_null(strstr(text, cases[i].sums));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_lost_answer_that_costs_a_poll),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
