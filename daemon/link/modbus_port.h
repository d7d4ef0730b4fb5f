/* The seam between the Modbus bus loop and what carries its frames: four functions, so that the loop knows nothing of
 * serial lines and sockets. In rtu_port.c and tcp_port.c; called by the link thread only. */
#ifndef VITALS_DAEMON_MODBUS_PORT_H
#define VITALS_DAEMON_MODBUS_PORT_H

#include "daemon/link/link_thread.h"
#include "daemon/link/serial_line.h"

enum modbus_function {
	MODBUS_READ_HOLDING = 3,
	MODBUS_READ_INPUT = 4,
	MODBUS_WRITE_ONE = 6,
};

#define REQUEST_BYTES 6 /* unit, function, address, argument; no header, no CRC */

struct request {
	uint8_t unit;
	enum modbus_function function;
	uint16_t address;
	uint16_t argument; /* count of registers, or the value to write */
};

enum outcome {
	OUTCOME_OK,
	OUTCOME_EXCEPTION, /* the device answered that it cannot: the bus is fine */
	OUTCOME_BUSY,      /* the device answered that it cannot now */
	OUTCOME_REFUSED,   /* identity registers differ */
	OUTCOME_TIMEOUT,
	OUTCOME_BAD_FRAME, /* CRC, unit, function, length, transaction */
	OUTCOME_LOST,      /* the port is gone */
};

typedef struct _modbus modbus_t; /* as in modbus.h, which only the two ports include */

struct modbus_port {
	struct link *link;
	const struct modbus_port_ops *ops;
	modbus_t *context;
	int fd;
	struct serial_line serial;   /* RTU */
	struct mono line_busy_until; /* RTU: when the last character came or went */
	uint16_t transaction;        /* TCP */
	uint16_t longest;            /* registers of the longest answer on this bus */
};

struct modbus_port_ops {
	/* FAULT_NONE if the port is open; else everything is as before. */
	enum device_fault (*open)(struct modbus_port *port);
	/* Sends the request, waits for its answer and checks it. Fills `registers` (argument of them) for reads. */
	enum outcome (*transact)(struct modbus_port *port, const struct request *request, uint16_t *registers);
	/* After TIMEOUT or BAD_FRAME: makes sure that no late answer is left. False: the port is closed now. */
	bool (*resync)(struct modbus_port *port);
	void (*close)(struct modbus_port *port);
	/* Whether the other end has closed it; NULL: it cannot. */
	bool (*closed)(const struct modbus_port *port);
	/* It is a connection: resync makes a new one, at whose other end may be somebody else; the other end may close
	 * it when it likes, which is no loss while nothing was asked. */
	bool reconnects;
};

extern const struct modbus_port_ops rtu_port_ops, tcp_port_ops, rtu_tcp_port_ops;

/* ---- frames, common to both (modbus_frame.c); pure ----------------------------------------------------------------
 */

void request_pack(const struct request *request, uint8_t bytes[REQUEST_BYTES]);

/* Bytes from the unit to the end without CRC. Believes nothing: unit, function, byte count and length must all be those
 * of the request. */
enum outcome answer_check(const struct request *request, const uint8_t *bytes, int count, uint16_t *registers);

/* The checksum of RTU; its low byte is sent first. */
uint16_t frame_crc(const uint8_t *bytes, size_t count);

/* For the recording of raw traffic. Of an answer that never became a frame libmodbus tells no length: `answer` was
 * filled with ANSWER_FILLING before, and what differs at its front was received (bytes of that value at its end are
 * missed). `count` is libmodbus's result. */
#define ANSWER_FILLING 0xA5
void answer_traffic(struct modbus_port *port, const uint8_t *answer, size_t size, int count);

/* What an errno of libmodbus or of a system call means for the bus. */
enum outcome outcome_of_errno(int error);

#endif
