/* refold_executor.h: the kit for Refold executors in C, beside refold.h.
 *
 * Include it in one source file, write a function that performs one effect, and end
 * with REFOLD_EXECUTOR. README.md shows one. ABI.md, one folder up, is the
 * specification of what lies behind.
 *
 * What an effect and an answer refer to is valid until the next effect.
 */
#ifndef REFOLD_EXECUTOR_H
#define REFOLD_EXECUTOR_H

#include "refold.h"

#define REFOLD__HOST(name) __attribute__((import_module("refold_host"), import_name(name)))
__attribute__((import_module("refold"), import_name("begin_effect")))
void refold__begin_effect(int32_t index);
REFOLD__HOST("answer") void refold__answer_to(void *room, uint32_t length);
REFOLD__HOST("http") uint32_t refold__http(const void *request, uint32_t length);
REFOLD__HOST("sql_exec") uint32_t refold__sql_exec(const void *request, uint32_t length);
REFOLD__HOST("sql_query") uint32_t refold__sql_query(const void *request, uint32_t length);
REFOLD__HOST("nats_publish") uint32_t refold__nats_publish(const void *request, uint32_t length);
REFOLD__HOST("secret") uint32_t refold__secret(const void *request, uint32_t length);

/* ---- effects ------------------------------------------------------------- */

enum { REFOLD_INSERT = 1, REFOLD_UPDATE, REFOLD_DELETE, REFOLD_QUERY_EFFECT, REFOLD_LOG, REFOLD_EMIT_EVENT };

/* refold_effect is an effect record of a batch. */
typedef struct { const char *frame, *record; } refold_effect;

static inline uint32_t refold_effect_kind(const refold_effect *e) { return refold__u32(e->record + 4) & 0xffff; }
static inline uint32_t refold_effect_level(const refold_effect *e) { return refold__u32(e->record + 4) >> 16; }
/* refold_effect_cause is the position of the event. */
static inline uint64_t refold_effect_cause(const refold_effect *e) { return refold__u64(e->record + 8); }
/* The ids have 16 bytes: of the effect, the same each time it comes; of the event. */
static inline const uint8_t *refold_effect_id(const refold_effect *e) { return (const uint8_t *)e->record + 16; }
static inline const uint8_t *refold_effect_cause_id(const refold_effect *e) { return (const uint8_t *)e->record + 32; }
static inline const uint8_t *refold_effect_correlation_id(const refold_effect *e) { return (const uint8_t *)e->record + 48; }
/* refold_effect_time is the event's, in Unix nanoseconds. */
static inline int64_t refold_effect_time(const refold_effect *e) { return (int64_t)refold__u64(e->record + 64); }
static inline uint32_t refold_effect_ordinal(const refold_effect *e) { return refold__u32(e->record + 72); }
static inline refold_text refold_effect_name(const refold_effect *e) { return refold__ref(e->record, e->record + 80); }
static inline refold_text refold_effect_key(const refold_effect *e) { return refold__ref(e->record, e->record + 88); }
static inline refold_text refold_effect_body(const refold_effect *e) { return refold__ref(e->record, e->record + 96); }

/* Of the batch. */
static inline uint64_t refold_effect_generation(const refold_effect *e) { return refold__u64(e->frame + 16); }
static inline uint64_t refold_effect_after(const refold_effect *e) { return refold__u64(e->frame + 24); }
static inline uint64_t refold_effect_through(const refold_effect *e) { return refold__u64(e->frame + 32); }
static inline refold_text refold_effect_pipeline(const refold_effect *e) { return refold__ref(e->frame, e->frame + 40); }

/* ---- what becomes of an effect ------------------------------------------- */

enum { REFOLD_PERFORMED, REFOLD_RETRY, REFOLD_POISON, REFOLD_FATAL };

/* refold_outcome is a status, why, and of REFOLD_RETRY how long to wait at least, in
 * milliseconds. */
typedef struct { uint32_t status, after; refold_text text; } refold_outcome;

#define REFOLD_DONE ((refold_outcome){REFOLD_PERFORMED, 0, {NULL, 0}})
static inline refold_outcome refold_retry(uint32_t after, refold_text why) { return (refold_outcome){REFOLD_RETRY, after, why}; }
static inline refold_outcome refold_poison(refold_text why) { return (refold_outcome){REFOLD_POISON, 0, why}; }
static inline refold_outcome refold_fatal(refold_text why) { return (refold_outcome){REFOLD_FATAL, 0, why}; }

