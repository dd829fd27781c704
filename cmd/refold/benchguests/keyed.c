/* A guest of the comparison of folds with and without state roots: a keyed projection
   that counts the events of each aggregate, and keeps a row for it. */
#include "refold.h"

typedef struct { uint64_t count, last; } counter;

static void put(const counter *s, refold_buffer *to) {
	refold_member_uint(to, REFOLD_TEXT("count"), s->count);
	refold_member_uint(to, REFOLD_TEXT("last"), s->last);
}

static bool load(counter *s, refold_text text) {
	s->count = (uint64_t)refold_find_int(text, REFOLD_TEXT("count"));
	s->last = (uint64_t)refold_find_int(text, REFOLD_TEXT("last"));
	return true;
}

static void save(const counter *s, refold_buffer *text) {
	refold_open(text);
	put(s, text);
	refold_close(text);
}

static const char *fold(counter *s, const refold_event *e, refold_effects *out) {
	s->count++;
	s->last = refold_position(e);
	refold_buffer *row = refold_row(out);
	refold_open(row);
	refold_member_text(row, REFOLD_TEXT("id"), e->key);
	put(s, row);
	refold_close(row);
	refold_insert(out, REFOLD_TEXT("counters"), row);
	return NULL;
}

REFOLD_KEYED("{\"abi\":1,\"name\":\"keyed\",\"state\":\"keyed\",\"sdk\":\"refold-c\"}", counter, load, fold, save)
