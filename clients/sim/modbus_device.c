/* The relay of one Modbus device: its thread stands between the wire and the libmodbus server (modbus_server.c), which
 * sits at the other end of a socketpair. It hands over one whole request at a time, and puts the answer on the wire
 * at the pace of the line, or late, in pieces, changed or not at all, as the scenario says. So every misbehaviour is
 * real bytes on a real wire, while the server itself stays a plain one. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clients/sim/sim.h"

#define BITS_PER_CHAR 11 /* Modbus RTU: 8E1 or 8N2 */
#define RTU_CHUNK     8
#define SILENCE_NS    (30 * NS_PER_MS) /* an unfinished RTU request is forgotten after it */
#define ABSENT_MS     10               /* how often a pty is looked at that nobody has open */

struct relay {
	struct modbus_device *device;
	bool tcp;
	bool waiting; /* the server has a request */
	size_t owner; /* peer whose request it is */
	int64_t asked_ns;
	size_t request_count;
	size_t held[WIRE_PEERS]; /* bytes of an unfinished request */
	int64_t held_ns[WIRE_PEERS];
	struct playout playout;
	uint8_t request[FRAME_BYTES];
	uint8_t bytes[WIRE_PEERS][FRAME_BYTES];
};

static int64_t wire_time_ns(const struct relay *relay, size_t count)
{
	if (relay->device->wire.kind == WIRE_TCP)
		return 0;
	return (int64_t)count * BITS_PER_CHAR * NS_PER_S / relay->device->baud;
}

/* Takes the first whole request of a peer out of its bytes and gives it to the server. */
static void next_request(struct relay *relay, size_t peer, int64_t now_ns)
{
	uint8_t *bytes = relay->bytes[peer];
	int length = frame_request_length(relay->tcp, bytes, relay->held[peer]);

	if (length < 0 || (length == 0 && relay->held[peer] == FRAME_BYTES)) {
		relay->held[peer] = 0;
		return;
	}
	if (length == 0)
		return;
	relay->request_count = (size_t)length;
	memcpy(relay->request, bytes, relay->request_count);
	relay->held[peer] -= relay->request_count;
	memmove(bytes, bytes + relay->request_count, relay->held[peer]);

	/* libmodbus stays silent for another unit's RTU request; nothing comes back to wait for. */
	if (!relay->tcp && relay->request[0] != relay->device->unit)
		return;
	if (send(relay->device->relay_end, relay->request, relay->request_count, MSG_NOSIGNAL) !=
	    (ssize_t)relay->request_count)
		return; /* the server has ended */
	relay->waiting = true;
	relay->owner = peer;
	relay->asked_ns = now_ns;
}

static void from_wire(struct relay *relay, size_t peer, int64_t now_ns)
{
	if (!relay->tcp && relay->held[peer] > 0 && now_ns - relay->held_ns[peer] > SILENCE_NS)
		relay->held[peer] = 0;
	size_t got = wire_read(&relay->device->wire, peer, relay->bytes[peer] + relay->held[peer],
	                       FRAME_BYTES - relay->held[peer]);

	if (got == 0 && relay->device->wire.peers[peer] < 0)
		relay->held[peer] = 0;
	relay->held[peer] += got;
	relay->held_ns[peer] = now_ns;
}

/* The server's answer becomes what the mode makes of it, and when. */
static void from_server(struct relay *relay, int64_t now_ns)
{
	struct modbus_device *device = relay->device;
	uint8_t answer[FRAME_BYTES];
	ssize_t got = recv(device->relay_end, answer, sizeof answer, MSG_DONTWAIT);

	if (got <= 0)
		return;
	relay->waiting = false;
	world_lock(device->world);
	enum mode mode = world_mode(device->world, device->device, now_ns);
	double number = device->world->device[device->device].mode_number;
	world_unlock(device->world);

	if (mode == MODE_HANG)
		return;
	struct playout *playout = &relay->playout;

	playout->sent = 0;
	playout->count = frame_misbehave(relay->tcp, mode, &device->prng, relay->request, relay->request_count, answer,
	                                 (size_t)got, playout->bytes);
	playout->chunk = relay->tcp ? PLAYOUT_BYTES : RTU_CHUNK;
	playout->gap_ns = wire_time_ns(relay, playout->chunk);
	/* The request's own time on the wire, then the silence of 3.5 characters, then the first piece. */
	playout->due_ns = relay->asked_ns + wire_time_ns(relay, relay->request_count + 4 + playout->chunk);
	if (mode == MODE_DRIBBLE) {
		playout->chunk = 1;
		playout->gap_ns = (int64_t)number * NS_PER_MS;
	}
	if (mode == MODE_LATE)
		playout->due_ns += (int64_t)number * NS_PER_MS;
}

