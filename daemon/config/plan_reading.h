/* Inside of the configuration room: what the files that read a plan share. */
#ifndef VITALS_CONFIG_PLAN_READING_H
#define VITALS_CONFIG_PLAN_READING_H

#include "daemon/config/reading.h"

#define DAY_S INT64_C(86400)

/* Schemas of config_rule.c. */
extern cfg_opt_t rule_rows[], gate_rows[], leave_rule_rows[];

/* plan_word.c */
bool read_priority(const struct section *section, const char *key, enum need need, enum priority *priority);
bool read_anchor(const struct section *section, enum anchor *anchor);

/* config_term.c: schemas, and one section "term", which adds one term to the rule for each of its limits. The rule's
 * name, kind and `critical` are read. */
extern cfg_opt_t term_rows[], gate_term_rows[], leave_term_rows[];
bool parameter_has_baseline(enum parameter parameter);
void read_term(const struct section *section, struct plan_rule *rule);

/* config_rule.c: alarm rules, then gates, then leave rules, then what they say of each other. The phases are read. */
void read_rules(const struct section *root, struct plan *plan);
/* The alarm rules that the list `key` names; unknown ones are reported. Empty if the key is absent. */
rule_set read_rule_set(const struct section *section, const char *key, const struct plan *plan);

/* config_print_plan.c */
void print_plan(const struct config *config, FILE *out);

#endif
