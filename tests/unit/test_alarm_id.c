/* The lasting ids of alarms (daemon/core/alarm_id.c): worked out again from the names, the same whatever else the
 * configuration holds, and never two alike in what is shipped. */
#include "config_world.h"

#include "vitals/engine.h"

static struct engine engine;

/* The rule of proto/README.md 1.5. */
static uint32_t again(const char *name)
{
	uint64_t h = 2166136261U;
	for (; *name != '\0'; name++)
		h = ((h ^ (uint8_t)*name) * 16777619U) & 0xffffffffU;
	return (uint32_t)h;
}

static void test_ids_follow_from_names(void **state)
{
	char name[64];
	int found = 0;
	(void)state;
	read_good("etc/vitalsd.conf");
	engine_init(&engine, &config.engine, (struct mono){0});
	for (uint16_t slot = 0; slot < ALARMS_MAX; slot++) {
		uint32_t id = engine_alarm_id(&engine, slot);
		if (id == 0)
			continue;
		engine_condition_name(&engine, &engine.alarms[slot], name, sizeof(name));
		assert_int_equal(id, again(name));
		found++;
	}
	assert_true(found > PARAMETER_COUNT + SERVICE_COUNT);
	assert_int_equal(engine_alarm_id(&engine, ALARMS_MAX), 0);
}

static uint32_t id_of(const char *wanted)
{
	char name[64];
	engine_init(&engine, &config.engine, (struct mono){0});
	for (uint16_t slot = 0; slot < ALARMS_MAX; slot++) {
		if (engine_alarm_id(&engine, slot) == 0)
			continue;
		engine_condition_name(&engine, &engine.alarms[slot], name, sizeof(name));
		if (strcmp(name, wanted) == 0)
			return engine_alarm_id(&engine, slot);
	}
	return 0;
}

/* Another rule in front moves every slot behind it, and no id. */
static void test_a_new_rule_moves_no_id(void **state)
{
	(void)state;
	read_good("etc/vitalsd.conf");
	uint32_t o2 = id_of("O2"), missing = id_of("missing-spo2"), device = id_of("device-oximeter");
	assert_true(o2 != 0 && missing != 0 && device != 0);
	struct plan *plan = &config.engine.plan;
	memmove(&plan->rules[1], &plan->rules[0], plan->rule_count * sizeof(plan->rules[0]));
	plan->rule_count++;
	memcpy(plan->rules[0].name, "A0", 3);
	assert_int_equal(id_of("O2"), o2);
	assert_int_equal(id_of("missing-spo2"), missing);
	assert_int_equal(id_of("device-oximeter"), device);
	assert_int_equal(id_of("A0"), again("A0"));
}

static void test_a_clash_is_found(void **state)
{
	uint16_t one, other;
	(void)state;
	read_good("etc/vitalsd.conf");
	engine_init(&engine, &config.engine, (struct mono){0});
	assert_false(engine_alarm_ids_clash(&engine, &one, &other));
	memcpy(config.engine.plan.rules[1].name, config.engine.plan.rules[0].name, NAME_BYTES);
	assert_true(engine_alarm_ids_clash(&engine, &one, &other));
	assert_int_equal(one, 0);
	assert_int_equal(other, 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_ids_follow_from_names),
	    cmocka_unit_test(test_a_new_rule_moves_no_id),
	    cmocka_unit_test(test_a_clash_is_found),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
