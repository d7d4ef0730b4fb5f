/* The publish section of the main file: endpoints, the daemon's CURVE key and the keys of the displays. Called by
 * config_main.c at start. */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "daemon/config/reading.h"

#define IPC_PATH_MAX   107 /* sun_path of a UNIX socket, less the NUL */
#define LEGAL_ENDPOINT "ipc:///ABSOLUTE/PATH, tcp://IPV4:PORT or tcp://[IPV6]:PORT"
#define KEY_CHARACTERS (CURVE_KEY_BYTES - 1)

/* The port at the end of "HOST:PORT": digits only, 1..65535. */
static bool port_valid(const char *text)
{
	size_t length = strlen(text);
	if (length < 1 || length > 5 || strspn(text, "0123456789") != length || text[0] == '0')
		return false;
	int port = 0;
	for (const char *p = text; *p != '\0'; p++)
		port = port * 10 + (*p - '0');
	return port <= 65535;
}

/* ADDRESS:PORT after "tcp://". */
static bool tcp_valid(const char *text, bool *loopback)
{
	char host[64];
	const char *colon = strrchr(text, ':');
	if (colon == NULL || colon == text || (size_t)(colon - text) >= sizeof host || !port_valid(colon + 1))
		return false;
	size_t length = (size_t)(colon - text);
	bool six = text[0] == '[' && text[length - 1] == ']';
	(void)snprintf(host, sizeof host, "%.*s", (int)(length - (six ? 2 : 0)), text + (six ? 1 : 0));
	struct in_addr four;
	struct in6_addr long_address;
	if (six) {
		*loopback = inet_pton(AF_INET6, host, &long_address) == 1 && IN6_IS_ADDR_LOOPBACK(&long_address);
		return inet_pton(AF_INET6, host, &long_address) == 1;
	}
	if (inet_pton(AF_INET, host, &four) != 1)
		return false;
	*loopback = ntohl(four.s_addr) >> 24 == 127;
	return true;
}

/* *exposed: others than this computer's users could reach it. */
static bool endpoint_valid(const char *text, bool *exposed)
{
	static const char ipc[] = "ipc://", tcp[] = "tcp://";
	bool loopback = false;
	*exposed = false;
	if (strncmp(text, ipc, sizeof ipc - 1) == 0) {
		const char *path = text + sizeof ipc - 1;
		return path[0] == '/' && path[1] != '\0' && strlen(path) <= IPC_PATH_MAX;
	}
	if (strncmp(text, tcp, sizeof tcp - 1) != 0 || !tcp_valid(text + sizeof tcp - 1, &loopback))
		return false;
	*exposed = !loopback;
	return true;
}

static void read_endpoint(struct reading *reading, const struct section *section, unsigned index)
{
	struct publish_config *publish = &reading->config->publish;
	struct where where = key_where_at(section, "endpoints", index);
	const char *text = key_string_at(section, "endpoints", index);
	bool exposed;
	if (strlen(text) >= PATH_BYTES || !endpoint_valid(text, &exposed)) {
		report_error(&reading->report, where, "\"%.60s\" cannot be used (legal: " LEGAL_ENDPOINT ")", text);
		return;
	}
	for (uint8_t i = 0; i < publish->endpoint_count; i++)
		if (strcmp(publish->endpoints[i], text) == 0)
			report_error(&reading->report, where, "\"%.60s\" is listed twice (legal: once)", text);
	if (exposed && !publish->curve)
		report_error(&reading->report, where,
		             "\"%.60s\" can be reached over the network (legal: with curve_secret_key_file only)",
		             text);
	memcpy(publish->endpoints[publish->endpoint_count++], text, strlen(text) + 1);
}

/* Z85 text of 32 bytes: eight groups of five digits, each below 2^32 (ZeroMQ RFC 32). */
static bool key_valid(const char *text)
{
	static const char digits[] =
	    "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";
	if (strlen(text) != KEY_CHARACTERS || strspn(text, digits) != KEY_CHARACTERS)
		return false;
	for (size_t group = 0; group < KEY_CHARACTERS; group += 5) {
		uint64_t value = 0;
		for (size_t i = group; i < group + 5; i++)
			value = value * 85 + (uint64_t)(strchr(digits, text[i]) - digits);
		if (value > UINT32_MAX)
			return false;
	}
	return true;
}

#define LEGAL_SECRET "a regular file without rights for group and others, one line of 40 Z85 characters"

