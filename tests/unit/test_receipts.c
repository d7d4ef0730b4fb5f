/* Receipts of displays in the engine's time: never more is said to be shown than was. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/publish/receipts.h"

#define EPOCH UINT64_C(77)

static struct receipts receipts;
static struct receipt receipt;

static struct mono at_s(int64_t seconds)
{
	return (struct mono){seconds * NS_PER_S};
}

static bool confirm(uint64_t epoch, uint64_t sequence, struct mono now)
{
	receipt = (struct receipt){.epoch = epoch, .alarm_sequence = sequence, .shown = {-1}};
	return receipts_translate(&receipts, epoch == 0 ? 1 : EPOCH, now, &receipt);
}

static int forget(void **state)
{
	(void)state;
	memset(&receipts, 0, sizeof(receipts));
	return 0;
}

static void test_nothing_sent(void **state)
{
	(void)state;
	assert_true(confirm(EPOCH, 0, at_s(5)));
	assert_int_equal(receipt.shown.ns, at_s(5).ns);
	assert_false(confirm(EPOCH, 1, at_s(5))); /* never sent */
	assert_false(confirm(EPOCH + 1, 0, at_s(5)));
}

static void test_up_to_date_and_behind(void **state)
{
	(void)state;
	receipts_sent(&receipts, 1, at_s(10));
	receipts_sent(&receipts, 2, at_s(20));
	receipts_sent(&receipts, 3, at_s(20));
	assert_true(confirm(EPOCH, 3, at_s(30)));
	assert_int_equal(receipt.shown.ns, at_s(30).ns);
	/* Two of one moment: with one of them the moment is not shown. */
	assert_true(confirm(EPOCH, 2, at_s(30)));
	assert_int_equal(receipt.shown.ns, at_s(20).ns - 1);
	assert_true(confirm(EPOCH, 1, at_s(30)));
	assert_int_equal(receipt.shown.ns, at_s(20).ns - 1);
	assert_true(confirm(EPOCH, 0, at_s(30)));
	assert_int_equal(receipt.shown.ns, at_s(10).ns - 1);
	assert_false(confirm(EPOCH, 4, at_s(30)));
	assert_false(confirm(EPOCH, UINT64_MAX, at_s(30)));
	assert_false(confirm(EPOCH - 1, 3, at_s(30)));
}

static void test_too_far_behind(void **state)
{
	(void)state;
	for (uint64_t i = 1; i <= RECEIPTS_RING + 5; i++)
		receipts_sent(&receipts, i, at_s((int64_t)i));
	assert_true(confirm(EPOCH, RECEIPTS_RING + 5, at_s(9999)));
	assert_int_equal(receipt.shown.ns, at_s(9999).ns);
	assert_true(confirm(EPOCH, 5, at_s(9999))); /* 6 is the oldest that is kept */
	assert_int_equal(receipt.shown.ns, at_s(6).ns - 1);
	assert_true(confirm(EPOCH, 4, at_s(9999)));
	assert_true(mono_is_never(receipt.shown));
	assert_true(confirm(EPOCH, 0, at_s(9999)));
	assert_true(mono_is_never(receipt.shown));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup(test_nothing_sent, forget),
	    cmocka_unit_test_setup(test_up_to_date_and_behind, forget),
	    cmocka_unit_test_setup(test_too_far_behind, forget),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