/* Follows the cable; true while there is a wire. */
static bool follow_cable(struct relay *relay, bool plugged)
{
	struct modbus_device *device = relay->device;
	char error[SIM_TEXT];

	if (plugged == wire_plugged(&device->wire))
		return plugged;
	memset(relay->held, 0, sizeof relay->held);
	relay->playout.count = 0;
	if (!plugged) {
		wire_pull(&device->wire);
		return false;
	}
	if (wire_plug(&device->wire, error))
		return true;
	(void)fprintf(stderr, "vitals-sim: %s: %s\n", device->wire.name, error);
	return false;
}

static void turn(struct relay *relay, bool plugged)
{
	struct modbus_device *device = relay->device;
	struct pollfd list[WIRE_FDS + 2];
	int64_t now_ns = sim_now_ns();
	bool busy = relay->waiting || playout_busy(&relay->playout);
	int64_t wait_ms = playout_wait_ms(&relay->playout, now_ns);

	wire_check(&device->wire);
	(void)wire_poll_list(&device->wire, list);
	for (size_t i = 1; i < WIRE_FDS; i++)
		if (busy || (relay->held[i - 1] == FRAME_BYTES))
			list[i].fd = -1;
	list[WIRE_FDS] = (struct pollfd){.fd = device->relay_end, .events = POLLIN};
	list[WIRE_FDS + 1] = (struct pollfd){.fd = device->world->device[device->device].wake, .events = POLLIN};
	if (wait_ms < 0)
		wait_ms = plugged && !device->wire.absent ? 1000 : plugged ? ABSENT_MS : 1000;
	if (poll(list, WIRE_FDS + 2, (int)wait_ms) < 0)
		return;
	now_ns = sim_now_ns();
	if ((list[WIRE_FDS + 1].revents & POLLIN) != 0) {
		eventfd_t count;

		(void)eventfd_read(device->world->device[device->device].wake, &count); /* only wakes */
	}
	if (list[0].revents != 0)
		wire_accept(&device->wire);
	for (size_t i = 1; i < WIRE_FDS; i++)
		if (list[i].revents != 0)
			from_wire(relay, i - 1, now_ns);
	if (list[WIRE_FDS].revents != 0)
		from_server(relay, now_ns);
	for (size_t i = 0; i < WIRE_PEERS && !relay->waiting && !playout_busy(&relay->playout); i++)
		if (relay->held[i] > 0)
			next_request(relay, i, now_ns);

	const uint8_t *bytes;
	size_t count = playout_take(&relay->playout, now_ns, &bytes);

	if (count > 0)
		wire_write(&device->wire, relay->owner, bytes, count);
}

static void *relay_run(void *context)
{
	struct modbus_device *device = context;
	struct relay relay = {.device = device, .tcp = device->wire.kind == WIRE_TCP};
	bool stopping = false;

	while (!stopping) {
		world_lock(device->world);
		stopping = device->world->stopping;
		bool plugged = device->world->device[device->device].plugged;
		world_unlock(device->world);
		turn(&relay, follow_cable(&relay, plugged));
	}
	(void)shutdown(device->relay_end, SHUT_RDWR); /* ends the server's wait */
	wire_pull(&device->wire);
	return NULL;
}

bool modbus_device_start(struct modbus_device *device, char error[SIM_TEXT])
{
	int ends[2];

	if (!wire_plug(&device->wire, error))
		return false;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) {
		(void)snprintf(error, SIM_TEXT, "socketpair: %s", strerrordesc_np(errno));
		wire_pull(&device->wire);
		return false;
	}
	device->relay_end = ends[0];
	device->server_end = ends[1];
	int code = pthread_create(&device->server, NULL, modbus_server_run, device);

	if (code == 0) {
		code = pthread_create(&device->relay, NULL, relay_run, device);
		if (code != 0) {
			(void)shutdown(device->relay_end, SHUT_RDWR); /* ends the server's wait */
			(void)pthread_join(device->server, NULL);     /* it was started above */
		}
	}
	if (code != 0) {
		(void)snprintf(error, SIM_TEXT, "thread: %s", strerrordesc_np(code));
		wire_pull(&device->wire);
		return false;
	}
	device->running = true;
	return true;
}

void modbus_device_join(struct modbus_device *device)
{
	if (!device->running)
		return;
	(void)pthread_join(device->relay, NULL);  /* it was started */
	(void)pthread_join(device->server, NULL); /* it was started */
	(void)close(device->relay_end);           /* both threads have ended */
	(void)close(device->server_end);
	device->running = false;
}
