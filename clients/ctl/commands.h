/* The commands of staff. Called by main.c; one thread. Each returns the exit status. */
#ifndef CTL_COMMANDS_H
#define CTL_COMMANDS_H

#include "clients/ctl/options.h"

int command_status(const struct options *options, const char *argument);
int command_session_open(const struct options *options, const char *argument);
int command_session_start(const struct options *options, const char *argument);
int command_session_pause(const struct options *options, const char *argument);
int command_session_resume(const struct options *options, const char *argument);
int command_session_stop(const struct options *options, const char *argument);
int command_session_close(const struct options *options, const char *argument);
int command_session_device(const struct options *options, const char *argument);
int command_session_load(const struct options *options, const char *argument);
int command_item(const struct options *options, const char *argument);  /* its name */
int command_limit(const struct options *options, const char *argument); /* the rule; second word: the limit */
int command_take_out_device(const struct options *options, const char *argument);
int command_take_out_parameter(const struct options *options, const char *argument);
int command_put_back(const struct options *options, const char *argument);
int command_test_alarm(const struct options *options, const char *argument);
int command_alarm_list(const struct options *options, const char *argument);
int command_alarm_ack(const struct options *options, const char *argument); /* ID, condition name or "all" */
int command_audio_pause(const struct options *options, const char *argument);
int command_observe(const struct options *options, const char *argument);
int command_moaas(const struct options *options, const char *argument); /* and so on: the score */
int command_cadss(const struct options *options, const char *argument);
int command_bprs(const struct options *options, const char *argument);
int command_distressed(const struct options *options, const char *argument);
int command_settled(const struct options *options, const char *argument);
int command_note(const struct options *options, const char *argument);   /* the text */
int command_oxygen(const struct options *options, const char *argument); /* litres for each minute, or "air" */
int command_call_help(const struct options *options, const char *argument);
int command_cuff_start(const struct options *options, const char *argument);
int command_cuff_stop(const struct options *options, const char *argument);
int command_config_check(const struct options *options, const char *path); /* needs no monitor */
int command_keys_generate(const struct options *options, const char *path);

#endif
