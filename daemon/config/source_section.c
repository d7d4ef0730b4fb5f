/* Reading sections of a parsed configuration file: presence, type and range of each key, with errors that name file,
 * line, key and legal range. Called by the config_*.c files at start. */
#include "daemon/config/source.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/* cfg_getopt would follow '|' paths and report unknown names; schemas ask for keys they may not have. */
static cfg_opt_t *find_option(const cfg_t *cfg, const char *name)
{
	for (cfg_opt_t *option = cfg->opts; option->name != NULL; option++)
		if (strcmp(option->name, name) == 0)
			return option;
	return NULL;
}

static const struct cell *find_cell(const struct section *section, const char *key, unsigned index)
{
	const cfg_opt_t *option = find_option(section->cfg, key);
	if (option == NULL || index >= option->nvalues)
		return NULL;
	return option->values[index]->ptr;
}

const char *section_title(const struct section *section)
{
	return section->cfg->title != NULL ? section->cfg->title : "";
}

unsigned section_count(const struct section *parent, const char *name)
{
	const cfg_opt_t *option = find_option(parent->cfg, name);
	return option != NULL ? option->nvalues : 0;
}

struct section section_at(const struct section *parent, const char *name, unsigned index)
{
	const cfg_opt_t *option = find_option(parent->cfg, name);
	return (struct section){parent->source, option->values[index]->section};
}

struct where section_where(const struct section *section, const char *shown_key)
{
	const struct cell *begin = find_cell(section, "\\line", 0);
	return (struct where){section->source->file, begin != NULL ? begin->line : 1, shown_key};
}

struct where key_where_at(const struct section *section, const char *key, unsigned index)
{
	const struct cell *cell = find_cell(section, key, index);
	struct where where = section_where(section, key);
	if (cell != NULL)
		where.line = cell->line;
	return where;
}

struct where key_where(const struct section *section, const char *key)
{
	return key_where_at(section, key, 0);
}

bool section_only(const struct section *parent, const char *name, enum need need, struct section *section)
{
	unsigned count = section_count(parent, name);
	if (count == 0 && need == REQUIRED)
		report_error(parent->source->report, section_where(parent, name), "section is missing (legal: once)");
	if (count > 1) {
		struct section second = section_at(parent, name, 1);
		report_error(parent->source->report, section_where(&second, name), "is given twice (legal: once)");
	}
	if (count == 0)
		return false;
	*section = section_at(parent, name, 0);
	return true;
}

unsigned section_bounded(const struct section *parent, const char *name, unsigned max)
{
	unsigned count = section_count(parent, name);
	if (count <= max)
		return count;
	struct section extra = section_at(parent, name, max);
	report_error(parent->source->report, section_where(&extra, name), "there are %u of these (legal: at most %u)",
	             count, max);
	return max;
}

unsigned key_count(const struct section *section, const char *key)
{
	const cfg_opt_t *option = find_option(section->cfg, key);
	return option != NULL ? option->nvalues : 0;
}

void key_refuse(const struct section *section, const char *key, const char *why)
{
	if (key_count(section, key) > 0)
		report_error(section->source->report, key_where(section, key), "%s (legal: leave it out)", why);
}

bool key_present(const struct section *section, const char *key, enum need need, const char *legal)
{
	const cfg_opt_t *option = find_option(section->cfg, key);
	if (option != NULL && option->nvalues > 0)
		return true;
	bool empty_list = option != NULL && (option->flags & CFGF_MODIFIED) != 0;
	if (!empty_list && need == OPTIONAL)
		return false;
	const char *title = section_title(section);
	bool root = strcmp(section->cfg->name, "root") == 0;
	report_error(section->source->report, key_where(section, key), "%s in %s%s%s (legal: %s)",
	             empty_list ? "list is empty" : "is missing", root ? "this file" : section->cfg->name,
	             title[0] != '\0' ? " " : "", title, legal);
	return false;
}

/* Digits in base 10 without leading zero, or 0x and digits in base 16; a sign in front. Nothing else: libconfuse and
 * strtol would read 010 as eight and "" as zero. */
static bool integer_parse(const char *text, int64_t *value)
{
	const char *digits = text + (*text == '-');
	bool hex = digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X');
	digits += hex ? 2 : 0;
	size_t length = strlen(digits);
	if (length == 0 || length > 15 || strspn(digits, hex ? "0123456789abcdefABCDEF" : "0123456789") != length)
		return false;
	if (!hex && length > 1 && digits[0] == '0')
		return false;
	errno = 0;
	*value = strtoll(text, NULL, hex ? 16 : 10);
	return errno == 0;
}

