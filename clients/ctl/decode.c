/* `vitalsctl decode`: what a driver or a register map makes of recorded traffic; see devices.h. */
#include "clients/ctl/devices.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "clients/ctl/decode.h"
#include "vitals/driver.h"

static const struct driver *find_driver(const char *name)
{
	const struct driver *driver = driver_by_name(name);

	if (driver != NULL)
		return driver;
	fprintf(stderr, "vitalsctl: there is no driver %s. Drivers:", name);
	for (int i = 0; driver_list[i] != NULL; i++)
		fprintf(stderr, " %s", driver_list[i]->name);
	fprintf(stderr, "\n");
	return NULL;
}

int decode_file(const struct options *options, const char *path)
{
	static struct register_map map;
	const struct driver *driver = NULL;

	if (options->driver != NULL) {
		driver = find_driver(options->driver);
		if (driver == NULL)
			return EXIT_USAGE;
	} else if (config_read_map(&map, options->map, stderr) != 0) {
		return EXIT_REFUSED;
	}
	FILE *file = fopen(path, "rb");
	int error = errno;
	if (file == NULL) {
		fprintf(stderr, "vitalsctl: %s: %s\n", path, strerror(error));
		return EXIT_REFUSED;
	}
	bool good = driver != NULL ? decode_stream(driver, file, path) : decode_modbus(&map, file, path);
	good = ferror(file) == 0 && good;
	(void)fclose(file); /* was only read */
	return fflush(stdout) == 0 && ferror(stdout) == 0 && good ? EXIT_OK : EXIT_REFUSED;
}
