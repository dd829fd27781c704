/* json.c reads and writes JSON. Writing is not JSON.stringify: it escapes as the
 * other kits do, writes a BigInt as the number it is, and can hold a value to
 * what comes back from its JSON unchanged. */
#include <math.h>
#include <string.h>

#include "guest.h"

enum { MAX_DEPTH = 512 };

static bool put_value(JSContext *ctx, refold_buffer *to, JSValueConst v, int mode, int depth);

JSValue json_parse(JSContext *ctx, refold_text text, const char *what) {
	char *end = (char *)text.at + text.length; /* QuickJS wants a zero there */
	char kept = *end;
	*end = 0;
	JSValue v = JS_ParseJSON(ctx, text.at, text.length, what);
	*end = kept;
	return v;
}

/* put_text writes a string. Half of a surrogate pair, which UTF-8 has not, is
 * written by its number. */
static void put_text(refold_buffer *to, refold_text t) {
	uint32_t done = 0;
	refold_put_char(to, '"');
	for (uint32_t i = 0; i < t.length; i++) {
		unsigned char c = (unsigned char)t.at[i];
		bool half = c == 0xed && i + 2 < t.length && (unsigned char)t.at[i + 1] >= 0xa0;
		if (c >= 0x20 && c != '"' && c != '\\' && !half) continue;
		refold_put(to, (refold_text){t.at + done, i - done});
		refold_put_char(to, '\\');
		if (c == '"' || c == '\\') refold_put_char(to, (char)c);
		else if (c == '\n') refold_put_char(to, 'n');
		else if (c == '\r') refold_put_char(to, 'r');
		else if (c == '\t') refold_put_char(to, 't');
		else {
			uint32_t unit = c;
			if (half) {
				unit = 0xd000 | ((uint32_t)t.at[i + 1] & 0x3f) << 6 | ((uint32_t)t.at[i + 2] & 0x3f);
				i += 2;
			}
			const uint8_t bytes[2] = {(uint8_t)(unit >> 8), (uint8_t)unit};
			refold_put_char(to, 'u');
			refold_put_hex(to, bytes, 2);
		}
		done = i + 1;
	}
	refold_put(to, (refold_text){t.at + done, t.length - done});
	refold_put_char(to, '"');
}

/* put_plain writes what a value's conversion to a string gives. */
static bool put_plain(JSContext *ctx, refold_buffer *to, JSValueConst v) {
	size_t length;
	const char *text = JS_ToCStringLen(ctx, &length, v);
	if (!text) return false;
	refold_put(to, (refold_text){text, (uint32_t)length});
	JS_FreeCString(ctx, text);
	return true;
}

static bool put_string(JSContext *ctx, refold_buffer *to, JSValueConst v) {
	size_t length;
	const char *text = JS_ToCStringLen(ctx, &length, v);
	if (!text) return false;
	put_text(to, (refold_text){text, (uint32_t)length});
	JS_FreeCString(ctx, text);
	return true;
}

static bool put_number(JSContext *ctx, refold_buffer *to, JSValueConst v, int mode) {
	double d;
	if (JS_VALUE_GET_TAG(v) == JS_TAG_INT) {
		refold_put_int(to, JS_VALUE_GET_INT(v));
		return true;
	}
	if (JS_ToFloat64(ctx, &d, v) < 0) return false;
	if (!isfinite(d)) {
		if (mode == JSON_STATE) return JS_ThrowTypeError(ctx, "the state holds %s, which JSON has not", isnan(d) ? "NaN" : "an infinity"), false;
		refold_put(to, REFOLD_TEXT("null"));
		return true;
	}
	if (d == 0 && signbit(d) && mode == JSON_STATE) refold_put_char(to, '-');
	return put_plain(ctx, to, v);
}

/* converted returns what an object's toJSON gives, or the object itself. */
static JSValue converted(JSContext *ctx, JSValueConst v) {
	static JSAtom name;
	if (name == JS_ATOM_NULL) name = JS_NewAtom(ctx, "toJSON");
	JSValue convert = JS_GetProperty(ctx, v, name);
	if (!JS_IsFunction(ctx, convert)) {
		if (JS_IsException(convert)) return convert;
		JS_FreeValue(ctx, convert);
		return JS_DupValue(ctx, v);
	}
	JSValue out = JS_Call(ctx, convert, v, 0, NULL);
	JS_FreeValue(ctx, convert);
	return out;
}

static bool put_array(JSContext *ctx, refold_buffer *to, JSValueConst v, int mode, int depth) {
	int64_t length;
	if (JS_GetLength(ctx, v, &length) < 0) return false;
	refold_put_char(to, '[');
	for (int64_t i = 0; i < length; i++) {
		if (i > 0) refold_put_char(to, ',');
		JSValue item = JS_GetPropertyInt64(ctx, v, i);
		if (JS_IsException(item)) return false;
		uint32_t before = to->length;
		bool ok = put_value(ctx, to, item, mode, depth);
		if (ok && to->length == before) {
			if (mode == JSON_STATE) ok = (JS_ThrowTypeError(ctx, "the state holds undefined in an array, which JSON has not"), false);
			else refold_put(to, REFOLD_TEXT("null"));
		}
		JS_FreeValue(ctx, item);
		if (!ok) return false;
	}
	refold_put_char(to, ']');
	return true;
}

