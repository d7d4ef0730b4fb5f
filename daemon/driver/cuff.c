/* Telling of cuff determinations; see cuff.h. Pure; called by drivers, on the thread of whoever feeds them. */
#include "daemon/driver/cuff.h"

#define DETERMINATION_MIN_NS (5 * NS_PER_S)

void cuff_tell(const struct cuff_result *result, struct mono determined, struct sink sink)
{
	const enum parameter parameters[] = {PARAMETER_NIBP_SYS, PARAMETER_NIBP_DIA, PARAMETER_NIBP_MEAN,
	                                     PARAMETER_NIBP_PULSE};
	const int32_t values[] = {result->sys, result->dia, result->mean, result->pulse};
	struct decoded decoded = {.count = 4};

	for (int i = 0; i < 4; i++)
		decoded.list[i] = values[i] < 0 ? not_measured(parameters[i], REASON_NOT_MEASURED, determined)
		                                : measured(parameters[i], values[i], determined);
	sink.emit(sink.context, &decoded);
}

void cuff_alive(struct stream *stream, struct sink sink)
{
	struct decoded decoded = {.count = 0};
	enum reason failed = stream->dialogue.failed;

	if (failed != REASON_NONE) {
		stream->dialogue.failed = REASON_NONE;
		decoded.count = 4;
		decoded.list[0] = not_measured(PARAMETER_NIBP_SYS, failed, stream->first);
		decoded.list[1] = not_measured(PARAMETER_NIBP_DIA, failed, stream->first);
		decoded.list[2] = not_measured(PARAMETER_NIBP_MEAN, failed, stream->first);
		decoded.list[3] = not_measured(PARAMETER_NIBP_PULSE, failed, stream->first);
	}
	sink.emit(sink.context, &decoded);
}

void cuff_end(struct dialogue *dialogue, enum reason failed)
{
	if (dialogue->running)
		dialogue->failed = failed;
	dialogue->running = false;
	dialogue->ours = false;
	dialogue->state = 0;
	dialogue->tries = 0;
}

bool cuff_too_short(const struct dialogue *dialogue, struct mono now)
{
	return dialogue->ours && mono_since(now, dialogue->began) < DETERMINATION_MIN_NS;
}
