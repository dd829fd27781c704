/* A keyed projection that finds a key's count by a hash of the key, within a batch,
 * and takes two keys with one hash for the same. */
#include "common.h"

enum { PLACES = 64 };

static int64_t counts[PLACES];
static bool used[PLACES];

static uint32_t place(refold_text key) {
	uint32_t hash = 2166136261u;
	for (uint32_t i = 0; i < key.length; i++) hash = (hash ^ (unsigned char)key.at[i]) * 16777619u;
	return hash % PLACES;
}

static const char *fold(state *s, const refold_event *e, refold_effects *out) {
	if (e->index == 0) for (int i = 0; i < PLACES; i++) used[i] = false;
	uint32_t at = place(e->key);
	if (!used[at]) counts[at] = s->count;
	used[at] = true;
	s->count = ++counts[at];
	put_row(out, s->count);
	return NULL;
}

REFOLD_KEYED(MANIFEST("key_hash", "keyed"), state, load, fold, save)
