/* Inside of the configuration room: one run of config_read. */
#ifndef VITALS_CONFIG_READING_H
#define VITALS_CONFIG_READING_H

#include <sodium.h>

#include "daemon/config/source.h"

struct reading {
	struct config *config;
	struct config_wish wish;
	struct report report;
	char directory[PATH_BYTES];    /* of the main file, with the final '/', or "" */
	crypto_hash_sha256_state hash; /* over all files so far */
	struct source main;            /* open until everything is checked */
	char map_files[DEVICES_MAX][PATH_BYTES];
	bool map_good[DEVICES_MAX]; /* whether it could be read without error */
	bool link_good[LINKS_MAX];  /* same, for the link's section */
	bool device_good[DEVICES_MAX];
};

/* Ends `state` and writes its digest. */
void reading_hash_hex(crypto_hash_sha256_state *state, char hex[65]);

/* Loads, hashes, scans and parses `file`; `where` names it in errors before it can be opened. file_hash_hex may be
 * NULL. Close *source with tree_close even after false. */
bool reading_open(struct reading *reading, struct source *source, const char *file, struct where where, cfg_opt_t *rows,
                  char file_hash_hex[65]);

/* `path` as it is to be opened: relative ones count from the main file's directory. False, reported, if too long. */
bool reading_resolve(struct reading *reading, struct where where, const char *path, char resolved[PATH_BYTES]);

/* The name of a plan or map: its file's name without ".conf". */
bool reading_name(struct reading *reading, struct where where, const char *file, char name[NAME_BYTES]);

void read_main(struct reading *reading);                                       /* config_main.c */
void read_publish(struct reading *reading);                                    /* config_publish.c */
void read_plan(struct reading *reading, const char *file, struct where where); /* config_plan.c */
int read_map(struct reading *reading, const char *file, struct where where);   /* config_map.c: index, -1 if too many */
/* Whether each read of a map, its identity included, has a length of its own; else one that is there twice. Modbus RTU
 * has no transaction number: only the length tells a late answer to one from the answer to another. */
bool map_lengths_differ(const struct register_map *map, uint16_t *count);
void read_people(struct reading *reading); /* config_people.c, with what follows */
void read_accounts(struct people *people, const char *passwd_path, const char *group_path);
void check_bedside(struct reading *reading); /* config_check.c: what spans several sections */
void check_paths(struct reading *reading);   /* config_paths.c: no file is used for two things, or is foreign */
void check_buses(struct reading *reading);   /* config_bus.c: time on the wire */

#endif
