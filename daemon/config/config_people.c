/* Who is known: the names that the main file lists, and the accounts of people on this computer; see people.h. Called
 * by config_main.c on the main thread at the start, by `--check`, and by the reload thread.
 *
 * Accounts are read from the computer's own files. A directory service may hang, and is not asked: its users count when
 * they are members of the local group, or listed. */
#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>

#include "daemon/config/reading.h"
#include "daemon/plain.h"

#define LINE_ROOM      16384  /* of one account, or of a group with all its members */
#define ENTRIES_MAX    100000 /* of a file; then it is no list of accounts */
#define LEGAL_PEOPLE   "names of 1..64 people"
#define PERSON_UID_MIN 1000 /* Debian policy 9.2.2: accounts of people */
#define PERSON_UID_MAX 59999

static void list_person(struct reading *reading, const struct section *root, unsigned index)
{
	struct people *people = &reading->config->people;
	const char *name = key_string_at(root, "people", index);
	struct where where = key_where_at(root, "people", index);
	if (!token_valid(name))
		report_error(&reading->report, where,
		             "\"%.40s\" is not a name (legal: 1..31 characters A-Z a-z 0-9 . _ -)", name);
	else if (people_find(people, name) != NULL)
		report_error(&reading->report, where,
		             "\"%s\" is listed twice (legal: once, capitals tell nobody apart)", name);
	else
		(void)people_add(people, name, PERSON_NO_ACCOUNT); /* PEOPLE_LISTED_MAX of PEOPLE_MAX: there is room */
}

static void add_account(struct people *people, const char *from, uint32_t uid)
{
	char name[NAME_BYTES];
	plain_name(name, from); /* as the record names it */
	if (!people_add(people, name, uid) && people->left_out < UINT16_MAX)
		people->left_out++;
}

/* "+" and "-" stand for accounts of a network, in old files. */
static bool is_account(const char *name)
{
	return name[0] != '\0' && strchr("+-", name[0]) == NULL;
}

static void read_group(struct people *people, const char *path)
{
	struct group group, *at = NULL;
	char line[LINE_ROOM];
	FILE *file = fopen(path, "re");
	if (file == NULL)
		return; /* nobody is known by it */
	int error = 0;
	for (int i = 0; i < ENTRIES_MAX && (error = fgetgrent_r(file, &group, line, sizeof(line), &at)) == 0; i++)
		for (char **member = at->gr_mem; strcmp(at->gr_name, PEOPLE_GROUP) == 0 && *member != NULL; member++)
			if (is_account(*member))
				add_account(people, *member, PERSON_NO_ACCOUNT);
	if (error == ERANGE)
		people->left_out++;
	(void)fclose(file); /* only read from */
}

/* Whoever is known already gets the number of the account, whatever it is. */
static void read_passwd(struct people *people, const char *path)
{
	struct passwd account, *at = NULL;
	char line[LINE_ROOM];
	FILE *file = fopen(path, "re");
	if (file == NULL)
		return; /* nobody is known by it */
	int error = 0;
	for (int i = 0; i < ENTRIES_MAX && (error = fgetpwent_r(file, &account, line, sizeof(line), &at)) == 0; i++) {
		bool person = at->pw_uid >= PERSON_UID_MIN && at->pw_uid <= PERSON_UID_MAX;
		if (is_account(at->pw_name) && (person || people_find(people, at->pw_name) != NULL))
			add_account(people, at->pw_name, at->pw_uid);
	}
	if (error == ERANGE)
		people->left_out++;
	(void)fclose(file); /* only read from */
}

void read_accounts(struct people *people, const char *passwd_path, const char *group_path)
{
	read_group(people, group_path);
	read_passwd(people, passwd_path);
}

void read_people(struct reading *reading)
{
	struct section root = tree_root(&reading->main);
	struct people *people = &reading->config->people;
	unsigned count = key_count(&root, "people");
	if (key_present(&root, "people", OPTIONAL, LEGAL_PEOPLE) && count > PEOPLE_LISTED_MAX)
		report_error(&reading->report, key_where_at(&root, "people", PEOPLE_LISTED_MAX),
		             "there are %u people (legal: 1..%d)", count, PEOPLE_LISTED_MAX);
	for (unsigned i = 0; i < count && i < PEOPLE_LISTED_MAX; i++)
		list_person(reading, &root, i);
	people->listed = people->count;
	read_accounts(people, "/etc/passwd", "/etc/group");
}
