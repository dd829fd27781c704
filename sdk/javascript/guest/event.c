/* event.c is the object that a handler gets for an event. It holds nothing: its
 * properties read the event record in the batch, when they are asked for. They are
 * its own all the same, so that it can be listed and copied. An event that outlives
 * its handler, for the script has kept it, gets them as values. */
#include <stdio.h>
#include <string.h>

#include "guest.h"

enum {
	IS_JSON, DATA, DATA_TEXT, METADATA, METADATA_TEXT, NOTHING, EVENT_TYPE, STREAM, SEQUENCE, ID,
	CATEGORY, PARTITION, POSITION, VERSION, TIME, NANOS, AGGREGATE_TYPE, AGGREGATE, SCHEMA, CORRELATION,
	CAUSATION, KEY, TYPE_INDEX, CREATED, FIELDS, SLOTS
};

static JSClassID class_id;

/* names are the strings of a name table, made once a batch. */
typedef struct { JSValue *list; uint32_t count, room; } names;
static names types, aggregate_types;

/* The fields of the manifest, and whether an event's partition is its stream. */
static struct { JSAtom *paths; uint32_t count; } fields;
static bool by_stream;

static JSValue text_of(JSContext *ctx, refold_text t) { return JS_NewStringLen(ctx, t.at ? t.at : "", t.length); }

static void make_names(JSContext *ctx, names *n, const char *batch, uint32_t header) {
	n->count = refold__u32(batch + header);
	if (n->count > n->room) {
		n->room = 2 * n->count;
		free(n->list);
		n->list = refold_keep(n->room * sizeof(JSValue));
		if (!n->list) refold_panic(REFOLD_TEXT("out of memory"));
	}
	for (uint32_t i = 0; i < n->count; i++) n->list[i] = text_of(ctx, refold__name(batch, header + 4, i));
}

static void free_names(JSContext *ctx, names *n) {
	for (uint32_t i = 0; i < n->count; i++) JS_FreeValue(ctx, n->list[i]);
	n->count = 0;
}

void event_names(JSContext *ctx, const char *batch) {
	make_names(ctx, &types, batch, 24);
	make_names(ctx, &aggregate_types, batch, 32);
}

void event_forget(JSContext *ctx) {
	free_names(ctx, &types);
	free_names(ctx, &aggregate_types);
}

static JSValue name_of(JSContext *ctx, const names *n, uint32_t i) {
	return i < n->count ? JS_DupValue(ctx, n->list[i]) : JS_UNDEFINED;
}

void event_definition(JSContext *ctx, JSValueConst paths, bool partitioned_by_stream) {
	int64_t count = 0;
	by_stream = partitioned_by_stream;
	JS_GetLength(ctx, paths, &count);
	fields.paths = refold_keep((uint32_t)count * sizeof(JSAtom) + 8);
	if (!fields.paths) refold_panic(REFOLD_TEXT("out of memory"));
	for (fields.count = 0; fields.count < (uint32_t)count; fields.count++) {
		JSValue path = JS_GetPropertyUint32(ctx, paths, fields.count);
		fields.paths[fields.count] = JS_ValueToAtom(ctx, path);
		JS_FreeValue(ctx, path);
	}
}

static JSValue uuid_of(JSContext *ctx, const uint8_t *id) {
	static refold_buffer text;
	if (!id) return JS_NULL;
	text.length = 0;
	refold_put_uuid(&text, id);
	return JS_NewStringLen(ctx, text.at, text.length);
}

/* exact returns a number, or a BigInt where a number would not be exact. */
static JSValue exact(JSContext *ctx, int64_t v) {
	const int64_t max = (1ll << 53) - 1;
	return v >= -max && v <= max ? JS_NewInt64(ctx, v) : JS_NewBigInt64(ctx, v);
}
static JSValue exact_unsigned(JSContext *ctx, uint64_t v) {
	return v >> 53 ? JS_NewBigUint64(ctx, v) : JS_NewInt64(ctx, (int64_t)v);
}

