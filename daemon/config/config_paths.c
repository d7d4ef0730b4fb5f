/* The paths of a bedside: each file that the monitor would write, bind or append to must be nobody else's. A wrong path
 * must cost a correction, not a file. Called by config_main.c when all sections were read. Files are only looked at. */
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/config/reading.h"
#include "vitals/record.h"
#include "vitals/traffic.h"

enum purpose {
	PURPOSE_READ,    /* a file of the configuration, a port */
	PURPOSE_BESIDE,  /* made beside a written file */
	PURPOSE_SOCKET,  /* bound */
	PURPOSE_RECORD,  /* written */
	PURPOSE_TRAFFIC, /* appended to */
	PURPOSE_BOX,     /* replaced */
};

#define PATH_SIZE (PATH_BYTES + 16) /* with what is added to the names of files beside */
#define USES_MAX  (3 + DEVICES_MAX + 2 + 9 + 2 * ENDPOINTS_MAX + 2 * LINKS_MAX)

struct use {
	struct where where;
	enum purpose purpose;
	char what[64];
	char path[PATH_SIZE];
	char plain[PATH_SIZE]; /* without "//", "/./" and "/../" */
	const char *base;      /* last part of `plain` */
	bool exists, has_parent;
	dev_t device, parent_device;
	ino_t inode, parent_inode;
};

struct uses {
	size_t count;
	struct use list[USES_MAX];
};

/* ---- one path ---------------------------------------------------------------------------------------------------- */

/* Takes the last part off `plain`. */
static void go_up(char *plain, size_t *used)
{
	while (*used > 0 && plain[--*used] != '/')
		;
	plain[*used] = '\0';
}

static void make_plain(const char *path, char *plain)
{
	size_t used = 0;

	plain[0] = '\0';
	for (const char *part = path; *part != '\0';) {
		size_t size = strcspn(part, "/");
		if (size == 2 && part[0] == '.' && part[1] == '.') {
			go_up(plain, &used);
		} else if (size > 0 && !(size == 1 && part[0] == '.')) {
			plain[used++] = '/';
			memcpy(plain + used, part, size);
			used += size;
			plain[used] = '\0';
		}
		part += size;
		part += *part == '/';
	}
}

static void look_at(struct use *use)
{
	char parent[PATH_SIZE];
	struct stat status;

	use->exists = stat(use->path, &status) == 0;
	use->device = use->exists ? status.st_dev : 0;
	use->inode = use->exists ? status.st_ino : 0;
	make_plain(use->path, use->plain);
	const char *slash = strrchr(use->plain, '/');
	use->base = slash != NULL ? slash + 1 : use->plain;
	memcpy(parent, use->plain, strlen(use->plain) + 1);
	parent[use->base - use->plain] = '\0';
	use->has_parent = parent[0] != '\0' && stat(parent, &status) == 0;
	use->parent_device = use->has_parent ? status.st_dev : 0;
	use->parent_inode = use->has_parent ? status.st_ino : 0;
}

/* Links, hard or symbolic, of a file or of its directory, do not make it another one. */
static bool same_file(const struct use *a, const struct use *b)
{
	if (a->exists || b->exists)
		return a->exists && b->exists && a->device == b->device && a->inode == b->inode;
	if (a->has_parent && b->has_parent)
		return a->parent_device == b->parent_device && a->parent_inode == b->parent_inode &&
		       strcmp(a->base, b->base) == 0;
	return strcmp(a->plain, b->plain) == 0;
}

/* ---- all paths --------------------------------------------------------------------------------------------------- */

__attribute__((format(printf, 5, 6))) static void add(struct uses *uses, struct where where, enum purpose purpose,
                                                      const char *path, const char *format, ...)
{
	if (path[0] == '\0' || uses->count == USES_MAX)
		return; /* not given, or wrong by itself; there is room for all that may be given */
	struct use *use = &uses->list[uses->count++];
	use->where = where;
	use->purpose = purpose;
	(void)snprintf(use->path, sizeof use->path, "%s", path); /* fits */
	va_list arguments;
	va_start(arguments, format);
	(void)vsnprintf(use->what, sizeof use->what, format, arguments); /* fits: names are short */
	va_end(arguments);
	look_at(use);
}

static void add_beside(struct uses *uses, struct where where, const char *path, const char *suffix, const char *of)
{
	char beside[PATH_SIZE];

	(void)snprintf(beside, sizeof beside, "%s%s", path, suffix); /* fits */
	add(uses, where, PURPOSE_BESIDE, path[0] == '\0' ? "" : beside, "the file \"%s\" beside %s", suffix, of);
}

static void add_files(struct reading *reading, const struct section *root, struct uses *uses)
{
	const struct config *config = reading->config;
	struct where file = {config->path, 1, "file"};
	const char *plan = key_string_at(root, "plan", 0);
	char path[PATH_BYTES];

	add(uses, file, PURPOSE_READ, config->path, "this file");
	int length = snprintf(path, sizeof path, "%s%s", plan[0] == '/' ? "" : reading->directory, plan);
	if (length > 0 && length < (int)sizeof path)
		add(uses, key_where(root, "plan"), PURPOSE_READ, path, "the plan");
	for (uint8_t i = 0; i < config->map_count; i++)
		add(uses, file, PURPOSE_READ, reading->map_files[i], "the register map %s", config->maps[i].name);
	add(uses, file, PURPOSE_READ, config->publish.secret_key_file, "the secret key");
}