/* ---- calls of the host ---------------------------------------------------- */

/* A request is written value by value, between refold_ask_begin and a call. */
static refold_buffer refold__slots, refold__bytes, refold__message, refold__got;

static inline void refold_ask_begin(void) { refold__slots.length = refold__bytes.length = 0; }

static inline void refold__slot_put(uint32_t kind, uint32_t length, uint64_t value) {
	char *s = refold_extend(&refold__slots, 16);
	refold__set32(s, kind);
	refold__set32(s + 4, length);
	__builtin_memcpy(s + 8, &value, 8);
}
static inline void refold__slot_text(uint32_t kind, refold_text t) {
	refold__slot_put(kind, t.length, refold__bytes.length); /* counts from the texts' start, until it is sent */
	refold_put(&refold__bytes, t);
}
static inline void refold_ask_null(void) { refold__slot_put(REFOLD_NULL, 0, 0); }
static inline void refold_ask_bool(bool v) { refold__slot_put(REFOLD_BOOL, 0, v); }
static inline void refold_ask_int(int64_t v) { refold__slot_put(REFOLD_I64, 0, (uint64_t)v); }
static inline void refold_ask_time(int64_t unix_nanoseconds) { refold__slot_put(REFOLD_TIME, 0, (uint64_t)unix_nanoseconds); }
static inline void refold_ask_float(double v) {
	uint64_t bits;
	__builtin_memcpy(&bits, &v, 8);
	refold__slot_put(REFOLD_F64, 0, bits);
}
static inline void refold_ask_text(refold_text t) { refold__slot_text(REFOLD_STRING, t); }
static inline void refold_ask_bytes(refold_text t) { refold__slot_text(REFOLD_BYTES, t); }
static inline void refold_ask_json(refold_text t) { refold__slot_text(REFOLD_JSON, t); }
static inline void refold_ask_uuid(const uint8_t *id) { refold__slot_text(REFOLD_UUID, (refold_text){(const char *)id, 16}); }
/* refold_ask_body is a body as a string, or null for an empty one. */
static inline void refold_ask_body(refold_text t) {
	if (t.length) refold_ask_text(t);
	else refold_ask_null();
}

/* refold_answer is what the host answers: its values begin behind code and text. */
typedef struct { const char *frame; } refold_answer;

static inline uint32_t refold_answer_count(refold_answer a) { return refold__u32(a.frame + 12) - 2; }
static inline const char *refold__value(refold_answer a, uint32_t i) {
	static const char null[16];
	return i < refold_answer_count(a) ? a.frame + 16 + 16 * (i + 2) : null;
}
static inline uint32_t refold_answer_kind(refold_answer a, uint32_t i) { return refold__u32(refold__value(a, i)); }
/* refold_answer_int is a bool, i64 or time. */
static inline int64_t refold_answer_int(refold_answer a, uint32_t i) { return (int64_t)refold__u64(refold__value(a, i) + 8); }
static inline double refold_answer_float(refold_answer a, uint32_t i) {
	double v;
	__builtin_memcpy(&v, refold__value(a, i) + 8, 8);
	return v;
}
/* refold_answer_text is a string or bytes, else empty. */
static inline refold_text refold_answer_text(refold_answer a, uint32_t i) {
	const char *s = refold__value(a, i);
	uint32_t kind = refold__u32(s);
	if (kind < REFOLD_STRING || kind == REFOLD_TIME) return (refold_text){NULL, 0};
	return (refold_text){a.frame + refold__u32(s + 8), refold__u32(s + 4)};
}
static inline int64_t refold_answer_code(refold_answer a) { return (int64_t)refold__u64(a.frame + 24); }

/* refold_failed is what an answer with another code than 0 makes of the effect. */
static inline refold_outcome refold_failed(refold_answer a) {
	refold_text why = {a.frame + refold__u32(a.frame + 40), refold__u32(a.frame + 36)};
	switch (refold_answer_code(a)) {
	case 0: return REFOLD_DONE;
	case 3: case 4: return refold_retry(0, why);
	case 2: case 5: case 6: return refold_poison(why);
	}
	return refold_fatal(why);
}

