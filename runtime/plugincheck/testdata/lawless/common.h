/* What the lawless guests in C share: a state that counts, and a row. */
#include "refold.h"

enum { N, NAME }; /* the manifest's fields */

#define MANIFEST(name, kind) \
	"{\"abi\":1,\"name\":\"" name "\",\"state\":\"" kind "\",\"events\":[\"counted\",\"named\"]," \
	"\"fields\":[{\"path\":\"n\",\"type\":\"i64\"},{\"path\":\"name\",\"type\":\"string\"}],\"sdk\":\"refold-c\"}"

typedef struct { int64_t count; } state;

static inline bool load(state *s, refold_text text) {
	s->count = refold_find_int(text, REFOLD_TEXT("count"));
	return true;
}

static inline void save(const state *s, refold_buffer *text) {
	refold_open(text);
	refold_member_int(text, REFOLD_TEXT("count"), s->count);
	refold_close(text);
}

static inline void put_row(refold_effects *out, int64_t value) {
	refold_buffer *row = refold_row(out);
	refold_open(row);
	refold_member_int(row, REFOLD_TEXT("value"), value);
	refold_close(row);
	refold_insert(out, REFOLD_TEXT("rows"), row);
}