static void add_record(const struct config *config, const struct section *root, struct uses *uses)
{
	static const char *const beside[] = {"-wal", "-shm", "-journal", ".lock", ".dump", ".last"};
	struct section section = section_at(root, "record", 0);
	struct where where = key_where(&section, "path");

	add(uses, where, PURPOSE_RECORD, config->record_path, "the record");
	for (size_t i = 0; i < sizeof beside / sizeof beside[0]; i++)
		add_beside(uses, where, config->record_path, beside[i], "the record");
	where = key_where(&section, "black_box");
	add(uses, where, PURPOSE_BOX, config->box_path, "the black box");
	add_beside(uses, where, config->box_path, ".new", "the black box");
}

static void add_endpoints(const struct section *root, struct uses *uses)
{
	static const char ipc[] = "ipc://";
	struct section section = section_at(root, "publish", 0);

	for (unsigned i = 0; i < key_count(&section, "endpoints") && i < ENDPOINTS_MAX; i++) {
		const char *text = key_string_at(&section, "endpoints", i);
		struct where where = key_where_at(&section, "endpoints", i);
		bool again = false; /* told already */
		for (unsigned k = 0; k < i; k++)
			again = again || strcmp(key_string_at(&section, "endpoints", k), text) == 0;
		if (again || strncmp(text, ipc, sizeof ipc - 1) != 0 || strlen(text) >= PATH_BYTES)
			continue;
		add(uses, where, PURPOSE_SOCKET, text + sizeof ipc - 1, "a publish socket");
		add_beside(uses, where, text + sizeof ipc - 1, ".lock", "a publish socket");
	}
}

static void add_links(const struct config *config, const struct section *root, struct uses *uses)
{
	for (uint8_t i = 0; i < config->link_count; i++) {
		const struct link_config *link = &config->links[i];
		struct section section = section_at(root, "link", i);
		add(uses, key_where(&section, "port"), PURPOSE_READ, link->port, "the port of link \"%s\"", link->name);
		add(uses, key_where(&section, "traffic_path"), PURPOSE_TRAFFIC, link->traffic_path,
		    "the traffic of link \"%s\"", link->name);
	}
}

/* ---- checks ------------------------------------------------------------------------------------------------------ */

static void compare(struct report *report, const struct use *a, const struct use *b)
{
	/* Files beside are told by the file that they belong to. */
	bool a_writes = a->purpose > PURPOSE_BESIDE, b_writes = b->purpose > PURPOSE_BESIDE;
	if ((!a_writes && !b_writes) || !same_file(a, b))
		return;
	const struct use *told = b_writes ? b : a, *other = b_writes ? a : b;
	report_error(report, told->where, "%s is %s as well (legal: a path of its own)", told->path, other->what);
}

/* The first bytes of a file; 0 if it is empty, -1 if it cannot be read, by whomever this is run. */
static ssize_t read_head(const char *path, uint8_t *head, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return -1;
	ssize_t count = read(fd, head, size);
	(void)close(fd); /* only read from */
	return count;
}

static bool is_ours(enum purpose purpose, const uint8_t *head, size_t size)
{
	if (purpose == PURPOSE_RECORD)
		return record_is_ours(head, size);
	return purpose == PURPOSE_BOX ? box_is_ours(head, size) : traffic_is_ours(head, size);
}

static void check_kind(const struct reading *reading, struct report *report, const struct use *use)
{
	uint8_t head[RECORD_HEAD_BYTES];
	struct stat status;
	bool socket = use->purpose == PURPOSE_SOCKET;

	/* A record may be reached by a link; the others are not followed when they are opened either. */
	if ((use->purpose == PURPOSE_RECORD ? stat(use->path, &status) : lstat(use->path, &status)) != 0)
		return;
	if (socket ? !S_ISSOCK(status.st_mode) : !S_ISREG(status.st_mode)) {
		report_error(report, use->where, "%s exists and is not a %s (legal: a %s, or nothing)", use->path,
		             socket ? "socket" : "plain file", socket ? "socket" : "plain file of vitalsd");
		return;
	}
	if (socket || reading->wish.in_use)
		return;
	ssize_t count = read_head(use->path, head, sizeof head);
	if (count < 0 || is_ours(use->purpose, head, (size_t)count))
		return;
	report_error(report, use->where, "%s exists and is not %s of vitalsd (legal: such a file, or nothing)",
	             use->path,
	             use->purpose == PURPOSE_RECORD ? "a record"
	             : use->purpose == PURPOSE_BOX  ? "a black box"
	                                            : "recorded traffic");
}

void check_paths(struct reading *reading)
{
	struct section root = tree_root(&reading->main);
	struct uses *uses = calloc(1, sizeof *uses);
	if (uses == NULL) {
		report_error(&reading->report, (struct where){reading->config->path, 1, "file"},
		             "not enough memory to check the paths (legal: a working computer)");
		return;
	}
	add_files(reading, &root, uses);
	if (section_count(&root, "control") > 0) {
		struct section control = section_at(&root, "control", 0);
		add(uses, key_where(&control, "socket"), PURPOSE_SOCKET, reading->config->control_socket,
		    "the control socket");
	}
	if (section_count(&root, "record") > 0)
		add_record(reading->config, &root, uses);
	if (section_count(&root, "publish") > 0)
		add_endpoints(&root, uses);
	add_links(reading->config, &root, uses);
	for (size_t b = 0; b < uses->count; b++) {
		for (size_t a = 0; a < b; a++)
			compare(&reading->report, &uses->list[a], &uses->list[b]);
		if (uses->list[b].purpose > PURPOSE_BESIDE)
			check_kind(reading, &reading->report, &uses->list[b]);
	}
	free(uses);
}