static void read_secret(struct reading *reading, struct where where, int fd, const char *file)
{
	struct publish_config *publish = &reading->config->publish;
	struct stat status;
	char text[CURVE_KEY_BYTES + 2];
	if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) {
		report_error(&reading->report, where, "%s is not a regular file (legal: " LEGAL_SECRET ")", file);
		return;
	}
	if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
		report_error(&reading->report, where, "%s has mode %04o (legal: " LEGAL_SECRET ")", file,
		             (unsigned)(status.st_mode & 07777));
		return;
	}
	ssize_t count = read(fd, text, sizeof text - 1); /* a short read of a regular file this small is its end */
	text[count > 0 ? count : 0] = '\0';
	if (count == KEY_CHARACTERS + 1 && text[KEY_CHARACTERS] == '\n')
		text[KEY_CHARACTERS] = '\0';
	if (key_valid(text))
		memcpy(publish->secret_key, text, CURVE_KEY_BYTES);
	else
		report_error(&reading->report, where, "%s does not hold a key (legal: " LEGAL_SECRET ")", file);
	sodium_memzero(text, sizeof text);
}

static void read_secret_file(struct reading *reading, const struct section *section)
{
	struct publish_config *publish = &reading->config->publish;
	struct where where = key_where(section, "curve_secret_key_file");
	char path[PATH_BYTES];
	if (!key_text(section, "curve_secret_key_file", OPTIONAL, path, sizeof path) ||
	    !reading_resolve(reading, where, path, publish->secret_key_file))
		return;
	publish->curve = true;
	int fd = open(publish->secret_key_file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	int error = errno;
	if (fd < 0) {
		report_error(&reading->report, where, "cannot open %s: %s (legal: " LEGAL_SECRET ")",
		             publish->secret_key_file, strerror(error));
		return;
	}
	read_secret(reading, where, fd, publish->secret_key_file);
	(void)close(fd); /* only read from */
}

static void read_display_keys(struct reading *reading, const struct section *section)
{
	struct publish_config *publish = &reading->config->publish;
	unsigned count = key_count(section, "display_keys");
	if (!publish->curve) {
		key_refuse(section, "display_keys", "keys need curve_secret_key_file");
		return;
	}
	if (!key_present(section, "display_keys", REQUIRED, "public keys of 1..32 displays, 40 Z85 characters each"))
		return;
	if (count > CLIENT_KEYS_MAX)
		report_error(&reading->report, key_where_at(section, "display_keys", CLIENT_KEYS_MAX),
		             "there are %u keys (legal: 1..%d)", count, CLIENT_KEYS_MAX);
	for (unsigned i = 0; i < count && i < CLIENT_KEYS_MAX; i++) {
		const char *text = key_string_at(section, "display_keys", i);
		if (!key_valid(text)) {
			report_error(&reading->report, key_where_at(section, "display_keys", i),
			             "\"%.60s\" is not a public key (legal: 40 Z85 characters)", text);
			continue;
		}
		memcpy(publish->client_keys[publish->client_key_count++], text, CURVE_KEY_BYTES);
	}
}

/* Displays that must confirm what they show, so that an alarm that reaches nobody is itself an alarm. */
static void read_displays(struct reading *reading, const struct section *section)
{
	static const struct span within = {"confirm_within_s", NULL, 1, 60};
	struct engine_config *engine = &reading->config->engine;
	if (key_count(section, "required_displays") == 0)
		key_refuse(section, "confirm_within_s", "nobody confirms without required_displays");
	if (!key_present(section, "required_displays", OPTIONAL, "names of displays"))
		return;
	unsigned count = key_count(section, "required_displays");
	if (count > DISPLAYS_MAX)
		report_error(&reading->report, key_where_at(section, "required_displays", DISPLAYS_MAX),
		             "there are %u displays (legal: 1..%d)", count, DISPLAYS_MAX);
	for (unsigned i = 0; i < count && i < DISPLAYS_MAX; i++) {
		const char *name = key_string_at(section, "required_displays", i);
		struct where where = key_where_at(section, "required_displays", i);
		if (!token_valid(name)) {
			report_error(&reading->report, where,
			             "\"%.40s\" is not a name (legal: 1..31 characters A-Z a-z 0-9 . _ -)", name);
			continue;
		}
		for (uint8_t k = 0; k < engine->display_count; k++)
			if (strcmp(engine->displays[k], name) == 0)
				report_error(&reading->report, where, "\"%s\" is listed twice (legal: once)", name);
		memcpy(engine->displays[engine->display_count++], name, strlen(name) + 1);
	}
	(void)key_span(section, &within, REQUIRED, &engine->display_within_ns);
}

void read_publish(struct reading *reading)
{
	struct section root = tree_root(&reading->main), section;
	if (!section_only(&root, "publish", REQUIRED, &section))
		return;
	read_secret_file(reading, &section);
	read_display_keys(reading, &section);
	read_displays(reading, &section);
	if (!key_present(&section, "endpoints", REQUIRED, LEGAL_ENDPOINT))
		return;
	unsigned count = key_count(&section, "endpoints");
	if (count > ENDPOINTS_MAX)
		report_error(&reading->report, key_where_at(&section, "endpoints", ENDPOINTS_MAX),
		             "there are %u endpoints (legal: 1..%d)", count, ENDPOINTS_MAX);
	for (unsigned i = 0; i < count && i < ENDPOINTS_MAX; i++)
		read_endpoint(reading, &section, i);
}
