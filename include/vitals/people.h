/* Who may be named beside the one who asks: the second person of an unusual dose or a looser limit, the clinician who
 * overrides. A name counts if the configuration lists it (`people`) or if it is the account of a person on this
 * computer: one that may log in, or a member of the group that owns the control socket. Read with the configuration,
 * from its files and those of the computer, never from a directory service, so that nobody waits for one; unchanging
 * after that: who gets an account later is known after the next start. In daemon/config/people.c, read by
 * daemon/config/config_people.c, asked by daemon/perform.c. */
#ifndef VITALS_PEOPLE_H
#define VITALS_PEOPLE_H

#include <stdbool.h>
#include <stdint.h>

#include "vitals/engine.h"

#define PEOPLE_LISTED_MAX 64
#define PEOPLE_MAX        256        /* listed ones and accounts together */
#define PERSON_NO_ACCOUNT UINT32_MAX /* (uid_t)-1 is nobody's */
#define PEOPLE_GROUP      "vitalsd"  /* of the control socket, as the service is installed */

struct person {
	char name[NAME_BYTES]; /* as listed, or as the account is named in the record */
	uint32_t uid;          /* of that account here, or PERSON_NO_ACCOUNT */
};

struct people {
	uint16_t listed, count;         /* by the configuration; in all */
	uint16_t left_out;              /* accounts for which there was no room */
	struct person list[PEOPLE_MAX]; /* in the order of name_compare, none twice */
};

/* Adds a person, or completes one who is there already. False if there is no room. */
bool people_add(struct people *people, const char *name, uint32_t uid);

/* The person of that name, however it is spelled; NULL if nobody is known by it. */
const struct person *people_find(const struct people *people, const char *name);

/* Is `name` the one who asks, under any spelling? `actor` is an account's name, or "uid-N" where that was not known. */
bool people_same(const struct people *people, const char *actor, const char *name);

/* The name of another person within a command; NULL if it has no place for one. */
char *people_named(struct event_command *command);

/* Before a command is judged: RESULT_OK, with the name that it holds as it is known; RESULT_UNKNOWN_NAME if it names
 * nobody who is known; RESULT_SECOND_PERSON if the second person is the one who asks. */
enum result people_check(const struct people *people, struct event_command *command);

#endif
