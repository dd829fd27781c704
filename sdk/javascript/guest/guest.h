/* guest.h: what the files of the JavaScript guest share. */
#ifndef GUEST_H
#define GUEST_H

#define REFOLD_LIBC
#include "refold.h"
#include "quickjs.h"

extern JSContext *guest_context;

/* The event that is being folded, and whether there is one. */
extern refold_event guest_event;
extern bool guest_is_folding;

/* event.c */
void event_class(JSContext *ctx);
void event_definition(JSContext *ctx, JSValueConst paths, bool partitioned_by_stream);
/* event_streams takes the kit's function that knows an aggregate's stream by the
 * name that it has elsewhere. */
void event_streams(JSValue stream_of);
/* event_names makes the strings of a batch's name tables; event_forget frees
 * them. */
void event_names(JSContext *ctx, const char *batch);
void event_forget(JSContext *ctx);
/* event_new returns an object for guest_event; event_end frees it when its handler
 * has returned, and reports whether the script has kept it. */
JSValue event_new(JSContext *ctx);
bool event_end(JSContext *ctx, JSValue event);
bool event_is(JSValueConst v);
/* event_json is an event as a plain object, as its JSON has it. */
JSValue event_json(JSContext *ctx, JSValueConst event);
/* event_partition says the partition of guest_event. */
void event_partition(JSContext *ctx, JSValueConst name);

/* json.c */
enum { JSON_LOOSE, JSON_STATE };
/* json_parse reads the text; what lies behind it must be writable. */
JSValue json_parse(JSContext *ctx, refold_text text, const char *what);
/* json_put appends a value's JSON and returns true, or throws and returns false.
 * JSON_STATE refuses what would not come back as it was. It appends nothing for
 * undefined. */
bool json_put(JSContext *ctx, refold_buffer *to, JSValueConst value, int mode);

/* uuid.c */
/* uuid_named writes the UUID that a stream's name makes. */
void uuid_named(uint8_t id[16], refold_text name);

/* native.c */
JSValue native_object(JSContext *ctx);
/* native_rejection is why the script rejects the event; NULL if it does not. */
const char *native_rejection(void);
void native_begin(void);

#endif