static JSValue date_of(JSContext *ctx, int64_t nanos) {
	int64_t ms = nanos / 1000000 - (nanos % 1000000 < 0);
	return JS_NewDate(ctx, (double)ms);
}

/* created_of is a time as KurrentDB has it: text, in UTC, to 100 nanoseconds. */
static JSValue created_of(JSContext *ctx, int64_t nanos) {
	const int64_t second = 10000000, whole_day = 24 * 3600 * second;
	int64_t ticks = nanos / 100 - (nanos % 100 < 0);
	int64_t day = ticks / whole_day - (ticks % whole_day < 0), in_day = ticks - day * whole_day;
	/* Years begin in March here, so that a leap day is the last of its year; no time
	 * in nanoseconds lies before the year 0. */
	day += 719468;
	int64_t era = day / 146097, in_era = day % 146097;
	int64_t year = (in_era - in_era / 1460 + in_era / 36524 - in_era / 146096) / 365;
	int64_t in_year = in_era - (365 * year + year / 4 - year / 100), month = (5 * in_year + 2) / 153;
	char text[64];
	snprintf(text, sizeof text, "%04d-%02d-%02dT%02d:%02d:%02d.%07dZ", (int)(400 * era + year + (month > 9)),
		(int)(month > 9 ? month - 9 : month + 3), (int)(in_year - (153 * month + 2) / 5 + 1),
		(int)(in_day / (3600 * second)), (int)(in_day / (60 * second) % 60), (int)(in_day / second % 60), (int)(in_day % second));
	return JS_NewString(ctx, text);
}

/* aggregate_of is the aggregate as type-id. */
static JSValue aggregate_of(JSContext *ctx, const refold_event *e) {
	static refold_buffer text;
	text.length = 0;
	refold_put(&text, refold_aggregate_type(e));
	refold_put_char(&text, '-');
	refold_put_uuid(&text, refold_aggregate_id(e));
	return JS_NewStringLen(ctx, text.at, text.length);
}

static JSValue name_in_metadata; /* the kit's streamOf */
void event_streams(JSValue stream_of) { name_in_metadata = stream_of; }

static bool has_stream(refold_text metadata) {
	static const char member[] = "\"stream\"";
	for (uint32_t i = 0; i + sizeof member - 1 <= metadata.length; i++) {
		if (memcmp(metadata.at + i, member, sizeof member - 1) == 0) return true;
	}
	return false;
}

/* stream_of is the stream's name: that of elsewhere, where the metadata have it, or
 * the aggregate as type-id. */
static JSValue stream_of(JSContext *ctx, const refold_event *e) {
	refold_text metadata;
	JSValue aggregate = aggregate_of(ctx, e);
	if (!refold_metadata(e, &metadata) || !has_stream(metadata)) return aggregate;
	JSValue args[2] = {text_of(ctx, metadata), aggregate};
	JSValue name = JS_Call(ctx, name_in_metadata, JS_UNDEFINED, 2, args);
	JS_FreeValue(ctx, args[0]);
	if (JS_IsUndefined(name)) return aggregate;
	JS_FreeValue(ctx, aggregate);
	return name;
}

/* category_of is what a stream's name has before its first dash: the aggregate's
 * type, or as it is written elsewhere. */
static JSValue category_of(JSContext *ctx, const refold_event *e) {
	refold_text metadata;
	JSValue type = name_of(ctx, &aggregate_types, refold__u32(e->record + 100));
	if (!refold_metadata(e, &metadata) || !has_stream(metadata)) return type;
	JS_FreeValue(ctx, type);
	JSValue stream = stream_of(ctx, e);
	const char *text = JS_IsException(stream) ? NULL : JS_ToCString(ctx, stream);
	JS_FreeValue(ctx, stream);
	if (!text) return JS_EXCEPTION;
	JSValue out = JS_NewStringLen(ctx, text, strcspn(text, "-"));
	JS_FreeCString(ctx, text);
	return out;
}

