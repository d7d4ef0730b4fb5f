/* Reading of options and finding of the bedside; see options.h. */
#include "clients/ctl/options.h"

#include <dirent.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clients/lib/vitals-client.h"

#define RUN_DIRECTORY "/run/vitalsd"
#define NAME_CHARS    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"
#define NAME_MOST     31
#define NOTE_MOST     95

static bool wrong(const char *option, const char *value, const char *legal)
{
	fprintf(stderr, "vitalsctl: %s %s: must be %s\n", option, value, legal);
	return false;
}

/* A quantity in the unit of the option, times `factor`, in the integer unit of the wire: exact or refused. The range is
 * that of the wire, in its unit; `legal` says it in the option's. */
static bool quantity(const char *option, const char *text, int64_t factor, int32_t least, int32_t most,
                     const char *legal, int32_t *result)
{
	int64_t milli;

	if (!decimal_milli(text, &milli) || milli <= 0 || milli > INT64_MAX / factor || milli * factor % 1000 != 0 ||
	    milli * factor / 1000 < least || milli * factor / 1000 > most)
		return wrong(option, text, legal);
	*result = (int32_t)(milli * factor / 1000);
	return true;
}

/* A token of the contract: [A-Za-z0-9._-]{1,31}. */
static bool token(const char *option, const char *text)
{
	size_t length = strlen(text);

	if (length == 0 || length > NAME_MOST || strspn(text, NAME_CHARS) != length)
		return wrong(option, text, "1 to 31 of the characters A-Z a-z 0-9 . _ -");
	return true;
}

static bool note(const char *option, const char *text)
{
	char clean[NOTE_MOST + 1];

	out_copy(clean, sizeof(clean), text);
	if (text[0] == '\0' || strcmp(clean, text) != 0)
		return wrong(option, "TEXT", "1 to 95 bytes of UTF-8 without control characters");
	return true;
}

static bool whole(const char *option, const char *text, uint32_t most, const char *legal, int32_t *result)
{
	uint32_t value;

	if (!decimal_count(text, &value) || value == 0 || value > most)
		return wrong(option, text, legal);
	*result = (int32_t)value;
	return true;
}

static bool on_or_off(const char *option, const char *text, int32_t *milli)
{
	bool on = strcmp(text, "on") == 0;

	*milli = on ? 1000 : 0;
	return on || strcmp(text, "off") == 0 || wrong(option, text, "on or off");
}

/* Options of orders: who else, why, for how long. */
static bool take_order(struct options *options, int option, char *text)
{
	switch (option) {
	case OPTION_SERIES:
		return whole("--series", text, 9999, "a whole number from 1 to 9999", &options->series);
	case OPTION_AGE:
		return whole("--age", text, 130, "whole years from 1 to 130", &options->age_years);
	case OPTION_CONCENTRATION:
		return quantity("--concentration-mg-ml", text, 1000, 1, 200000,
		                "0.001 to 200 mg/mL, at most 3 decimals", &options->ug_per_ml);
	case OPTION_SECOND_PERSON:
		options->second_person = text;
		return token("--second-person", text);
	case OPTION_OVERRIDE:
		options->override = text;
		return token("--override", text);
	case OPTION_REASON:
		options->reason = text;
		return note("--reason", text);
	case OPTION_TERM:
		return decimal_count(text, &options->term) || wrong("--term", text, "a whole number from 0");
	case OPTION_MINUTES:
		return quantity("--minutes", text, 60, 60, 3600, "1 to 60 minutes, in whole seconds",
		                &options->minutes_s);
	case OPTION_CONFIRM:
		options->confirm = text;
		return token("--confirm", text);
	default: /* the options without a value; an unknown one was reported by getopt_long */
		return option == OPTION_JSON || option == OPTION_HELP || option == OPTION_VERSION ||
		       option == OPTION_OFF;
	}
}

/* A score's number beside its bit. */
enum { MOAAS = 1, RASS, CADSS, CADSS6, BPRS, DISTRESSED };

