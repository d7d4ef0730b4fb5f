/* The bookkeeping of the loop-back check; see loopback.h. Publisher child, its only thread; pure. */
#include "daemon/publish/loopback.h"

#include <string.h>

void loopback_sent(struct loopback *loopback, const uint8_t *bytes, size_t size, struct mono now)
{
	struct loopback_slot *slot = &loopback->slots[loopback->next];

	if (size == 0 || size > sizeof slot->bytes)
		return;
	memcpy(slot->bytes, bytes, size);
	slot->size = size;
	slot->sent = now;
	loopback->next = (loopback->next + 1) % LOOPBACK_SLOTS;
	if (!loopback->waiting) {
		loopback->waiting = true;
		loopback->oldest_sent = now;
	}
}

bool loopback_seen(struct loopback *loopback, const uint8_t *bytes, size_t size)
{
	/* From the newest to the oldest; when found, what is newer is still awaited and what is older is done. */
	bool found = false;
	bool newer = false;
	struct mono newer_sent = {0};

	for (unsigned i = 0; i < LOOPBACK_SLOTS; i++) {
		struct loopback_slot *slot =
		    &loopback->slots[(loopback->next + LOOPBACK_SLOTS - 1 - i) % LOOPBACK_SLOTS];
		if (slot->size == 0)
			break;
		if (!found && slot->size == size && memcmp(slot->bytes, bytes, size) == 0) {
			found = true;
			loopback->waiting = newer;
			loopback->oldest_sent = newer_sent;
			loopback->seen++;
		}
		if (found) {
			slot->size = 0;
		} else {
			newer = true;
			newer_sent = slot->sent;
		}
	}
	return found;
}

bool loopback_late(const struct loopback *loopback, struct mono now)
{
	return loopback->waiting && mono_since(now, loopback->oldest_sent) > LOOPBACK_LIMIT_NS;
}
