/* A keyed projection whose state does not have all of it in its text. */
#include "common.h"

typedef struct { int64_t count, sum; } sums;

static bool load_sums(sums *s, refold_text text) {
	s->count = refold_find_int(text, REFOLD_TEXT("count"));
	s->sum = refold_find_int(text, REFOLD_TEXT("sum"));
	return true;
}

static void save_sums(const sums *s, refold_buffer *text) {
	refold_open(text);
	refold_member_int(text, REFOLD_TEXT("count"), s->count);
	refold_close(text);
}

static const char *fold(sums *s, const refold_event *e, refold_effects *out) {
	(void)e;
	s->count++;
	s->sum += s->count;
	put_row(out, s->sum);
	return NULL;
}

REFOLD_KEYED(MANIFEST("forgotten_member", "keyed"), sums, load_sums, fold, save_sums)
