/* native.c is what the kit calls: the log, verdicts and effects. */
#include <string.h>

#include "guest.h"

enum { INSERT, UPDATE, DELETE, QUERY, LOG, EMIT };

static refold_buffer reason;
static bool rejected;

const char *native_rejection(void) { return rejected ? reason.at : NULL; }
void native_begin(void) { rejected = false; }

/* text is an argument as bytes; release frees it. */
static bool take(JSContext *ctx, JSValueConst v, refold_text *out) {
	size_t length;
	out->at = JS_ToCStringLen(ctx, &length, v);
	out->length = (uint32_t)length;
	return out->at != NULL;
}
static void release(JSContext *ctx, refold_text t) { JS_FreeCString(ctx, t.at); }

/* borrow gives an empty buffer that give_back takes again. Reading a value may run
 * code of the script, which may come here again: then there is another one. */
static refold_buffer spare;
static refold_buffer borrow(void) {
	refold_buffer b = spare;
	b.length = 0;
	spare = (refold_buffer){0};
	return b;
}
static void give_back(refold_buffer b) {
	free(spare.at);
	spare = b;
}

/* print(level, text) writes a line to the plugin's log. */
static JSValue print(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
	(void)this, (void)argc;
	int32_t level;
	refold_text line;
	if (JS_ToInt32(ctx, &level, argv[0]) < 0 || !take(ctx, argv[1], &line)) return JS_EXCEPTION;
	refold_print(level, line);
	release(ctx, line);
	return JS_UNDEFINED;
}

/* json(value) is a value's JSON, as effects have it. */
static JSValue json(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
	(void)this, (void)argc;
	refold_buffer text = borrow();
	JSValue out = JS_EXCEPTION;
	if (json_put(ctx, &text, argv[0], JSON_LOOSE)) out = text.length ? JS_NewStringLen(ctx, text.at, text.length) : JS_UNDEFINED;
	give_back(text);
	return out;
}

/* partition(name) says the partition of the event that is being folded. */
static JSValue partition(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
	(void)this, (void)argc;
	event_partition(ctx, argv[0]);
	return JS_UNDEFINED;
}

/* uuid(name) is the id of an aggregate that has only a stream's name. */
static JSValue uuid(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
	(void)this, (void)argc;
	refold_text name;
	uint8_t id[16];
	if (!take(ctx, argv[0], &name)) return JS_EXCEPTION;
	uuid_named(id, name);
	release(ctx, name);
	return uuid_of(ctx, id);
}

/* reject(reason) ends the handler: no catch of the script's stops it. */
static JSValue reject(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
	(void)this, (void)argc;
	refold_text why;
	if (!guest_is_folding) return JS_ThrowTypeError(ctx, "reject: only a handler can reject, and only its event");
	if (!take(ctx, argv[0], &why)) return JS_EXCEPTION;
	reason.length = 0;
	refold_put(&reason, why);
	refold_put_char(&reason, 0);
	release(ctx, why);
	rejected = true;
	JSValue error = JS_NewError(ctx);
	JS_SetUncatchableError(ctx, error);
	return JS_Throw(ctx, error);
}

/* panic(reason) ends the instance. */
static JSValue panic(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv) {
	(void)this, (void)argc;
	refold_text why;
	if (!take(ctx, argv[0], &why)) return JS_EXCEPTION;
	refold_panic(why);
}

static bool is_row(JSValueConst v) { return JS_IsObject(v) && !JS_IsArray(v); }

static const char *const verbs[] = {"insert", "update", "delete", "query", "log", "emit"};

/* put_key writes a row's key: text, a number, or an array for several columns. */
static bool put_key(JSContext *ctx, refold_buffer *to, JSValueConst v, int kind) {
	refold_text text;
	if (JS_IsArray(v)) return json_put(ctx, to, v, JSON_LOOSE);
	if (!JS_IsString(v) && !JS_IsNumber(v) && !JS_IsBigInt(v) && !JS_IsBool(v))
		return JS_ThrowTypeError(ctx, "effects.%s: a row's key is a string, a number, or an array of the values of its columns", verbs[kind]), false;
	if (!take(ctx, v, &text)) return false;
	refold_put(to, text);
	release(ctx, text);
	return true;
}

/* levels are those of a Log effect. */
static const char *const levels[] = {"debug", "info", "warn", "error"};

