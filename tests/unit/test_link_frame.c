/* Checking of Modbus answers: whatever differs from the answer to this very request is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "daemon/link/modbus_port.h"

static const struct request read_two = {.unit = 17, .function = MODBUS_READ_INPUT, .address = 0x0108, .argument = 2};
static const struct request write_one = {
    .unit = 17, .function = MODBUS_WRITE_ONE, .address = 0x0020, .argument = 0x0102};
static const uint8_t read_answer[] = {17, 4, 4, 0x12, 0x34, 0xAB, 0xCD};

static void test_pack(void **state)
{
	static const uint8_t expected[] = {17, 4, 0x01, 0x08, 0x00, 0x02};
	uint8_t bytes[REQUEST_BYTES];

	(void)state;
	request_pack(&read_two, bytes);
	assert_memory_equal(bytes, expected, sizeof expected);
}

static void test_read(void **state)
{
	uint16_t registers[REGISTER_BLOCK_MAX] = {0};

	(void)state;
	assert_int_equal(answer_check(&read_two, read_answer, sizeof read_answer, registers), OUTCOME_OK);
	assert_int_equal(registers[0], 0x1234);
	assert_int_equal(registers[1], 0xABCD);
	for (int count = -2; count < (int)sizeof read_answer; count++)
		assert_int_equal(answer_check(&read_two, read_answer, count, registers), OUTCOME_BAD_FRAME);
	/* Every changed bit of the first three bytes; the data have only the CRC. */
	for (int bit = 0; bit < 24; bit++) {
		uint8_t changed[sizeof read_answer];
		memcpy(changed, read_answer, sizeof changed);
		changed[bit / 8] = (uint8_t)(changed[bit / 8] ^ 1 << bit % 8);
		assert_int_equal(answer_check(&read_two, changed, sizeof changed, registers), OUTCOME_BAD_FRAME);
	}
	/* A longer one, whether it says so or not. */
	uint8_t longer[9] = {17, 4, 6, 0x12, 0x34, 0xAB, 0xCD, 0, 0};
	assert_int_equal(answer_check(&read_two, longer, sizeof longer, registers), OUTCOME_BAD_FRAME);
	longer[2] = 4;
	assert_int_equal(answer_check(&read_two, longer, sizeof longer, registers), OUTCOME_BAD_FRAME);
}

static void test_write(void **state)
{
	uint8_t echo[REQUEST_BYTES];

	(void)state;
	request_pack(&write_one, echo);
	assert_int_equal(answer_check(&write_one, echo, sizeof echo, NULL), OUTCOME_OK);
	for (int bit = 0; bit < (int)sizeof echo * 8; bit++) {
		request_pack(&write_one, echo);
		echo[bit / 8] = (uint8_t)(echo[bit / 8] ^ 1 << bit % 8);
		assert_int_equal(answer_check(&write_one, echo, sizeof echo, NULL), OUTCOME_BAD_FRAME);
	}
}

static void test_exceptions(void **state)
{
	uint8_t answer[4] = {17, 0x84, 2, 0};
	uint16_t registers[2];

	(void)state;
	assert_int_equal(answer_check(&read_two, answer, 3, registers), OUTCOME_EXCEPTION);
	answer[2] = 5;
	assert_int_equal(answer_check(&read_two, answer, 3, registers), OUTCOME_BUSY);
	answer[2] = 6;
	assert_int_equal(answer_check(&read_two, answer, 3, registers), OUTCOME_BUSY);
	assert_int_equal(answer_check(&read_two, answer, 4, registers), OUTCOME_BAD_FRAME);
	answer[0] = 18;
	assert_int_equal(answer_check(&read_two, answer, 3, registers), OUTCOME_BAD_FRAME);
	answer[0] = 17;
	answer[1] = 0x83; /* an exception to another question */
	assert_int_equal(answer_check(&read_two, answer, 3, registers), OUTCOME_BAD_FRAME);
}

static void test_errno(void **state)
{
	(void)state;
	assert_int_equal(outcome_of_errno(ETIMEDOUT), OUTCOME_TIMEOUT);
	assert_int_equal(outcome_of_errno(112345678 + 12), OUTCOME_BAD_FRAME); /* EMBBADCRC */
	assert_int_equal(outcome_of_errno(EIO), OUTCOME_LOST);
	assert_int_equal(outcome_of_errno(ECONNRESET), OUTCOME_LOST);
	assert_int_equal(outcome_of_errno(0), OUTCOME_LOST);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_pack),       cmocka_unit_test(test_read),  cmocka_unit_test(test_write),
	    cmocka_unit_test(test_exceptions), cmocka_unit_test(test_errno),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
