/* Inside of `vitalsctl decode`: decode.c is the command; it calls decode_stream.c for streaming drivers and
 * decode_modbus.c for register maps; both call decode_lines.c. */
#ifndef CTL_DECODE_H
#define CTL_DECODE_H

#include <stdbool.h>
#include <stdio.h>

#include "vitals/config.h"
#include "vitals/driver.h"

enum decode_kind {
	DECODE_TRAFFIC,
	DECODE_HEX,
	DECODE_RAW,
};

#define DECODE_LINE_BYTES 8192
#define DECODE_EPOCH_NS   NS_PER_S /* of the file's start: time 0 means "at once" to drivers */

/* ---- decode_lines.c: the file ------------------------------------------------------------------------------------ */

/* By the first line that is no comment; the file is at its beginning again. */
enum decode_kind decode_kind_of(FILE *file);

/* The first line of recorded traffic: its times begin anew. */
bool decode_is_header(const char *text);

/* Gives each line to `play`. False after writing which one it refused. */
bool decode_lines(FILE *file, const char *path, bool (*play)(void *context, const char *line), void *context);

/* One line for each measurement; `at` is for a frame without any, `before` stands in front of the parameter. */
void decode_print(struct mono at, const char *before, const struct decoded *decoded);

/* ---- what is made of it; false after writing what is wrong ------------------------------------------------------- */

bool decode_stream(const struct driver *driver, FILE *file, const char *path);
bool decode_modbus(const struct register_map *map, FILE *file, const char *path);

#endif
