/* Look-up of account names; see accounts.h. An entry wanders: idle, this computer's list, the name service, idle again.
 * Each stage has one thread, and only the thread of an entry's stage moves it on. */
#include "daemon/desk/accounts.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>

#include "daemon/plain.h"
#include "daemon/shell.h"

#define ENTRIES       32
#define KEPT_NS       (60 * NS_PER_S)
#define ACCOUNT_BYTES 4096
#define LOCAL_LIST    "/etc/passwd"

enum stage {
	STAGE_LOCAL,
	STAGE_DIRECTORY,
	STAGE_COUNT,
	STAGE_IDLE = STAGE_COUNT,
};

enum found {
	FOUND,
	FOUND_NONE,
	FOUND_ERROR, /* nobody could say */
};

struct entry {
	bool used;
	uid_t uid;
	enum stage stage;
	struct mono asked; /* the last time */
	char name[NAME_BYTES];
};

struct worker {
	struct shell_thread thread;
	struct accounts *accounts;
	enum stage stage;
	int wake_fd;
	bool running;
};

struct accounts {
	int wake_fd; /* the caller's */
	struct worker workers[STAGE_COUNT];
	pthread_mutex_t mutex;
	/* Under the mutex. */
	bool stopping;
	struct entry entries[ENTRIES];
};

static void no_name(char name[NAME_BYTES], uid_t uid)
{
	(void)snprintf(name, NAME_BYTES, "uid-%u", uid); /* fits */
}

/* ---- the threads ----------------------------------------------------------------------------- */

/* Reads the file itself: what the C library reads in its place may be anything, and hang. */
static enum found look_up_local(uid_t uid, char name[NAME_BYTES])
{
	struct passwd account, *at = NULL;
	char buffer[ACCOUNT_BYTES];
	enum found found = FOUND_NONE;
	FILE *file = fopen(LOCAL_LIST, "re");
	if (file == NULL)
		return FOUND_ERROR;
	while (found == FOUND_NONE && fgetpwent_r(file, &account, buffer, sizeof(buffer), &at) == 0) {
		/* "+" and "-" stand for accounts of a network, with an id of 0. */
		if (at->pw_uid != uid || strchr("+-", at->pw_name[0]) != NULL) /* "" too */
			continue;
		plain_name(name, at->pw_name);
		found = FOUND;
	}
	(void)fclose(file); /* was only read */
	return found;
}

static enum found look_up_directory(uid_t uid, char name[NAME_BYTES])
{
	struct passwd account, *at = NULL;
	char buffer[ACCOUNT_BYTES];
	if (getpwuid_r(uid, &account, buffer, sizeof(buffer), &at) != 0)
		return FOUND_ERROR;
	if (at == NULL || at->pw_name[0] == '\0')
		return FOUND_NONE;
	plain_name(name, at->pw_name);
	return FOUND;
}

/* The entry that this thread has to look up; NULL when there is none. Under the mutex. */
static struct entry *waiting(struct worker *worker)
{
	struct entry *first = NULL;
	for (size_t i = 0; i < ENTRIES; i++) {
		struct entry *entry = &worker->accounts->entries[i];
		if (entry->used && entry->stage == worker->stage &&
		    (first == NULL || mono_before(entry->asked, first->asked)))
			first = entry;
	}
	return first;
}

static void settle(struct worker *worker, struct entry *entry, enum found found, const char *name)
{
	struct accounts *accounts = worker->accounts;
	if (accounts->stopping)
		return; /* who was to be woken may be gone */
	if (found != FOUND && worker->stage == STAGE_LOCAL) {
		entry->stage = STAGE_DIRECTORY;
		shell_wake(accounts->workers[STAGE_DIRECTORY].wake_fd);
		return;
	}
	if (found == FOUND)
		memcpy(entry->name, name, NAME_BYTES);
	else if (found == FOUND_NONE)
		no_name(entry->name, entry->uid);
	entry->stage = STAGE_IDLE;
	shell_wake(accounts->wake_fd);
}

