/* Translation of receipts; see receipts.h. */
#include "daemon/publish/receipts.h"

void receipts_sent(struct receipts *receipts, uint64_t sequence, struct mono at)
{
	receipts->last = sequence;
	receipts->at[sequence % RECEIPTS_RING] = at;
}

bool receipts_translate(const struct receipts *receipts, uint64_t epoch, struct mono now, struct receipt *receipt)
{
	if (receipt->epoch != epoch || receipt->alarm_sequence > receipts->last)
		return false;
	uint64_t missing = receipt->alarm_sequence + 1; /* the first one it does not show */
	if (receipt->alarm_sequence == receipts->last)
		receipt->shown = now;
	else if (receipts->last - missing >= RECEIPTS_RING)
		receipt->shown = MONO_NEVER; /* too far behind to tell: it is there, and shows nothing of now */
	else
		receipt->shown = (struct mono){receipts->at[missing % RECEIPTS_RING].ns - 1};
	return true;
}
