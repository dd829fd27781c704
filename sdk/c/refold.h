/* refold.h: the kit for Refold projections in C, one header, no libc.
 *
 *   clang --target=wasm32 -nostdlib -O2 -mbulk-memory -Wl,--no-entry,--stack-first -o name.wasm name.c
 *
 * Include it in one source file, write a fold, and end with REFOLD_UNKEYED or
 * REFOLD_KEYED. README.md shows both. ABI.md, one folder up, is the
 * specification of what lies behind.
 *
 * Texts are refold_text: bytes and a length, without a final zero. What an
 * event returns is valid until the fold of the batch ends; refold_keep copies
 * what must live longer.
 */
#ifndef REFOLD_H
#define REFOLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- memory ------------------------------------------------------------- */

__attribute__((import_module("refold"), import_name("log")))
void refold__log(int32_t level, const void *text, uint32_t length);
__attribute__((import_module("refold"), import_name("begin_event")))
void refold__begin_event(int32_t index);

/* refold_keep returns size bytes, 8-aligned and zero, for good; NULL when memory
 * is out. A resident projection builds its state of them. Define REFOLD_LIBC
 * where a C library is linked, which then owns the memory. */
#ifdef REFOLD_LIBC
#include <stdlib.h>
static inline void *refold_keep(uint32_t size) { return calloc(1, size ? size : 1); }
static inline void refold__drop(void *p) { free(p); }
#else
static inline void refold__drop(void *p) { (void)p; }

extern unsigned char __heap_base;
static uint32_t refold__heap;

static inline void *refold_keep(uint32_t size) {
	if (refold__heap == 0) refold__heap = ((uint32_t)&__heap_base + 7) & ~7u;
	uint64_t end = (uint64_t)refold__heap + (((uint64_t)size + 7) & ~7ull);
	uint64_t have = (uint64_t)__builtin_wasm_memory_size(0) << 16;
	if (end > have) {
		uint64_t pages = (end - have + 0xffff) >> 16;
		if (end > 0xffff0000ull || __builtin_wasm_memory_grow(0, (size_t)pages) == (size_t)-1) return NULL;
	}
	void *p = (void *)refold__heap;
	refold__heap = (uint32_t)end;
	return p;
}
#endif

static inline void refold_copy(void *to, const void *from, uint32_t n) {
#ifdef REFOLD_LIBC
	__builtin_memcpy(to, from, n);
	return;
#endif
	unsigned char *t = to;
	const unsigned char *f = from;
	for (uint32_t i = 0; i < n; i++) t[i] = f[i];
}

static inline bool refold_same(const void *a, const void *b, uint32_t n) {
	const unsigned char *x = a, *y = b;
	for (uint32_t i = 0; i < n; i++) if (x[i] != y[i]) return false;
	return true;
}

#ifndef REFOLD_LIBC
/* The compiler may turn the loops above into calls of these. */
__attribute__((weak)) void *memcpy(void *to, const void *from, size_t n) {
	__asm__ volatile("" ::: "memory");
	unsigned char *t = to;
	const unsigned char *f = from;
	while (n--) { *t++ = *f++; __asm__ volatile("" ::: "memory"); }
	return to;
}
__attribute__((weak)) void *memset(void *to, int c, size_t n) {
	unsigned char *t = to;
	while (n--) { *t++ = (unsigned char)c; __asm__ volatile("" ::: "memory"); }
	return to;
}
#endif

/* ---- texts -------------------------------------------------------------- */

typedef struct { const char *at; uint32_t length; } refold_text;

/* REFOLD_TEXT makes a text of a string literal. */
#define REFOLD_TEXT(literal) ((refold_text){(literal), sizeof(literal) - 1})

static inline bool refold_equal(refold_text a, refold_text b) {
	return a.length == b.length && refold_same(a.at, b.at, a.length);
}

