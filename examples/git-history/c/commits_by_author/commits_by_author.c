/* commits_by_author counts commits by author, in its own memory. Its answers
 * equal those of the Go version, byte for byte. */
#include "refold.h"

enum { AUTHOR }; /* the manifest's fields, in their order */

typedef struct author {
	struct author *next;  /* of the same bucket */
	struct author *after; /* by name */
	refold_text name;
	int64_t commits;
} author;

/* The resident state: the host saves it with the whole instance. */
static author *buckets[1024], *first;

static uint32_t hash(refold_text t) {
	uint32_t h = 2166136261u;
	for (uint32_t i = 0; i < t.length; i++) h = (h ^ (unsigned char)t.at[i]) * 16777619u;
	return h;
}

static author *find(refold_text name) {
	author **at = &buckets[hash(name) % 1024];
	for (author *a = *at; a; a = a->next) if (refold_equal(a->name, name)) return a;
	author *a = refold_keep(sizeof *a);
	char *copy = refold_keep(name.length);
	if (!a || !copy) refold_panic(REFOLD_TEXT("out of memory"));
	refold_copy(copy, name.at, name.length);
	author **place = &first;
	while (*place && refold_compare((*place)->name, name) < 0) place = &(*place)->after;
	*a = (author){*at, *place, {copy, name.length}, 0};
	*at = *place = a;
	return a;
}

static const char *fold(const refold_event *e, refold_effects *out) {
	(void)out;
	refold_text name = {NULL, 0};
	if (refold_slot_kind(e, AUTHOR) == REFOLD_STRING) name = refold_bytes(e, AUTHOR);
	find(name)->commits++;
	return NULL;
}

static void query(refold_text text, refold_buffer *answer) {
	(void)text;
	refold_open(answer);
	for (author *a = first; a; a = a->after) refold_member_int(answer, a->name, a->commits);
	refold_close(answer);
}

REFOLD_UNKEYED(
	"{\"abi\":1,\"name\":\"commits_by_author\",\"version\":\"1.0.0\",\"state\":\"resident\","
	"\"events\":[\"commit_recorded\"],\"fields\":[{\"path\":\"author\",\"type\":\"string\"}],"
	"\"sdk\":\"refold-c\"}",
	fold)
REFOLD_QUERY(query)