bool key_integer_at(const struct section *section, const char *key, unsigned index, int64_t min, int64_t max,
                    int64_t *value)
{
	const struct cell *cell = find_cell(section, key, index);
	if (cell == NULL)
		return false;
	int64_t parsed;
	struct where where = key_where_at(section, key, index);
	if (!integer_parse(cell->text, &parsed)) {
		report_error(section->source->report, where,
		             "\"%.40s\" is not a whole number (legal: %" PRId64 "..%" PRId64 ")", cell->text, min, max);
		return false;
	}
	if (parsed < min || parsed > max) {
		report_error(section->source->report, where, "%s is out of range (legal: %" PRId64 "..%" PRId64 ")",
		             cell->text, min, max);
		return false;
	}
	*value = parsed;
	return true;
}

bool key_integer(const struct section *section, const char *key, enum need need, int64_t min, int64_t max,
                 int64_t *value)
{
	char legal[64];
	(void)snprintf(legal, sizeof legal, "%" PRId64 "..%" PRId64, min, max);
	return key_present(section, key, need, legal) && key_integer_at(section, key, 0, min, max, value);
}

bool key_boolean(const struct section *section, const char *key, bool *value)
{
	static const char *const names[] = {"false", "true", NULL};
	int choice;
	if (!key_choice(section, key, OPTIONAL, names, &choice))
		return false;
	*value = choice == 1;
	return true;
}

bool key_choice(const struct section *section, const char *key, enum need need, const char *const *names, int *value)
{
	char legal[256] = "";
	size_t used = 0;
	for (int i = 0; names[i] != NULL && used < sizeof legal; i++) {
		int length = snprintf(legal + used, sizeof legal - used, "%s%s", i > 0 ? " | " : "", names[i]);
		used += length > 0 ? (size_t)length : 0;
	}
	if (!key_present(section, key, need, legal))
		return false;
	const struct cell *cell = find_cell(section, key, 0);
	for (int i = 0; names[i] != NULL; i++) {
		if (strcmp(cell->text, names[i]) == 0) {
			*value = i;
			return true;
		}
	}
	report_error(section->source->report, key_where(section, key), "\"%.40s\" is not known (legal: %s)", cell->text,
	             legal);
	return false;
}

void decimal_text(char *text, size_t size, int64_t value, int decimals)
{
	int64_t power = 1;
	for (int i = 0; i < decimals; i++)
		power *= 10;
	int64_t magnitude = value < 0 ? -value : value;
	int length = snprintf(text, size, "%s%" PRId64 ".%0*" PRId64, value < 0 ? "-" : "", magnitude / power, decimals,
	                      magnitude % power);
	if (length < 0 || (size_t)length >= size)
		return;
	while (length > 0 && text[length - 1] == '0')
		text[--length] = '\0';
	if (length > 0 && text[length - 1] == '.')
		text[length - 1] = '\0';
}

static bool decimal_parse(const char *text, int decimals, int64_t *value)
{
	const char *p = text + (*text == '-');
	size_t whole = strspn(p, "0123456789");
	size_t fraction = p[whole] == '.' ? strspn(p + whole + 1, "0123456789") : 0;
	size_t used = whole + (p[whole] == '.' ? 1 + fraction : 0);
	if (whole == 0 || whole > 9 || fraction > (size_t)decimals || p[used] != '\0' || p[used - 1] == '.')
		return false;
	int64_t sum = 0;
	for (size_t i = 0; i < used; i++)
		if (p[i] != '.')
			sum = sum * 10 + (p[i] - '0');
	for (size_t i = fraction; i < (size_t)decimals; i++)
		sum *= 10;
	*value = *text == '-' ? -sum : sum;
	return true;
}

bool key_decimal(const struct section *section, const char *key, enum need need, int decimals, int64_t min, int64_t max,
                 int64_t *value)
{
	char low[32], high[32], legal[128];
	decimal_text(low, sizeof low, min, decimals);
	decimal_text(high, sizeof high, max, decimals);
	(void)snprintf(legal, sizeof legal, "%s..%s, at most %d decimals", low, high, decimals);
	if (!key_present(section, key, need, legal))
		return false;
	const struct cell *cell = find_cell(section, key, 0);
	int64_t parsed;
	if (!decimal_parse(cell->text, decimals, &parsed) || parsed < min || parsed > max) {
		report_error(section->source->report, key_where(section, key),
		             "%.40s is not a number in range (legal: %s)", cell->text, legal);
		return false;
	}
	*value = parsed;
	return true;
}

const char *key_string_at(const struct section *section, const char *key, unsigned index)
{
	const struct cell *cell = find_cell(section, key, index);
	return cell != NULL ? cell->text : "";
}

