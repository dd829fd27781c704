/* A keyed projection that removes a state at its third event, rejects what it does
 * not like, and writes odd texts. */
#include "../lawless/common.h"

static const char *fold(state *s, const refold_event *e, refold_effects *out) {
	if (refold_int(e, N) < 0) return "negative";
	if (refold_version(e) % 5 == 4) return "the fourth\nof five \x01 events";
	s->count++;
	if (s->count == 3) refold_remove_state(out);
	put_row(out, s->count);
	refold_log(out, REFOLD_WARN, REFOLD_TEXT("two\nlines and \x1b"));
	refold_delete(out, REFOLD_TEXT("rows"), e->key);
	return NULL;
}

REFOLD_KEYED(MANIFEST("removing", "keyed"), state, load, fold, save)
