/* The plugin zones once more, in C: what it returns equals that of the Go version,
   byte for byte. */
#include "refold.h"

enum { NAME, OFFSET, ABBREVIATION }; /* the manifest's fields, in their order */

typedef struct zone {
	struct zone *next; /* by name */
	refold_text name;
	int64_t changes, offset, since, longest;
	char abbreviation[16];
	uint32_t length;
} zone;

static zone *zones;

static zone *find(refold_text name) {
	zone **place = &zones;
	while (*place && refold_compare((*place)->name, name) < 0) place = &(*place)->next;
	if (*place && refold_equal((*place)->name, name)) return *place;
	zone *z = refold_keep(sizeof *z);
	char *copy = refold_keep(name.length);
	if (!z || !copy) refold_panic(REFOLD_TEXT("out of memory"));
	refold_copy(copy, name.at, name.length);
	z->next = *place;
	z->name = (refold_text){copy, name.length};
	return *place = z;
}

static const char *fold(const refold_event *e, refold_effects *out) {
	zone *z = find(refold_bytes(e, NAME));
	int64_t at = refold_time(e) / 1000000000;
	if (refold_time(e) % 1000000000 < 0) at--;
	if (z->changes > 0) {
		if (at - z->since > z->longest) z->longest = at - z->since;
		refold_buffer *row = refold_row(out);
		refold_open(row);
		refold_member_text(row, REFOLD_TEXT("zone"), z->name);
		refold_member_int(row, REFOLD_TEXT("since"), z->since);
		refold_member_int(row, REFOLD_TEXT("until"), at);
		refold_member_int(row, REFOLD_TEXT("offset"), z->offset);
		refold_member_text(row, REFOLD_TEXT("abbreviation"), (refold_text){z->abbreviation, z->length});
		refold_close(row);
		refold_insert(out, REFOLD_TEXT("periods"), row);
	}
	refold_text abbreviation = refold_bytes(e, ABBREVIATION);
	if (abbreviation.length > sizeof z->abbreviation) return "its abbreviation is too long";
	refold_copy(z->abbreviation, abbreviation.at, abbreviation.length);
	z->length = abbreviation.length;
	z->changes++;
	z->offset = refold_int(e, OFFSET);
	z->since = at;
	return NULL;
}

static void query(refold_text text, refold_buffer *answer) {
	(void)text;
	refold_open(answer);
	for (zone *z = zones; z; z = z->next) {
		refold_name(answer, z->name);
		refold_open(answer);
		refold_member_int(answer, REFOLD_TEXT("changes"), z->changes);
		refold_member_int(answer, REFOLD_TEXT("offset"), z->offset);
		refold_member_int(answer, REFOLD_TEXT("longest"), z->longest);
		refold_member_text(answer, REFOLD_TEXT("abbreviation"), (refold_text){z->abbreviation, z->length});
		refold_close(answer);
	}
	refold_close(answer);
}

REFOLD_UNKEYED(
	"{\"abi\":1,\"name\":\"zones\",\"state\":\"resident\",\"events\":[\"clock_changed\"],\"fields\":["
	"{\"path\":\"zone\",\"type\":\"string\"},{\"path\":\"offset\",\"type\":\"i64\"},"
	"{\"path\":\"abbreviation\",\"type\":\"string\"}],\"sdk\":\"refold-c\"}",
	fold)
REFOLD_QUERY(query)
