/* The parameter table, and every name and text: distinct tokens, nothing NULL, nothing written past the end. */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <cmocka.h>

#include "tests/unit/core_world.h"

static struct world w;

static bool is_token(const char *text)
{
	if (text[0] == '\0')
		return false;
	for (; *text != '\0'; text++)
		if (!((*text >= 'a' && *text <= 'z') || (*text >= '0' && *text <= '9') || *text == '_' || *text == '-'))
			return false;
	return true;
}

static void test_parameter_table(void **state)
{
	(void)state;
	static const struct {
		const char *name;
		uint32_t mdc_code;
	} codes[] = {
	    {"nibp_sys", 150021},   {"nibp_dia", 150022},   {"nibp_mean", 150023},
	    {"nibp_pulse", 149546}, {"ecg_hr", 147842},     {"pulse", 149530},
	    {"spo2", 150456},       {"perfusion", 150448},  {"resp", 151562},
	    {"etco2", 151728},      {"heart_rate", 149514}, {"pulse_pressure", 0},
	    {"shock_index", 0},     {"moaas", 0},           {"rass", 0},
	    {"cadss", 0},           {"cadss6", 0},          {"bprs", 0},
	    {"distress", 0},
	};

	assert_int_equal(sizeof(codes) / sizeof(codes[0]), PARAMETER_COUNT);
	for (int p = 0; p < PARAMETER_COUNT; p++) {
		const struct parameter_info *info = &parameter_table[p];

		assert_string_equal(info->name, codes[p].name);
		assert_int_equal(info->mdc_code, codes[p].mdc_code);
		assert_int_equal(parameter_by_name(info->name), p); /* and so unique */
		assert_true(is_token(info->name));
		assert_true(info->label[0] != '\0' && info->ucum[0] != '\0');
		assert_true(info->plausible_min < info->plausible_max);
		assert_true(info->cadence == CADENCE_ENTERED || parameter_derived((enum parameter)p) ||
		            info->mdc_code != 0);
		assert_int_equal(info->mdc_refid[0] == '\0', info->mdc_code == 0);
		if (info->mdc_code != 0)
			assert_int_equal(info->mdc_code >> 16, 2); /* partition of measurements */
	}
	assert_int_equal(parameter_by_name(""), -1);
	assert_int_equal(parameter_by_name("nibp"), -1);
	assert_int_equal(parameter_by_name("nibp_sysx"), -1);
	assert_int_equal(parameter_by_name("SPO2"), -1);
}

#define ASSERT_TOKENS(function, type, count)                                                                           \
	do {                                                                                                           \
		for (int i_ = 0; i_ < (count); i_++) {                                                                 \
			assert_true(is_token(function((type)i_)));                                                     \
			assert_string_not_equal(function((type)i_), "unknown");                                        \
			for (int j_ = 0; j_ < i_; j_++)                                                                \
				assert_string_not_equal(function((type)i_), function((type)j_));                       \
		}                                                                                                      \
		assert_string_equal(function((type)(count)), "unknown");                                               \
		assert_string_equal(function((type)-1), "unknown");                                                    \
	} while (0)

static void test_tokens(void **state)
{
	(void)state;
	ASSERT_TOKENS(device_state_name, enum device_state, DEVICE_REFUSED + 1);
	ASSERT_TOKENS(device_fault_name, enum device_fault, FAULT_COUNT);
	ASSERT_TOKENS(command_name, enum command, COMMAND_COUNT);
	ASSERT_TOKENS(service_name, enum service, SERVICE_COUNT);
	ASSERT_TOKENS(reason_name, enum reason, REASON_COUNT);
	ASSERT_TOKENS(alarm_state_name, enum alarm_state, ALARM_STATE_COUNT);
	ASSERT_TOKENS(priority_name, enum priority, PRIORITY_HIGH + 1);
	ASSERT_TOKENS(condition_kind_name, enum condition_kind, CONDITION_KIND_COUNT);
	ASSERT_TOKENS(alarm_change_name, enum alarm_change, ALARM_EASED + 1);
	ASSERT_TOKENS(session_change_name, enum session_change, SESSION_CLOSED + 1);
	ASSERT_TOKENS(result_name, enum result, RESULT_COUNT);
	assert_string_equal(reason_name(REASON_SENSOR_OFF), "sensor_off");
	assert_string_equal(device_fault_name(FAULT_NOT_FOUND), "not-found");
	assert_string_equal(session_change_name(SESSION_AUDIO), "audio");
}