bool key_text(const struct section *section, const char *key, enum need need, char *value, size_t size)
{
	char legal[48];
	(void)snprintf(legal, sizeof legal, "1..%zu bytes of text", size - 1);
	if (!key_present(section, key, need, legal))
		return false;
	const char *text = key_string_at(section, key, 0);
	size_t length = strlen(text);
	if (length == 0 || length >= size) {
		report_error(section->source->report, key_where(section, key), "has %zu bytes (legal: %s)", length,
		             legal);
		return false;
	}
	memcpy(value, text, length + 1);
	return true;
}

#define LEGAL_TOKEN "1..31 characters A-Z a-z 0-9 . _ -"

bool token_valid(const char *text)
{
	static const char legal[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
	size_t length = strlen(text);
	return length >= 1 && length < NAME_BYTES && strspn(text, legal) == length;
}

bool key_token(const struct section *section, const char *key, enum need need, char value[NAME_BYTES])
{
	if (!key_present(section, key, need, LEGAL_TOKEN))
		return false;
	const char *text = key_string_at(section, key, 0);
	if (!token_valid(text)) {
		report_error(section->source->report, key_where(section, key),
		             "\"%.40s\" is not a name (legal: " LEGAL_TOKEN ")", text);
		return false;
	}
	memcpy(value, text, strlen(text) + 1);
	return true;
}

bool title_token(const struct section *section, char value[NAME_BYTES])
{
	const char *title = section_title(section);
	if (!token_valid(title)) {
		report_error(section->source->report, section_where(section, section->cfg->name),
		             "\"%.40s\" is not a name (legal: " LEGAL_TOKEN ")", title);
		return false;
	}
	memcpy(value, title, strlen(title) + 1);
	return true;
}

bool key_path(const struct section *section, const char *key, enum need need, size_t max, char *value)
{
	char legal[64];
	(void)snprintf(legal, sizeof legal, "an absolute path of at most %zu bytes", max);
	if (!key_present(section, key, need, legal))
		return false;
	const char *text = key_string_at(section, key, 0);
	size_t length = strlen(text);
	if (text[0] != '/' || length < 2 || length > max) {
		report_error(section->source->report, key_where(section, key), "\"%.40s\" cannot be used (legal: %s)",
		             text, legal);
		return false;
	}
	memcpy(value, text, length + 1);
	return true;
}

int title_parameter(const struct section *section, parameter_set legal)
{
	int parameter = parameter_by_name(section_title(section));
	char names[256] = "";
	size_t used = 0;
	for (int i = 0; i < PARAMETER_COUNT && used < sizeof names; i++)
		if ((legal & PARAMETER_BIT(i)) != 0) {
			int length = snprintf(names + used, sizeof names - used, "%s%s", used > 0 ? ", " : "",
			                      parameter_table[i].name);
			used += length > 0 ? (size_t)length : 0;
		}
	if (parameter >= 0 && (legal & PARAMETER_BIT(parameter)) != 0)
		return parameter;
	report_error(section->source->report, section_where(section, section->cfg->name),
	             "\"%.40s\" is not %s (legal: %s)", section_title(section),
	             parameter < 0 ? "a parameter" : "possible here", names);
	return -1;
}

const char *span_key(const struct section *section, const struct span *span, enum need need)
{
	bool seconds = key_count(section, span->key_s) > 0;
	bool minutes = span->key_min != NULL && key_count(section, span->key_min) > 0;
	if (seconds && minutes) {
		report_error(section->source->report, key_where(section, span->key_min),
		             "%s is given as well (legal: one of the two)", span->key_s);
		return NULL;
	}
	if (minutes)
		return span->key_min;
	char legal[96];
	(void)snprintf(legal, sizeof legal, "%" PRId64 "..%" PRId64 " seconds%s%s", span->min_s, span->max_s,
	               span->key_min != NULL ? ", or minutes as " : "", span->key_min != NULL ? span->key_min : "");
	return key_present(section, span->key_s, need, legal) ? span->key_s : NULL;
}

bool span_at(const struct section *section, const struct span *span, const char *key, unsigned index, int64_t *ns)
{
	int64_t unit = key == span->key_min ? 60 : 1;
	int64_t value;
	if (!key_integer_at(section, key, index, (span->min_s + unit - 1) / unit, span->max_s / unit, &value))
		return false;
	*ns = value * unit * NS_PER_S;
	return true;
}

bool key_span(const struct section *section, const struct span *span, enum need need, int64_t *ns)
{
	const char *key = span_key(section, span, need);
	return key != NULL && span_at(section, span, key, 0, ns);
}