/* refold_compare orders texts by their bytes: below 0, 0 or above 0. */
static inline int refold_compare(refold_text a, refold_text b) {
	uint32_t n = a.length < b.length ? a.length : b.length;
	for (uint32_t i = 0; i < n; i++) {
		int d = (int)(unsigned char)a.at[i] - (int)(unsigned char)b.at[i];
		if (d) return d;
	}
	return a.length < b.length ? -1 : a.length > b.length;
}

/* REFOLD_DEBUG and so on are the levels of log lines. */
enum { REFOLD_DEBUG, REFOLD_INFO, REFOLD_WARN, REFOLD_ERROR };

/* refold_print writes a line to the plugin's log at once. */
static inline void refold_print(int level, refold_text line) {
	refold__log(level, line.at, line.length);
}

/* refold_panic writes why to the log and ends the instance. */
__attribute__((noreturn)) static inline void refold_panic(refold_text why) {
	refold_print(REFOLD_ERROR, why);
	__builtin_trap();
}

/* ---- writing ------------------------------------------------------------ */

/* refold_buffer is a growing run of bytes; {0} is an empty one. */
typedef struct { char *at; uint32_t length, capacity; } refold_buffer;

/* refold_extend appends n bytes and returns where they are. */
static inline char *refold_extend(refold_buffer *b, uint32_t n) {
	if (n > b->capacity - b->length) {
		if (n > (64u << 20) || b->length > (128u << 20)) refold_panic(REFOLD_TEXT("refold: a buffer grows over 64 MiB"));
		uint32_t capacity = 2 * b->capacity + n + 256;
		char *at = refold_keep(capacity);
		if (!at) refold_panic(REFOLD_TEXT("refold: out of memory"));
		refold_copy(at, b->at, b->length);
		refold__drop(b->at);
		b->at = at;
		b->capacity = capacity;
	}
	b->length += n;
	return b->at + b->length - n;
}

static inline void refold_put(refold_buffer *b, refold_text t) {
	refold_copy(refold_extend(b, t.length), t.at, t.length);
}
static inline void refold_put_char(refold_buffer *b, char c) { *refold_extend(b, 1) = c; }

