/* Fuzzes the decoding of control requests. Whatever is accepted must obey the limits that the engine relies on. */
#include <stdlib.h>
#include <string.h>

#include "daemon/wire/request.h"
#include "vitals/alarm.h"
#include "vitals/parameter.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void must(bool condition)
{
	if (!condition)
		abort();
}

static void check_order(const struct session_order *order)
{
	must(memchr(order->patient_ref, '\0', NAME_BYTES) != NULL && order->patient_ref[0] != '\0');
	must(order->weight_g == 0 || (order->weight_g >= 20000 && order->weight_g <= 400000));
	must(order->dose_ug >= 0 && order->dose_ug <= 1000000);
	must(order->duration_s == 0 || (order->duration_s >= 60 && order->duration_s <= 43200));
	must(order->ug_per_ml >= 0 && order->ug_per_ml <= 200000);
	must(order->series >= 0 && order->series <= 9999);
	must(order->age_years >= 0 && order->age_years <= 130);
	must(memchr(order->second_person, '\0', NAME_BYTES) != NULL);
}

static void check_text(const char *text)
{
	must(memchr(text, '\0', TEXT_BYTES) != NULL);
	for (const char *c = text; *c != '\0'; c++)
		must((unsigned char)*c >= 0x20 && *c != 0x7F);
}

/* Both or neither. */
static void check_override(const struct override *override)
{
	must(memchr(override->name, '\0', NAME_BYTES) != NULL);
	check_text(override->reason);
	must((override->name[0] == '\0') == (override->reason[0] == '\0'));
}

static void check_limit(const struct limit_order *limit)
{
	must(memchr(limit->rule, '\0', NAME_BYTES) != NULL && limit->rule[0] != '\0');
	must(memchr(limit->second_person, '\0', NAME_BYTES) != NULL);
	must(memchr(limit->term, '\0', NAME_BYTES) != NULL);
	check_text(limit->reason);
	must(limit->reason[0] != '\0');
}

static void check_take_out(const struct take_out *out)
{
	must(memchr(out->name, '\0', NAME_BYTES) != NULL && out->name[0] != '\0');
	must(out->duration_s == 0 || (out->duration_s >= 60 && out->duration_s <= 3600));
	check_text(out->reason);
	must(out->duration_s == 0 || out->reason[0] != '\0');
	check_override(&out->override);
}

static void check_name(const char *name)
{
	must(memchr(name, '\0', NAME_BYTES) != NULL && name[0] != '\0');
}

static void check_observation(const struct observation *observation)
{
	check_text(observation->note);
	must(observation->has_score || observation->note[0] != '\0');
	if (observation->has_score) {
		must(observation->parameter < PARAMETER_COUNT);
		const struct parameter_info *info = &parameter_table[observation->parameter];
		must(info->cadence == CADENCE_ENTERED);
		must(observation->milli >= info->plausible_min && observation->milli <= info->plausible_max);
	}
}

static void check_command(const struct event_command *command)
{
	if (command->command == COMMAND_SESSION_OPEN)
		check_order(&command->u.order);
	else if (command->command == COMMAND_OBSERVE)
		check_observation(&command->u.observation);
	else if (command->command == COMMAND_ALARM_ACKNOWLEDGE)
		must(command->u.alarm_id > 0 || command->u.alarm_id == ALARM_ID_ALL);
	else if (command->command == COMMAND_ALARM_ACKNOWLEDGE_SHOWN)
		must(command->u.shown.count > 0 && command->u.shown.count <= SHOWN_ALARMS_MAX);
	else if (command->command == COMMAND_SESSION_START || command->command == COMMAND_SESSION_CLOSE ||
	         command->command == COMMAND_DEVICE_GIVEN)
		check_override(&command->u.override);
	else if (command->command == COMMAND_LIMIT)
		check_limit(&command->u.limit);
	else if (command->command == COMMAND_TAKE_OUT)
		check_take_out(&command->u.take_out);
	else if (command->command == COMMAND_ITEM)
		check_name(command->u.item.name);
	else if (command->command == COMMAND_OXYGEN)
		must(command->u.oxygen_ml_per_min >= 0 && command->u.oxygen_ml_per_min <= OXYGEN_ML_PER_MIN_MAX);
	else if (command->command == COMMAND_RECEIPT)
		check_name(command->u.receipt.display);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct request request;
	if (!request_decode(&request, bytes, size)) {
		char text[REFUSAL_TEXT_BYTES] = "";
		refusal_sentence(text, &request.refusal);
		must(request.refusal.code != REFUSAL_NONE && text[0] != '\0' && strchr(text, '{') == NULL);
		return 0;
	}
	must(size >= 1 && size <= REQUEST_BYTES_MAX);
	if (request.status)
		return 0;
	must(request.command.command < COMMAND_COUNT);
	check_command(&request.command);
	return 0;
}
