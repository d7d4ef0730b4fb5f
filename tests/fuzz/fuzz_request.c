/* Fuzzes the decoding of control requests. Whatever is accepted must obey the limits that the engine relies on. */
#include <stdlib.h>
#include <string.h>

#include "daemon/control_message.h"
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
}

static void check_observation(const struct observation *observation)
{
	must(memchr(observation->note, '\0', TEXT_BYTES) != NULL);
	must(observation->has_score || observation->note[0] != '\0');
	for (const char *c = observation->note; *c != '\0'; c++)
		must((unsigned char)*c >= 0x20 && *c != 0x7F);
	if (observation->has_score) {
		must(observation->parameter < PARAMETER_COUNT);
		const struct parameter_info *info = &parameter_table[observation->parameter];
		must(info->cadence == CADENCE_ENTERED);
		must(observation->milli >= info->plausible_min && observation->milli <= info->plausible_max);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
	struct request request;
	if (!request_decode(&request, bytes, size)) {
		must(request.problem[0] != '\0' && memchr(request.problem, '\0', sizeof(request.problem)) != NULL);
		return 0;
	}
	must(size >= 1 && size <= REQUEST_BYTES_MAX);
	if (request.status)
		return 0;
	must(request.command.command < COMMAND_COUNT);
	if (request.command.command == COMMAND_SESSION_OPEN)
		check_order(&request.command.u.order);
	else if (request.command.command == COMMAND_OBSERVE)
		check_observation(&request.command.u.observation);
	else if (request.command.command == COMMAND_ALARM_ACKNOWLEDGE)
		must(request.command.u.alarm_id < ALARMS_MAX || request.command.u.alarm_id == ALARM_ID_ALL);
	return 0;
}
