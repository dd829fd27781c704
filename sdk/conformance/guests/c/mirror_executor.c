/* mirror_executor is the conformance executor in C: it does what an effect's name
 * says. sdk/testdata/README.md specifies it. */
#include "refold_executor.h"

static refold_buffer line, text;
static const char *const kinds[] = {"", "insert", "update", "delete", "query", "log", "emit_event"};

static refold_text literal(const char *s) {
	uint32_t n = 0;
	while (s[n]) n++;
	return (refold_text){s, n};
}
static refold_text kind_of(const refold_effect *e) { return literal(kinds[refold_effect_kind(e)]); }
static void say(void) { refold_print(REFOLD_INFO, refold__written(&line)); }
static void put_id(refold_buffer *b, refold_text name, const uint8_t *id) {
	refold_name(b, name);
	refold_put_char(b, '"');
	refold_put_uuid(b, id);
	refold_put_char(b, '"');
}

static refold_outcome send(const refold_effect *e) {
	text.length = 0;
	refold_put_uuid(&text, refold_effect_id(e));
	refold_ask_begin();
	refold_ask_text(REFOLD_TEXT("POST"));
	refold_ask_text(refold_effect_key(e));
	refold_ask_body(refold_effect_body(e));
	refold_ask_text(REFOLD_TEXT("effect-id"));
	refold_ask_text(refold__written(&text));
	refold_answer a = refold_http();
	if (refold_answer_code(a)) return refold_failed(a);
	int64_t status = refold_answer_int(a, 0);
	text.length = 0;
	refold_put(&text, REFOLD_TEXT("status "));
	refold_put_int(&text, status);
	if (status == 429 || status >= 500) {
		refold_text after = refold_header(a, REFOLD_TEXT("retry-after"));
		uint32_t seconds = 0;
		for (uint32_t i = 0; i < after.length && after.at[i] >= '0' && after.at[i] <= '9'; i++) seconds = 10 * seconds + (uint32_t)(after.at[i] - '0');
		return refold_retry(1000 * seconds, refold__written(&text));
	}
	if (status < 200 || status > 299) return refold_poison(refold__written(&text));
	refold_put_int(&line, status);
	refold_put_char(&line, ' ');
	refold_put(&line, refold_header(a, REFOLD_TEXT("content-type")));
	refold_put_char(&line, ' ');
	refold_put(&line, refold_answer_text(a, 1));
	say();
	return REFOLD_DONE;
}

static refold_outcome exec(const refold_effect *e) {
	refold_ask_begin();
	refold_ask_text(refold_effect_key(e));
	refold_ask_text(REFOLD_TEXT("insert into mirror values ($1, $2, $3, $4, $5, $6, $7, $8, $9)"));
	refold_ask_int(9);
	refold_ask_null();
	refold_ask_bool(true);
	refold_ask_int((int64_t)refold_effect_cause(e));
	refold_ask_float(0.5);
	refold_ask_text(kind_of(e));
	refold_ask_bytes(refold_effect_body(e));
	refold_ask_uuid(refold_effect_id(e));
	refold_ask_time(1700000000000000000);
	refold_ask_json(refold_effect_body(e));
	refold_ask_text(REFOLD_TEXT("delete from mirror"));
	refold_ask_int(0);
	refold_answer a = refold_sql_exec();
	if (refold_answer_code(a)) return refold_failed(a);
	refold_put(&line, REFOLD_TEXT("changed "));
	refold_put_int(&line, refold_answer_int(a, 0));
	refold_put(&line, REFOLD_TEXT(", "));
	refold_put_int(&line, refold_answer_int(a, 1));
	say();
	return REFOLD_DONE;
}

static void put_value(refold_answer a, uint32_t i) {
	refold_text t = refold_answer_text(a, i);
	switch (refold_answer_kind(a, i)) {
	case REFOLD_NULL: refold_put(&line, REFOLD_TEXT("null")); break;
	case REFOLD_BOOL: refold_put(&line, refold_answer_int(a, i) ? REFOLD_TEXT("true") : REFOLD_TEXT("false")); break;
	case REFOLD_F64: refold_put(&line, REFOLD_TEXT("f64")); break;
	case REFOLD_BYTES: refold_put_hex(&line, (const uint8_t *)t.at, t.length); break;
	case REFOLD_STRING: refold_put(&line, t); break;
	default: refold_put_int(&line, refold_answer_int(a, i));
	}
}

static refold_outcome query(const refold_effect *e) {
	refold_ask_begin();
	refold_ask_text(refold_effect_key(e));
	refold_ask_text(refold_effect_body(e));
	refold_ask_uuid(refold_effect_id(e));
	refold_answer a = refold_sql_query();
	if (refold_answer_code(a)) return refold_failed(a);
	uint32_t columns = (uint32_t)refold_answer_int(a, 0), count = refold_answer_count(a);
	for (uint32_t i = 0; i < columns; i++) {
		if (i) refold_put_char(&line, ' ');
		refold_put(&line, refold_answer_text(a, 1 + i));
	}
	refold_put_char(&line, ':');
	for (uint32_t i = 1 + columns; i < count; i++) {
		if (i > 1 + columns && (i - 1) % columns == 0) refold_put(&line, REFOLD_TEXT(" |"));
		refold_put_char(&line, ' ');
		put_value(a, i);
	}
	say();
	return REFOLD_DONE;
}

