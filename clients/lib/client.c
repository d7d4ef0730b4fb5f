/* The handle of one bedside; see vitals-client.h. What the parts do is in subscribe, view, ask, confirm; here it is put
 * together. Called by displays. */
#include <stdlib.h>
#include <string.h>

#include "clients/lib/ask.h"
#include "clients/lib/confirm.h"
#include "clients/lib/json.h"
#include "clients/lib/order.h"
#include "clients/lib/problem.h"
#include "clients/lib/subscribe.h"
#include "clients/lib/view.h"

struct client {
	struct view view;
	struct subscription subscription;
	struct ask ask;
	struct confirm confirm;
};

/* ---- begin and end ----------------------------------------------------------------------------------------------- */

static bool check(const struct client_options *options, struct client_problem *problem)
{
	const char *socket = options->socket;

	if ((options->server_key == NULL) != (options->key_file == NULL))
		return problem_is(problem, CLIENT_WRONG, "", "the monitor's key and a key file belong together");
	if (socket != NULL && strlen(socket) >= ASK_PATH_BYTES)
		return problem_is(problem, CLIENT_WRONG, socket, "the path is longer than 255 bytes");
	if (options->display == NULL)
		return true;
	if (socket == NULL || options->endpoint == NULL || strlen(options->display) >= VIEW_NAME)
		return problem_is(problem, CLIENT_WRONG, options->display,
		                  "a display that confirms needs an endpoint, a socket and a name below 32 bytes");
	return true;
}

struct client *client_open(const struct client_options *options, int64_t now_ns, struct client_problem *problem)
{
	*problem = (struct client_problem){.code = CLIENT_OK, .hint = ""};
	if (!check(options, problem))
		return NULL;
	struct client *client = calloc(1, sizeof(*client)); /* the arenas take memory only where they are used */
	if (client == NULL) {
		(void)problem_is(problem, CLIENT_SYSTEM, "", "no memory"); /* is false */
		return NULL;
	}
	view_init(&client->view, options->bedside != NULL ? options->bedside : "", now_ns);
	client->confirm.fd = -1;
	if (options->socket != NULL)
		memcpy(client->ask.path, options->socket, strlen(options->socket) + 1);
	if (options->display != NULL) {
		memcpy(client->confirm.path, client->ask.path, sizeof(client->confirm.path));
		memcpy(client->confirm.display, options->display, strlen(options->display) + 1);
	}
	if (options->endpoint == NULL || subscribe_begin(&client->subscription, options, now_ns, problem))
		return client;
	client_close(client);
	return NULL;
}

void client_close(struct client *client)
{
	if (client == NULL)
		return;
	confirm_end(&client->confirm);
	subscribe_end(&client->subscription);
	free(client);
}

/* ---- what is published ------------------------------------------------------------------------------------------- */

const struct view *client_view(const struct client *client)
{
	return &client->view;
}

bool client_wait(struct client *const *clients, size_t count, int fd, int timeout_ms)
{
	void *sockets[CLIENT_WAIT_MOST];
	size_t used = 0;

	for (size_t i = 0; i < count && used < CLIENT_WAIT_MOST; i++) {
		if (clients[i]->subscription.socket != NULL)
			sockets[used++] = clients[i]->subscription.socket;
	}
	return subscribe_wait(sockets, used, fd, timeout_ms);
}

static void tell(struct client_news *news, const Vitals__V1__Message *message)
{
	*news = (struct client_news){.topic = view_topic_of(message)};
	if (message->body_case == VITALS__V1__MESSAGE__BODY_ALARM)
		news->change = (enum view_change)message->alarm->change;
	if (message->body_case == VITALS__V1__MESSAGE__BODY_SESSION) {
		out_copy(news->happened, sizeof(news->happened), message->session->change);
		out_copy(news->actor, sizeof(news->actor), message->session->actor);
	}
}

enum client_next client_next(struct client *client, int64_t now_ns, struct client_news *news)
{
	struct subscription *subscription = &client->subscription;
	int got = subscription->socket != NULL ? subscribe_next(subscription) : -1;

	if (got < 0)
		return CLIENT_NOTHING;
	if (got == 0)
		client->view.refused++;
	if (got == 0 || !view_apply(&client->view, subscription->topic, subscription->message, now_ns)) {
		subscription->message = NULL;
		return CLIENT_IGNORED;
	}
	tell(news, subscription->message);
	return CLIENT_APPLIED;
}

void client_turn(struct client *client, int64_t now_ns)
{
	struct subscription *subscription = &client->subscription;

	confirm_turn(&client->confirm, &client->view, now_ns);
	if (subscription->socket != NULL && now_ns - client->view.heard_ns >= VIEW_NO_DATA_NS &&
	    now_ns - subscription->connected_ns >= VIEW_NO_DATA_NS)
		subscribe_again(subscription, now_ns);
}

const char *client_unconfirmed(const struct client *client)
{
	return client->confirm.problem;
}

void client_json(const struct client *client, struct out *out)
{
	if (client->subscription.message != NULL)
		json_message(out, client->subscription.topic, client->subscription.message);
}

/* ---- questions and orders ---------------------------------------------------------------------------------------- */

static bool ask(struct client *client, Vitals__V1__Request *request, int wait_ms, struct client_answer *answer,
                struct client_problem *problem)
{
	*problem = (struct client_problem){.code = CLIENT_OK, .hint = ""};
	if (client->ask.path[0] == '\0')
		return problem_is(problem, CLIENT_WRONG, "", "this handle has no control socket");
	if (!ask_send(&client->ask, request, wait_ms, problem))
		return false;
	const Vitals__V1__Response *response = client->ask.response;
	*answer = (struct client_answer){.ok = strcmp(response->result, "ok") == 0, .demo = response->demo};
	out_copy(answer->result, sizeof(answer->result), response->result);
	out_copy(answer->text, sizeof(answer->text), response->text);
	return true;
}

bool client_order(struct client *client, const struct client_order *order, struct client_answer *answer,
                  struct client_problem *problem)
{
	struct order_parts parts;

	order_request(&parts, order);
	return ask(client, &parts.request, CLIENT_COMMAND_MS, answer, problem);
}

bool client_state(struct client *client, struct view *view, struct client_answer *answer,
                  struct client_problem *problem)
{
	struct order_parts parts;

	order_status(&parts);
	if (!ask(client, &parts.request, CLIENT_REACH_MS, answer, problem))
		return false;
	problem->in_doubt = false;
	const Vitals__V1__Response *response = client->ask.response;
	if (!answer->ok)
		return true;
	if (response->snapshot == NULL)
		return problem_is(problem, CLIENT_UNCLEAR, client->ask.path, "the answer has no state");
	view_init(view, response->bedside, 0);
	view_apply_snapshot(view, response->snapshot, 0);
	view->demo = response->demo;
	return true;
}

bool client_load(const struct client *client, size_t index, struct view_load *load)
{
	const Vitals__V1__Response *response = client->ask.response;

	if (response == NULL || response->snapshot == NULL || index >= response->snapshot->session->n_load)
		return false;
	const Vitals__V1__Load *from = response->snapshot->session->load[index];
	*load = (struct view_load){.priority = (enum view_priority)from->priority,
	                           .raised = from->raised,
	                           .nuisance = from->nuisance,
	                           .acknowledged = from->acknowledged,
	                           .acknowledge_ns_total = from->acknowledge_ns_total};
	out_copy(load->condition, sizeof(load->condition), from->condition);
	return true;
}

void client_json_answer(const struct client *client, struct out *out)
{
	if (client->ask.response != NULL)
		json_response(out, client->ask.response);
}