static inline void refold_put_uint(refold_buffer *b, uint64_t v) {
	char digits[20];
	uint32_t n = 0;
	do digits[n++] = (char)('0' + v % 10); while (v /= 10);
	char *to = refold_extend(b, n);
	while (n) *to++ = digits[--n];
}
static inline void refold_put_int(refold_buffer *b, int64_t v) {
	if (v < 0) refold_put_char(b, '-');
	refold_put_uint(b, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

static inline void refold_put_hex(refold_buffer *b, const uint8_t *bytes, uint32_t n) {
	for (uint32_t i = 0; i < n; i++) {
		refold_put_char(b, "0123456789abcdef"[bytes[i] >> 4]);
		refold_put_char(b, "0123456789abcdef"[bytes[i] & 15]);
	}
}

/* refold_put_uuid writes the 36-character form of 16 bytes. */
static inline void refold_put_uuid(refold_buffer *b, const uint8_t *id) {
	for (int i = 0; i < 16; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10) refold_put_char(b, '-');
		refold_put_hex(b, id + i, 1);
	}
}

/* refold__rune returns the length of the UTF-8 sequence at the start of t, or 0
 * if there is none. */
static inline uint32_t refold__rune(refold_text t) {
	const unsigned char *s = (const unsigned char *)t.at;
	unsigned char low = 0x80, high = 0xbf;
	uint32_t n = s[0] < 0xc2 ? 0 : s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : s[0] < 0xf5 ? 4 : 0;
	if (s[0] < 0x80) return 1;
	if (n == 0 || n > t.length) return 0;
	if (s[0] == 0xe0) low = 0xa0;
	if (s[0] == 0xed) high = 0x9f;
	if (s[0] == 0xf0) low = 0x90;
	if (s[0] == 0xf4) high = 0x8f;
	if (s[1] < low || s[1] > high) return 0;
	for (uint32_t i = 2; i < n; i++) if (s[i] < 0x80 || s[i] > 0xbf) return 0;
	return n;
}

/* refold_put_string writes a JSON string. What is not UTF-8 becomes U+FFFD. */
static inline void refold_put_string(refold_buffer *b, refold_text t) {
	refold_put_char(b, '"');
	while (t.length) {
		unsigned char c = (unsigned char)*t.at;
		uint32_t n = refold__rune(t);
		if (n == 0) { refold_put(b, REFOLD_TEXT("\xef\xbf\xbd")); n = 1; }
		else if (c == '"' || c == '\\') { refold_put_char(b, '\\'); refold_put_char(b, (char)c); }
		else if (c == '\n') refold_put(b, REFOLD_TEXT("\\n"));
		else if (c == '\r') refold_put(b, REFOLD_TEXT("\\r"));
		else if (c == '\t') refold_put(b, REFOLD_TEXT("\\t"));
		else if (c < ' ') { refold_put(b, REFOLD_TEXT("\\u00")); refold_put_hex(b, &c, 1); }
		else refold_put(b, (refold_text){t.at, n});
		t.at += n;
		t.length -= n;
	}
	refold_put_char(b, '"');
}

/* A JSON object is written between refold_open and refold_close, name by name. */
static inline void refold_open(refold_buffer *b) { refold_put_char(b, '{'); }
static inline void refold_close(refold_buffer *b) { refold_put_char(b, '}'); }
static inline void refold_name(refold_buffer *b, refold_text name) {
	if (b->at[b->length - 1] != '{') refold_put_char(b, ',');
	refold_put_string(b, name);
	refold_put_char(b, ':');
}
static inline void refold_member_text(refold_buffer *b, refold_text name, refold_text value) {
	refold_name(b, name);
	refold_put_string(b, value);
}
static inline void refold_member_int(refold_buffer *b, refold_text name, int64_t value) {
	refold_name(b, name);
	refold_put_int(b, value);
}
static inline void refold_member_uint(refold_buffer *b, refold_text name, uint64_t value) {
	refold_name(b, name);
	refold_put_uint(b, value);
}
/* refold_member_raw adds a value that is JSON text already. */
static inline void refold_member_raw(refold_buffer *b, refold_text name, refold_text json) {
	refold_name(b, name);
	refold_put(b, json);
}

/* refold_find_int returns the integer that a flat JSON object, such as a state
 * that this header wrote, has under a name; 0 if it has none. */
static inline int64_t refold_find_int(refold_text object, refold_text name) {
	for (uint32_t i = 1; i + name.length + 2 < object.length; i++) {
		const char *at = object.at + i;
		if (at[-1] != '"' || !refold_same(at, name.at, name.length)) continue;
		if (at[name.length] != '"' || at[name.length + 1] != ':') continue;
		const char *end = object.at + object.length;
		at += name.length + 2;
		bool negative = at < end && *at == '-';
		if (negative) at++;
		uint64_t v = 0;
		while (at < end && *at >= '0' && *at <= '9') v = v * 10 + (uint64_t)(*at++ - '0');
		return (int64_t)(negative ? 0 - v : v);
	}
	return 0;
}

/* ---- reading a batch ---------------------------------------------------- */

static inline uint32_t refold__u32(const char *p) { uint32_t v; __builtin_memcpy(&v, p, 4); return v; }
static inline uint64_t refold__u64(const char *p) { uint64_t v; __builtin_memcpy(&v, p, 8); return v; }
static inline void refold__set16(char *p, uint32_t v) { p[0] = (char)v; p[1] = (char)(v >> 8); }
static inline void refold__set32(char *p, uint32_t v) { __builtin_memcpy(p, &v, 4); }

/* refold_event is an event record of a batch. */
typedef struct {
	const char *frame, *record;
	refold_text key;   /* of the group; {NULL, 0} for an unkeyed one */
	uint32_t index;    /* in the batch */
	uint32_t slots;    /* slots per event */
} refold_event;

static inline refold_text refold__name(const char *frame, uint32_t table, uint32_t i) {
	const char *entry = frame + refold__u32(frame + table) + 8 * i;
	return (refold_text){frame + refold__u32(entry), refold__u32(entry + 4)};
}
static inline refold_text refold__ref(const char *base, const char *field) {
	return (refold_text){base + refold__u32(field), refold__u32(field + 4)};
}

static inline uint64_t refold_position(const refold_event *e) { return refold__u64(e->record + 8); }
static inline uint64_t refold_version(const refold_event *e) { return refold__u64(e->record + 16); }
/* refold_time is in Unix nanoseconds. */
static inline int64_t refold_time(const refold_event *e) { return (int64_t)refold__u64(e->record + 24); }
/* The ids have 16 bytes. */
static inline const uint8_t *refold_id(const refold_event *e) { return (const uint8_t *)e->record + 32; }
static inline const uint8_t *refold_aggregate_id(const refold_event *e) { return (const uint8_t *)e->record + 48; }
static inline const uint8_t *refold_correlation_id(const refold_event *e) { return (const uint8_t *)e->record + 64; }
/* refold_causation_id is NULL for an event without one. */
static inline const uint8_t *refold_causation_id(const refold_event *e) {
	return refold__u32(e->record + 4) & 1 ? (const uint8_t *)e->record + 80 : NULL;
}
/* refold_type_index is the type's place in the manifest's events. */
static inline uint32_t refold_type_index(const refold_event *e) { return refold__u32(e->record + 96); }
static inline refold_text refold_type(const refold_event *e) { return refold__name(e->frame, 28, refold_type_index(e)); }
static inline refold_text refold_aggregate_type(const refold_event *e) { return refold__name(e->frame, 36, refold__u32(e->record + 100)); }
static inline uint32_t refold_schema_version(const refold_event *e) { return refold__u32(e->record + 104); }
/* refold_data is the payload as JSON text. */
static inline refold_text refold_data(const refold_event *e) { return refold__ref(e->record, e->record + 112); }
/* refold_metadata is JSON text; false if there is none. */
static inline bool refold_metadata(const refold_event *e, refold_text *out) {
	*out = refold__ref(e->record, e->record + 120);
	return refold__u32(e->record + 4) & 2;
}

/* ---- slots: the manifest's fields, by their place in it ------------------ */

enum {
	REFOLD_NULL, REFOLD_BOOL, REFOLD_I64, REFOLD_F64, REFOLD_STRING,
	REFOLD_BYTES, REFOLD_UUID, REFOLD_TIME, REFOLD_JSON
};

static inline const char *refold__slot(const refold_event *e, uint32_t i) {
	static const char null[16];
	return i < e->slots ? e->record + refold__u32(e->record + 108) + 16 * i : null;
}
static inline uint32_t refold_slot_kind(const refold_event *e, uint32_t i) { return refold__u32(refold__slot(e, i)); }

/* refold_int is the integer in an i64 or time slot, else 0. */
static inline int64_t refold_int(const refold_event *e, uint32_t i) {
	const char *s = refold__slot(e, i);
	uint32_t kind = refold__u32(s);
	return kind == REFOLD_I64 || kind == REFOLD_TIME ? (int64_t)refold__u64(s + 8) : 0;
}
/* refold_float is the number in an f64 or i64 slot, else 0. */
static inline double refold_float(const refold_event *e, uint32_t i) {
	const char *s = refold__slot(e, i);
	double v = 0;
	if (refold__u32(s) == REFOLD_I64) return (double)(int64_t)refold__u64(s + 8);
	if (refold__u32(s) == REFOLD_F64) __builtin_memcpy(&v, s + 8, 8);
	return v;
}
static inline bool refold_bool(const refold_event *e, uint32_t i) {
	const char *s = refold__slot(e, i);
	return refold__u32(s) == REFOLD_BOOL && refold__u64(s + 8);
}
/* refold_bytes is what a string, bytes, UUID or JSON slot refers to, else empty. */
static inline refold_text refold_bytes(const refold_event *e, uint32_t i) {
	const char *s = refold__slot(e, i);
	uint32_t kind = refold__u32(s);
	if (kind < REFOLD_STRING || kind == REFOLD_TIME) return (refold_text){NULL, 0};
	return (refold_text){e->record + refold__u32(s + 8), refold__u32(s + 4)};
}

/* ---- effects ------------------------------------------------------------ */

/* refold_effects collects what a fold asks for. Everything is copied. */
typedef struct {
	refold_buffer result;  /* header, then effect records */
	refold_buffer groups;  /* group results */
	refold_buffer states;
	refold_buffer scratch; /* for rows: see refold_row */
	uint32_t cause, count;
	bool remove_state;
} refold_effects;

static inline void refold__pad(refold_buffer *b) {
	while (b->length & 7) refold_put_char(b, 0);
}

static inline void refold__effect(refold_effects *out, uint32_t kind, uint32_t level, refold_text name, refold_text key, refold_text body) {
	uint32_t length = (48 + name.length + key.length + body.length + 7) & ~7u;
	uint32_t start = out->result.length;
	char *r = refold_extend(&out->result, 48);
	for (int i = 0; i < 48; i++) r[i] = 0;
	refold__set32(r, length);
	refold__set16(r + 4, kind);
	refold__set16(r + 6, level);
	refold__set32(r + 8, out->cause);
	const refold_text texts[3] = {name, key, body};
	uint32_t at = 48;
	for (int i = 0; i < 3; i++) {
		r = out->result.at + start;
		refold__set32(r + 16 + 8 * i, at);
		refold__set32(r + 20 + 8 * i, texts[i].length);
		refold_put(&out->result, texts[i]);
		at += texts[i].length;
	}
	refold__pad(&out->result);
	out->count++;
}

static inline refold_text refold__written(const refold_buffer *b) { return (refold_text){b->at, b->length}; }

/* refold_row returns an empty buffer for a row. It is the same one at every
 * call, so hand it over before the next. */
static inline refold_buffer *refold_row(refold_effects *out) {
	out->scratch.length = 0;
	return &out->scratch;
}
/* refold_insert writes a whole row; the row is a JSON object. */
static inline void refold_insert(refold_effects *out, refold_text table, const refold_buffer *row) {
	refold__effect(out, 1, 0, table, (refold_text){0}, refold__written(row));
}
/* refold_update changes some columns of the row with a primary key. */
static inline void refold_update(refold_effects *out, refold_text table, refold_text key, const refold_buffer *columns) {
	refold__effect(out, 2, 0, table, key, refold__written(columns));
}
/* refold_delete removes the row with a primary key. */
static inline void refold_delete(refold_effects *out, refold_text table, refold_text key) {
	refold__effect(out, 3, 0, table, key, (refold_text){0});
}
/* refold_ask asks for a read whose answer becomes an event. */
static inline void refold_ask(refold_effects *out, refold_text query, const refold_buffer *parameters) {
	refold__effect(out, 4, 0, query, (refold_text){0}, refold__written(parameters));
}
/* refold_log writes a line to the operator's log, as an effect. */
static inline void refold_log(refold_effects *out, int level, refold_text line) {
	refold__effect(out, 5, (uint32_t)level, (refold_text){0}, (refold_text){0}, line);
}
/* refold_emit appends an event to the log; the data is a JSON object. */
static inline void refold_emit(refold_effects *out, refold_text type, const refold_buffer *data) {
	refold__effect(out, 6, 0, type, (refold_text){0}, refold__written(data));
}
/* refold_remove_state removes the event's key and its state, once the fold of
 * the event returns. The key's next event starts from a state of zeros. */
static inline void refold_remove_state(refold_effects *out) { out->remove_state = true; }

/* ---- the exports -------------------------------------------------------- */

static refold_effects refold__out;
static refold_buffer refold__input, refold__answer;

static inline uint64_t refold__span(const void *at, uint32_t length) { return (uint64_t)(uint32_t)at << 32 | length; }

__attribute__((export_name("refold_abi_v1"))) void refold_abi_v1(void) {}

__attribute__((export_name("refold_alloc"))) void *refold_alloc(uint32_t size) {
	if (size > (64u << 20)) return NULL;
	if (size + 8 > refold__input.capacity || !refold__input.at) { /* 8: a reader may end the last text with a zero */
		uint32_t capacity = 2 * refold__input.capacity > size + 8 ? 2 * refold__input.capacity : size + 8;
		char *at = refold_keep(capacity);
		if (!at) return NULL;
		refold__drop(refold__input.at);
		refold__input.at = at;
		refold__input.capacity = capacity;
	}
	return refold__input.at;
}

static inline void refold__header(refold_buffer *b, uint32_t status) {
	char *h = b->at;
	refold__set32(h, 0x31524652); /* "RFR1" */
	refold__set32(h + 4, b->length);
	refold__set16(h + 8, 1);
	refold__set32(h + 12, status);
}

static inline void refold__reset(refold_effects *out) {
	out->result.length = out->groups.length = out->states.length = out->count = 0;
	char *h = refold_extend(&out->result, 48);
	for (int i = 0; i < 48; i++) h[i] = 0;
}

static inline uint64_t refold__reject(refold_effects *out, uint32_t event, const char *why) {
	uint32_t length = 0;
	while (why[length]) length++;
	refold__reset(out);
	refold_put(&out->result, (refold_text){why, length});
	refold__header(&out->result, 1);
	refold__set32(out->result.at + 32, event);
	refold__set32(out->result.at + 36, 48);
	refold__set32(out->result.at + 40, length);
	return refold__span(out->result.at, out->result.length);
}

static inline uint64_t refold__finish(refold_effects *out) {
	uint32_t groups = out->result.length, states = groups + out->groups.length;
	for (uint32_t i = 0; i < out->groups.length; i += 16) {
		char *g = out->groups.at + i;
		if (refold__u32(g + 12)) refold__set32(g + 8, refold__u32(g + 8) + states);
	}
	refold_put(&out->result, refold__written(&out->groups));
	refold_put(&out->result, refold__written(&out->states));
	refold__header(&out->result, 0);
	refold__set32(out->result.at + 16, out->groups.length / 16);
	refold__set32(out->result.at + 20, groups);
	refold__set32(out->result.at + 24, out->count);
	refold__set32(out->result.at + 28, 48);
	return refold__span(out->result.at, out->result.length);
}

/* refold__group_result says what became of a group: 1 set, 2 remove. */
static inline void refold__group_result(refold_effects *out, uint32_t group, uint32_t disposition, uint32_t at, uint32_t length) {
	char *g = refold_extend(&out->groups, 16);
	refold__set32(g, group);
	refold__set32(g + 4, disposition);
	refold__set32(g + 8, at);
	refold__set32(g + 12, length);
}

/* refold__begin marks the start of an event. */
static inline void refold__begin(refold_effects *out, uint32_t index) {
	out->cause = index;
	out->remove_state = false;
	refold__begin_event((int32_t)index);
}

/* refold__end marks the end of the last event. */
static inline void refold__end(const char *batch) {
	refold__begin_event((int32_t)refold__u32(batch + 12));
}

/* REFOLD__EVENTS runs its body for each event e of the group record g. */
#define REFOLD__EVENTS(batch, g) \
	refold_event e = {(batch), (batch) + refold__u32((g) + 28), {NULL, 0}, refold__u32((g) + 20), refold__u32((batch) + 48)}; \
	if (refold__u32((g) + 16) & 2) e.key = refold__ref((batch), (g)); \
	uint32_t last = e.index + refold__u32((g) + 24); \
	for (; e.index < last; e.record += refold__u32(e.record), e.index++)

#define REFOLD__DESCRIBE(manifest) \
	__attribute__((export_name("refold_describe"))) uint64_t refold_describe(void) { \
		static const char text[] = manifest; \
		return refold__span(text, sizeof text - 1); \
	}

/* REFOLD_UNKEYED ends a stateless or resident projection.
 *
 *   manifest: the manifest's JSON, a string literal
 *   fold:     const char *fold(const refold_event *e, refold_effects *out)
 *             NULL, or why the event is rejected
 */
#define REFOLD_UNKEYED(manifest, fold) \
	REFOLD__DESCRIBE(manifest) \
	__attribute__((export_name("refold_fold"))) uint64_t refold_fold(const char *batch, uint32_t length) { \
		(void)length; \
		refold_effects *out = &refold__out; \
		refold__reset(out); \
		const char *g = batch + refold__u32(batch + 20); \
		for (uint32_t n = refold__u32(batch + 16); n; n--, g += 32) { \
			REFOLD__EVENTS(batch, g) { \
				refold__begin(out, e.index); \
				const char *why = fold(&e, out); \
				if (why) return refold__reject(out, e.index, why); \
			} \
		} \
		refold__end(batch); \
		return refold__finish(out); \
	}

/* REFOLD_KEYED ends a keyed projection.
 *
 *   state: the type of a key's state; all zeros for a key without one
 *   load:  bool load(state *s, refold_text text): false for a broken text
 *   fold:  const char *fold(state *s, const refold_event *e, refold_effects *out)
 *          NULL, or why the event is rejected
 *   save:  void save(const state *s, refold_buffer *text): the inverse of load
 */
#define REFOLD_KEYED(manifest, state, load, fold, save) \
	REFOLD__DESCRIBE(manifest) \
	static const char *refold__fold_group(const char *batch, const char *g, uint32_t index, uint32_t *at) { \
		static const state zero; \
		refold_effects *out = &refold__out; \
		state s = zero; \
		*at = refold__u32(g + 20); \
		if (refold__u32(g + 24) == 0) return NULL; \
		refold__begin(out, *at); \
		if (refold__u32(g + 16) & 1 && !load(&s, refold__ref(batch, g + 8))) return "the key's state is broken"; \
		REFOLD__EVENTS(batch, g) { \
			if (e.index != *at) refold__begin(out, e.index); \
			*at = e.index; \
			const char *why = fold(&s, &e, out); \
			if (why) return why; \
			if (out->remove_state) s = zero; \
		} \
		if (out->remove_state) { \
			refold__group_result(out, index, 2, 0, 0); \
			return NULL; \
		} \
		uint32_t start = out->states.length; \
		save(&s, &out->states); \
		refold__group_result(out, index, 1, start, out->states.length - start); \
		refold__pad(&out->states); \
		return NULL; \
	} \
	__attribute__((export_name("refold_fold"))) uint64_t refold_fold(const char *batch, uint32_t length) { \
		(void)length; \
		refold__reset(&refold__out); \
		const char *g = batch + refold__u32(batch + 20); \
		uint32_t groups = refold__u32(batch + 16); \
		for (uint32_t i = 0, at; i < groups; i++, g += 32) { \
			const char *why = refold__fold_group(batch, g, i, &at); \
			if (why) return refold__reject(&refold__out, at, why); \
		} \
		refold__end(batch); \
		return refold__finish(&refold__out); \
	}

/* REFOLD_QUERY lets a resident projection answer reads.
 *
 *   query: void query(refold_text query, refold_buffer *answer): JSON text; an
 *          empty query asks for everything, an empty answer refuses the query
 */
#define REFOLD_QUERY(query) \
	__attribute__((export_name("refold_query"))) uint64_t refold_query(const char *text, uint32_t length) { \
		refold__answer.length = 0; \
		query((refold_text){text, length}, &refold__answer); \
		return refold__span(refold__answer.at, refold__answer.length); \
	}

#endif