/* slot_value is a slot as JavaScript has it. */
static JSValue slot_value(JSContext *ctx, const refold_event *e, uint32_t i) {
	refold_text bytes = refold_bytes(e, i);
	switch (refold_slot_kind(e, i)) {
	case REFOLD_BOOL: return JS_NewBool(ctx, refold_bool(e, i));
	case REFOLD_I64: return exact(ctx, refold_int(e, i));
	case REFOLD_F64: return JS_NewFloat64(ctx, refold_float(e, i));
	case REFOLD_STRING: return text_of(ctx, bytes);
	case REFOLD_BYTES: return JS_NewUint8ArrayCopy(ctx, (const uint8_t *)bytes.at, bytes.length);
	case REFOLD_UUID: return uuid_of(ctx, (const uint8_t *)bytes.at);
	case REFOLD_TIME: return date_of(ctx, refold_int(e, i));
	case REFOLD_JSON: return json_parse(ctx, bytes, "a field");
	}
	return JS_NULL;
}

static JSValue fields_of(JSContext *ctx, const refold_event *e) {
	JSValue object = JS_NewObjectProto(ctx, JS_NULL);
	for (uint32_t i = 0; i < fields.count; i++) {
		JSValue v = slot_value(ctx, e, i);
		if (JS_IsException(v) || JS_DefinePropertyValue(ctx, object, fields.paths[i], v, JS_PROP_C_W_E) < 0) {
			JS_FreeValue(ctx, object);
			return JS_EXCEPTION;
		}
	}
	return object;
}

/* exact_slot is a slot's value without loss: times in nanoseconds, JSON as text. */
static JSValue exact_slot(JSContext *ctx, const refold_event *e, uint32_t i) {
	switch (refold_slot_kind(e, i)) {
	case REFOLD_TIME: return JS_NewBigInt64(ctx, refold_int(e, i));
	case REFOLD_JSON: return text_of(ctx, refold_bytes(e, i));
	}
	return slot_value(ctx, e, i);
}

static JSValue slots_of(JSContext *ctx, const refold_event *e) {
	static const char *const kinds[] = {"null", "bool", "i64", "f64", "string", "bytes", "uuid", "time", "json"};
	JSValue list = JS_NewArray(ctx);
	for (uint32_t i = 0; i < fields.count; i++) {
		JSValue slot = JS_NewObject(ctx);
		uint32_t kind = refold_slot_kind(e, i);
		JS_SetPropertyStr(ctx, slot, "kind", JS_NewString(ctx, kind < 9 ? kinds[kind] : "null"));
		JS_SetPropertyStr(ctx, slot, "value", exact_slot(ctx, e, i));
		JS_SetPropertyUint32(ctx, list, i, slot);
	}
	return list;
}

static JSValue property_of(JSContext *ctx, const refold_event *e, int what) {
	refold_text metadata;
	switch (what) {
	case IS_JSON: return JS_TRUE;
	case DATA: return json_parse(ctx, refold_data(e), "the event's data");
	case DATA_TEXT: return text_of(ctx, refold_data(e));
	case METADATA: return refold_metadata(e, &metadata) && metadata.length ? json_parse(ctx, metadata, "the event's metadata") : JS_NULL;
	case METADATA_TEXT: return refold_metadata(e, &metadata) ? text_of(ctx, metadata) : JS_NULL;
	case EVENT_TYPE: return name_of(ctx, &types, refold_type_index(e));
	case STREAM: return stream_of(ctx, e);
	case SEQUENCE: return exact_unsigned(ctx, refold_version(e) - 1);
	case ID: return uuid_of(ctx, refold_id(e));
	case CATEGORY: return category_of(ctx, e);
	case AGGREGATE_TYPE: return name_of(ctx, &aggregate_types, refold__u32(e->record + 100));
	case PARTITION: return by_stream ? stream_of(ctx, e) : text_of(ctx, e->key);
	case KEY: return text_of(ctx, e->key);
	case POSITION: return exact_unsigned(ctx, refold_position(e));
	case VERSION: return exact_unsigned(ctx, refold_version(e));
	case TIME: return date_of(ctx, refold_time(e));
	case CREATED: return created_of(ctx, refold_time(e));
	case NANOS: return JS_NewBigInt64(ctx, refold_time(e));
	case AGGREGATE: return uuid_of(ctx, refold_aggregate_id(e));
	case SCHEMA: return JS_NewInt64(ctx, refold_schema_version(e));
	case CORRELATION: return uuid_of(ctx, refold_correlation_id(e));
	case CAUSATION: return uuid_of(ctx, refold_causation_id(e));
	case TYPE_INDEX: return JS_NewInt64(ctx, refold_type_index(e));
	case FIELDS: return fields_of(ctx, e);
	case SLOTS: return slots_of(ctx, e);
	}
	return JS_NULL;
}

