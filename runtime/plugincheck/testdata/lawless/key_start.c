/* A keyed projection that has room for the start of a key, and goes on counting where
 * the next key starts alike. */
#include "common.h"

static char start[16];
static uint32_t length;
static int64_t count;

static const char *fold(state *s, const refold_event *e, refold_effects *out) {
	refold_text key = e->key;
	if (key.length > sizeof start) key.length = sizeof start;
	if (e->index == 0 || key.length != length || !refold_same(start, key.at, length)) count = s->count;
	length = key.length;
	for (uint32_t i = 0; i < length; i++) start[i] = key.at[i];
	s->count = ++count;
	put_row(out, s->count);
	return NULL;
}

REFOLD_KEYED(
	"{\"abi\":1,\"name\":\"key_start\",\"state\":\"keyed\",\"key\":\"name\",\"events\":[\"named\"],\"sdk\":\"refold-c\"}",
	state, load, fold, save)
