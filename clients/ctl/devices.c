/* `vitalsctl devices scan`: lists the serial ports, listens at those that nobody holds, and prints a configuration for
 * what it recognises. Everything it prints but that configuration is a comment, so that the output can be put into a
 * configuration file as it is.
 *
 * A device is recognised by whole valid frames of a driver, heard at the line settings of any driver. Nothing is ever
 * written to a port, so a device that speaks only when it is asked is not recognised. */
#include "clients/ctl/devices.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "vitals/driver.h"
#include "vitals/port.h"

#define DRIVERS_MAX  32
#define SECONDS      8 /* the slowest driver's device sends every two */
#define SECONDS_MAX  60
#define HEAR_BYTES   512
#define FRAMES_PLAIN 3
#define FRAMES_SUMS  2

/* What one driver makes of a port. */
struct hearing {
	const struct driver *driver;
	struct stream stream;
	unsigned frames;
	char serial[NAME_BYTES]; /* that it told; empty if none */
};

/* Too large for a stack. */
static struct port ports[PORTS_MAX];
static struct hearing hearings[DRIVERS_MAX];
static unsigned named[DRIVERS_MAX]; /* how often a driver was recognised in this scan */

static void count_frame(void *context, const struct decoded *decoded)
{
	struct hearing *hearing = context;

	hearing->frames++;
	if (decoded->serial[0] != '\0')
		memcpy(hearing->serial, decoded->serial, sizeof hearing->serial);
}

static bool same_line(const struct line_settings *a, const struct line_settings *b)
{
	return a->baud == b->baud && a->parity == b->parity && a->data_bits == b->data_bits &&
	       a->stop_bits == b->stop_bits;
}

static struct mono now(void)
{
	struct timespec at;

	(void)clock_gettime(CLOCK_MONOTONIC, &at); /* cannot fail for this clock */
	return (struct mono){at.tv_sec * NS_PER_S + at.tv_nsec};
}

/* Whole frames, and hardly anything that is none: noise fits a frame without a checksum now and then. */
static bool fits(const struct hearing *hearing)
{
	unsigned wanted = hearing->driver->checksum ? FRAMES_SUMS : FRAMES_PLAIN;

	return hearing->frames >= wanted && hearing->stream.bad_frames <= hearing->frames / 3;
}

/* Listens at one line setting with all drivers: a device may be set to another rate than is usual for it. Returns the
 * bytes heard, -1 if the port is gone. */
static long listen_at(struct port_ear *ear, uint32_t seconds)
{
	struct mono until = mono_after(now(), seconds * NS_PER_S);
	uint8_t bytes[HEAR_BYTES];
	long heard = 0;
	int count;

	for (int i = 0; driver_list[i] != NULL; i++)
		hearings[i] = (struct hearing){.driver = driver_list[i]};
	while ((count = port_ear_hear(ear, bytes, HEAR_BYTES, until)) > 0) {
		heard += count;
		for (int i = 0; driver_list[i] != NULL; i++)
			driver_list[i]->feed(&hearings[i].stream, bytes, (size_t)count, now(), count_frame,
			                     &hearings[i]);
	}
	return count < 0 ? -1 : heard;
}

/* ---- what is printed --------------------------------------------------------------------------------------------- */

static void print_port(const struct port *port)
{
	printf("\n# %s\n", port->tty);
	if (port->by_id[0] != '\0')
		printf("#   by-id    %s%s\n", port->by_id, port->alone ? "" : " (not unique, not used)");
	if (port->by_path[0] != '\0')
		printf("#   by-path  %s\n", port->by_path);
	if (port->is_usb)
		printf("#   usb      %04x:%04x %s %s, %s%s\n", port->vendor, port->product, port->maker, port->model,
		       port->serial[0] != '\0' ? "serial number " : "no serial number", port->serial);
	if (port->latency_ms > 1)
		printf("#   latency  %d ms: short packets are held back so long; the udev rule of vitalsd sets 1\n",
		       port->latency_ms);
	else if (port->latency_ms >= 0)
		printf("#   latency  %d ms\n", port->latency_ms);
}

static void print_block(const struct port *port, const struct line_settings *line, const char *name, int driver,
                        bool comment)
{
	const char *mark = comment ? "# " : "", *word = driver_list[driver]->name;
	char number[16] = "";

	if (++named[driver] > 1)
		(void)snprintf(number, sizeof number, "-%u", named[driver]);
	printf("%slink \"%.15s-line%s\" {\n%s  type = \"serial\"\n%s  port = \"%s\"\n", mark, word, number, mark, mark,
	       name);
	if (!same_line(&driver_list[driver]->line, line))
		printf("%s  baud = %d\n%s  parity = \"%s\"\n%s  data_bits = %u\n%s  stop_bits = %u\n", mark,
		       (int)line->baud, mark,
		       line->parity == 'N'   ? "none"
		       : line->parity == 'E' ? "even"
		                             : "odd",
		       mark, line->data_bits, mark, line->stop_bits);
	printf("%s}\n", mark);
	printf("%sdevice \"%.15s%s\" { link = \"%.15s-line%s\"  driver = \"%s\" }\n", mark, word, number, word, number,
	       word);
	if (hearings[driver].serial[0] != '\0')
		printf("#   It is number %s. serial_number = \"%s\" in the device section refuses any other.\n",
		       hearings[driver].serial, hearings[driver].serial);
	if (!port->is_usb && port->by_path[0] == '\0' && strncmp(port->tty, "/dev/ttyS", 9) != 0)
		printf("# Will this name last? It is none of udev's.\n");
}

