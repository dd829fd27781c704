/* guest.c is the plugin that runs a projection in JavaScript: the exports, the
 * engine's start, and the fold of a batch. */
#include <stdlib.h>
#include <string.h>

#include "guest.h"

JSContext *guest_context;
refold_event guest_event;
bool guest_is_folding;

/* One unit, for refold.h is meant for one. */
#include "json.c"
#include "uuid.c"
#include "event.c"
#include "native.c"

/* The kit's functions, and the manifest of the script. */
static JSValue kit_ready, kit_fold, kit_query;
static refold_buffer manifest, failure;
static const char *script_name;

static const char kit[] = {
#embed "kit.js"
	, 0
};

/* ---- memory: where it is out, the instance ends ------------------------- */

static void *checked(void *p) {
	if (!p) refold_panic(REFOLD_TEXT("out of memory"));
	return p;
}
static void *js_calloc_(void *o, size_t n, size_t size) { return (void)o, checked(calloc(n, size)); }
static void *js_malloc_(void *o, size_t size) { return (void)o, checked(malloc(size)); }
static void js_free_(void *o, void *p) { (void)o, free(p); }
static void *js_realloc_(void *o, void *p, size_t size) { return (void)o, size ? checked(realloc(p, size)) : realloc(p, size); }
extern size_t malloc_usable_size(void *p);
static size_t js_usable_(const void *p) { return malloc_usable_size((void *)p); }

/* ---- errors ------------------------------------------------------------- */

/* put_place writes "file:line:column: " of the first place in the script that a
 * stack trace names. */
static void put_place(refold_buffer *to, const char *stack) {
	size_t length = strlen(script_name);
	for (const char *at = stack; (at = strstr(at, script_name)); at += length) {
		const char *end = at + length;
		if (*end != ':') continue;
		while (*end == ':' || (*end >= '0' && *end <= '9')) end++;
		refold_put(to, (refold_text){at, (uint32_t)(end - at)});
		refold_put(to, REFOLD_TEXT(": "));
		return;
	}
}

static void put_string_of(refold_buffer *to, JSValue v) {
	const char *text = JS_ToCString(guest_context, v);
	if (text) refold_put(to, (refold_text){text, (uint32_t)strlen(text)});
	else JS_FreeValue(guest_context, JS_GetException(guest_context));
	JS_FreeCString(guest_context, text);
}

/* explain takes the exception and returns it as text: where and what. */
static const char *explain(void) {
	JSContext *ctx = guest_context;
	JSValue error = JS_GetException(ctx);
	failure.length = 0;
	if (JS_IsError(error)) {
		JSValue stack = JS_GetPropertyStr(ctx, error, "stack");
		const char *text = JS_ToCString(ctx, stack);
		put_place(&failure, text ? text : "");
		JS_FreeCString(ctx, text);
		JS_FreeValue(ctx, stack);
	}
	put_string_of(&failure, error);
	refold_put_char(&failure, 0);
	JS_FreeValue(ctx, error);
	return failure.at;
}

static const char *complain(const char *why) {
	failure.length = 0;
	refold_put(&failure, (refold_text){why, (uint32_t)strlen(why) + 1});
	return failure.at;
}

/* ---- the start ---------------------------------------------------------- */

static void start(void) {
	static const JSMallocFunctions memory = {js_calloc_, js_malloc_, js_free_, js_realloc_, js_usable_};
	JSRuntime *rt = JS_NewRuntime2(&memory, NULL);
	JS_SetMaxStackSize(rt, 768 << 10);
	JSContext *ctx = guest_context = JS_NewContextRaw(rt);
	JS_AddIntrinsicBaseObjects(ctx);
	JS_AddIntrinsicDate(ctx);
	JS_AddIntrinsicEval(ctx);
	JS_AddIntrinsicRegExp(ctx);
	JS_AddIntrinsicJSON(ctx);
	JS_AddIntrinsicProxy(ctx);
	JS_AddIntrinsicMapSet(ctx);
	JS_AddIntrinsicTypedArrays(ctx);
	JS_AddIntrinsicPromise(ctx);
	JS_AddIntrinsicBigInt(ctx);
	event_class(ctx);
}

