/* The pools' test plugin in C: hashes the payload of each event, ROUNDS times, on
   top of its key's state or, if it is compiled with -DSTATELESS, of nothing. Some
   event types make it misbehave. */
#include "refold.h"

#ifndef ROUNDS
#define ROUNDS 1
#endif

#define EVENTS "\"events\":[\"toil\",\"remove\",\"silent\",\"reject\",\"trap\",\"spin\",\"disorder\"]"
enum { TOIL, REMOVE, SILENT, REJECT, TRAP, SPIN, DISORDER };

typedef struct { uint64_t hash; } state;

static const char *toil(state *s, const refold_event *e, refold_effects *out) {
	refold_text data = refold_data(e);
	switch (refold_type_index(e)) {
	case REMOVE: refold_remove_state(out); break;
	case SILENT: return NULL;
	case REJECT: return "told to";
	case TRAP: __builtin_trap();
	case SPIN: for (volatile int i = 0;; i++);
	case DISORDER: refold__begin_event(0); refold__begin_event(0); break;
	}
	for (int n = 0; n < ROUNDS; n++)
		for (uint32_t i = 0; i < data.length; i++)
			s->hash = (s->hash ^ (unsigned char)data.at[i]) * 0x100000001b3ull;
	for (uint64_t n = 0; n < 1 + s->hash % 2; n++) {
		refold_buffer *row = refold_row(out);
		refold_open(row);
		refold_member_uint(row, REFOLD_TEXT("position"), refold_position(e));
		refold_member_uint(row, REFOLD_TEXT("hash"), s->hash);
		refold_close(row);
		refold_insert(out, REFOLD_TEXT("hashes"), row);
	}
	return NULL;
}

#ifdef STATELESS

static const char *fold(const refold_event *e, refold_effects *out) {
	state s = {0};
	return toil(&s, e, out);
}

REFOLD_UNKEYED("{\"abi\":1,\"name\":\"toil\",\"state\":\"stateless\"," EVENTS "}", fold)

#else

static bool load(state *s, refold_text text) {
	s->hash = (uint64_t)refold_find_int(text, REFOLD_TEXT("hash"));
	return true;
}

static void save(const state *s, refold_buffer *text) {
	refold_open(text);
	refold_member_int(text, REFOLD_TEXT("hash"), (int64_t)s->hash);
	refold_close(text);
}

REFOLD_KEYED("{\"abi\":1,\"name\":\"toil\",\"state\":\"keyed\",\"key\":\"key\"," EVENTS "}", state, load, toil, save)

#endif
