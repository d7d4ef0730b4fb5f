/* The room of a story: the shipped plan and the devices that it names, read as the daemon reads them. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/stories/stories.h"

static int write_config(const struct story *story, const char *path)
{
	char here[PATH_BYTES];
	FILE *file = getcwd(here, sizeof here) != NULL ? fopen(path, "we") : NULL;

	if (file == NULL)
		return -1;
	(void)fprintf(file,
	              "bedside = \"story\"\nplan = \"%s/etc/plans/%s.conf\"\n"
	              "control { socket = \"/run/story/control\" }\n"
	              "record { path = \"/var/lib/story/record.sqlite\" }\n"
	              "publish { endpoints = { \"ipc:///run/story/publish\" } }\n",
	              here, story->plan); /* an error shows when it is closed */
	if (story->room[DEVICE_OXIMETER])
		(void)fprintf(file, "link \"line\" { type = \"serial\"  port = \"/dev/ttyS0\" }\n"
		                    "device \"oximeter\" { link = \"line\"  driver = \"masimo-ascii1\" }\n");
	if (story->room[DEVICE_CUFF])
		(void)fprintf(
		    file,
		    "link \"bus\" { type = \"modbus-rtu\"  port = \"/dev/ttyS1\" }\n"
		    "device \"cuff\" { link = \"bus\"  map = \"%s/etc/devices/vitals-sim-cuff.conf\"  unit = 1 "
		    "poll_period_ms = 1000 }\n",
		    here);
	if (story->room[DEVICE_ECG])
		(void)fprintf(
		    file,
		    "link \"gateway\" { type = \"modbus-tcp\"  host = \"127.0.0.1\"  tcp_port = 1502 }\n"
		    "device \"ecg\" { link = \"gateway\"  map = \"%s/etc/devices/vitals-sim-ecg.conf\"  unit = 1 "
		    "poll_period_ms = 1000 }\n",
		    here);
	return fclose(file);
}

/* What the configuration has to say against the room, in `error`. */
static bool read_config(struct staged *staged, const char *path, char error[SIM_TEXT])
{
	static char said[4096];
	FILE *errors = fmemopen(said, sizeof said, "w");
	int count = errors != NULL ? config_read(&staged->config, path, errors) : -1;

	if (errors != NULL && fclose(errors) != 0)
		count = -1;
	if (count != 0)
		(void)snprintf(error, SIM_TEXT, "plan or room: %.900s", said);
	return count == 0;
}

bool room_read(struct staged *staged, char error[SIM_TEXT])
{
	char directory[] = "/tmp/vitals-story-XXXXXX", path[PATH_BYTES];
	bool good = mkdtemp(directory) != NULL;

	if (!good) {
		(void)snprintf(error, SIM_TEXT, "no temporary directory");
		return false;
	}
	(void)snprintf(path, sizeof path, "%s/main.conf", directory); /* it fits */
	if (write_config(&staged->story, path) == 0) {
		good = read_config(staged, path, error);
	} else {
		good = false;
		(void)snprintf(error, SIM_TEXT, "%s cannot be written", path);
	}
	(void)unlink(path); /* it may not have come so far */
	(void)rmdir(directory);
	for (int d = 0; d < DEVICE_COUNT; d++) {
		struct engine_config *config = &staged->config.engine;

		staged->device[d] = -1;
		for (int i = 0; i < config->device_count; i++) {
			if (strcmp(config->devices[i].name, device_names[d]) != 0)
				continue;
			staged->device[d] = i;
			config->devices[i].period_ns = (int64_t)staged->story.period_s[d] * NS_PER_S;
		}
	}
	return good;
}