static bool start_kit(void) {
	JSContext *ctx = guest_context;
	JSValue make = JS_Eval(ctx, kit, sizeof kit - 1, "refold", JS_EVAL_TYPE_GLOBAL);
	if (JS_IsException(make)) return false;
	JSValue native = native_object(ctx);
	JSValue made = JS_Call(ctx, make, JS_UNDEFINED, 1, &native);
	JS_FreeValue(ctx, make);
	JS_FreeValue(ctx, native);
	if (JS_IsException(made)) return false;
	kit_ready = JS_GetPropertyStr(ctx, made, "ready");
	kit_fold = JS_GetPropertyStr(ctx, made, "fold");
	kit_query = JS_GetPropertyStr(ctx, made, "query");
	event_streams(JS_GetPropertyStr(ctx, made, "streamOf"));
	JS_FreeValue(ctx, made);
	return true;
}

/* run_script runs the script and takes the manifest that it comes to. */
static bool run_script(const char *text, size_t length) {
	JSContext *ctx = guest_context;
	JSValue done = JS_Eval(ctx, text, length, script_name, JS_EVAL_TYPE_GLOBAL);
	if (JS_IsException(done)) return false;
	JS_FreeValue(ctx, done);
	JSValue name = JS_NewString(ctx, script_name);
	JSValue ready = JS_Call(ctx, kit_ready, JS_UNDEFINED, 1, &name);
	JS_FreeValue(ctx, name);
	if (JS_IsException(ready)) return false;
	JSValue described = JS_GetPropertyStr(ctx, ready, "manifest"), paths = JS_GetPropertyStr(ctx, ready, "paths");
	event_definition(ctx, paths, JS_VALUE_GET_BOOL(JS_GetPropertyStr(ctx, ready, "byStream")));
	bool ok = json_put(ctx, &manifest, described, JSON_LOOSE);
	JS_FreeValue(ctx, described);
	JS_FreeValue(ctx, paths);
	JS_FreeValue(ctx, ready);
	return ok;
}

/* refold_load takes a script, as its name, a zero and its text, and returns what
 * is wrong with it. */
__attribute__((export_name("refold_load"))) uint64_t refold_load(const char *input, uint32_t length) {
	size_t name = strnlen(input, length);
	if (guest_context || name == length) return complain("refold_load was called twice, or without a name"), refold__span(failure.at, failure.length - 1);
	char *copy = refold_keep(length + 1); /* zero at its end, as QuickJS wants it */
	if (!copy) refold_panic(REFOLD_TEXT("out of memory"));
	memcpy(copy, input, length);
	script_name = copy;
	start();
	if (!start_kit() || !run_script(copy + name + 1, length - name - 1)) explain();
	else if (JS_IsJobPending(JS_GetRuntime(guest_context))) complain("the script waits for a promise; a projection is synchronous");
	else return 0;
	return refold__span(failure.at, failure.length - 1);
}

__attribute__((export_name("refold_describe"))) uint64_t refold_describe(void) { return refold__span(manifest.at, manifest.length); }

/* ---- the fold ----------------------------------------------------------- */

/* is_waiting reports whether the script has left promises to be kept, and keeps
 * them: none is left for the next event. */
static bool is_waiting(void) {
	JSRuntime *rt = JS_GetRuntime(guest_context);
	bool waiting = JS_IsJobPending(rt);
	JSContext *ctx;
	while (JS_IsJobPending(rt)) {
		if (JS_ExecutePendingJob(rt, &ctx) < 0) JS_FreeValue(ctx, JS_GetException(ctx));
	}
	return waiting;
}

/* settle brings a keyed state that may hold the event into what it comes back as in
 * the next batch. */
static const char *settle(JSValue *state) {
	JSContext *ctx = guest_context;
	refold_buffer text = borrow();
	if (json_put(ctx, &text, *state, JSON_STATE) && text.length) {
		refold_put_char(&text, 0);
		JS_FreeValue(ctx, *state);
		*state = json_parse(ctx, (refold_text){text.at, text.length - 1}, "the key's state");
	}
	give_back(text);
	return JS_HasException(ctx) ? explain() : NULL;
}

