/* A Modbus device for the link tests, on a pseudo terminal or on loopback TCP, in a thread of its own. It is written
 * from the Modbus documents with its own framing, not with libmodbus, so that it can misbehave. Every register of every
 * unit and table holds another number (fake_content), so that a value that was taken from a wrong answer shows. Header
 * only: each test is a program of its own. */
#ifndef TEST_LINK_FAKE_H
#define TEST_LINK_FAKE_H

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum fake_mode {
	FAKE_NORMAL,
	FAKE_LATE,    /* after fake.delay_ms */
	FAKE_DRIBBLE, /* one byte every 20 ms */
	FAKE_WRONG_UNIT,
	FAKE_WRONG_LENGTH, /* a whole valid frame with one register less */
	FAKE_BAD_CRC,      /* TCP: a wrong transaction id */
	FAKE_EXCEPTION,
	FAKE_BUSY,
	FAKE_GARBAGE, /* three bytes before the frame */
	FAKE_TAIL,    /* three bytes behind the frame */
	FAKE_SILENT,
	FAKE_CUT,     /* half a frame */
	FAKE_ECHO,    /* the request comes back first */
	FAKE_STALE,   /* the answer to the request before */
	FAKE_HANG_UP, /* TCP: closes the connection in place of an answer */
};

enum fake_closing { /* of a TCP connection, behind an answer */
	            FAKE_STAYS,
	            FAKE_CLOSES_IDLE, /* after 5 ms without a request */
	            FAKE_CLOSES_AT_ONCE,
	            FAKE_CLOSES_LATER, /* after 5 ms, whatever has come by then */
};

#define FAKE_FRAME_BYTES      300
#define FAKE_SEQUENCE_ADDRESS 200
#define FAKE_STATUS_ADDRESS   201 /* behind it the two pressures, which change with the sequence */

struct fake {
	bool tcp;
	bool rtu;      /* with tcp: frames as on a serial line, behind a transparent device server */
	char path[64]; /* pty: symbolic link to the slave side */
	uint16_t port; /* TCP */
	int listen_fd; /* TCP */
	int fd;        /* pty master, or the connection, or -1 */
	int held_fd;   /* TCP: bound and not listened on, so that the port stays ours while nobody listens; 0 = none */
	int hold_fd;   /* pty slave, so that the master does not hang up while nobody has it open */
	int stop_fd;
	pthread_t thread;
	atomic_int mode;
	atomic_int bad_unit;    /* misbehaves only for this unit; 0 = for all */
	atomic_int bad_address; /* misbehaves only for this address; 0 = for all */
	atomic_int delay_ms;
	atomic_int closing;     /* enum fake_closing */
	atomic_int connections; /* TCP */
	atomic_int identity_change;
	atomic_int sequence, status;
	atomic_int requests; /* answered or not */
	atomic_int misdeeds; /* requests that `mode` spoiled */
	atomic_int writes;
	atomic_int identity_reads; /* of unit 2 */
	atomic_uint last_write;    /* unit << 24 | address << 16 | value */
	atomic_int bad_requests;
	atomic_int turnaround_ms; /* a request to another unit earlier than that is a bad one */
	int last_unit;
	int64_t last_ms; /* when it was about to be answered */
	uint8_t last_answer[FAKE_FRAME_BYTES];
	size_t last_answer_count;
};

static inline bool fake_has_header(const struct fake *fake)
{
	return fake->tcp && !fake->rtu;
}

static inline uint16_t fake_content(unsigned unit, unsigned function, unsigned address)
{
	return (uint16_t)(unit * 20000 + (function == 3 ? 5000U : 0U) + address * 7 + 11);
}

static inline uint16_t fake_register(struct fake *fake, unsigned unit, unsigned function, unsigned address)
{
	if (function == 3 && address < 10)
		return (uint16_t)(fake_content(unit, function, address) + atomic_load(&fake->identity_change));
	if (function == 4 && address == FAKE_SEQUENCE_ADDRESS)
		return (uint16_t)atomic_load(&fake->sequence);
	if (function == 4 && address == FAKE_STATUS_ADDRESS)
		return (uint16_t)atomic_load(&fake->status);
	if (function == 4 && (address == FAKE_STATUS_ADDRESS + 1 || address == FAKE_STATUS_ADDRESS + 2))
		return (uint16_t)(fake_content(unit, function, address) + (atomic_load(&fake->sequence) & 3));
	return fake_content(unit, function, address);
}

static inline uint16_t fake_crc(const uint8_t *bytes, size_t count)
{
	uint16_t crc = 0xFFFF;

	for (size_t i = 0; i < count; i++) {
		crc ^= bytes[i];
		for (int bit = 0; bit < 8; bit++)
			crc = (uint16_t)((crc & 1) != 0 ? crc >> 1 ^ 0xA001 : crc >> 1);
	}
	return crc;
}

