/* Orders of staff as the contract has them. Called by client.c. Pure. */
#ifndef CLIENT_ORDER_H
#define CLIENT_ORDER_H

#include "clients/lib/message.h"

/* Where the parts of a request live while it is packed. */
struct order_parts {
	Vitals__V1__Request request;
	Vitals__V1__Override override;
	union {
		Vitals__V1__Empty empty;
		Vitals__V1__SessionOpen open;
		Vitals__V1__Proceed proceed;
		Vitals__V1__ItemTick item;
		Vitals__V1__LimitOrder limit;
		Vitals__V1__TakeOut take_out;
		struct {
			Vitals__V1__AlarmAcknowledge acknowledge;
			Vitals__V1__ShownAlarm shown[CLIENT_SHOWN_MOST], *list[CLIENT_SHOWN_MOST];
		};
		Vitals__V1__Observe observe;
		Vitals__V1__OxygenOrder oxygen;
	};
};

/* Makes parts->request of the order; it points into `parts` and at the strings of `order`. */
void order_request(struct order_parts *parts, const struct client_order *order);

/* The request for the state. */
void order_status(struct order_parts *parts);

#endif
