/* The wire's own parts of the encoder: each of our enumerators has the word of the contract that means it, and a
 * snapshot of any size comes through a response as it was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/wire/encode_parts.h"
#include "daemon/wire/request.h"

static const char *word(const ProtobufCEnumDescriptor *descriptor, int number)
{
	const ProtobufCEnumValue *value = protobuf_c_enum_descriptor_get_value(descriptor, number);

	assert_non_null(value);
	return value->name;
}

static void test_changes_of_an_alarm(void **state)
{
	static const struct {
		enum alarm_change change;
		const char *word;
	} words[] = {
	    {ALARM_RAISED, "CHANGE_RAISED"},
	    {ALARM_PRIORITY_CHANGED, "CHANGE_PRIORITY"},
	    {ALARM_WAS_ACKNOWLEDGED, "CHANGE_ACKNOWLEDGED"},
	    {ALARM_BECAME_LATCHED, "CHANGE_LATCHED"},
	    {ALARM_CLEARED, "CHANGE_CLEARED"},
	    {ALARM_SESSION_ENDED, "CHANGE_SESSION_ENDED"},
	    {ALARM_REMINDED, "CHANGE_REMINDED"},
	    {ALARM_SUPERSEDED, "CHANGE_SUPERSEDED"},
	    {ALARM_REASON_CHANGED, "CHANGE_REASON"},
	    {ALARM_WORSE, "CHANGE_WORSE"},
	    {ALARM_EASED, "CHANGE_EASED"},
	};
	(void)state;
	for (size_t i = 0; i < sizeof words / sizeof words[0]; i++)
		assert_string_equal(word(&vitals__v1__change__descriptor, (int)wire_change(words[i].change)),
		                    words[i].word);
}

static void test_terms_of_a_limit(void **state)
{
	static const struct {
		enum comparison comparison;
		const char *word;
	} comparisons[] = {
	    {COMPARISON_ABOVE, "COMPARISON_ABOVE"},
	    {COMPARISON_AT_LEAST, "COMPARISON_AT_LEAST"},
	    {COMPARISON_BELOW, "COMPARISON_BELOW"},
	    {COMPARISON_AT_MOST, "COMPARISON_AT_MOST"},
	};
	static const struct {
		enum reference reference;
		const char *word;
	} references[] = {
	    {REFERENCE_ABSOLUTE, "REFERENCE_ABSOLUTE"},
	    {REFERENCE_BASELINE, "REFERENCE_BASELINE"},
	    {REFERENCE_DIFFERENCE, "REFERENCE_DIFFERENCE"},
	};
	(void)state;
	assert_string_equal(word(&vitals__v1__watch__descriptor, (int)wire_watch(WATCH_NOTHING)), "WATCH_NOTHING");
	assert_string_equal(word(&vitals__v1__watch__descriptor, (int)wire_watch(WATCH_NO_SIGNAL)), "WATCH_NO_SIGNAL");
	assert_string_equal(word(&vitals__v1__watch__descriptor, (int)wire_watch(WATCH_CRITICAL)), "WATCH_CRITICAL");
	assert_string_equal(word(&vitals__v1__watch__descriptor, (int)wire_watch(WATCH_SESSION)), "WATCH_SESSION");
	for (size_t i = 0; i < sizeof comparisons / sizeof comparisons[0]; i++)
		assert_string_equal(
		    word(&vitals__v1__comparison__descriptor, (int)wire_comparison(comparisons[i].comparison)),
		    comparisons[i].word);
	for (size_t i = 0; i < sizeof references / sizeof references[0]; i++)
		assert_string_equal(
		    word(&vitals__v1__reference__descriptor, (int)wire_reference(references[i].reference)),
		    references[i].word);
}

/* The size of the snapshot is written by hand, in one to three bytes. */
static void test_snapshot_of_any_size(void **state)
{
	static char hash[20000];
	static uint8_t snapshot[sizeof hash + 16], bytes[sizeof snapshot + RESPONSE_HEAD_BYTES];
	struct response response = {.id = 9, .result = RESULT_OK, .bedside = "room-1", .snapshot = snapshot};
	Vitals__V1__Snapshot shown;

	(void)state;
	vitals__v1__snapshot__init(&shown);
	shown.config_hash = hash;
	memset(hash, 'x', sizeof hash);
	for (size_t length = 1; length < sizeof hash; length += length < 400 ? 1 : 997) {
		hash[length] = '\0';
		response.snapshot_size = vitals__v1__snapshot__pack(&shown, snapshot);
		size_t size = response_encode(bytes, sizeof bytes, &response);
		assert_true(size > response.snapshot_size);
		Vitals__V1__Response *read = vitals__v1__response__unpack(NULL, size, bytes);
		assert_non_null(read);
		assert_non_null(read->snapshot);
		assert_int_equal(strlen(read->snapshot->config_hash), length);
		vitals__v1__response__free_unpacked(read, NULL);
		hash[length] = 'x';
	}
	assert_int_equal(response_encode(bytes, response.snapshot_size + RESPONSE_HEAD_BYTES - 1, &response), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_changes_of_an_alarm),
	    cmocka_unit_test(test_terms_of_a_limit),
	    cmocka_unit_test(test_snapshot_of_any_size),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
