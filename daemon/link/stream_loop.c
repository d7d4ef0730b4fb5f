/* The thread of a link with one streaming device, on a serial line or behind a serial device server: reads what comes
 * and feeds it to the device's driver. Most devices talk by themselves and nothing is ever written to them; to the
 * others goes what their driver says.
 *
 * The engine notices by itself when values get old. This loop tells it why, and closes and opens a port that has given
 * no valid frame for a while, because some adapters come back only so. */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "daemon/link/stream_port.h"

#define READ_BYTES      512
#define BAD_FRAMES_MAX  5 /* in a row, before it is worth telling */
#define SILENCE_NS      (10 * NS_PER_S)
#define SILENCE_PERIODS 3
#define PAUSE_PERIODS   2
#define SAY_PAUSE_NS    (100 * NS_PER_MS)
#define SETTLE_MAX_NS   (2 * NS_PER_S) /* some devices are never quiet */
#define SETTLE_TRIES    2              /* in a row, without a frame between: the server always packs */

struct reader {
	struct link *link;
	uint8_t device;
	const struct device_config *own;
	struct stream_port port;
	struct stream stream;
	struct mono last_good; /* or the connect */
	uint32_t bad_at_good;  /* stream.bad_frames at that time */
	bool heard_whole;      /* a frame, on this connection */
	bool stranger;         /* the last frame did not tell the serial number that is configured */
	bool refused;          /* a notice has said that `answered` is another device */
	char answered[NAME_BYTES];
	char unknown[STATUS_WORD_BYTES]; /* the last status that nobody knows; told once */
	int64_t settle_ns;               /* of the kind of port */
	struct mono heard;               /* the last byte, or the connect */
	struct mono settled;             /* until then what comes is thrown away */
	struct mono settled_at_most;
	uint8_t in_vain; /* pieces behind a pause that were thrown away since the last frame */
};

/* A serial device server may have kept lines, from before the connect or during a pause of the network, and sends them
 * at once. Nobody knows their age: what comes until the line was quiet for settle_ns is thrown away. */
static void begin_settling(struct reader *reader)
{
	reader->settled = mono_after(shell_now(), reader->settle_ns);
	reader->settled_at_most = mono_after(shell_now(), SETTLE_MAX_NS);
	link_traffic(reader->link, TRAFFIC_CONNECTED, NULL, 0);
	reader->stream = (struct stream){0};
	reader->bad_at_good = 0;
}

/* Behind a pause nobody knows how old the bytes are, but by the device's clock. A server that always packs would never
 * be heard: in the end its bytes are given to the gate of the driver, which tells lines that have waited. */
static bool age_unknown(const struct reader *reader)
{
	bool has_gate = !reader->own->driver->checksum;

	return !reader->stream.gate.knows_age && (!has_gate || reader->in_vain < SETTLE_TRIES);
}

/* Bytes have come. True if they are to be thrown away. */
static bool are_old(struct reader *reader)
{
	struct mono now = shell_now();
	bool speaks = reader->own->driver->say != NULL; /* then pauses are part of the talk */
	int64_t pause = mono_since(now, reader->heard);

	reader->heard = now;
	if (reader->settle_ns > 0 && !speaks && pause > PAUSE_PERIODS * reader->own->period_ns && age_unknown(reader)) {
		begin_settling(reader);
		reader->in_vain++;
	}
	if (!mono_before(now, reader->settled))
		return false;
	reader->settled = mono_earlier(mono_after(now, reader->settle_ns), reader->settled_at_most);
	return true;
}

static void refuse(struct reader *reader, const char *serial)
{
	char detail[LINK_DETAIL_BYTES];

	link_tell(reader->link, reader->device, DEVICE_REFUSED, FAULT_WRONG_IDENTITY);
	if (reader->refused && strcmp(reader->answered, serial) == 0)
		return; /* told already */
	reader->refused = true;
	(void)snprintf(reader->answered, sizeof(reader->answered), "%s", serial); /* fits */
	identity_serial(detail, reader->own->name, reader->own->serial, serial);
	link_notice(reader->link, true, "wrong-device", detail);
}

/* A status that the driver does not know removes the values; the record says which it is. */
static void tell_unknown(struct reader *reader, const char *status)
{
	char detail[LINK_DETAIL_BYTES];

	if (status[0] == '\0' || strcmp(reader->unknown, status) == 0)
		return;
	(void)snprintf(reader->unknown, sizeof reader->unknown, "%s", status);                          /* fits */
	(void)snprintf(detail, sizeof detail, "%s: status %s is not known", reader->own->name, status); /* fits */
	link_notice(reader->link, true, "unknown-status", detail);
}

/* The driver's emit. */
static void take_frame(void *context, const struct decoded *decoded)
{
	struct reader *reader = context;

	reader->last_good = shell_now();
	reader->bad_at_good = reader->stream.bad_frames;
	reader->heard_whole = true;
	reader->in_vain = 0;
	link_works(reader->link);
	if (reader->own->serial[0] != '\0' && strcmp(reader->own->serial, decoded->serial) != 0) {
		/* One may be a damaged line; its values do not count either. */
		if (reader->stranger)
			refuse(reader, decoded->serial);
		reader->stranger = true;
		return;
	}
	reader->stranger = reader->refused = false;
	link_tell(reader->link, reader->device, DEVICE_UP, FAULT_NONE);
	tell_unknown(reader, decoded->unknown);
	link_deliver(reader->link, reader->device, decoded);
}

static uint32_t bad_in_a_row(const struct reader *reader)
{
	return reader->stream.bad_frames - reader->bad_at_good;
}

