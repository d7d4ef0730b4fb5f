/* How readings are gathered before they go to the displays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "daemon/gather.h"

#define SPO2  PARAMETER_BIT(PARAMETER_SPO2)
#define PULSE PARAMETER_BIT(PARAMETER_PULSE)
#define SYS   PARAMETER_BIT(PARAMETER_NIBP_SYS)
#define MOAAS PARAMETER_BIT(PARAMETER_MOAAS)

static struct mono ms(int64_t at)
{
	return (struct mono){at * NS_PER_MS};
}

static void test_first_after_quiet_goes_at_once(void **state)
{
	(void)state;
	struct gather gather = {0};

	assert_int_equal(gather_take(&gather, ms(-5)), 0);
	assert_int_equal(gather_due(&gather).ns, MONO_NEVER.ns);
	gather_add(&gather, SPO2);
	assert_int_equal(gather_take(&gather, ms(-5)), SPO2);
	assert_int_equal(gather_take(&gather, ms(1000)), 0);
	gather_add(&gather, SPO2);
	assert_int_equal(gather_take(&gather, ms(1000)), SPO2);
}

/* Sixty values a second: each is sent within the interval, together with what came meanwhile. */
static void test_interval(void **state)
{
	(void)state;
	struct gather gather = {0};
	int messages = 0;

	for (int64_t at = 0; at < 6000; at += 10) {
		gather_add(&gather, at % 20 == 0 ? SPO2 : PULSE);
		struct mono due = gather_due(&gather);
		assert_true(due.ns <= ms(at + 50).ns);
		bool sent = gather_take(&gather, ms(at)) != 0;
		assert_int_equal(sent, due.ns <= ms(at).ns);
		messages += sent;
	}
	assert_int_equal(messages, 6000 / 50);
	/* Nothing follows: the last ones go when the engine thread wakes for them. */
	gather_add(&gather, SPO2);
	struct mono due = gather_due(&gather);
	assert_true(due.ns > ms(5990).ns && due.ns <= ms(6040).ns);
	assert_int_equal(gather_take(&gather, due) & SPO2, SPO2);
}

static void test_what_does_not_wait(void **state)
{
	(void)state;
	struct gather gather = {0};

	gather_add(&gather, SPO2);
	assert_int_equal(gather_take(&gather, ms(0)), SPO2);
	gather_add(&gather, PULSE);
	assert_int_equal(gather_take(&gather, ms(1)), 0);
	gather_add(&gather, SYS);
	assert_int_equal(gather_take(&gather, ms(1)), SYS | PULSE);
	gather_add(&gather, MOAAS);
	assert_int_equal(gather_take(&gather, ms(2)), MOAAS);
	gather_add(&gather, SPO2);
	gather_hurry(&gather);
	assert_int_equal(gather_take(&gather, ms(3)), SPO2);
	gather_add(&gather, SPO2);
	assert_int_equal(gather_take(&gather, ms(4)), 0); /* the hurry was for that one */
	assert_int_equal(gather_take(&gather, ms(53)), SPO2);
	/* An alarm without a value hurries nothing that comes later. */
	gather_hurry(&gather);
	assert_int_equal(gather_take(&gather, ms(54)), 0);
	gather_add(&gather, SPO2);
	assert_int_equal(gather_take(&gather, ms(55)), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_first_after_quiet_goes_at_once),
	    cmocka_unit_test(test_interval),
	    cmocka_unit_test(test_what_does_not_wait),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
