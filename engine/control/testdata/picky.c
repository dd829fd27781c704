/* picky counts the events of an aggregate, keeps a row for each in the table things, and
 * refuses an event that says it is bad. */
#include "refold.h"

enum { BAD }; /* the manifest's field */

typedef struct { int64_t n; } counter;

static bool load(counter *s, refold_text text) {
	s->n = refold_find_int(text, REFOLD_TEXT("n"));
	return true;
}

static void save(const counter *s, refold_buffer *text) {
	refold_open(text);
	refold_member_int(text, REFOLD_TEXT("n"), s->n);
	refold_close(text);
}

static const char *fold(counter *s, const refold_event *e, refold_effects *out) {
	if (refold_int(e, BAD)) return "it is bad";
	s->n++;
	refold_buffer *row = refold_row(out);
	refold_open(row);
	refold_member_text(row, REFOLD_TEXT("id"), e->key);
	refold_member_int(row, REFOLD_TEXT("n"), s->n);
	refold_close(row);
	refold_insert(out, REFOLD_TEXT("things"), row);
	return NULL;
}

REFOLD_KEYED(
	"{\"abi\":1,\"name\":\"picky\",\"version\":\"1.0.0\",\"state\":\"keyed\","
	"\"events\":[\"thing_seen\"],\"fields\":[{\"path\":\"bad\",\"type\":\"i64\"}],\"sdk\":\"refold-c\"}",
	counter, load, fold, save)
