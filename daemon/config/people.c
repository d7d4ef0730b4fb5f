/* Who may be named beside the one who asks; see people.h. Pure. */
#include "vitals/people.h"

#include <string.h>

/* Where a person of that name is, or belongs. */
static uint16_t place_of(const struct people *people, const char *name)
{
	uint16_t low = 0, high = people->count;
	while (low < high) {
		uint16_t middle = (uint16_t)((low + high) / 2);
		if (name_compare(people->list[middle].name, name) < 0)
			low = (uint16_t)(middle + 1);
		else
			high = middle;
	}
	return low;
}

static bool is_at(const struct people *people, uint16_t place, const char *name)
{
	return place < people->count && name_same_person(people->list[place].name, name);
}

const struct person *people_find(const struct people *people, const char *name)
{
	uint16_t place = place_of(people, name);
	return is_at(people, place, name) ? &people->list[place] : NULL;
}

bool people_add(struct people *people, const char *name, uint32_t uid)
{
	uint16_t place = place_of(people, name);
	struct person *person = &people->list[place];
	if (is_at(people, place, name)) {
		if (person->uid == PERSON_NO_ACCOUNT)
			person->uid = uid;
		return true;
	}
	if (people->count == PEOPLE_MAX)
		return false;
	memmove(person + 1, person, (size_t)(people->count - place) * sizeof(*person));
	memset(person, 0, sizeof(*person));
	memcpy(person->name, name, strnlen(name, NAME_BYTES - 1));
	person->uid = uid;
	people->count++;
	return true;
}

/* N of "uid-N", which an account is called whose name is not known. */
static uint32_t uid_of_number(const char *actor)
{
	uint64_t uid = 0;
	size_t i = 4;
	if (strncmp(actor, "uid-", 4) != 0)
		return PERSON_NO_ACCOUNT;
	for (; actor[i] >= '0' && actor[i] <= '9' && uid < PERSON_NO_ACCOUNT; i++)
		uid = uid * 10 + (uint64_t)(actor[i] - '0');
	return i > 4 && actor[i] == '\0' && uid < PERSON_NO_ACCOUNT ? (uint32_t)uid : PERSON_NO_ACCOUNT;
}

static uint32_t uid_of(const struct people *people, const char *name)
{
	const struct person *person = people_find(people, name);
	return person != NULL ? person->uid : uid_of_number(name);
}

bool people_same(const struct people *people, const char *actor, const char *name)
{
	uint32_t uid = uid_of(people, name);
	return name_same_person(actor, name) || (uid != PERSON_NO_ACCOUNT && uid == uid_of(people, actor));
}

char *people_named(struct event_command *command)
{
	switch (command->command) {
	case COMMAND_SESSION_OPEN:
		return command->u.order.second_person;
	case COMMAND_LIMIT:
		return command->u.limit.second_person;
	case COMMAND_SESSION_START:
	case COMMAND_SESSION_CLOSE:
	case COMMAND_DEVICE_GIVEN:
		return command->u.override.name;
	case COMMAND_TAKE_OUT:
		return command->u.take_out.override.name;
	case COMMAND_SESSION_PAUSE:
	case COMMAND_SESSION_RESUME:
	case COMMAND_SESSION_STOP:
	case COMMAND_ALARM_ACKNOWLEDGE:
	case COMMAND_ALARM_ACKNOWLEDGE_SHOWN:
	case COMMAND_OXYGEN:
	case COMMAND_CALL_HELP:
	case COMMAND_AUDIO_PAUSE:
	case COMMAND_OBSERVE:
	case COMMAND_CUFF_START:
	case COMMAND_CUFF_STOP:
	case COMMAND_ITEM:
	case COMMAND_TEST_ALARM:
	case COMMAND_RECEIPT:
	case COMMAND_COUNT:
		break;
	}
	return NULL;
}

enum result people_check(const struct people *people, struct event_command *command)
{
	char *name = people_named(command);
	bool second = command->command == COMMAND_SESSION_OPEN || command->command == COMMAND_LIMIT;
	if (name == NULL || name[0] == '\0')
		return RESULT_OK;
	const struct person *person = people_find(people, name);
	if (second && people_same(people, command->actor, name))
		return RESULT_SECOND_PERSON;
	if (person == NULL)
		return RESULT_UNKNOWN_NAME;
	memcpy(name, person->name, NAME_BYTES);
	return RESULT_OK;
}
