/* Receipts to the monitor; see confirm.h. */
#include "clients/lib/confirm.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define EVERY_NS  INT64_C(1000000000)
#define ANSWER_NS INT64_C(5000000000) /* then the connection is given up */

void confirm_end(struct confirm *confirm)
{
	if (confirm->fd >= 0)
		(void)close(confirm->fd); /* nothing is lost: the next receipt says it all */
	confirm->fd = -1;
	confirm->waiting = false;
}

static void give_up(struct confirm *confirm, const char *why)
{
	confirm_end(confirm);
	out_copy(confirm->problem, sizeof(confirm->problem), why);
}

static bool reach(struct confirm *confirm)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t length = strlen(confirm->path);

	if (confirm->fd >= 0)
		return true;
	if (length >= sizeof(address.sun_path))
		return false;
	memcpy(address.sun_path, confirm->path, length);
	confirm->fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (confirm->fd >= 0 && connect(confirm->fd, (const struct sockaddr *)&address, sizeof(address)) == 0)
		return true;
	give_up(confirm, "the monitor cannot be reached");
	return false;
}

/* Takes the answer if it is there. */
static void take(struct confirm *confirm, int64_t now_ns)
{
	uint8_t packet[4096];
	ssize_t size = confirm->fd < 0 ? -1 : recv(confirm->fd, packet, sizeof(packet), MSG_DONTWAIT);
	int error = errno;

	if (confirm->fd < 0)
		return;
	if (size < 0 && (error == EAGAIN || error == EINTR)) {
		if (confirm->waiting && now_ns - confirm->asked_ns > ANSWER_NS)
			give_up(confirm, "the monitor does not answer");
		return;
	}
	const Vitals__V1__Response *response =
	    size > 0 ? message_unpack_response(&confirm->arena, packet, (size_t)size) : NULL;
	if (response == NULL) {
		give_up(confirm, "the monitor closed the connection");
		return;
	}
	confirm->waiting = false;
	out_copy(confirm->problem, sizeof(confirm->problem), strcmp(response->result, "ok") == 0 ? "" : response->text);
}

static void send_receipt(struct confirm *confirm, const struct view *view)
{
	uint8_t packet[256];
	Vitals__V1__Request request = VITALS__V1__REQUEST__INIT;
	Vitals__V1__Receipt receipt;

	vitals__v1__receipt__init(&receipt);
	receipt.display = confirm->display;
	receipt.epoch = view->epoch;
	receipt.alarm_sequence = view->alarms_shown;
	request.id = 1;
	request.command_case = VITALS__V1__REQUEST__COMMAND_RECEIPT;
	request.receipt = &receipt;
	size_t size = vitals__v1__request__get_packed_size(&request);
	if (size <= sizeof(packet) && vitals__v1__request__pack(&request, packet) == size &&
	    send(confirm->fd, packet, size, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)size)
		confirm->waiting = true;
	else
		give_up(confirm, "the monitor takes no receipt");
}

void confirm_turn(struct confirm *confirm, const struct view *view, int64_t now_ns)
{
	enum view_link link = view_link(view, now_ns);

	if (confirm->display[0] == '\0')
		return;
	take(confirm, now_ns);
	/* What may be old or incomplete is not confirmed; a gap in the alarms stops the number by itself. */
	if (confirm->waiting || now_ns < confirm->next_ns || (link != VIEW_OK && link != VIEW_GAP))
		return;
	confirm->next_ns = now_ns + EVERY_NS;
	if (!reach(confirm))
		return;
	confirm->asked_ns = now_ns;
	send_receipt(confirm, view);
}
