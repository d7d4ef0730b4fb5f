/* The list of serial ports; see vitals/port.h. libserialport knows the ports and their adapters, udev's links know the
 * names that last. Called by vitalsctl; one thread. */
#include <libserialport.h>
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "daemon/link/serial_line.h"
#include "vitals/port.h"

#define BY_ID   "/dev/serial/by-id"
#define BY_PATH "/dev/serial/by-path"

/* What an adapter says is as hostile as anything from outside. */
static void copy_clean(char to[TEXT_BYTES], const char *from)
{
	size_t used = 0;

	for (; from != NULL && *from != '\0' && used < TEXT_BYTES - 1; from++)
		to[used++] = *from >= ' ' && *from <= '~' ? *from : '?';
	to[used] = '\0';
}

/* A name that could not stand in a configuration file is none. */
static bool is_plain(const char *path)
{
	for (; *path != '\0'; path++)
		if (*path <= ' ' || *path > '~' || strchr("\"\\|$", *path) != NULL)
			return false;
	return true;
}

/* The first link of `directory`, by name, that leads to `tty`. */
static void find_name(const char *directory, const char *tty, char name[PATH_BYTES])
{
	char real[PATH_MAX], path[PATH_BYTES];
	const struct dirent *entry;
	DIR *stream = opendir(directory);

	name[0] = '\0';
	if (stream == NULL)
		return;
	while ((entry = readdir(stream)) != NULL) {
		int length = snprintf(path, sizeof path, "%s/%s", directory, entry->d_name);
		if (entry->d_name[0] == '.' || length < 0 || (size_t)length >= sizeof path || !is_plain(path) ||
		    realpath(path, real) == NULL || strcmp(real, tty) != 0)
			continue;
		if (name[0] == '\0' || strcmp(path, name) < 0)
			memcpy(name, path, (size_t)length + 1);
	}
	(void)closedir(stream); /* was only read */
}

static void add_names(struct port *port)
{
	find_name(BY_ID, port->tty, port->by_id);
	find_name(BY_PATH, port->tty, port->by_path);
	port->latency_ms = serial_line_latency_ms(port->tty);
}

static bool describe(struct port *port, const struct sp_port *library)
{
	const char *name = sp_get_port_name(library);
	int vendor = 0, product = 0;

	*port = (struct port){.latency_ms = -1};
	if (name == NULL || strlen(name) >= sizeof port->tty)
		return false;
	memcpy(port->tty, name, strlen(name) + 1);
	port->is_usb = sp_get_port_transport(library) == SP_TRANSPORT_USB;
	if (port->is_usb) {
		if (sp_get_port_usb_vid_pid(library, &vendor, &product) == SP_OK) {
			port->vendor = (uint16_t)vendor;
			port->product = (uint16_t)product;
		}
		if (sp_get_port_usb_bus_address(library, &port->bus, &port->address) != SP_OK)
			port->bus = port->address = 0;
		copy_clean(port->maker, sp_get_port_usb_manufacturer(library));
		copy_clean(port->model, sp_get_port_usb_product(library));
		copy_clean(port->serial, sp_get_port_usb_serial(library));
	}
	add_names(port);
	return true;
}

/* udev makes the by-id name of maker, model and serial number. Without one, or with one that every adapter of the kind
 * has, it means whichever was plugged in last. */
static bool is_alone(const struct port *ports, int count, const struct port *port)
{
	if (!port->is_usb || port->serial[0] == '\0')
		return false;
	for (int i = 0; i < count; i++) {
		const struct port *other = &ports[i];
		bool same_device = other->bus == port->bus && other->address == port->address;
		if (!same_device && other->vendor == port->vendor && other->product == port->product &&
		    strcmp(other->serial, port->serial) == 0)
			return false;
	}
	return true;
}

static int compare(const void *a, const void *b)
{
	const struct port *one = a, *other = b;

	return strcmp(one->tty, other->tty);
}

int port_list(struct port ports[PORTS_MAX])
{
	struct sp_port **list;
	int count = 0;

	enum sp_return rc = sp_list_ports(&list);
	int error = rc == SP_ERR_FAIL ? sp_last_error_code() : ENOMEM;
	if (rc != SP_OK) {
		errno = error;
		return -1;
	}
	for (int i = 0; list[i] != NULL && count < PORTS_MAX; i++)
		if (describe(&ports[count], list[i]))
			count++;
	sp_free_port_list(list);
	qsort(ports, (size_t)count, sizeof ports[0], compare);
	for (int i = 0; i < count; i++)
		ports[i].alone = is_alone(ports, count, &ports[i]);
	return count;
}

void port_of_path(struct port *port, const char *path)
{
	static struct port ports[PORTS_MAX];
	char real[PATH_MAX];
	int count = port_list(ports);

	if (realpath(path, real) == NULL)
		real[0] = '\0';
	for (int i = 0; i < count; i++) {
		if (strcmp(ports[i].tty, real) == 0) {
			*port = ports[i];
			return;
		}
	}
	*port = (struct port){.latency_ms = -1};
	(void)snprintf(port->tty, sizeof port->tty, "%s", path); /* the caller bounded it */
}

const char *port_lasting_name(const struct port *port)
{
	if (port->by_id[0] != '\0' && port->alone)
		return port->by_id;
	if (port->by_path[0] != '\0')
		return port->by_path;
	return port->is_usb ? NULL : port->tty;
}
