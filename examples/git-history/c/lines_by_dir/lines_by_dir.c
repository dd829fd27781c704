/* lines_by_dir sums added and deleted lines by directory, and keeps a row for
 * each in the table lines_by_dir. Its output equals that of the Go version,
 * byte for byte. */
#include "refold.h"

enum { ADDITIONS, DELETIONS }; /* the manifest's fields, in their order */

typedef struct { int64_t additions, deletions, changes; } totals;

static void put_totals(const totals *s, refold_buffer *to) {
	refold_member_int(to, REFOLD_TEXT("additions"), s->additions);
	refold_member_int(to, REFOLD_TEXT("deletions"), s->deletions);
	refold_member_int(to, REFOLD_TEXT("changes"), s->changes);
}

static bool load(totals *s, refold_text text) {
	s->additions = refold_find_int(text, REFOLD_TEXT("additions"));
	s->deletions = refold_find_int(text, REFOLD_TEXT("deletions"));
	s->changes = refold_find_int(text, REFOLD_TEXT("changes"));
	return true;
}

static void save(const totals *s, refold_buffer *text) {
	refold_open(text);
	put_totals(s, text);
	refold_close(text);
}

static const char *fold(totals *s, const refold_event *e, refold_effects *out) {
	s->additions += refold_int(e, ADDITIONS);
	s->deletions += refold_int(e, DELETIONS);
	s->changes++;
	refold_buffer *row = refold_row(out);
	refold_open(row);
	refold_member_text(row, REFOLD_TEXT("dir"), e->key);
	put_totals(s, row);
	refold_close(row);
	refold_insert(out, REFOLD_TEXT("lines_by_dir"), row);
	return NULL;
}

REFOLD_KEYED(
	"{\"abi\":1,\"name\":\"lines_by_dir\",\"version\":\"1.0.0\",\"state\":\"keyed\",\"key\":\"dir\","
	"\"events\":[\"file_added\",\"file_modified\",\"file_deleted\"],"
	"\"fields\":[{\"path\":\"additions\",\"type\":\"i64\"},{\"path\":\"deletions\",\"type\":\"i64\"}],"
	"\"sdk\":\"refold-c\"}",
	totals, load, fold, save)
