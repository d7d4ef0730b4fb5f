/* The hash chain of the record; see chain.h. Pure but for libsodium, which needs no state for this. */
#include "daemon/record/chain.h"

#include <sodium.h>

static void add_number(crypto_hash_sha256_state *state, uint64_t value, size_t size)
{
	uint8_t bytes[8];
	for (size_t i = 0; i < size; i++)
		bytes[i] = (uint8_t)(value >> (8 * (size - 1 - i)));
	(void)crypto_hash_sha256_update(state, bytes, size); /* always 0 */
}

static void add_text(crypto_hash_sha256_state *state, const char *text, size_t size)
{
	add_number(state, size, 4);
	(void)crypto_hash_sha256_update(state, (const unsigned char *)text, size); /* always 0 */
}

void chain_extend(uint8_t hash[CHAIN_BYTES], const struct chain_row *row)
{
	crypto_hash_sha256_state state;
	_Static_assert(CHAIN_BYTES == crypto_hash_sha256_BYTES, "the chain is SHA-256");
	(void)crypto_hash_sha256_init(&state); /* these always return 0 */
	(void)crypto_hash_sha256_update(&state, hash, CHAIN_BYTES);
	add_number(&state, (uint64_t)row->seq, 8);
	add_number(&state, (uint64_t)row->wall_ns, 8);
	add_number(&state, row->severity, 1);
	add_text(&state, row->kind, row->kind_size);
	add_text(&state, row->text, row->text_size);
	(void)crypto_hash_sha256_final(&state, hash);
}
