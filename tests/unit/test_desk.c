/* The desk between its doors, the engine and the recorder: each answer goes where its command came from, once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "daemon/desk/door.h"

static struct mailbox *mailbox;
static struct desk *desk;
static int woken[2];
static struct answer answer;

static void answers_wait(void *context)
{
	(*(int *)context)++;
}

static const struct door doors[2] = {{answers_wait, &woken[0]}, {answers_wait, &woken[1]}};

static int set_up(void **state)
{
	(void)state;
	memset(woken, 0, sizeof(woken));
	mailbox = mailbox_open();
	desk = desk_open("room-1", true, mailbox);
	return mailbox == NULL || desk == NULL ? -1 : 0;
}

static int tear_down(void **state)
{
	(void)state;
	desk_close(desk);
	mailbox_close(mailbox);
	return 0;
}

static uint64_t submit(const struct door *door, const char *actor, uint64_t request_id)
{
	const struct request request = {.id = request_id, .command = {.command = COMMAND_AUDIO_PAUSE}};
	return desk_submit(desk, door, actor, &request);
}

static void engine_takes(uint64_t id, const char *actor)
{
	struct event event;
	assert_true(mailbox_take(mailbox, &event));
	assert_int_equal(event.kind, EVENT_COMMAND);
	assert_int_equal(event.u.command.command, COMMAND_AUDIO_PAUSE);
	assert_true(event.u.command.id == id);
	assert_string_equal(event.u.command.actor, actor);
}

static void test_answers_go_where_the_command_came_from(void **state)
{
	(void)state;
	uint64_t first = submit(&doors[0], "nurse", 7), second = submit(&doors[1], "station", 7);
	assert_true(first != 0 && second != 0 && first != second);
	engine_takes(first, "nurse");
	engine_takes(second, "station");
	assert_false(desk_take_answer(desk, &doors[0], &answer));
	struct refusal why;
	refusal_begin(&why, REFUSAL_NOT_PAUSED);
	desk_explain(desk, second, &why);
	desk_reply(desk, second, RESULT_WRONG_STATE);
	assert_int_equal(woken[0], 0);
	assert_int_equal(woken[1], 1);
	assert_false(desk_take_answer(desk, &doors[0], &answer));
	assert_true(desk_take_answer(desk, &doors[1], &answer));
	assert_true(answer.command == second);
	assert_int_equal(answer.response.id, 7);
	assert_int_equal(answer.response.result, RESULT_WRONG_STATE);
	assert_int_equal(answer.response.refusal->code, REFUSAL_NOT_PAUSED);
	assert_string_equal(answer.response.bedside, "room-1");
	assert_true(answer.response.demo);
	assert_false(desk_take_answer(desk, &doors[1], &answer)); /* once */
	desk_reply(desk, second, RESULT_OK);
	assert_int_equal(woken[1], 1);
	desk_reply(desk, first, RESULT_OK);
	assert_true(desk_take_answer(desk, &doors[0], &answer));
	assert_true(answer.command == first);
	assert_int_equal(answer.response.result, RESULT_OK);
	assert_int_equal(answer.response.refusal->code, REFUSAL_NONE);
}

static void test_what_is_forgotten_is_not_answered(void **state)
{
	(void)state;
	uint64_t gone = submit(&doors[0], "nurse", 1);
	desk_forget(desk, gone);
	uint64_t next = submit(&doors[1], "nurse", 1); /* in its place */
	assert_true(next != gone);
	struct refusal why;
	refusal_begin(&why, REFUSAL_NOT_PAUSED);
	desk_explain(desk, gone, &why);
	desk_reply(desk, gone, RESULT_OK);
	desk_reply(desk, 0, RESULT_OK);
	desk_reply(desk, UINT64_MAX, RESULT_OK); /* never given out */
	desk_explain(desk, 0, &why);
	assert_int_equal(woken[0] + woken[1], 0);
	assert_false(desk_take_answer(desk, &doors[1], &answer));
	desk_reply(desk, next, RESULT_NO_CUFF);
	assert_true(desk_take_answer(desk, &doors[1], &answer));
	assert_int_equal(answer.response.refusal->code, REFUSAL_NO_CUFF);
}

static void test_a_full_desk(void **state)
{
	uint64_t ids[DESK_OUTSTANDING_MAX];
	(void)state;
	for (int i = 0; i < DESK_OUTSTANDING_MAX; i++) {
		ids[i] = submit(&doors[0], "nurse", 1);
		assert_true(ids[i] != 0);
		engine_takes(ids[i], "nurse");
	}
	struct event event;
	assert_int_equal(submit(&doors[1], "other", 1), 0);
	assert_false(mailbox_take(mailbox, &event)); /* what is not taken is not carried out */
	desk_reply(desk, ids[3], RESULT_OK);
	assert_int_equal(submit(&doors[1], "other", 1), 0); /* an answer waits there */
	assert_true(desk_take_answer(desk, &doors[0], &answer));
	assert_true(submit(&doors[1], "other", 1) != 0);
}

#define DESK_TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
	    DESK_TEST(test_answers_go_where_the_command_came_from),
	    DESK_TEST(test_what_is_forgotten_is_not_answered),
	    DESK_TEST(test_a_full_desk),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