/* fold_event folds guest_event into state; NULL, or why it is rejected. */
static const char *fold_event(JSValue *state, bool keyed) {
	JSContext *ctx = guest_context;
	guest_is_folding = true;
	native_begin();
	JSValue event = event_new(ctx), type = JS_NewInt32(ctx, (int32_t)refold_type_index(&guest_event));
	JSValue args[3] = {*state, event, type};
	JSValue next = JS_Call(ctx, kit_fold, JS_UNDEFINED, 3, args);
	guest_is_folding = false;
	bool kept = event_end(ctx, event);
	JS_FreeValue(ctx, *state);
	*state = JS_UNDEFINED;
	const char *why = native_rejection();
	if (JS_IsException(next)) {
		if (!why) why = explain();
		else JS_FreeValue(ctx, JS_GetException(ctx));
	}
	*state = next;
	if (is_waiting() && !why) why = complain("its handler waits for a promise; a projection is synchronous");
	return keyed && kept && !why ? settle(state) : why;
}

/* keep_state writes the group's state into the result. A state of undefined is
 * one that nothing has touched; null removes it. */
static const char *keep_state(uint32_t group, JSValueConst state) {
	refold_effects *out = &refold__out;
	if (JS_IsUndefined(state)) return NULL;
	if (JS_IsNull(state)) return refold__group_result(out, group, 2, 0, 0), NULL;
	uint32_t start = out->states.length;
	if (!json_put(guest_context, &out->states, state, JSON_STATE)) return explain();
	refold__group_result(out, group, 1, start, out->states.length - start);
	refold__pad(&out->states);
	return NULL;
}

static const char *fold_group(const char *batch, const char *g, uint32_t group, uint32_t *at) {
	JSContext *ctx = guest_context;
	JSValue state = JS_UNDEFINED;
	const char *why = NULL;
	bool keyed = refold__u32(g + 16) & 2;
	*at = refold__u32(g + 20);
	if (refold__u32(g + 24) == 0) return NULL;
	refold__begin(&refold__out, *at);
	if (refold__u32(g + 16) & 1) {
		state = json_parse(ctx, refold__ref(batch, g + 8), "the key's state");
		if (JS_IsException(state)) return explain();
	}
	REFOLD__EVENTS(batch, g) {
		if (e.index != *at) refold__begin(&refold__out, e.index);
		*at = e.index;
		guest_event = e;
		if ((why = fold_event(&state, keyed))) break;
	}
	if (!why && keyed) why = keep_state(group, state);
	JS_FreeValue(ctx, state);
	return why;
}

__attribute__((export_name("refold_fold"))) uint64_t refold_fold(const char *batch, uint32_t length) {
	(void)length;
	refold__reset(&refold__out);
	event_names(guest_context, batch);
	const char *g = batch + refold__u32(batch + 20), *why = NULL;
	uint32_t groups = refold__u32(batch + 16), at = 0;
	for (uint32_t i = 0; i < groups && !why; i++, g += 32) why = fold_group(batch, g, i, &at);
	event_forget(guest_context);
	if (why) return refold__reject(&refold__out, at, why);
	refold__end(batch);
	return refold__finish(&refold__out);
}

__attribute__((export_name("refold_query"))) uint64_t refold_query(const char *text, uint32_t length) {
	JSContext *ctx = guest_context;
	JSValue query = JS_NewStringLen(ctx, text, length);
	JSValue answer = JS_Call(ctx, kit_query, JS_UNDEFINED, 1, &query);
	JS_FreeValue(ctx, query);
	refold__answer.length = 0;
	bool ok = !JS_IsException(answer) && json_put(ctx, &refold__answer, answer, JSON_LOOSE);
	JS_FreeValue(ctx, answer);
	if (ok) return refold__span(refold__answer.at, refold__answer.length);
	const char *why = explain();
	refold_print(REFOLD_ERROR, (refold_text){why, (uint32_t)strlen(why)});
	return 0;
}
