/* The thread of a link with one streaming device, on a serial line or behind a serial device server: reads what comes
 * and feeds it to the device's driver. The device talks by itself; nothing is ever written to it.
 *
 * The engine notices by itself when values get old. This loop tells it why, and closes and opens a port that has given
 * no valid frame for a while, because some adapters come back only so. */
#include <errno.h>
#include <poll.h>
#include <unistd.h>

#include "daemon/link/stream_port.h"

#define READ_BYTES      512
#define BAD_FRAMES_MAX  5 /* in a row, before it is worth telling */
#define SILENCE_NS      (10 * NS_PER_S)
#define SILENCE_PERIODS 3

struct reader {
	struct link *link;
	uint8_t device;
	const struct device_config *own;
	struct stream_port port;
	struct stream stream;
	struct mono last_good; /* or the connect */
	uint32_t bad_at_good;  /* stream.bad_frames at that time */
};

/* The driver's emit. */
static void take_frame(void *context, const struct decoded *decoded)
{
	struct reader *reader = context;

	reader->last_good = link_now();
	reader->bad_at_good = reader->stream.bad_frames;
	link_works(reader->link);
	link_tell(reader->link, reader->device, DEVICE_UP, FAULT_NONE);
	link_deliver(reader->link, reader->device, decoded);
}

static uint32_t bad_in_a_row(const struct reader *reader)
{
	return reader->stream.bad_frames - reader->bad_at_good;
}

/* False if the port is gone. */
static bool read_some(struct reader *reader, bool settling)
{
	uint8_t bytes[READ_BYTES];
	ssize_t count = read(reader->port.fd, bytes, sizeof bytes);
	int error = errno;

	if (count < 0)
		return error == EAGAIN || error == EINTR;
	if (count == 0)
		return false; /* readable and empty: the other end has closed */
	if (settling)
		return true;
	reader->own->driver->feed(&reader->stream, bytes, (size_t)count, link_now(), take_frame, reader);
	if (bad_in_a_row(reader) >= BAD_FRAMES_MAX)
		link_tell(reader->link, reader->device, DEVICE_RESYNC, FAULT_BAD_FRAME);
	return true;
}

/* Until the port is gone or silent for too long, or the link is to end. Leaves the port open. */
static enum device_fault listen_on(struct reader *reader, int64_t settle_ns)
{
	int64_t silence = SILENCE_PERIODS * reader->own->period_ns;
	struct mono settled = mono_after(link_now(), settle_ns);

	if (silence < SILENCE_NS)
		silence = SILENCE_NS;
	while (!atomic_load(&reader->link->stopping)) {
		switch (link_wait(reader->link, reader->port.fd, POLLIN, mono_after(reader->last_good, silence))) {
		case WAIT_TIMEOUT:
			return bad_in_a_row(reader) > 0 ? FAULT_BAD_FRAME : FAULT_TIMEOUT;
		case WAIT_READY:
			if (!read_some(reader, mono_before(link_now(), settled)))
				return FAULT_HUNG_UP;
			break;
		case WAIT_GONE:
			return FAULT_HUNG_UP;
		case WAIT_WOKEN:
			break;
		}
	}
	return FAULT_NONE;
}

/* One connection from open to close. False if it failed or broke, so that the next attempt should wait. */
static bool connect_once(struct reader *reader, const struct stream_port_ops *ops)
{
	struct link *link = reader->link;
	enum device_fault fault = ops->open(link, &reader->port);

	if (fault != FAULT_NONE) {
		link_tell(link, reader->device, DEVICE_DOWN, fault);
		return false;
	}
	/* Opened again after silence: the reason told then still holds. */
	if (!link->told[reader->device].posted || link->told[reader->device].state != DEVICE_RESYNC)
		link_tell(link, reader->device, DEVICE_RESYNC, FAULT_NONE);
	reader->stream = (struct stream){0};
	reader->bad_at_good = 0;
	reader->last_good = link_now();
	fault = listen_on(reader, ops->settle_ns);
	ops->close(&reader->port);
	if (fault == FAULT_HUNG_UP) {
		link_tell(link, reader->device, DEVICE_DOWN, fault);
		return false;
	}
	if (fault != FAULT_NONE)
		link_tell(link, reader->device, DEVICE_RESYNC, fault);
	return true;
}

void stream_run(struct link *link)
{
	const struct stream_port_ops *ops = link->own->type == LINK_SERIAL ? &serial_port_ops : &raw_tcp_port_ops;
	struct reader reader = {.link = link};

	while (reader.device < link->config->device_count && link->config->devices[reader.device].link != link->index)
		reader.device++;
	if (reader.device == link->config->device_count)
		return;
	reader.own = &link->config->devices[reader.device];
	while (!atomic_load(&link->stopping))
		if (!connect_once(&reader, ops) && !link_back_off(link))
			return;
}