static bool take_score(struct options *options, int which, char *text)
{
	static struct {
		char parameter[16];
		const char *option, *legal;
		int least, most;
	} scores[] = {
	    [MOAAS] = {"moaas", "--moaas", "a whole number from 0 to 5", 0, 5},
	    [RASS] = {"rass", "--rass", "a whole number from -5 to 4", -5, 4},
	    [CADSS] = {"cadss", "--cadss", "a whole number from 0 to 92", 0, 92},
	    [CADSS6] = {"cadss6", "--cadss6", "a whole number from 0 to 24", 0, 24},
	    [BPRS] = {"bprs", "--bprs", "a whole number from 0 to 24", 0, 24},
	    [DISTRESSED] = {"distress", "--distressed", "on or off", 0, 1},
	};
	int64_t milli;

	if (options->given & OPTION_SCORE) {
		fprintf(stderr, "vitalsctl: one score at a time\n");
		return false;
	}
	options->given |= OPTION_SCORE;
	options->score = scores[which].parameter;
	if (which == DISTRESSED)
		return on_or_off("--distressed", text, &options->score_milli);
	if (!decimal_milli(text, &milli) || milli % 1000 != 0 || milli / 1000 < scores[which].least ||
	    milli / 1000 > scores[which].most)
		return wrong(scores[which].option, text, scores[which].legal);
	options->score_milli = (int32_t)milli;
	return true;
}

static bool take(struct options *options, int option, char *text)
{
	if (option & OPTION_SCORE)
		return take_score(options, option ^ OPTION_SCORE, text);
	if (options->given & (uint32_t)option) {
		fprintf(stderr, "vitalsctl: the same option was given twice\n");
		return false;
	}
	options->given |= (uint32_t)option;
	switch (option) {
	case OPTION_BEDSIDE:
		options->bedside = text;
		return token("--bedside", text) && (text[0] != '.' || wrong("--bedside", text, "no hidden directory"));
	case OPTION_SOCKET:
		options->socket = text;
		return true;
	case OPTION_ENDPOINT:
		options->endpoint = text;
		return true;
	case OPTION_SECONDS:
		return (decimal_count(text, &options->seconds) && options->seconds > 0) ||
		       wrong("--seconds", text, "a whole number from 1");
	case OPTION_SERVER_KEY:
		options->server_key = text;
		return true;
	case OPTION_KEY_FILE:
		options->key_file = text;
		return true;
	case OPTION_PORT:
		options->port = text;
		return true;
	case OPTION_DRIVER:
		options->driver = text;
		return true;
	case OPTION_MAP:
		options->map = text;
		return true;
	case OPTION_PATIENT:
		options->patient = text;
		return token("--patient", text);
	case OPTION_WEIGHT:
		return quantity("--weight-kg", text, 1000, 20000, 400000, "20 to 400 kilograms, at most 3 decimals",
		                &options->weight_g);
	case OPTION_DOSE:
		return quantity("--dose-mg", text, 1000, 1, 1000000, "0.001 to 1000 milligrams, at most 3 decimals",
		                &options->dose_ug);
	case OPTION_DURATION:
		return quantity("--duration-min", text, 60, 60, 43200, "1 to 720 minutes, in whole seconds",
		                &options->duration_s);
	case OPTION_NOTE:
		options->note = text;
		return note("--note", text);
	default:
		return take_order(options, option, text);
	}
}

bool options_read(struct options *options, int argc, char **argv)
{
	static const struct option table[] = {
	    {"bedside", required_argument, NULL, OPTION_BEDSIDE},
	    {"socket", required_argument, NULL, OPTION_SOCKET},
	    {"json", no_argument, NULL, OPTION_JSON},
	    {"endpoint", required_argument, NULL, OPTION_ENDPOINT},
	    {"seconds", required_argument, NULL, OPTION_SECONDS},
	    {"curve-server-key", required_argument, NULL, OPTION_SERVER_KEY},
	    {"curve-key-file", required_argument, NULL, OPTION_KEY_FILE},
	    {"port", required_argument, NULL, OPTION_PORT},
	    {"driver", required_argument, NULL, OPTION_DRIVER},
	    {"map", required_argument, NULL, OPTION_MAP},
	    {"patient", required_argument, NULL, OPTION_PATIENT},
	    {"weight-kg", required_argument, NULL, OPTION_WEIGHT},
	    {"dose-mg", required_argument, NULL, OPTION_DOSE},
	    {"duration-min", required_argument, NULL, OPTION_DURATION},
	    {"moaas", required_argument, NULL, OPTION_SCORE | MOAAS},
	    {"rass", required_argument, NULL, OPTION_SCORE | RASS},
	    {"cadss", required_argument, NULL, OPTION_SCORE | CADSS},
	    {"cadss6", required_argument, NULL, OPTION_SCORE | CADSS6},
	    {"bprs", required_argument, NULL, OPTION_SCORE | BPRS},
	    {"distressed", required_argument, NULL, OPTION_SCORE | DISTRESSED},
	    {"note", required_argument, NULL, OPTION_NOTE},
	    {"series", required_argument, NULL, OPTION_SERIES},
	    {"age", required_argument, NULL, OPTION_AGE},
	    {"concentration-mg-ml", required_argument, NULL, OPTION_CONCENTRATION},
	    {"second-person", required_argument, NULL, OPTION_SECOND_PERSON},
	    {"override", required_argument, NULL, OPTION_OVERRIDE},
	    {"reason", required_argument, NULL, OPTION_REASON},
	    {"off", no_argument, NULL, OPTION_OFF},
	    {"term", required_argument, NULL, OPTION_TERM},
	    {"minutes", required_argument, NULL, OPTION_MINUTES},
	    {"confirm", required_argument, NULL, OPTION_CONFIRM},
	    {"help", no_argument, NULL, OPTION_HELP},
	    {"version", no_argument, NULL, OPTION_VERSION},
	    {NULL, 0, NULL, 0},
	};

	*options = (struct options){0};
	for (;;) {
		int option = getopt_long(argc, argv, "", table, NULL);
		if (option < 0)
			return true;
		if (option == '?') /* is also the value of a sum of bits: it must not reach take() */
			return false;
		if (!take(options, option, optarg))
			return false;
	}
}

