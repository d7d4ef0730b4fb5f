/* Fuzz target: a configuration file of unknown bytes. The first byte says which file it is: 'm' the main file, 'p' the
 * plan, 'd' a device's register map; the others are small and right. Whatever comes, config_read must return; what it
 * accepts, config_print must be able to print. Run from the top of the repository. */
#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "vitals/config.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static char directory[] = "/tmp/vitals-fuzz-XXXXXX";
static struct config config;
static FILE *sink;

static void write_file(const char *name, const void *bytes, size_t size)
{
	char path[256];
	(void)snprintf(path, sizeof path, "%s/%s", directory, name);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (fd < 0 || write(fd, bytes, size) != (ssize_t)size || close(fd) != 0)
		abort();
}

static const char main_text[] = "bedside = \"t\"\nplan = \"plan.conf\"\ncontrol { socket = \"/run/c\" }\n"
                                "record { path = \"/var/r\" }\npublish { endpoints = { \"ipc:///run/p\" } }\n"
                                "link \"l\" { type = \"modbus-tcp\"  host = \"::1\" }\n"
                                "device \"d\" { link = \"l\"  map = \"map.conf\"  unit = 1  poll_period_ms = 1000 }\n";
static const char plan_text[] =
    "title = \"x\"\nplanned_duration_s = 600\nbaseline_readings = 2\n"
    "missing { raise_after_s = 30  priority = \"low\" }\nphase \"baseline\" { anchor = \"open\" }\n"
    "rule \"B1\" { text = \"x\"  priority = \"high\"  term \"nibp_sys\" { at-least = 180  clear = 170 } }\n";
static const char map_text[] = "description = \"x\"\naddress_base = 0\n"
                               "block \"b\" { table = \"input\"  address = 0  count = 2 }\n"
                               "value \"spo2\" { block = \"b\"  address = 0  type = \"u16\"  scale = 1 }\n";

static void remove_all(void)
{
	static const char *const names[] = {"main.conf", "plan.conf", "map.conf"};
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		char path[256];
		(void)snprintf(path, sizeof path, "%s/%s", directory, names[i]);
		(void)unlink(path);
	}
	(void)rmdir(directory);
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	sink = fopen("/dev/null", "w");
	if (sink == NULL || mkdtemp(directory) == NULL || atexit(remove_all) != 0)
		abort();
	return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (size == 0)
		return 0;
	write_file("main.conf", main_text, sizeof main_text - 1);
	write_file("plan.conf", plan_text, sizeof plan_text - 1);
	write_file("map.conf", map_text, sizeof map_text - 1);
	write_file(data[0] == 'p' ? "plan.conf" : data[0] == 'd' ? "map.conf" : "main.conf", data + 1, size - 1);
	char path[256];
	(void)snprintf(path, sizeof path, "%s/main.conf", directory);
	if (config_read(&config, path, sink) == 0 && config_print(&config, sink) != 0)
		abort();
	return 0;
}