static inline int64_t fake_now_ms(void)
{
	struct timespec now;

	if (clock_gettime(CLOCK_MONOTONIC, &now) < 0)
		abort();
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* False when the fake is to end. */
static inline bool fake_pause(struct fake *fake, int ms)
{
	struct pollfd stop = {.fd = fake->stop_fd, .events = POLLIN};
	return poll(&stop, 1, ms) == 0;
}

static inline void fake_write(struct fake *fake, const uint8_t *bytes, size_t count)
{
	ssize_t sent = fake->tcp ? send(fake->fd, bytes, count, MSG_NOSIGNAL) : write(fake->fd, bytes, count);
	if (sent < 0)
		return; /* the other side has hung up; the tests see the consequence */
}

/* Adds what goes around unit, function and data. Returns the size of the frame. */
static inline size_t fake_frame(const struct fake *fake, const uint8_t *head, const uint8_t *pdu, size_t count,
                                uint8_t *frame)
{
	if (fake_has_header(fake)) {
		memcpy(frame, head, 4);
		frame[4] = (uint8_t)(count >> 8);
		frame[5] = (uint8_t)count;
		memcpy(frame + 6, pdu, count);
		return count + 6;
	}
	memcpy(frame, pdu, count);
	uint16_t crc = fake_crc(frame, count);
	frame[count] = (uint8_t)crc;
	frame[count + 1] = (uint8_t)(crc >> 8);
	return count + 2;
}

static inline size_t fake_answer(struct fake *fake, const uint8_t *request, enum fake_mode mode, uint8_t *pdu)
{
	unsigned unit = request[0], function = request[1];
	unsigned address = (unsigned)(request[2] << 8 | request[3]),
	         argument = (unsigned)(request[4] << 8 | request[5]);

	pdu[0] = (uint8_t)(mode == FAKE_WRONG_UNIT ? unit + 1 : unit);
	pdu[1] = (uint8_t)function;
	if (mode == FAKE_EXCEPTION || mode == FAKE_BUSY) {
		pdu[1] |= 0x80;
		pdu[2] = mode == FAKE_BUSY ? 6 : 4;
		return 3;
	}
	if (function == 6) {
		atomic_store(&fake->last_write, unit << 24 | address << 16 | argument);
		atomic_fetch_add(&fake->writes, 1);
		memcpy(pdu + 2, request + 2, 4);
		return 6;
	}
	if (unit == 2 && function == 3 && address == 0)
		atomic_fetch_add(&fake->identity_reads, 1);
	if (mode == FAKE_WRONG_LENGTH)
		argument--;
	pdu[2] = (uint8_t)(2 * argument);
	for (unsigned i = 0; i < argument; i++) {
		uint16_t value = fake_register(fake, unit, function, address + i);
		pdu[3 + 2 * i] = (uint8_t)(value >> 8);
		pdu[4 + 2 * i] = (uint8_t)value;
	}
	return 3 + 2 * argument;
}

/* False when the fake is to end. `request` is a whole one, with its header or CRC. */
static inline bool fake_serve(struct fake *fake, const uint8_t *request)
{
	static const uint8_t garbage[] = {0x00, 0x5A, 0xFF};
	const uint8_t *inner = fake_has_header(fake) ? request + 6 : request;
	int bad_unit = atomic_load(&fake->bad_unit), bad_address = atomic_load(&fake->bad_address);
	bool spoil =
	    (bad_unit == 0 || bad_unit == inner[0]) && (bad_address == 0 || bad_address == (inner[2] << 8 | inner[3]));
	enum fake_mode mode = spoil ? (enum fake_mode)atomic_load(&fake->mode) : FAKE_NORMAL;
	uint8_t pdu[FAKE_FRAME_BYTES], frame[FAKE_FRAME_BYTES];
	size_t count = fake_frame(fake, request, pdu, fake_answer(fake, inner, mode, pdu), frame);
	bool going_on = true;

	if (!fake_has_header(fake) && fake_crc(request, 8) != 0)
		atomic_fetch_add(&fake->bad_requests, 1);
	if (mode == FAKE_LATE)
		going_on = fake_pause(fake, atomic_load(&fake->delay_ms));
	if (mode == FAKE_GARBAGE)
		fake_write(fake, garbage, sizeof garbage);
	if (mode == FAKE_ECHO)
		fake_write(fake, request, fake_has_header(fake) ? 12 : 8);
	if (mode == FAKE_BAD_CRC)
		frame[fake_has_header(fake) ? 1 : count - 1] ^= 0x10;
	const int64_t arrived_ms = fake_now_ms();
	if (mode == FAKE_DRIBBLE) {
		for (size_t i = 0; i < count && going_on; i++) {
			fake_write(fake, frame + i, 1);
			going_on = fake_pause(fake, 20);
		}
	} else if (mode == FAKE_STALE) {
		fake_write(fake, fake->last_answer, fake->last_answer_count);
	} else if (mode == FAKE_HANG_UP) {
		(void)close(fake->fd);
		fake->fd = -1;
	} else if (mode != FAKE_SILENT) {
		fake_write(fake, frame, mode == FAKE_CUT ? count / 2 : count);
	}
	if (mode == FAKE_TAIL)
		fake_write(fake, garbage, sizeof garbage);
	memcpy(fake->last_answer, frame, count);
	fake->last_answer_count = count;
	if (fake->last_unit != inner[0] && fake->last_unit != 0 &&
	    arrived_ms - fake->last_ms < atomic_load(&fake->turnaround_ms))
		atomic_fetch_add(&fake->bad_requests, 1);
	fake->last_unit = inner[0];
	fake->last_ms = arrived_ms; /* before the answer was written: a fake that is slow afterwards accuses nobody */
	atomic_fetch_add(&fake->requests, 1);
	if (mode != FAKE_NORMAL)
		atomic_fetch_add(&fake->misdeeds, 1);
	return going_on;
}

/* After an answer. False when the fake is to end. */
static inline bool fake_part(struct fake *fake)
{
	enum fake_closing closing = (enum fake_closing)atomic_load(&fake->closing);
	struct pollfd fds[2] = {{.fd = fake->stop_fd, .events = POLLIN}, {.fd = fake->fd, .events = POLLIN}};

	if (!fake->tcp || fake->fd < 0 || closing == FAKE_STAYS)
		return true;
	if (closing == FAKE_CLOSES_LATER && !fake_pause(fake, 5))
		return false;
	if (closing == FAKE_CLOSES_IDLE && poll(fds, 2, 5) != 0)
		return fds[0].revents == 0;
	(void)close(fake->fd);
	fake->fd = -1;
	return true;
}

static inline void *fake_main(void *argument)
{
	struct fake *fake = argument;
	uint8_t request[12];
	size_t have = 0, need = fake_has_header(fake) ? 12 : 8;

	for (;;) {
		bool connected = fake->fd >= 0;
		struct pollfd fds[2] = {{.fd = fake->stop_fd, .events = POLLIN},
		                        {.fd = connected ? fake->fd : fake->listen_fd, .events = POLLIN}};
		if (poll(fds, 2, -1) < 0 || fds[0].revents != 0)
			return NULL;
		if (!connected) {
			fake->fd = accept(fake->listen_fd, NULL, NULL);
			atomic_fetch_add(&fake->connections, 1);
			have = 0;
			continue;
		}
		ssize_t count = read(fake->fd, request + have, need - have);
		if (count <= 0 && !fake->tcp)
			return NULL;
		if (count <= 0) {
			(void)close(fake->fd);
			fake->fd = -1;
			continue;
		}
		have += (size_t)count;
		if (have < need)
			continue;
		have = 0;
		if (!fake_serve(fake, request) || !fake_part(fake))
			return NULL;
	}
}

static inline bool fake_run(struct fake *fake)
{
	fake->stop_fd = eventfd(0, EFD_CLOEXEC);
	return fake->stop_fd >= 0 && pthread_create(&fake->thread, NULL, fake_main, fake) == 0;
}

/* A new pty behind fake->path, which may exist already: a replug. */
static inline bool fake_open_pty(struct fake *fake)
{
	char slave[64];
	struct termios raw;

	fake->listen_fd = -1;
	fake->fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (fake->fd < 0 || grantpt(fake->fd) < 0 || unlockpt(fake->fd) < 0 ||
	    ptsname_r(fake->fd, slave, sizeof slave) != 0)
		return false;
	fake->hold_fd = open(slave, O_RDWR | O_NOCTTY | O_CLOEXEC);
	if (fake->hold_fd < 0 || tcgetattr(fake->hold_fd, &raw) < 0)
		return false;
	cfmakeraw(&raw);
	if (tcsetattr(fake->hold_fd, TCSANOW, &raw) < 0)
		return false;
	(void)unlink(fake->path); /* it may not exist */
	return symlink(slave, fake->path) == 0;
}

static inline bool fake_listen(struct fake *fake)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(fake->port)};
	socklen_t size = sizeof address;
	int on = 1;

	fake->tcp = true;
	fake->fd = -1;
	fake->hold_fd = -1;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fake->held_fd <= 0) {
		fake->held_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (fake->held_fd < 0 || setsockopt(fake->held_fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
		    bind(fake->held_fd, (struct sockaddr *)&address, size) < 0 ||
		    getsockname(fake->held_fd, (struct sockaddr *)&address, &size) < 0)
			return false;
		fake->port = ntohs(address.sin_port);
	}
	fake->listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	return fake->listen_fd >= 0 && setsockopt(fake->listen_fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
	       bind(fake->listen_fd, (struct sockaddr *)&address, size) == 0 && listen(fake->listen_fd, 4) == 0;
}

/* Ends the thread and closes everything: a cable pulled, a host gone. */
static inline void fake_stop(struct fake *fake)
{
	const uint64_t one = 1;

	if (write(fake->stop_fd, &one, sizeof one) < 0)
		abort();
	(void)pthread_join(fake->thread, NULL);
	const int fds[] = {fake->fd, fake->hold_fd, fake->listen_fd, fake->stop_fd};
	for (size_t i = 0; i < sizeof fds / sizeof fds[0]; i++)
		if (fds[i] >= 0)
			(void)close(fds[i]);
}

#endif