/* put_member writes a property, and nothing for one that is undefined. */
static bool put_member(JSContext *ctx, refold_buffer *to, JSValueConst object, JSAtom name, int mode, int depth, bool first) {
	uint32_t before = to->length;
	JSValue v = JS_GetProperty(ctx, object, name);
	if (JS_IsException(v)) return false;
	if (!first) refold_put_char(to, ',');
	size_t length;
	const char *text = JS_AtomToCStringLen(ctx, &length, name);
	bool ok = text != NULL;
	if (ok) {
		put_text(to, (refold_text){text, (uint32_t)length});
		JS_FreeCString(ctx, text);
		refold_put_char(to, ':');
		uint32_t start = to->length;
		ok = put_value(ctx, to, v, mode, depth);
		if (to->length == start) to->length = before;
	}
	JS_FreeValue(ctx, v);
	return ok;
}

static bool put_object(JSContext *ctx, refold_buffer *to, JSValueConst v, int mode, int depth) {
	JSPropertyEnum *names;
	uint32_t count;
	if (JS_GetOwnPropertyNames(ctx, &names, &count, v, JS_GPN_STRING_MASK | JS_GPN_ENUM_ONLY) < 0) return false;
	refold_put_char(to, '{');
	uint32_t start = to->length;
	bool ok = true;
	for (uint32_t i = 0; ok && i < count; i++) ok = put_member(ctx, to, v, names[i].atom, mode, depth, to->length == start);
	JS_FreePropertyEnum(ctx, names, count);
	refold_put_char(to, '}');
	return ok;
}

/* is_plain reports whether an object comes back from its JSON as one like it. */
static bool is_plain(JSContext *ctx, JSValueConst v) {
	JSValue prototype = JS_GetPrototype(ctx, v);
	JSValue above = JS_IsObject(prototype) ? JS_GetPrototype(ctx, prototype) : JS_NULL;
	bool plain = !JS_IsProxy(v) && !JS_IsFunction(ctx, v) && !JS_IsException(prototype) && JS_IsNull(above);
	JS_FreeValue(ctx, prototype);
	JS_FreeValue(ctx, above);
	return plain;
}

static bool refuse_object(JSContext *ctx, JSValueConst v) {
	JSValue constructor = JS_GetPropertyStr(ctx, v, "constructor");
	JSValue name = JS_GetPropertyStr(ctx, constructor, "name");
	const char *text = JS_ToCString(ctx, name);
	JS_ThrowTypeError(ctx, "the state holds an object of the class %s, which does not come back from JSON as it was", text ? text : "?");
	JS_FreeCString(ctx, text);
	JS_FreeValue(ctx, name);
	JS_FreeValue(ctx, constructor);
	return false;
}

static bool put_compound(JSContext *ctx, refold_buffer *to, JSValueConst v, int mode, int depth) {
	if (depth > MAX_DEPTH) return JS_ThrowTypeError(ctx, "an object of more than %d levels, or in itself, has no JSON", MAX_DEPTH), false;
	if (JS_IsArray(v)) return put_array(ctx, to, v, mode, depth + 1);
	if (mode == JSON_STATE && !event_is(v)) return is_plain(ctx, v) ? put_object(ctx, to, v, mode, depth + 1) : refuse_object(ctx, v);
	JSValue as = mode == JSON_STATE ? event_json(ctx, v) : converted(ctx, v);
	if (JS_IsException(as)) return false;
	bool ok = JS_IsObject(as) && !JS_IsArray(as) ? put_object(ctx, to, as, mode, depth + 1) : put_value(ctx, to, as, mode, depth + 1);
	JS_FreeValue(ctx, as);
	return ok;
}

static bool put_value(JSContext *ctx, refold_buffer *to, JSValueConst v, int mode, int depth) {
	if (JS_IsNumber(v)) return put_number(ctx, to, v, mode);
	if (JS_IsString(v)) return put_string(ctx, to, v);
	if (JS_IsBool(v)) return refold_put(to, JS_VALUE_GET_BOOL(v) ? REFOLD_TEXT("true") : REFOLD_TEXT("false")), true;
	if (JS_IsNull(v)) return refold_put(to, REFOLD_TEXT("null")), true;
	if (JS_IsUndefined(v)) return true;
	if (JS_IsBigInt(v)) {
		if (mode == JSON_STATE) return JS_ThrowTypeError(ctx, "the state holds a BigInt, which comes back from JSON as a number; keep it as a string"), false;
		return put_plain(ctx, to, v);
	}
	if (JS_IsFunction(ctx, v) || JS_IsSymbol(v)) {
		if (mode == JSON_STATE) return JS_ThrowTypeError(ctx, "the state holds a %s, which JSON has not", JS_IsSymbol(v) ? "symbol" : "function"), false;
		return true;
	}
	return put_compound(ctx, to, v, mode, depth);
}

bool json_put(JSContext *ctx, refold_buffer *to, JSValueConst value, int mode) {
	return put_value(ctx, to, value, mode, 0);
}