static void run(void *context)
{
	struct worker *worker = context;
	struct accounts *accounts = worker->accounts;
	struct pollfd called = {.fd = worker->wake_fd, .events = POLLIN};

	shell_lock(&accounts->mutex);
	while (!accounts->stopping) {
		struct entry *entry = waiting(worker);
		uid_t uid = entry != NULL ? entry->uid : 0;
		shell_unlock(&accounts->mutex);
		if (entry == NULL) {
			(void)poll(&called, 1, -1); /* whatever it says, we look */
			shell_wake_clear(worker->wake_fd);
			shell_lock(&accounts->mutex);
			continue;
		}
		char name[NAME_BYTES] = "";
		enum found found =
		    worker->stage == STAGE_LOCAL ? look_up_local(uid, name) : look_up_directory(uid, name);
		shell_lock(&accounts->mutex);
		settle(worker, entry, found, name); /* nobody else touches an entry that is being looked up */
	}
	shell_unlock(&accounts->mutex);
}

/* ---- asking ---------------------------------------------------------------------------------- */

/* The account's entry, or the one to be used for it: a free one, else the idle one that was asked for longest ago. NULL
 * if all are being looked up. */
static struct entry *entry_of(struct accounts *accounts, uid_t uid)
{
	struct entry *room = NULL;
	for (size_t i = 0; i < ENTRIES; i++) {
		struct entry *entry = &accounts->entries[i];
		if (entry->used && entry->uid == uid)
			return entry;
		if (!entry->used)
			room = entry;
		else if (entry->stage == STAGE_IDLE &&
		         (room == NULL || (room->used && mono_before(entry->asked, room->asked))))
			room = entry;
	}
	return room;
}

int64_t accounts_name(struct accounts *accounts, uid_t uid, struct mono now, char name[NAME_BYTES])
{
	int64_t wait_ns = 0;
	no_name(name, uid);
	shell_lock(&accounts->mutex);
	struct entry *entry = entry_of(accounts, uid);
	bool known = entry != NULL && entry->used && entry->uid == uid;
	if (entry != NULL && !known) {
		*entry = (struct entry){.used = true, .uid = uid, .stage = STAGE_IDLE};
		no_name(entry->name, uid);
	}
	if (entry != NULL && entry->stage == STAGE_IDLE && (!known || mono_since(now, entry->asked) > KEPT_NS)) {
		entry->stage = STAGE_LOCAL;
		entry->asked = now;
		shell_wake(accounts->workers[STAGE_LOCAL].wake_fd);
	}
	if (entry != NULL) {
		memcpy(name, entry->name, NAME_BYTES);
		int64_t waited_ns = mono_since(now, entry->asked);
		if (entry->stage != STAGE_IDLE && waited_ns < ACCOUNTS_PATIENCE_NS)
			wait_ns = ACCOUNTS_PATIENCE_NS - waited_ns;
	}
	shell_unlock(&accounts->mutex);
	return wait_ns;
}

/* ---- start and stop -------------------------------------------------------------------------- */

static int start_worker(struct accounts *accounts, enum stage stage)
{
	static const char *const names[STAGE_COUNT] = {[STAGE_LOCAL] = "accounts", [STAGE_DIRECTORY] = "directory"};
	struct worker *worker = &accounts->workers[stage];
	worker->accounts = accounts;
	worker->stage = stage;
	worker->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (worker->wake_fd < 0)
		return errno;
	int error = shell_thread_start(&worker->thread, names[stage], run, worker);
	worker->running = error == 0;
	if (error != 0)
		(void)close(worker->wake_fd);
	return error;
}

struct accounts *accounts_start(int wake_fd)
{
	struct accounts *accounts = calloc(1, sizeof(*accounts));
	if (accounts == NULL)
		return NULL;
	accounts->wake_fd = wake_fd;
	int error = shell_mutex_init(&accounts->mutex);
	for (int stage = 0; stage < STAGE_COUNT && error == 0; stage++)
		error = start_worker(accounts, (enum stage)stage);
	if (error == 0)
		return accounts;
	accounts_stop(accounts, MONO_NEVER); /* what was started has nothing to do */
	errno = error;
	return NULL;
}

void accounts_stop(struct accounts *accounts, struct mono deadline)
{
	bool ended = true;
	shell_lock(&accounts->mutex);
	accounts->stopping = true;
	shell_unlock(&accounts->mutex);
	for (int stage = 0; stage < STAGE_COUNT; stage++) {
		struct worker *worker = &accounts->workers[stage];
		if (!worker->running)
			continue;
		shell_wake(worker->wake_fd);
		if (shell_thread_join(&worker->thread, deadline)) {
			(void)close(worker->wake_fd); /* nothing was written to a disk */
		} else {
			(void)pthread_detach(
			    worker->thread.thread); /* the directory service has it; nobody waits any more */
			ended = false;
		}
	}
	if (ended)
		free(accounts);
}