/* made holds the values that are made once for an event, so that they are the same
 * at each look; an event's partition may be said by the kit. */
static struct { bool known; JSValue value; } made[SLOTS + 1];

static bool is_made_once(int what) { return what == DATA || what == METADATA || what == FIELDS || what == TIME || what == PARTITION || what == STREAM; }

static void keep(JSContext *ctx, int what, JSValueConst v) {
	if (made[what].known) JS_FreeValue(ctx, made[what].value);
	made[what].known = true;
	made[what].value = JS_DupValue(ctx, v);
}

static void forget_made(JSContext *ctx) {
	for (int i = 0; i <= SLOTS; i++) {
		if (made[i].known) JS_FreeValue(ctx, made[i].value);
		made[i].known = false;
	}
}

/* properties are an event's own: those of KurrentDB, in its order, and behind them
 * the others, which are not listed: so a copy of an event, and its JSON, are what
 * they are there. */
static const struct { const char *name; int what; } properties[] = {
	{"partition", PARTITION}, {"created", CREATED}, {"bodyRaw", DATA_TEXT}, {"metadataRaw", METADATA_TEXT}, {"streamId", STREAM}, {"eventId", ID},
	{"eventType", EVENT_TYPE}, {"linkMetadataRaw", NOTHING}, {"isJson", IS_JSON}, {"category", CATEGORY}, {"sequenceNumber", SEQUENCE},
	{"body", DATA}, {"data", DATA}, {"metadata", METADATA}, {"linkMetadata", NOTHING},
	{"fields", FIELDS}, {"key", KEY}, {"position", POSITION}, {"version", VERSION}, {"time", TIME}, {"timeNanos", NANOS},
	{"aggregateType", AGGREGATE_TYPE}, {"aggregateId", AGGREGATE}, {"schemaVersion", SCHEMA}, {"correlationId", CORRELATION},
	{"causationId", CAUSATION}, {"typeIndex", TYPE_INDEX}, {"slots", SLOTS},
};
enum { LISTED = 15, PROPERTIES = sizeof properties / sizeof *properties };
static JSAtom names_of[PROPERTIES];

/* An event's opaque is this while its handler runs, and then the object with the
 * values of its properties. */
static char in_batch;
static bool is_released;

static void finalize(JSRuntime *rt, JSValueConst event) {
	void *opaque = JS_GetOpaque(event, class_id);
	if (opaque == &in_batch) is_released = true;
	else if (opaque) JS_FreeValueRT(rt, JS_MKPTR(JS_TAG_OBJECT, opaque));
}

static void mark(JSRuntime *rt, JSValueConst event, JS_MarkFunc *mark) {
	void *opaque = JS_GetOpaque(event, class_id);
	if (opaque && opaque != &in_batch) JS_MarkValue(rt, JS_MKPTR(JS_TAG_OBJECT, opaque), mark);
}

static JSValue get(JSContext *ctx, JSValueConst this, int i) {
	void *opaque = JS_GetOpaque(this, class_id);
	int what = properties[i].what;
	if (opaque != &in_batch) return JS_GetProperty(ctx, JS_MKPTR(JS_TAG_OBJECT, opaque), names_of[i]);
	if (made[what].known) return JS_DupValue(ctx, made[what].value);
	JSValue v = property_of(ctx, &guest_event, what);
	if (!JS_IsException(v) && is_made_once(what)) keep(ctx, what, v);
	return v;
}