/* False if the port is gone. */
static bool read_some(struct reader *reader)
{
	uint8_t bytes[READ_BYTES];
	ssize_t count = read(reader->port.fd, bytes, sizeof bytes);
	int error = errno;

	if (count < 0)
		return error == EAGAIN || error == EINTR;
	if (count == 0)
		return false; /* readable and empty: the other end has closed */
	if (are_old(reader)) {
		debug(DEBUG_DRIVER, "%s: %d bytes of unknown age are thrown away", reader->own->name, (int)count);
		return true;
	}
	link_traffic(reader->link, TRAFFIC_RECEIVED, bytes, (size_t)count);
	uint32_t bad = reader->stream.bad_frames;
	reader->own->driver->feed(&reader->stream, bytes, (size_t)count, shell_now(), take_frame, reader);
	if (reader->stream.bad_frames != bad)
		debug(DEBUG_DRIVER, "%s: %u bad frames among %d bytes, %u in a row", reader->own->name,
		      reader->stream.bad_frames - bad, (int)count, bad_in_a_row(reader));
	if (bad_in_a_row(reader) >= BAD_FRAMES_MAX)
		link_tell(reader->link, reader->device, DEVICE_RESYNC, FAULT_BAD_FRAME);
	return true;
}

/* An order is passed on only while the last whole frame of this connection came from the right device. */
static uint32_t ready(const struct reader *reader)
{
	bool up = reader->link->devices[reader->device].state == DEVICE_UP && reader->heard_whole && !reader->stranger;

	return up ? UINT32_C(1) << reader->device : 0;
}

/* Passes orders to the driver and sends what it has to say. False if the port is gone. */
static bool speak(struct reader *reader)
{
	const struct driver *driver = reader->own->driver;
	struct link_command command;
	uint8_t bytes[SAY_BYTES];

	while (driver->order != NULL && link_take_command(reader->link, ready(reader), &command)) {
		link_traffic(reader->link, command.start ? TRAFFIC_START : TRAFFIC_STOP, NULL, 0);
		(void)driver->order(&reader->stream,
		                    command.start); /* refused: a determination is on, its end is told */
	}
	struct mono now = shell_now();
	size_t count = driver->say(&reader->stream, now, bytes, sizeof bytes);
	/* A driver that does not tell when it wants to be asked again must not make this thread run in circles. */
	if (!mono_before(now, reader->stream.say_at))
		reader->stream.say_at = mono_after(now, SAY_PAUSE_NS);
	if (count == 0)
		return true;
	link_traffic(reader->link, TRAFFIC_SENT, bytes, count);
	/* A port that does not take a few bytes at once is not working. */
	return write(reader->port.fd, bytes, count) == (ssize_t)count;
}

/* Until the port is gone or silent for too long, or the link is to end. Leaves the port open. */
static enum device_fault listen_on(struct reader *reader)
{
	bool speaks = reader->own->driver->say != NULL;
	int64_t silence = SILENCE_PERIODS * reader->own->period_ns;

	if (silence < SILENCE_NS)
		silence = SILENCE_NS;
	while (!atomic_load(&reader->link->stopping)) {
		bool settling = mono_before(shell_now(), reader->settled);
		if (speaks && !settling && !speak(reader))
			return FAULT_HUNG_UP;
		struct mono silent = mono_after(reader->last_good, silence), until = silent;
		if (speaks)
			until = mono_earlier(until, settling ? reader->settled : reader->stream.say_at);
		switch (link_wait(reader->link, reader->port.fd, POLLIN, until)) {
		case WAIT_TIMEOUT:
			if (mono_before(shell_now(), silent))
				break; /* the driver's time has come */
			return bad_in_a_row(reader) > 0 ? FAULT_BAD_FRAME : FAULT_TIMEOUT;
		case WAIT_READY:
			if (!read_some(reader))
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
		return ops->waits;
	}
	const struct link_device *known = &link->devices[reader->device];
	/* Opened again after silence: the reason told then still holds. After a hang-up that was not told: nothing is.
	 */
	if (!known->known || (known->state != DEVICE_RESYNC && known->state != DEVICE_UP))
		link_tell(link, reader->device, DEVICE_RESYNC, FAULT_NONE);
	reader->settle_ns = ops->settle_ns;
	begin_settling(reader);
	reader->heard = reader->last_good = shell_now();
	reader->heard_whole = false;
	fault = listen_on(reader);
	ops->close(&reader->port);
	if (fault == FAULT_HUNG_UP) {
		/* Some device servers close now and then. A device that spoke on this connection gets another one; when
		 * it brings no lines, the engine notices as with any silence. */
		if (!ops->reconnects || !reader->heard_whole || known->state != DEVICE_UP)
			link_tell(link, reader->device, DEVICE_DOWN, fault);
		return false;
	}
	if (fault != FAULT_NONE)
		link_tell(link, reader->device, DEVICE_RESYNC, fault);
	return true;
}

void stream_run(struct link *link)
{
	const struct stream_port_ops *ops = link->own->type == LINK_SERIAL ? &serial_port_ops
	                                    : link->own->listen[0] != '\0' ? &listen_port_ops
	                                                                   : &raw_tcp_port_ops;
	struct reader reader = {.link = link, .port.listen_fd = -1};

	while (reader.device < link->config->device_count && link->config->devices[reader.device].link != link->index)
		reader.device++;
	if (reader.device == link->config->device_count)
		return;
	reader.own = &link->config->devices[reader.device];
	while (!atomic_load(&link->stopping))
		if (!connect_once(&reader, ops) && !link_back_off(link))
			break;
	if (reader.port.listen_fd >= 0)
		(void)close(reader.port.listen_fd); /* nothing was written */
}
