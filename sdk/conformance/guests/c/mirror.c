/* mirror is the conformance guest in C: it says back what it reads, and does
 * what an event commands. sdk/testdata/README.md specifies it. */
#include "refold.h"

enum { DO, FIELDS = 8 };

typedef struct { int64_t events; } state;

static bool load(state *s, refold_text text) {
	s->events = refold_find_int(text, REFOLD_TEXT("events"));
	return true;
}

static void save(const state *s, refold_buffer *text) {
	refold_open(text);
	refold_member_int(text, REFOLD_TEXT("events"), s->events);
	refold_close(text);
}

static void member_uuid(refold_buffer *b, refold_text name, const uint8_t *id) {
	refold_name(b, name);
	if (!id) {
		refold_put(b, REFOLD_TEXT("null"));
		return;
	}
	refold_put_char(b, '"');
	refold_put_uuid(b, id);
	refold_put_char(b, '"');
}

static void put_slot(refold_buffer *b, const refold_event *e, uint32_t i) {
	uint32_t kind = refold_slot_kind(e, i);
	refold_text bytes = refold_bytes(e, i);
	refold_open(b);
	refold_member_int(b, REFOLD_TEXT("kind"), kind);
	refold_name(b, REFOLD_TEXT("value"));
	if (kind == REFOLD_STRING || kind == REFOLD_JSON) {
		refold_put_string(b, bytes);
		refold_close(b);
		return;
	}
	refold_put_char(b, '"');
	if (kind == REFOLD_BOOL) refold_put(b, refold_bool(e, i) ? REFOLD_TEXT("true") : REFOLD_TEXT("false"));
	if (kind == REFOLD_I64 || kind == REFOLD_TIME) refold_put_int(b, refold_int(e, i));
	if (kind == REFOLD_BYTES) refold_put_hex(b, (const uint8_t *)bytes.at, bytes.length);
	if (kind == REFOLD_UUID) refold_put_uuid(b, (const uint8_t *)bytes.at);
	if (kind == REFOLD_F64) {
		double v = refold_float(e, i);
		uint8_t bits[8], big[8];
		__builtin_memcpy(bits, &v, 8);
		for (int j = 0; j < 8; j++) big[j] = bits[7 - j];
		refold_put_hex(b, big, 8);
	}
	refold_put_char(b, '"');
	refold_close(b);
}

static void put_row(refold_buffer *b, const refold_event *e) {
	refold_text metadata;
	refold_open(b);
	refold_member_uint(b, REFOLD_TEXT("position"), refold_position(e));
	refold_member_uint(b, REFOLD_TEXT("version"), refold_version(e));
	refold_member_int(b, REFOLD_TEXT("time"), refold_time(e));
	member_uuid(b, REFOLD_TEXT("id"), refold_id(e));
	refold_member_text(b, REFOLD_TEXT("aggregate_type"), refold_aggregate_type(e));
	member_uuid(b, REFOLD_TEXT("aggregate_id"), refold_aggregate_id(e));
	refold_member_text(b, REFOLD_TEXT("type"), refold_type(e));
	refold_member_int(b, REFOLD_TEXT("type_index"), refold_type_index(e));
	refold_member_int(b, REFOLD_TEXT("schema_version"), refold_schema_version(e));
	member_uuid(b, REFOLD_TEXT("correlation_id"), refold_correlation_id(e));
	member_uuid(b, REFOLD_TEXT("causation_id"), refold_causation_id(e));
	refold_member_text(b, REFOLD_TEXT("key"), e->key);
	refold_member_text(b, REFOLD_TEXT("data"), refold_data(e));
	if (refold_metadata(e, &metadata)) refold_member_text(b, REFOLD_TEXT("metadata"), metadata);
	else refold_member_raw(b, REFOLD_TEXT("metadata"), REFOLD_TEXT("null"));
	refold_name(b, REFOLD_TEXT("slots"));
	refold_put_char(b, '[');
	for (uint32_t i = 0; i < FIELDS; i++) {
		if (i > 0) refold_put_char(b, ',');
		put_slot(b, e, i);
	}
	refold_put_char(b, ']');
	refold_close(b);
}

static bool commands(const refold_event *e, refold_text what) {
	return refold_slot_kind(e, DO) == REFOLD_STRING && refold_equal(refold_bytes(e, DO), what);
}

static const char *fold(state *s, const refold_event *e, refold_effects *out) {
	static refold_buffer row, line;
	row.length = line.length = 0;
	s->events++;
	save(s, &row);
	if (commands(e, REFOLD_TEXT("update"))) refold_update(out, REFOLD_TEXT("mirror"), e->key, &row);
	else if (commands(e, REFOLD_TEXT("delete"))) refold_delete(out, REFOLD_TEXT("mirror"), e->key);
	else if (commands(e, REFOLD_TEXT("query"))) refold_ask(out, REFOLD_TEXT("select 1"), &row);
	else if (commands(e, REFOLD_TEXT("emit"))) refold_emit(out, REFOLD_TEXT("mirrored_again"), &row);
	else if (commands(e, REFOLD_TEXT("remove"))) refold_remove_state(out);
	else if (commands(e, REFOLD_TEXT("reject"))) return "rejected on demand";
	else if (commands(e, REFOLD_TEXT("panic"))) refold_panic(REFOLD_TEXT("panicked on demand"));
	else if (commands(e, REFOLD_TEXT("log"))) {
		refold_put(&line, REFOLD_TEXT("seen "));
		refold_put_int(&line, s->events);
		refold_log(out, REFOLD_WARN, (refold_text){line.at, line.length});
	} else {
		row.length = 0;
		put_row(&row, e);
		refold_insert(out, REFOLD_TEXT("mirror"), &row);
	}
	return NULL;
}

REFOLD_KEYED(
	"{\"abi\":1,\"name\":\"mirror\",\"state\":\"keyed\",\"key\":\"key\",\"events\":[\"mirrored\",\"commanded\"],\"fields\":["
	"{\"path\":\"do\",\"type\":\"string\"},{\"path\":\"value.bool\",\"type\":\"bool\"},"
	"{\"path\":\"value.i64\",\"type\":\"i64\"},{\"path\":\"value.f64\",\"type\":\"f64\"},"
	"{\"path\":\"value.string\",\"type\":\"string\"},{\"path\":\"value.bytes\",\"type\":\"bytes\"},"
	"{\"path\":\"value.uuid\",\"type\":\"uuid\"},{\"path\":\"value.time\",\"type\":\"time\"}],\"sdk\":\"refold-c\"}",
	state, load, fold, save)