/* refold__request completes the message. */
static inline void refold__request(void) {
	uint32_t behind = 16 + refold__slots.length, count = refold__slots.length / 16;
	refold__message.length = 0;
	char *h = refold_extend(&refold__message, 16);
	refold__set32(h, 0x314d4652); /* "RFM1" */
	refold__set32(h + 4, behind + refold__bytes.length);
	refold__set32(h + 8, 1);
	refold__set32(h + 12, count);
	for (uint32_t i = 0; i < count; i++) {
		char *s = refold__slots.at + 16 * i;
		uint32_t kind = refold__u32(s);
		if (kind >= REFOLD_STRING && kind != REFOLD_TIME) refold__set32(s + 8, refold__u32(s + 8) + behind);
	}
	refold_put(&refold__message, refold__written(&refold__slots));
	refold_put(&refold__message, refold__written(&refold__bytes));
}

static inline refold_answer refold__take(uint32_t length) {
	refold__got.length = 0;
	char *room = refold_extend(&refold__got, length);
	refold__answer_to(room, length);
	return (refold_answer){room};
}

/* The calls. Ahead of each: refold_ask_begin, and the values that ABI.md lists. */
static inline refold_answer refold_http(void) { refold__request(); return refold__take(refold__http(refold__message.at, refold__message.length)); }
static inline refold_answer refold_sql_exec(void) { refold__request(); return refold__take(refold__sql_exec(refold__message.at, refold__message.length)); }
static inline refold_answer refold_sql_query(void) { refold__request(); return refold__take(refold__sql_query(refold__message.at, refold__message.length)); }
static inline refold_answer refold_nats_publish(void) { refold__request(); return refold__take(refold__nats_publish(refold__message.at, refold__message.length)); }
static inline refold_answer refold_secret(refold_text name) {
	refold_ask_begin();
	refold_ask_text(name);
	refold__request();
	return refold__take(refold__secret(refold__message.at, refold__message.length));
}

/* refold_header is an HTTP answer's header, by its name in lower case; empty for none. */
static inline refold_text refold_header(refold_answer a, refold_text name) {
	for (uint32_t i = 2; i + 1 < refold_answer_count(a); i += 2)
		if (refold_equal(refold_answer_text(a, i), name)) return refold_answer_text(a, i + 1);
	return (refold_text){NULL, 0};
}

/* ---- the exports ---------------------------------------------------------- */

static inline uint64_t refold__outcome(refold_outcome o, uint32_t performed) {
	refold_buffer *b = &refold__out.result;
	b->length = 0;
	char *h = refold_extend(b, 40);
	for (int i = 0; i < 40; i++) h[i] = 0;
	refold__set32(h, 0x314f4652); /* "RFO1" */
	refold__set32(h + 4, 40 + o.text.length);
	refold__set16(h + 8, 1);
	refold__set32(h + 12, o.status);
	refold__set32(h + 16, performed);
	if (o.status == REFOLD_POISON) refold__set32(h + 20, performed);
	refold__set32(h + 24, 40);
	refold__set32(h + 28, o.text.length);
	if (o.status == REFOLD_RETRY) refold__set32(h + 32, o.after);
	refold_put(b, o.text);
	return refold__span(b->at, b->length);
}

/* REFOLD_EXECUTOR ends an executor.
 *
 *   manifest: the manifest's JSON, a string literal
 *   perform:  refold_outcome perform(const refold_effect *e): REFOLD_DONE, or what
 *             else becomes of the effect; the effects behind it then wait
 */
#define REFOLD_EXECUTOR(manifest, perform) \
	REFOLD__DESCRIBE(manifest) \
	__attribute__((export_name("refold_execute"))) uint64_t refold_execute(const char *effects, uint32_t length) { \
		(void)length; \
		uint32_t count = refold__u32(effects + 12); \
		refold_effect e = {effects, effects + refold__u32(effects + 48)}; \
		for (uint32_t i = 0; i < count; i++, e.record += refold__u32(e.record)) { \
			refold__begin_effect((int32_t)i); \
			refold_outcome o = perform(&e); \
			if (o.status != REFOLD_PERFORMED) return refold__outcome(o, i); \
		} \
		refold__begin_effect((int32_t)count); \
		return refold__outcome(REFOLD_DONE, count); \
	}

/* REFOLD_CONFIGURE lets an executor take a configuration.
 *
 *   configure: refold_text configure(refold_text json): empty, or why it is refused;
 *              what is to be kept of the text has to be copied
 */
#define REFOLD_CONFIGURE(configure) \
	__attribute__((export_name("refold_configure"))) uint64_t refold_configure(const char *text, uint32_t length) { \
		refold_text why = configure((refold_text){text, length}); \
		return refold__span(why.at, why.length); \
	}

#endif
