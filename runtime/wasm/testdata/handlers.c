/* The tests' plugin in C that changes its table while it runs, as a program does
   that links functions late: events add slots to the table, put functions into
   them and call what is there, and a second table, of references to the host's
   objects, grows with each. C has no word for a table, hence the assembly; the
   compiler and the linker make the module. Build with -mreference-types and
   -Wl,--growable-table. */
#include "refold.h"

enum { ADDED, SWAPPED, APPLIED };
enum { SLOT, HANDLER }; /* the manifest's fields, in their order */

typedef int64_t (*handler)(int64_t);

static int64_t increment(int64_t n) { return n + 1; }
static int64_t treble(int64_t n) { return 3 * n % 1000003; }
static int64_t negate(int64_t n) { return -n; }

static handler handlers[] = {increment, treble, negate};

/* The resident state, but for what is in the table: the slots that were added, and
   what the handlers have made. */
static handler slots[64];
static int64_t count, value;

__asm__(".tabletype objects, externref\nobjects:\n");

/* The size of the second table, which it grows by one. */
static int32_t objects(void) {
	int32_t count;
	__asm__ volatile("ref.null_extern\n\ti32.const 1\n\ttable.grow objects\n\tlocal.set %0" : "=r"(count));
	return count;
}

static handler grow(handler first) {
	handler added;
	__asm__ volatile("local.get %1\n\ttable.get __indirect_function_table\n\ti32.const 1\n\t"
		"table.grow __indirect_function_table\n\tlocal.set %0" : "=r"(added) : "r"(first));
	return added;
}

static void swap(handler slot, handler other) {
	__asm__ volatile("local.get %0\n\tlocal.get %1\n\ttable.get __indirect_function_table\n\t"
		"table.set __indirect_function_table" :: "r"(slot), "r"(other));
}

static const char *fold(const refold_event *e, refold_effects *out) {
	handler named = handlers[refold_int(e, HANDLER) % 3];
	if (refold_type_index(e) == ADDED) {
		if (count == 64) return "there are 64 handlers already";
		slots[count++] = grow(named);
		if (objects() != count - 1) refold_panic(REFOLD_TEXT("the second table has another size"));
		return NULL;
	}
	if (count == 0) return NULL;
	handler slot = slots[refold_int(e, SLOT) % count];
	if (refold_type_index(e) == SWAPPED) swap(slot, named);
	else value = slot(value);
	refold_buffer *row = refold_row(out);
	refold_open(row);
	refold_member_int(row, REFOLD_TEXT("value"), value);
	refold_close(row);
	refold_insert(out, REFOLD_TEXT("values"), row);
	return NULL;
}

static void query(refold_text text, refold_buffer *answer) {
	(void)text;
	refold_open(answer);
	refold_member_int(answer, REFOLD_TEXT("value"), value);
	refold_name(answer, REFOLD_TEXT("slots"));
	refold_put_char(answer, '[');
	for (int64_t i = 0; i < count; i++) {
		if (i > 0) refold_put_char(answer, ',');
		refold_put_int(answer, slots[i](5));
	}
	refold_put_char(answer, ']');
	refold_close(answer);
}

REFOLD_UNKEYED(
	"{\"abi\":1,\"name\":\"handlers\",\"state\":\"resident\",\"events\":[\"added\",\"swapped\",\"applied\"],\"fields\":["
	"{\"path\":\"slot\",\"type\":\"i64\"},{\"path\":\"handler\",\"type\":\"i64\"}],\"sdk\":\"refold-c\"}",
	fold)
REFOLD_QUERY(query)
