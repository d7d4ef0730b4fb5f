/* The one look at what came over the socketpair; see protocol.h. */
#include "daemon/publish/protocol.h"

#include <string.h>

static bool ends(const char *text, size_t size)
{
	return memchr(text, '\0', size) != NULL;
}

static bool settings_are_whole(const struct packet_settings *settings, size_t size)
{
	const struct publish_config *publish = &settings->publish;

	if (size != sizeof *settings || !ends(settings->bedside, sizeof settings->bedside) ||
	    !ends(publish->secret_key, sizeof publish->secret_key) || publish->endpoint_count > ENDPOINTS_MAX ||
	    publish->client_key_count > CLIENT_KEYS_MAX)
		return false;
	for (uint8_t i = 0; i < publish->endpoint_count; i++)
		if (!ends(publish->endpoints[i], sizeof publish->endpoints[i]))
			return false;
	for (uint8_t i = 0; i < publish->client_key_count; i++)
		if (!ends(publish->client_keys[i], sizeof publish->client_keys[i]))
			return false;
	return true;
}

static bool message_is_whole(const struct packet_message *message, size_t size)
{
	return size > PACKET_MESSAGE_HEAD && size <= sizeof *message && message->topic < TOPIC_COUNT;
}

static bool peer_is_whole(const struct packet_peer *packet, size_t size)
{
	const uint8_t *refused = (const uint8_t *)packet + offsetof(struct packet_peer, refused);
	return size == sizeof *packet && *refused <= 1 && ends(packet->peer.who, sizeof packet->peer.who) &&
	       ends(packet->peer.from, sizeof packet->peer.from);
}

enum packet_kind packet_check(const void *packet, size_t size, enum packet_way way)
{
	uint8_t kind = size > 0 ? *(const uint8_t *)packet : PACKET_BAD;

	if (way == PACKET_DOWN && kind == PACKET_SETTINGS && settings_are_whole(packet, size))
		return PACKET_SETTINGS;
	if (way == PACKET_DOWN && kind == PACKET_MESSAGE && message_is_whole(packet, size))
		return PACKET_MESSAGE;
	if (way == PACKET_UP && kind == PACKET_REPORT && size == sizeof(struct packet_report))
		return PACKET_REPORT;
	if (way == PACKET_UP && kind == PACKET_PEER && peer_is_whole(packet, size))
		return PACKET_PEER;
	if (way == PACKET_UP && kind == PACKET_JOINED && size == sizeof(struct packet_joined))
		return PACKET_JOINED;
	return PACKET_BAD;
}