/* ---- the bedside ------------------------------------------------------------------------------------------------- */

/* The names under /run/vitalsd: writes them for a person, space between, and returns how many there are. */
static int bedsides(char name[NAME_MOST + 1], struct out *list)
{
	DIR *directory = opendir(RUN_DIRECTORY);
	int count = 0;

	for (const struct dirent *entry; directory != NULL && (entry = readdir(directory)) != NULL;) {
		size_t length = strlen(entry->d_name);
		if (entry->d_name[0] == '.' || length > NAME_MOST || strspn(entry->d_name, NAME_CHARS) != length)
			continue;
		out_format(list, " %s", entry->d_name);
		memcpy(name, entry->d_name, length + 1);
		count++;
	}
	if (directory != NULL)
		(void)closedir(directory); /* was only read */
	return count;
}

static bool find_bedside(const struct options *options, char name[NAME_MOST + 1])
{
	char bytes[1024];
	struct out list = {bytes, sizeof(bytes), 0, false};

	if (options->bedside != NULL) {
		memcpy(name, options->bedside, strlen(options->bedside) + 1);
		return true;
	}
	int count = bedsides(name, &list);
	if (count == 0)
		fprintf(stderr, "vitalsctl: no monitor under " RUN_DIRECTORY ": give --bedside NAME, or --socket PATH "
		                "(for watch: --endpoint)\n");
	if (count > 1)
		fprintf(stderr, "vitalsctl: which bedside? Give --bedside and one of:%.*s\n", (int)list.used, bytes);
	return count == 1;
}

static bool chosen(const char *text, char result[OPTION_PATH_BYTES])
{
	size_t length = strlen(text);

	if (length == 0 || length >= OPTION_PATH_BYTES)
		return wrong("path or endpoint", text, "1 to 255 bytes long");
	memcpy(result, text, length + 1);
	return true;
}

/* What is said on the command line comes before the environment, and this before what can be found. */
static bool locate(const struct options *options, const char *option, const char *variable, const char *scheme,
                   const char *file, char result[OPTION_PATH_BYTES])
{
	char name[NAME_MOST + 1];
	const char *environment = getenv(variable);

	if (option != NULL)
		return chosen(option, result);
	if (options->bedside == NULL && environment != NULL && environment[0] != '\0')
		return chosen(environment, result);
	if (!find_bedside(options, name))
		return false;
	struct out out = {result, OPTION_PATH_BYTES - 1, 0, false};
	out_format(&out, "%s" RUN_DIRECTORY "/%s/%s", scheme, name, file);
	result[out.used] = '\0';
	return true;
}

bool options_socket(const struct options *options, char path[OPTION_PATH_BYTES])
{
	return locate(options, options->socket, "VITALS_SOCKET", "", "control", path);
}

bool options_endpoint(const struct options *options, char endpoint[OPTION_PATH_BYTES])
{
	return locate(options, options->endpoint, "VITALS_ENDPOINT", "ipc://", "publish", endpoint);
}