/* keep_values makes the event one that lasts. What cannot be read, as JSON that
 * nests too deep, is undefined. */
static void keep_values(JSContext *ctx, JSValueConst event) {
	JSValue values = JS_NewObjectProto(ctx, JS_NULL);
	for (int i = 0; i < PROPERTIES; i++) {
		JSValue v = get(ctx, event, i);
		if (JS_IsException(v)) JS_FreeValue(ctx, JS_GetException(ctx));
		else JS_DefinePropertyValue(ctx, values, names_of[i], v, JS_PROP_C_W_E);
	}
	JS_SetOpaque(event, JS_VALUE_GET_PTR(values));
}

static int own_property(JSContext *ctx, JSPropertyDescriptor *desc, JSValueConst this, JSAtom name) {
	int i = 0;
	while (i < PROPERTIES && names_of[i] != name) i++;
	if (i == PROPERTIES) return 0;
	if (!desc) return 1;
	JSValue v = get(ctx, this, i);
	if (JS_IsException(v)) return -1;
	*desc = (JSPropertyDescriptor){JS_PROP_CONFIGURABLE | (i < LISTED ? JS_PROP_ENUMERABLE : 0), v, JS_UNDEFINED, JS_UNDEFINED};
	return 1;
}

static int own_names(JSContext *ctx, JSPropertyEnum **list, uint32_t *count, JSValueConst this) {
	(void)this;
	*list = js_malloc(ctx, PROPERTIES * sizeof **list);
	if (!*list) return -1;
	for (*count = 0; *count < PROPERTIES; ++*count) (*list)[*count].atom = JS_DupAtom(ctx, names_of[*count]);
	return 0;
}

/* to_json is the event as KurrentDB writes it, in the same order always. */
static JSValue to_json(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
	(void)argc, (void)argv;
	JSValue out = JS_NewObject(ctx);
	for (int i = 0; i < LISTED; i++) {
		JSValue v = JS_GetProperty(ctx, this, names_of[i]);
		if (JS_IsException(v) || JS_DefinePropertyValue(ctx, out, names_of[i], v, JS_PROP_C_W_E) < 0) {
			JS_FreeValue(ctx, out);
			return JS_EXCEPTION;
		}
	}
	return out;
}

static const JSCFunctionListEntry methods[] = {JS_CFUNC_DEF("toJSON", 0, to_json)};

void event_partition(JSContext *ctx, JSValueConst name) { keep(ctx, PARTITION, name); }

void event_class(JSContext *ctx) {
	static JSClassExoticMethods exotic = {.get_own_property = own_property, .get_own_property_names = own_names};
	static const JSClassDef definition = {.class_name = "Event", .exotic = &exotic, .finalizer = finalize, .gc_mark = mark};
	JSRuntime *rt = JS_GetRuntime(ctx);
	JS_NewClassID(rt, &class_id);
	JS_NewClass(rt, class_id, &definition);
	JSValue prototype = JS_NewObject(ctx);
	JS_SetPropertyFunctionList(ctx, prototype, methods, 1);
	JS_SetClassProto(ctx, class_id, prototype);
	for (int i = 0; i < PROPERTIES; i++) names_of[i] = JS_NewAtom(ctx, properties[i].name);
}

JSValue event_new(JSContext *ctx) {
	JSValue object = JS_NewObjectClass(ctx, (int)class_id);
	if (!JS_IsException(object)) JS_SetOpaque(object, &in_batch);
	return object;
}

bool event_end(JSContext *ctx, JSValue event) {
	is_released = false;
	JS_FreeValue(ctx, event);
	bool kept = !is_released;
	if (kept) {
		JSValue last = JS_DupValue(ctx, event);
		keep_values(ctx, last);
		JS_FreeValue(ctx, last);
	}
	forget_made(ctx);
	return kept;
}

bool event_is(JSValueConst v) { return JS_GetClassID(v) == class_id; }

JSValue event_json(JSContext *ctx, JSValueConst event) { return to_json(ctx, event, 0, NULL); }
