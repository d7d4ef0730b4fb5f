/* The options; see option_table.h. */
#include "clients/ctl/option_table.h"

#include "clients/ctl/options.h"

#define AT(member)                  offsetof(struct options, member)
#define GIVEN(bit)                  NULL, bit, OPTION_IS_GIVEN, 0, 0, 0, 0, NULL, NULL
#define TEXT(bit, member)           bit, OPTION_IS_TEXT, AT(member), 0, 0, 0, NULL, NULL
#define TOKEN(bit, member)          bit, OPTION_IS_TOKEN, AT(member), 0, 0, 0, NULL, NULL
#define NOTE(bit, member)           bit, OPTION_IS_NOTE, AT(member), 0, 0, 0, NULL, NULL
#define SCORE(name, least, most, w) OPTION_SCORE, OPTION_IS_SCORE, AT(score_milli), 0, least, most, w, name

const struct option_row option_table[OPTION_ROWS] = {
    {"bedside", "NAME", OPTION_BEDSIDE, OPTION_IS_PLACE, AT(bedside), 0, 0, 0, NULL, NULL},
    {"socket", "PATH", TEXT(OPTION_SOCKET, socket)},
    {"json", GIVEN(OPTION_JSON)},
    {"help", GIVEN(OPTION_HELP)},
    {"version", GIVEN(OPTION_VERSION)},
    {"endpoint", "ENDPOINT", TEXT(OPTION_ENDPOINT, endpoint)},
    {"seconds", "N", OPTION_SECONDS, OPTION_IS_COUNT, AT(seconds), 0, 1, 0, "a whole number from 1", NULL},
    {"curve-server-key", "KEY", TEXT(OPTION_SERVER_KEY, server_key)},
    {"curve-key-file", "FILE", TEXT(OPTION_KEY_FILE, key_file)},
    {"confirm", "DISPLAY", TOKEN(OPTION_CONFIRM, confirm)},
    {"port", "PATH", TEXT(OPTION_PORT, port)},
    {"driver", "NAME", TEXT(OPTION_DRIVER, driver)},
    {"map", "MAP", TEXT(OPTION_MAP, map)},
    {"session", "ID", TEXT(OPTION_SESSION, session)},
    {"plan", "PLAN", TEXT(OPTION_PLAN, plan)},
    {"syslog", "FILE", TEXT(OPTION_SYSLOG, syslog)},
    {"person", "NAME", TOKEN(OPTION_PERSON, person)},
    {"alarm", "NAME", TOKEN(OPTION_ALARM, alarm)},
    {"since", "TIME", TEXT(OPTION_SINCE, since)},
    {"until", "TIME", TEXT(OPTION_UNTIL, until)},
    {"patient", "REF", TOKEN(OPTION_PATIENT, patient)},
    {"weight-kg", "N", OPTION_WEIGHT, OPTION_IS_QUANTITY, AT(weight_g), 1000, 20000, 400000,
     "20 to 400 kilograms, at most 3 decimals", NULL},
    {"dose-mg", "N", OPTION_DOSE, OPTION_IS_QUANTITY, AT(dose_ug), 1000, 1, 1000000,
     "0.001 to 1000 milligrams, at most 3 decimals", NULL},
    {"duration-min", "N", OPTION_DURATION, OPTION_IS_QUANTITY, AT(duration_s), 60, 60, 43200,
     "1 to 720 minutes, in whole seconds", NULL},
    {"concentration-mg-ml", "N", OPTION_CONCENTRATION, OPTION_IS_QUANTITY, AT(ug_per_ml), 1000, 1, 200000,
     "0.001 to 200 mg/mL, at most 3 decimals", NULL},
    {"series", "N", OPTION_SERIES, OPTION_IS_WHOLE, AT(series), 0, 1, 9999, "a whole number from 1 to 9999", NULL},
    {"age", "YEARS", OPTION_AGE, OPTION_IS_WHOLE, AT(age_years), 0, 1, 130, "whole years from 1 to 130", NULL},
    {"second-person", "NAME", TOKEN(OPTION_SECOND_PERSON, second_person)},
    {"override", "NAME", TOKEN(OPTION_OVERRIDE, override)},
    {"reason", "TEXT", NOTE(OPTION_REASON, reason)},
    {"off", GIVEN(OPTION_OFF)},
    {"term", "NAME", TOKEN(OPTION_TERM, term)},
    {"minutes", "N", OPTION_MINUTES, OPTION_IS_QUANTITY, AT(minutes_s), 60, 60, 3600,
     "1 to 60 minutes, in whole seconds", NULL},
    {"moaas", "N", SCORE("moaas", 0, 5, "a whole number from 0 to 5")},
    {"rass", "N", SCORE("rass", -5, 4, "a whole number from -5 to 4")},
    {"cadss", "N", SCORE("cadss", 0, 92, "a whole number from 0 to 92")},
    {"cadss6", "N", SCORE("cadss6", 0, 24, "a whole number from 0 to 24")},
    {"bprs", "N", SCORE("bprs", 0, 24, "a whole number from 0 to 24")},
    {"distressed", "on|off", OPTION_SCORE, OPTION_IS_SWITCH, AT(score_milli), 0, 0, 1, "on or off", "distress"},
    {"note", "TEXT", NOTE(OPTION_NOTE, note)},
};

void option_write(struct out *out, uint64_t bits, const char *between)
{
	bool first = true;

	for (size_t i = 0; i < OPTION_ROWS; i++) {
		const struct option_row *row = &option_table[i];
		if ((row->bit & bits) == 0)
			continue;
		out_format(out, "%s--%s%s%s", first ? "" : between, row->name, row->argument != NULL ? " " : "",
		           row->argument != NULL ? row->argument : "");
		first = false;
	}
}
