/* libconfuse held at arm's length: parsing of scanned text into sections whose values are text with a line number.
 * libconfuse's lexer is global, so this is used from one thread, before any other exists. */
#include "daemon/config/source.h"

#include <stdlib.h>
#include <string.h>

/* The parse that is going on; libconfuse gives its callbacks no pointer of ours. NULL outside tree_parse. */
static struct parsing {
	const struct source *source;
	char repeated[64]; /* key whose first value libconfuse is just throwing away, or "" */
	int repeated_line;
} * parsing;

int tree_value(cfg_t *cfg, cfg_opt_t *option, const char *value, void *result)
{
	size_t size = strlen(value) + 1;
	struct cell *cell = malloc(sizeof *cell + size);
	if (cell == NULL)
		return -1;
	cell->line = cfg->line > 0 ? cfg->line : 1;
	(void)snprintf(cell->key, sizeof cell->key, "%s", option->name); /* every key of a schema fits */
	memcpy(cell->text, value, size);
	*(struct cell **)result = cell;
	if (parsing->repeated[0] != '\0' && strcmp(parsing->repeated, option->name) == 0)
		report_error(parsing->source->report, (struct where){parsing->source->file, cell->line, cell->key},
		             "was already given in line %d (legal: once)", parsing->repeated_line);
	parsing->repeated[0] = '\0';
	return 0;
}

void tree_free(void *value)
{
	struct cell *cell = value;
	/* During a parse libconfuse frees a value only to replace it by a second one of the same key. */
	if (parsing != NULL) {
		memcpy(parsing->repeated, cell->key, sizeof cell->key);
		parsing->repeated_line = cell->line;
	}
	free(cell);
}

/* The keys that a section may have, separated by commas. */
static void list_keys(const cfg_t *cfg, char *text, size_t size)
{
	size_t used = 0;
	text[0] = '\0';
	for (const cfg_opt_t *option = cfg->opts; option->name != NULL; option++) {
		if (option->name[0] == '\\')
			continue;
		int length = snprintf(text + used, size - used, "%s%s", used > 0 ? ", " : "", option->name);
		if (length < 0 || (size_t)length >= size - used)
			return;
		used += (size_t)length;
	}
}

__attribute__((format(printf, 2, 0))) static void on_error(cfg_t *cfg, const char *format, va_list arguments)
{
	if (parsing == NULL)
		return;
	char message[256];
	(void)vsnprintf(message, sizeof message, format, arguments); /* a shortened message still says enough */
	char key[64] = "syntax";
	const char *open = strchr(message, '\'');
	const char *close = open != NULL ? strchr(open + 1, '\'') : NULL;
	if (close != NULL && close > open + 1 && (size_t)(close - open) < sizeof key)
		(void)snprintf(key, sizeof key, "%.*s", (int)(close - open - 1), open + 1);
	struct where where = {parsing->source->file, cfg->line > 0 ? cfg->line : 1, key};
	static const char unknown[] = "no such option";
	if (strncmp(message, unknown, sizeof unknown - 1) == 0) {
		char keys[512];
		list_keys(cfg, keys, sizeof keys);
		report_error(parsing->source->report, where, "is not known in %s%s%s (legal: %s)",
		             cfg->title != NULL ? cfg->name : "this section", cfg->title != NULL ? " " : "",
		             cfg->title != NULL ? cfg->title : "", keys);
		return;
	}
	report_error(parsing->source->report, where, "%s (legal: the grammar of docs/CONFIGURATION.md)", message);
}

bool tree_parse(struct source *source, const char *text, cfg_opt_t *rows)
{
	struct parsing here = {.source = source};
	int before = source->report->count;
	parsing = &here;
	source->tree = cfg_init(rows, CFGF_NONE);
	int result = CFG_PARSE_ERROR;
	if (source->tree != NULL) {
		(void)cfg_set_error_function(source->tree, on_error);
		result = cfg_parse_buf(source->tree, text);
	}
	parsing = NULL;
	if (result == CFG_SUCCESS)
		return true;
	if (source->report->count == before)
		report_error(source->report, (struct where){source->file, 1, "syntax"},
		             "cannot be parsed (legal: the grammar of docs/CONFIGURATION.md)");
	tree_close(source);
	return false;
}

void tree_close(struct source *source)
{
	if (source->tree != NULL)
		(void)cfg_free(source->tree);
	source->tree = NULL;
}

struct section tree_root(const struct source *source)
{
	return (struct section){source, source->tree};
}