static int level_of(refold_text name) {
	for (int i = 0; i < 4; i++) {
		if (refold_equal(name, (refold_text){levels[i], (uint32_t)strlen(levels[i])})) return i;
	}
	return -1;
}

static JSValue put_log(JSContext *ctx, refold_text level, JSValueConst message) {
	refold_text line;
	int n = level_of(level);
	if (n < 0) return JS_ThrowTypeError(ctx, "effects.log: the level is \"%s\"; it must be debug, info, warn or error", level.at);
	if (!take(ctx, message, &line)) return JS_EXCEPTION;
	refold_log(&refold__out, n, line);
	release(ctx, line);
	return JS_UNDEFINED;
}

/* put_body writes an effect's row, columns, parameters or data. */
static bool put_body(JSContext *ctx, refold_buffer *to, JSValueConst v, int kind) {
	if (!is_row(v)) return JS_ThrowTypeError(ctx, "effects.%s: its last argument must be an object", verbs[kind]), false;
	uint32_t before = to->length;
	if (!json_put(ctx, to, v, JSON_LOOSE)) return false;
	if (to->length == before || to->at[before] != '{') return JS_ThrowTypeError(ctx, "effects.%s: the JSON of its last argument is no object", verbs[kind]), false;
	return true;
}

/* put_effect adds an effect with a name, whose key and body are arguments. */
static JSValue put_effect(JSContext *ctx, int kind, refold_text name, JSValueConst key, JSValueConst body) {
	refold_buffer text = borrow();
	bool ok = JS_IsUndefined(key) || put_key(ctx, &text, key, kind);
	uint32_t split = text.length;
	ok = ok && (kind == DELETE || put_body(ctx, &text, body, kind));
	if (ok) refold__effect(&refold__out, (uint32_t)kind + 1, 0, name, (refold_text){text.at, split}, (refold_text){text.at + split, text.length - split});
	give_back(text);
	return ok ? JS_UNDEFINED : JS_EXCEPTION;
}

/* effect is all of effects.insert(table, row), update(table, key, columns),
 * delete(table, key), query(text, parameters), log(level, message) and
 * emit(type, data, stream). */
static JSValue effect(JSContext *ctx, JSValueConst this, int argc, JSValueConst *argv, int kind) {
	(void)this, (void)argc;
	refold_text name;
	if (!guest_is_folding) return JS_ThrowTypeError(ctx, "effects.%s: only a handler can ask for effects", verbs[kind]);
	if (!JS_IsString(argv[0])) return JS_ThrowTypeError(ctx, "effects.%s: its first argument must be a string", verbs[kind]);
	if (!take(ctx, argv[0], &name)) return JS_EXCEPTION;
	JSValue out;
	switch (kind) {
	case LOG: out = put_log(ctx, name, argv[1]); break;
	case UPDATE: out = put_effect(ctx, kind, name, argv[1], argv[2]); break;
	case DELETE:
		out = JS_IsUndefined(argv[1]) ? JS_ThrowTypeError(ctx, "effects.delete: the row's key is missing") : put_effect(ctx, kind, name, argv[1], JS_UNDEFINED);
		break;
	case EMIT: out = put_effect(ctx, kind, name, argv[2], argv[1]); break;
	default: out = put_effect(ctx, kind, name, JS_UNDEFINED, argv[1]);
	}
	release(ctx, name);
	return out;
}

static const JSCFunctionListEntry functions[] = {
	JS_CFUNC_DEF("print", 2, print),
	JS_CFUNC_DEF("json", 1, json),
	JS_CFUNC_DEF("partition", 1, partition),
	JS_CFUNC_DEF("uuid", 1, uuid),
	JS_CFUNC_DEF("reject", 1, reject),
	JS_CFUNC_DEF("panic", 1, panic),
	JS_CFUNC_MAGIC_DEF("insert", 2, effect, INSERT),
	JS_CFUNC_MAGIC_DEF("update", 3, effect, UPDATE),
	JS_CFUNC_MAGIC_DEF("delete", 2, effect, DELETE),
	JS_CFUNC_MAGIC_DEF("query", 2, effect, QUERY),
	JS_CFUNC_MAGIC_DEF("log", 2, effect, LOG),
	JS_CFUNC_MAGIC_DEF("emit", 3, effect, EMIT),
};

JSValue native_object(JSContext *ctx) {
	JSValue object = JS_NewObject(ctx);
	JS_SetPropertyFunctionList(ctx, object, functions, sizeof functions / sizeof *functions);
	return object;
}