static refold_outcome publish(const refold_effect *e) {
	refold_ask_begin();
	refold_ask_text(refold_effect_key(e));
	refold_ask_body(refold_effect_body(e));
	refold_ask_text(REFOLD_TEXT("kind"));
	refold_ask_text(kind_of(e));
	refold_answer a = refold_nats_publish();
	if (refold_answer_code(a)) return refold_failed(a);
	refold_put(&line, refold_answer_text(a, 0));
	refold_put_char(&line, ' ');
	refold_put_int(&line, refold_answer_int(a, 1));
	refold_put(&line, refold_answer_int(a, 2) ? REFOLD_TEXT(" true") : REFOLD_TEXT(" false"));
	say();
	return REFOLD_DONE;
}

static refold_outcome secret(const refold_effect *e) {
	refold_answer a = refold_secret(refold_effect_key(e));
	if (refold_answer_code(a)) return refold_failed(a);
	refold_put_uint(&line, refold_answer_text(a, 0).length);
	refold_put(&line, REFOLD_TEXT(" bytes"));
	say();
	return REFOLD_DONE;
}

static refold_outcome tell(const refold_effect *e) {
	refold_open(&line);
	refold_member_text(&line, REFOLD_TEXT("pipeline"), refold_effect_pipeline(e));
	refold_member_uint(&line, REFOLD_TEXT("generation"), refold_effect_generation(e));
	refold_member_uint(&line, REFOLD_TEXT("after"), refold_effect_after(e));
	refold_member_uint(&line, REFOLD_TEXT("through"), refold_effect_through(e));
	refold_member_text(&line, REFOLD_TEXT("kind"), kind_of(e));
	refold_member_uint(&line, REFOLD_TEXT("level"), refold_effect_level(e));
	refold_member_uint(&line, REFOLD_TEXT("cause"), refold_effect_cause(e));
	refold_member_uint(&line, REFOLD_TEXT("ordinal"), refold_effect_ordinal(e));
	put_id(&line, REFOLD_TEXT("id"), refold_effect_id(e));
	put_id(&line, REFOLD_TEXT("cause_id"), refold_effect_cause_id(e));
	put_id(&line, REFOLD_TEXT("correlation_id"), refold_effect_correlation_id(e));
	refold_member_int(&line, REFOLD_TEXT("time"), refold_effect_time(e));
	refold_member_text(&line, REFOLD_TEXT("name"), refold_effect_name(e));
	refold_member_text(&line, REFOLD_TEXT("key"), refold_effect_key(e));
	refold_member_text(&line, REFOLD_TEXT("body"), refold_effect_body(e));
	refold_close(&line);
	say();
	return REFOLD_DONE;
}

static refold_outcome perform(const refold_effect *e) {
	refold_text name = refold_effect_name(e);
	line.length = 0;
	if (refold_equal(name, REFOLD_TEXT("http"))) return send(e);
	if (refold_equal(name, REFOLD_TEXT("sql"))) return exec(e);
	if (refold_equal(name, REFOLD_TEXT("query"))) return query(e);
	if (refold_equal(name, REFOLD_TEXT("nats"))) return publish(e);
	if (refold_equal(name, REFOLD_TEXT("secret"))) return secret(e);
	if (refold_equal(name, REFOLD_TEXT("retry"))) return refold_retry(1500, REFOLD_TEXT("not now"));
	if (refold_equal(name, REFOLD_TEXT("poison"))) return refold_poison(REFOLD_TEXT("cannot be performed"));
	if (refold_equal(name, REFOLD_TEXT("fatal"))) return refold_fatal(REFOLD_TEXT("gives up"));
	if (refold_equal(name, REFOLD_TEXT("panic"))) refold_panic(REFOLD_TEXT("panicked on demand"));
	return tell(e);
}

static refold_text configure(refold_text json) {
	const refold_text refuse = REFOLD_TEXT("\"refuse\":true");
	for (uint32_t i = 0; i + refuse.length <= json.length; i++)
		if (refold_same(json.at + i, refuse.at, refuse.length)) return REFOLD_TEXT("refused on demand");
	return (refold_text){NULL, 0};
}

REFOLD_CONFIGURE(configure)
REFOLD_EXECUTOR(
	"{\"abi\":1,\"name\":\"mirror_executor\",\"kinds\":[\"insert\",\"update\",\"delete\",\"query\",\"log\",\"emit_event\"],\"wants\":["
	"{\"capability\":\"http\",\"reason\":\"mirrors http\"},{\"capability\":\"sql\",\"name\":\"ledger\",\"reason\":\"mirrors sql\"},"
	"{\"capability\":\"nats\",\"reason\":\"mirrors nats\"},{\"capability\":\"secrets\",\"name\":\"token\",\"reason\":\"mirrors secrets\"}],"
	"\"sdk\":\"refold-c\"}",
	perform)
