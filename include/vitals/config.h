/* The configuration of one bedside: files -> one validated, unchanging struct. Built in daemon/config on libconfuse;
 * called by main before any thread exists. Nothing is applied unless everything is right. Every error names file, line,
 * key and legal range, one line each; as many as can be found are reported, not only the first. */
#ifndef VITALS_CONFIG_H
#define VITALS_CONFIG_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "vitals/driver.h"
#include "vitals/engine.h"
#include "vitals/people.h"
#include "vitals/text.h"

#define LINKS_MAX       32
#define PATH_BYTES      256
#define ENDPOINTS_MAX   4
#define CURVE_KEY_BYTES 41 /* Z85 text of a 32-byte key, with the NUL */
#define CLIENT_KEYS_MAX 32

enum link_type {
	LINK_MODBUS_RTU,     /* libmodbus on a serial line */
	LINK_MODBUS_TCP,     /* libmodbus */
	LINK_SERIAL,         /* one streaming device on a serial line (libserialport) */
	LINK_RAW_TCP,        /* one streaming device behind a serial device server */
	LINK_MODBUS_RTU_TCP, /* RTU frames over TCP: a bus behind a transparent device server */
};

struct link_config {
	char name[NAME_BYTES];
	enum link_type type;
	char port[PATH_BYTES];     /* serial types: device path, by-id or by-path preferred */
	struct line_settings line; /* serial types; for LINK_SERIAL the driver's unless given */
	char host[46];             /* TCP types: numeric IPv4 or IPv6 address */
	uint16_t tcp_port;
	char listen[46];               /* raw TCP: our own address, where `host` connects to; "": we connect */
	int32_t timeout_ms;            /* for a whole answer (Modbus); 20 .. 5000 */
	int32_t turnaround_ms;         /* Modbus: between an answer and a request to another unit; 0 .. 1000 */
	char traffic_path[PATH_BYTES]; /* "" or a file to append raw traffic to */
};

struct device_config {
	char name[NAME_BYTES];
	uint8_t link;
	const struct driver *driver; /* streaming devices, else NULL */
	int8_t map;                  /* Modbus devices: index into config.maps, else -1 */
	uint8_t unit;                /* Modbus unit id, 1 .. 247 (TCP also 0 and 255) */
	int64_t period_ns;           /* poll period, or the driver's frame period */
	char serial[NAME_BYTES];     /* streaming devices: the only one that is believed; empty = any */
};

struct publish_config {
	uint8_t endpoint_count;
	char endpoints[ENDPOINTS_MAX][PATH_BYTES]; /* ipc://... or tcp://ADDRESS:PORT */
	bool curve;                                /* required for a tcp endpoint that is not loopback */
	char secret_key_file[PATH_BYTES];          /* Z85 secret key, one line, mode 0600 or stricter */
	char secret_key[CURVE_KEY_BYTES];
	uint8_t client_key_count;
	char client_keys[CLIENT_KEYS_MAX][CURVE_KEY_BYTES]; /* displays that may subscribe */
};

struct config {
	char path[PATH_BYTES];
	char hash_hex[65]; /* SHA-256 over the main file and every file it names, in order */
	char plan_hash_hex[65];
	char control_socket[PATH_BYTES];
	char record_path[PATH_BYTES]; /* SQLite file */
	char box_path[PATH_BYTES];    /* black box, on tmpfs; by default beside the control socket */
	char plan_path[PATH_BYTES];
	char record_group[NAME_BYTES]; /* may read the record; "" = nobody else */
	int64_t keep_events_ns;        /* of closed sessions, after their closing; 0 = for ever */
	char syslog_ident[NAME_BYTES];
	char syslog_socket[PATH_BYTES]; /* of the log daemon */
	uint8_t
	    realtime_priority; /* 0 = normal scheduling, else SCHED_FIFO priority of engine and link threads, 1 .. 50 */
	struct publish_config publish;
	uint8_t link_count;
	struct link_config links[LINKS_MAX];
	uint8_t device_count; /* same order as engine.devices */
	struct device_config devices[DEVICES_MAX];
	uint8_t map_count;
	struct register_map maps[DEVICES_MAX];
	struct people people;
	struct engine_config engine;
};

/* Reads and validates. Returns 0 and fills `config` (zeroed first), or the number of errors after writing each of them
 * to `errors` as "FILE:LINE: KEY: what is wrong (legal: RANGE)". Not thread-safe: libconfuse's lexer is global. */
int config_read(struct config *config, const char *path, FILE *errors);

struct config_wish {
	const char *bedside;   /* the name that the file must give; NULL: any */
	const char *plan_path; /* read this plan instead of the file's; NULL: the file's */
	bool in_use; /* a monitor runs with it: what it writes is not opened, since closing it would drop its locks */
};

/* The same for somebody with a wish. */
int config_read_as(struct config *config, const char *path, const struct config_wish *wish, FILE *errors);

/* Reads one register map alone, as config_read does. */
int config_read_map(struct register_map *map, const char *path, FILE *errors);

/* Reads one plan alone: nothing is asked about the devices of a bedside. */
int config_read_plan(struct plan *plan, const char *path, FILE *errors);

/* Writes what was understood, with defaults filled in and both spellings of Modbus addresses, for `vitalsd --check`.
 * Returns 0, or -1 if the stream failed. */
int config_print(const struct config *config, FILE *out);

/* Worst-case duration of one poll of every device on a link, in nanoseconds, by the formula of docs/ARCHITECTURE.md
 * (request and answer characters, silence before each, answer timeout for lost ones). 0 for streaming links. */
int64_t config_link_cycle_ns(const struct config *config, uint8_t link);

#endif
