/* Inside of the configuration room: one configuration file as text and as a tree of sections, keys and values that all
 * know their line. Shared by the files of daemon/config only; used before any thread exists. */
#ifndef VITALS_CONFIG_SOURCE_H
#define VITALS_CONFIG_SOURCE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <confuse.h>

#include "vitals/config.h"

#define SOURCE_BYTES_MAX (256 * 1024)

/* Where errors go. Every error is counted; only the first hundred are written. */
struct report {
	FILE *stream;
	int count;
};

struct where {
	const char *file;
	int line;
	const char *key;
};

__attribute__((format(printf, 3, 4))) void report_error(struct report *report, struct where where, const char *format,
                                                        ...);

/* ---- text: source_text.c ---- */

struct text {
	size_t size;
	char *bytes; /* NUL-terminated, no NUL inside */
};

/* Reads a whole regular file; the errors name `where`, the line that named the file. Free text->bytes. */
bool text_load(struct text *text, const char *path, struct report *report, struct where where);

/* Refuses what libconfuse would expand, skip in silence or misunderstand, and blanks out the comments, because
 * libconfuse 3.3 counts lines wrongly after one. */
bool text_scan(struct text *text, const char *file, struct report *report);

/* ---- tree: source_tree.c ---- */

/* One value as the tree holds it. */
struct cell {
	int line;
	char key[64];
	char text[]; /* NUL-terminated */
};

struct source {
	char file[PATH_BYTES];
	struct report *report;
	cfg_t *tree;
};

struct section {
	const struct source *source;
	cfg_t *cfg;
};

/* Schema rows. Every value is kept as text with its line and interpreted by the section_* functions, so that one run
 * reports all errors of a file; "\\line" is a hidden key (no file can spell it) that notes where a section begins. */
int tree_value(cfg_t *cfg, cfg_opt_t *option, const char *value, void *result);
void tree_free(void *value);

#define TREE_VALUE(name)         CFG_PTR_CB(name, NULL, CFGF_NODEFAULT, tree_value, tree_free)
#define TREE_LIST(name)          CFG_PTR_LIST_CB(name, NULL, CFGF_NODEFAULT, tree_value, tree_free)
#define TREE_LINE()              CFG_PTR_CB("\\line", "0", CFGF_NONE, tree_value, tree_free)
#define TREE_SECTION(name, rows) CFG_SEC(name, rows, CFGF_MULTI)
#define TREE_TITLED(name, rows)  CFG_SEC(name, rows, CFGF_MULTI | CFGF_TITLE | CFGF_NO_TITLE_DUPES)
#define TREE_END()               CFG_END()

/* Parses scanned text. source->file and source->report are set by the caller. */
bool tree_parse(struct source *source, const char *text, cfg_opt_t *rows);
void tree_close(struct source *source);
struct section tree_root(const struct source *source);

/* ---- sections: source_section.c ---- */

enum need {
	OPTIONAL,
	REQUIRED,
};

const char *section_title(const struct section *section);
unsigned section_count(const struct section *parent, const char *name);
struct section section_at(const struct section *parent, const char *name, unsigned index);
/* The one section of that name; reports a missing or repeated one. */
bool section_only(const struct section *parent, const char *name, enum need need, struct section *section);
/* Reports more than `max` sections; returns how many may be read. */
unsigned section_bounded(const struct section *parent, const char *name, unsigned max);

unsigned key_count(const struct section *section, const char *key); /* values given; 0 = key absent */
struct where key_where(const struct section *section, const char *key);
struct where key_where_at(const struct section *section, const char *key, unsigned index);
struct where section_where(const struct section *section, const char *shown_key);
/* Reports if the key is given; `why` says why it may not be. */
void key_refuse(const struct section *section, const char *key, const char *why);
/* Reports if the key is required and absent, or an empty list; true if there is something to read. */
bool key_present(const struct section *section, const char *key, enum need need, const char *legal);

/* Each returns true and sets *value only if the key is there and right; reports what is wrong, and what is missing when
 * it is REQUIRED. The *_at forms read element `index` of a list that has one. */
bool key_integer(const struct section *section, const char *key, enum need need, int64_t min, int64_t max,
                 int64_t *value);
bool key_integer_at(const struct section *section, const char *key, unsigned index, int64_t min, int64_t max,
                    int64_t *value);
bool key_boolean(const struct section *section, const char *key, bool *value);
bool key_choice(const struct section *section, const char *key, enum need need, const char *const *names, int *value);
/* A decimal number with at most `decimals` digits after the point, as an integer times 10^decimals. */
bool key_decimal(const struct section *section, const char *key, enum need need, int decimals, int64_t min, int64_t max,
                 int64_t *value);
bool key_text(const struct section *section, const char *key, enum need need, char *value, size_t size);
bool key_token(const struct section *section, const char *key, enum need need, char value[NAME_BYTES]);
/* An absolute path of at most `max` bytes. */
bool key_path(const struct section *section, const char *key, enum need need, size_t max, char *value);
const char *key_string_at(const struct section *section, const char *key, unsigned index);

bool token_valid(const char *text); /* [A-Za-z0-9._-]{1,31} */
bool title_token(const struct section *section, char value[NAME_BYTES]);
/* The parameter that the section's title names, reported with what is legal if it is none of them; -1 then. */
int title_parameter(const struct section *section, parameter_set legal);
/* `value` is an integer times 10^decimals; writes it without needless zeros. */
void decimal_text(char *text, size_t size, int64_t value, int decimals);
/* A time span that a file may give in seconds or, where the schema has that key too, in minutes. */
struct span {
	const char *key_s, *key_min; /* key_min may be NULL */
	int64_t min_s, max_s;
};
/* Which of the two keys of `span` is given; NULL, after reporting what is wrong, if none or both. */
const char *span_key(const struct section *section, const struct span *span, enum need need);
bool span_at(const struct section *section, const struct span *span, const char *key, unsigned index, int64_t *ns);
bool key_span(const struct section *section, const struct span *span, enum need need, int64_t *ns);

#endif
