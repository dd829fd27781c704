/* A keyed projection that has beside the state of the last key one that is finer, and
 * goes on from that where it is the same key. */
#include "common.h"

static char key[64];
static uint32_t length;
static int64_t halves;

static const char *fold(state *s, const refold_event *e, refold_effects *out) {
	bool same = length == e->key.length && refold_same(key, e->key.at, length) && halves / 2 == s->count;
	if (!same) halves = 2 * s->count;
	length = e->key.length < sizeof key ? e->key.length : sizeof key;
	for (uint32_t i = 0; i < length; i++) key[i] = e->key.at[i];
	s->count = ++halves / 2;
	put_row(out, s->count);
	return NULL;
}

REFOLD_KEYED(MANIFEST("finer_cache", "keyed"), state, load, fold, save)