static void test_condition_names(void **state)
{
	(void)state;
	static const int64_t times[] = {0};
	static const struct {
		int id;
		const char *name;
	} cases[] = {
	    {ALARM_BASE_RULE, "O2"},
	    {ALARM_BASE_MISSING + PARAMETER_SPO2, "missing-spo2"},
	    {ALARM_BASE_DEVICE + OXIMETER, "device-oximeter"},
	    {ALARM_BASE_CUFF_FAILED + CUFF, "cuff-failed-bp"},
	    {ALARM_BASE_CHECK_LATE, "late-cuff"},
	    {ALARM_BASE_SERVICE + SERVICE_RECORDER, "service-recorder"},
	    {ALARM_BASE_SERVICE + SERVICE_PUBLISHER, "service-publisher"},
	    {ALARM_BASE_SERVICE + SERVICE_DISPLAYS, "service-displays"},
	    {ALARM_BASE_SERVICE + SERVICE_CONFIG, "service-config"},
	    {ALARM_BASE_SERVICE + SERVICE_ENGINE, "service-engine"},
	    {ALARM_BASE_SERVICE + SERVICE_SESSION, "service-session"},
	    {ALARM_BASE_CLOCK, "clock-stepped"},
	    {ALARM_BASE_FLAPPING + CUFF, "flapping-bp"},
	    {ALARM_BASE_TAKEN_OUT + OXIMETER, "taken-out-device-oximeter"},
	    {ALARM_BASE_TAKEN_OUT + DEVICES_MAX, "taken-out-nibp_sys"}, /* the first parameter, not a device */
	    {ALARM_BASE_TAKEN_OUT + DEVICES_MAX + PARAMETER_SPO2, "taken-out-spo2"},
	    {ALARM_BASE_TEST, "test"},
	    {ALARM_BASE_HELP, "help"},
	};

	world_plan(&w);
	(void)world_rule(&w, "O2", PARAMETER_SPO2, COMPARISON_BELOW, 90, 92);
	put_text(w.config.plan.rules[0].text, "SpO\xe2\x82\x82 below 90 %",
	         TEXT_BYTES); /* a subscript in three bytes */
	(void)world_check(&w, "cuff", PARAMETER_NIBP_SYS, ANCHOR_OPEN, S, 1, times);
	world_begin(&w, 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct alarm *alarm = &w.engine.alarms[cases[i].id];
		char name[64], text[TEXT_BYTES + 32];

		assert_int_equal(alarm->id, cases[i].id);
		engine_condition_name(&w.engine, alarm, name, sizeof(name));
		assert_string_equal(name, cases[i].name);
		engine_condition_text(&w.engine, alarm, text, sizeof(text));
		assert_true(strlen(text) > 3);
		/* Whatever the size: terminated, a beginning of the whole, nothing behind the end. */
		for (uint16_t size = 0; size < sizeof(text); size++) {
			char cut[TEXT_BYTES + 33];

			memset(cut, '#', sizeof(cut));
			engine_condition_text(&w.engine, alarm, cut, size);
			assert_int_equal(cut[size], '#');
			if (size == 0)
				continue;
			assert_true(strlen(cut) < size);
			assert_memory_equal(cut, text, strlen(cut));
			if (i == 0 && size <= 6)
				assert_true(strlen(cut) <= 3); /* never half a character */
		}
	}
	char text[TEXT_BYTES + 32];

	engine_condition_text(&w.engine, &w.engine.alarms[ALARM_BASE_MISSING + PARAMETER_SPO2], text, sizeof(text));
	assert_non_null(strstr(text, "SpO2"));
	engine_condition_text(&w.engine, &w.engine.alarms[ALARM_BASE_TAKEN_OUT + DEVICES_MAX], text, sizeof(text));
	assert_non_null(strstr(text, parameter_table[0].label));
	w.engine.alarms[ALARM_BASE_DEVICE + OXIMETER].reason = REASON_WRONG_DEVICE;
	engine_condition_text(&w.engine, &w.engine.alarms[ALARM_BASE_DEVICE + OXIMETER], text, sizeof(text));
	assert_string_equal(text, "A different device answers as oximeter");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_parameter_table),
	    cmocka_unit_test(test_tokens),
	    cmocka_unit_test(test_condition_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