/* What fits, and its configuration. A driver with checksums outdoes those without. Returns how many fit. */
static int print_found(const struct port *port, const struct line_settings *line)
{
	const char *name = port_lasting_name(port);
	bool sums = false;
	int found = 0;

	for (int i = 0; driver_list[i] != NULL; i++)
		sums = sums || (fits(&hearings[i]) && driver_list[i]->checksum);
	for (int i = 0; driver_list[i] != NULL; i++)
		found += fits(&hearings[i]) && driver_list[i]->checksum == sums;
	for (int i = 0; driver_list[i] != NULL; i++) {
		if (!fits(&hearings[i]) || driver_list[i]->checksum != sums)
			continue;
		printf("#   recognised: %s, %u frames (%s)\n", driver_list[i]->name, hearings[i].frames,
		       driver_list[i]->description);
		if (name != NULL)
			print_block(port, line, name, i, found > 1);
	}
	if (found > 1)
		printf("#   More than one driver fits: compare with the device's settings and take one.\n");
	if (found > 0 && name == NULL)
		printf("#   No name of this port lasts: the adapter has no serial number of its own, and there is no\n"
		       "#   by-path link. Is udev running?\n");
	return found;
}

static void print_hints(bool heard)
{
	if (heard)
		printf(
		    "#   not recognised: something is sent, but no driver understands it. Perhaps the device is set\n"
		    "#   to another rate or another kind of output.\n");
	else
		printf("#   not recognised: nothing is sent. Modbus devices and some others speak only when asked.\n");
	for (int i = 0; driver_list[i] != NULL; i++)
		printf("#   If it is %s: %s\n", driver_list[i]->name, driver_list[i]->silence_hint);
}

/* ---- the scan ---------------------------------------------------------------------------------------------------- */

/* Whether a driver before this one has the same line settings. */
static bool was_tried(int driver)
{
	for (int i = 0; i < driver; i++)
		if (same_line(&driver_list[i]->line, &driver_list[driver]->line))
			return true;
	return false;
}

static void listen_all(const struct port *port, struct port_ear *ear, uint32_t seconds)
{
	char text[TEXT_BYTES];
	bool heard = false;

	for (int i = 0; driver_list[i] != NULL; i++) {
		if (was_tried(i))
			continue;
		port_line_text(&driver_list[i]->line, text);
		if (!port_ear_tune(ear, &driver_list[i]->line)) {
			printf("#   %s: the port cannot be set so\n", text);
			continue;
		}
		long count = listen_at(ear, seconds);
		if (count < 0) {
			printf("#   %s: the port is gone\n", text);
			return;
		}
		printf("#   %s: %ld bytes\n", text, count);
		heard = heard || count > 0;
		if (print_found(port, &driver_list[i]->line) > 0)
			return;
		(void)fflush(stdout); /* looked at in the end */
	}
	print_hints(heard);
}

/* False if the port could not be listened to. */
static bool scan_port(const struct port *port, uint32_t seconds)
{
	struct port_ear ear;

	print_port(port);
	(void)fflush(stdout); /* looked at in the end */
	switch (port_ear_open(&ear, port->tty)) {
	case PORT_OPEN:
		listen_all(port, &ear, seconds);
		port_ear_close(&ear);
		return true;
	case PORT_IN_USE:
		printf("#   in use\n");
		return true;
	case PORT_DENIED:
		printf("#   no right to open it (is this account in the group dialout?)\n");
		return false;
	case PORT_ABSENT:
		printf("#   cannot be opened as a serial port\n");
		return false;
	}
	return false;
}

int devices_scan(const struct options *options, const char *argument)
{
	uint32_t seconds = options->seconds > 0 ? options->seconds : SECONDS;
	bool good = true;
	int count = 1;

	(void)argument;
	if (seconds > SECONDS_MAX || (options->port != NULL && strlen(options->port) >= sizeof ports[0].tty)) {
		fprintf(stderr, "vitalsctl: --seconds must be 1 to %d, --port shorter than %zu bytes\n", SECONDS_MAX,
		        sizeof ports[0].tty);
		return EXIT_USAGE;
	}
	if (options->port != NULL)
		port_of_path(&ports[0], options->port);
	else
		count = port_list(ports);
	if (count < 0) {
		int error = errno;
		fprintf(stderr, "vitalsctl: the serial ports cannot be listed: %s\n", strerror(error));
		return EXIT_REFUSED;
	}
	printf("# vitalsctl devices scan: %d port%s, %u s at each line setting; nothing is written to a port.\n", count,
	       count == 1 ? "" : "s", seconds);
	for (int i = 0; i < count; i++)
		good = scan_port(&ports[i], seconds) && good;
	return fflush(stdout) == 0 && ferror(stdout) == 0 && good ? EXIT_OK : EXIT_REFUSED;
}
