package javascript_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/refold-dev/refold/runtime"
	"github.com/refold-dev/refold/runtime/wasm"
	"github.com/refold-dev/refold/sdk/manifest"
)

// TestRejections holds that what goes wrong in a handler is a verdict on its
// event that says where, and that the instance goes on.
func TestRejections(t *testing.T) {
	const all = "fromAll().when({ ok() {}, bad: (s, e) => {\n%s } });"
	tests := []struct{ name, body, want string }{
		{"rejection", "reject('not this one')", "event 1 is rejected: not this one"},
		{"rejection that is caught", "try { reject('not this one') } catch {}", "event 1 is rejected: not this one"},
		{"exception", "e.data.a.b.c", "event 1 is rejected: p.js:2:1: TypeError: cannot read property 'b' of undefined"},
		{"exception of one's own", "class Odd extends Error { name = 'Odd' }; throw new Odd('x')", "p.js:2:1: Odd: x"},
		{"text", "throw 'x'", "event 1 is rejected: x"},
		{"nothing", "throw undefined", "event 1 is rejected: undefined"},
		{"error that cannot be told", "throw { toString() { throw 1 } }", "event 1 is rejected: "},
		{"clock", "return Date.now()", "use the event's own time"},
		{"promise", "return Promise.resolve().then(() => s)", "its handler waits for a promise"},
		{"async", "(async () => { await 1; })()", "its handler waits for a promise"},
		{"link", "linkTo('x', e)", "p.js:2:13: TypeError: linkTo: Refold's log has no links"},
		{"row whose JSON is none", "effects.insert('t', new Date(0))", "effects.insert: the JSON of its last argument is no object"},
		{"row that is none", "effects.insert('t', [1])", "effects.insert: its last argument must be an object"},
		{"row with a circle", "const row = {}; row.row = row; effects.insert('t', row)", "more than 512 levels"},
		{"no collection", "effects.insert({})", "effects.insert: its first argument must be a string"},
		{"no key", "effects.delete('t')", "effects.delete: the row's key is missing"},
		{"odd key", "effects.update('t', {}, {})", "effects.update: a row's key is a string, a number, or an array"},
		{"odd level", "effects.log('loud', 'x')", `the level is "loud"`},
		{"emit without a type", "emit('stream', '', {})", "emit: the event's type must be a string that is not empty"},
		{"emit with metadata", "emit('stream', 'type', {}, { a: 1 })", "emit: an emitted event has no metadata"},
		{"a change of the event", "'use strict'; e.version = 2", "'version' is read-only"},
		{"copy", "copyTo('x', e)", "p.js:2:13: TypeError: copyTo: today's KurrentDB does nothing"},
		{"emit with null for metadata's place", "emit('stream', 'type', {}, null); throw new Error('emitted')", "emitted"},
		{"emit with metadata that is none", "emit('stream', 'type', {}, { a: undefined }); throw new Error('emitted')", "emitted"},
		{"a source in a handler", "fromAll()", "fromAll is not defined"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := load(t, strings.Replace(all, "%s", tt.body, 1))
			for range 2 {
				err := p.fold(occurrence{Type: "ok"}, occurrence{Type: "bad"}, occurrence{Type: "ok"})
				if err == nil || !strings.Contains(err.Error(), tt.want) {
					t.Fatalf("error is %v, want it to say %q", err, tt.want)
				}
			}
			p.must(occurrence{Type: "ok"})
		})
	}
}

// TestTraps holds that what cannot be a verdict ends the instance, and names the
// event.
func TestTraps(t *testing.T) {
	limits := wasm.Limits{FuelPerEvent: 100_000_000, MemoryPages: 200}
	for _, tt := range []struct {
		name, body string
		want       runtime.Code
		says       string
	}{
		{"endless loop", "for (;;) {}", runtime.OutOfFuel, "event 1 of the batch: used up its fuel"},
		{"endless loop that is caught", "try { for (;;) {} } catch {}", runtime.OutOfFuel, "event 1 of the batch"},
		{"endless match", "/^(a+)+$/.test('a'.repeat(60) + 'b')", runtime.OutOfFuel, "event 1 of the batch"},
		{"recursion", "const f = () => f() + 1; f()", runtime.StackOverflow, "event 1 of the batch: nests calls deeper"},
		{"memory", "const all = []; for (;;) all.push(new Uint8Array(100000))", runtime.Trap, `event 1 of the batch: trapped: unreachable, having said "out of memory"`},
		{"memory that is caught", "try { 'x'.repeat(2 ** 29) } catch {}", runtime.Trap, "out of memory"},
		{"panic", "panic('no more')", runtime.Trap, `having said "no more"`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := loadWithin(t, "fromAll().when({ ok() {}, bad: (s, e) => { "+tt.body+" } });", limits)
			err := p.fold(occurrence{Type: "ok"}, occurrence{Type: "bad"})
			var guest *runtime.GuestError
			if !errors.As(err, &guest) || guest.Code != tt.want || !strings.Contains(err.Error(), tt.says) {
				t.Errorf("error is %v, want %s and %q", err, tt.want, tt.says)
			}
		})
	}
}

// TestEvent holds what a handler reads of an event.
func TestEvent(t *testing.T) {
	p := load(t, `
options({ fields: { n: "i64", s: "string", none: "bool" } });
fromAll().when({ $any(s, e) {
	effects.insert("seen", {
		streamId: e.streamId, eventType: e.eventType, sequenceNumber: e.sequenceNumber, eventId: e.eventId, isJson: e.isJson,
		category: e.category, partition: e.partition, data: e.data, same: e.data === e.body && e.body === e.data, bodyRaw: e.bodyRaw,
		metadata: e.metadata, metadataRaw: e.metadataRaw, linkMetadataRaw: e.linkMetadataRaw,
		position: e.position, version: e.version, time: e.time, timeNanos: e.timeNanos, aggregateType: e.aggregateType,
		aggregateId: e.aggregateId, schemaVersion: e.schemaVersion, fields: e.fields });
	effects.insert("event", e);
	effects.insert("copy", { ...e });
} });`)
	p.must(occurrence{Type: "made", Category: "cart", Number: 7, Data: `{"n":5,"s":"ß\"","deep":{"x":[1.5,null]}}`})
	id := "00000000-0000-0000-0000-000000000007"
	const data = `{"n":5,"s":"ß\"","deep":{"x":[1.5,null]}}`
	all := `{"partition":"","created":"2023-11-14T22:13:20.1234567Z","bodyRaw":"{\"n\":5,\"s\":\"ß\\\"\",\"deep\":{\"x\":[1.5,null]}}","metadataRaw":null,"streamId":"cart-` + id + `",` +
		`"eventId":"00000000-0000-0000-0000-000000000101","eventType":"made","linkMetadataRaw":null,"isJson":true,"category":"cart",` +
		`"sequenceNumber":0,"body":` + data + `,"data":` + data + `,"metadata":null,"linkMetadata":null}`
	want := []string{
		`1 seen  {"streamId":"cart-` + id + `","eventType":"made","sequenceNumber":0,"eventId":"00000000-0000-0000-0000-000000000101","isJson":true,` +
			`"category":"cart","partition":"","data":{"n":5,"s":"ß\"","deep":{"x":[1.5,null]}},"same":true,` +
			`"bodyRaw":"{\"n\":5,\"s\":\"ß\\\"\",\"deep\":{\"x\":[1.5,null]}}","metadata":null,"metadataRaw":null,"linkMetadataRaw":null,` +
			`"position":1,"version":1,"time":"2023-11-14T22:13:20.123Z","timeNanos":1700000000123456789,"aggregateType":"cart",` +
			`"aggregateId":"` + id + `","schemaVersion":1,"fields":{"n":5,"s":"ß\"","none":null}}`,
		"1 event  " + all, "1 copy  " + all,
	}
	if diff := cmp.Diff(want, p.effects); diff != "" {
		t.Error(diff)
	}
}

// TestEventLater holds invariant 4: an event that the script keeps stays what it is,
// what its handler has made of it included.
func TestEventLater(t *testing.T) {
	const script = `let first, seen = [];
fromAll().when({ $any(s, e) {
	if (first) return seen.push([first.eventType, first.position, first.data === first.body, first.data.n, first.data.own === first, first.time.getTime(), Object.keys(first).length, JSON.stringify(first).length]);
	first = e;
	e.data.n++;
	Object.defineProperty(e.data, "own", { value: e });
} }).transformBy(() => seen);`
	for _, together := range []bool{false, true} {
		p := load(t, script)
		if together {
			p.must(occurrence{Type: "a", Data: `{"n":1}`}, occurrence{Type: "b"}, occurrence{Type: "c"})
		} else {
			p.must(occurrence{Type: "a", Data: `{"n":1}`}).must(occurrence{Type: "b"}).must(occurrence{Type: "c"})
		}
		once := `["a",1,true,2,true,1700000000123,15,360]`
		if got, want := p.query(""), "["+once+","+once+"]"; got != want {
			t.Errorf("together: %v: %s, want %s", together, got, want)
		}
	}
}

// TestEffects holds the six effects, and values that JSON has not.
func TestEffects(t *testing.T) {
	p := load(t, `fromAll().when({ $any() {
	effects.insert("t", { a: 1, b: undefined, c: () => 1, d: NaN, e: 10n ** 20n, f: -0, g: 1e21, h: [undefined, 0.1], i: "\u2028\b\ud800x", j: new Map([[1, 2]]), k: null });
	effects.update("t", "k", { n: 1 });
	effects.update("t", 5, { n: 1 });
	effects.delete("t", ["a", 1]);
	effects.query("select 1");
	effects.query("select ?", { n: 1 });
	effects.log("error", "a line");
	effects.emit("made", { n: 1 });
	emit("stream", "made", { n: 2 });
} });`)
	want := []string{
		`1 t  {"a":1,"d":null,"e":100000000000000000000,"f":0,"g":1e+21,"h":[null,0.1],"i":"` + "\u2028" + `\u0008\ud800x","j":{},"k":null}`,
		`2 t k {"n":1}`, `2 t 5 {"n":1}`, `3 t ["a",1]`, `4 select 1  {}`, `4 select ?  {"n":1}`, `5   a line`,
		`6 made  {"n":1}`, `6 made stream {"n":2}`,
	}
	if diff := cmp.Diff(want, p.must(occurrence{Type: "a"}).effects); diff != "" {
		t.Error(diff)
	}
}

// TestEffectWithin holds that a row whose reading asks for an effect or writes to
// the log comes to what both say.
func TestEffectWithin(t *testing.T) {
	p := load(t, `fromAll().when({ $any() {
	const long = "x".repeat(1000);
	effects.insert("outer", { a: long, get b() { effects.insert("inner", { c: long + long }); log({ d: 1 }); return 2; }, toJSON() { return { ...this, e: 3 } } });
} });`)
	x := strings.Repeat("x", 1000)
	want := []string{`1 inner  {"c":"` + x + x + `"}`, `1 outer  {"a":"` + x + `","b":2,"e":3}`}
	got := p.must(occurrence{Type: "a"}).effects
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// TestStateless holds that a stateless projection starts each event anew.
func TestStateless(t *testing.T) {
	p := load(t, `options({ state: "stateless" }); fromAll().when({ $init: () => ({ n: 0 }), $any(s) { s.n++; effects.insert("t", s) } });`)
	if diff := cmp.Diff([]string{`1 t  {"n":1}`, `1 t  {"n":1}`}, p.must(occurrence{Type: "a"}, occurrence{Type: "a"}).effects); diff != "" {
		t.Error(diff)
	}
}

// TestKeyedState holds invariant 5: a state that is not JSON is refused, and one
// that is comes back as it was.
func TestKeyedState(t *testing.T) {
	keyed := func(body string) *projection {
		return load(t, "options({ state: 'keyed' });\nfromAll().when({ $init: () => ({ n: 0 }), $any(s, e) { "+body+" } });")
	}
	for _, tt := range []struct{ body, want string }{
		{"s.last = e.time", "the state holds an object of the class Date"},
		{"s.all = new Set()", "the state holds an object of the class Set"},
		{"s.n = NaN", "the state holds NaN"},
		{"s.n = 1 / 0", "the state holds an infinity"},
		{"s.n = 1n", "the state holds a BigInt"},
		{"s.f = () => 1", "the state holds a function"},
		{"s.list = [undefined]", "the state holds undefined in an array"},
		{"return class Cart {}", "the state holds a function"},
		{"s.event = Object.create(e)", "the state holds an object of the class"},
		{"s.s = s", "more than 512 levels, or in itself"},
	} {
		if err := keyed(tt.body).fold(occurrence{Type: "a"}); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error is %v, want it to say %q", tt.body, err, tt.want)
		}
	}
	p := keyed("s.n++; s.minus = -0; s.x = undefined; s.list = [1, 'ß', null, { a: true }]; s.half = '\\udc00'; s.deep = s.deep ? { d: s.deep } : {}; s.is = Object.is(s.minus, -0)")
	a := occurrence{Type: "a"}
	p.must(a, a).must(a)
	want := map[string]string{"00000000-0000-0000-0000-000000000000": `{"n":3,"minus":-0,"list":[1,"ß",null,{"a":true}],"half":"\udc00","deep":{"d":{"d":{}}},"is":true}`}
	if diff := cmp.Diff(want, p.states); diff != "" {
		t.Error(diff)
	}
	if got := keyed("return e.eventType === 'gone' ? null : s").must(a, occurrence{Type: "gone"}).states; len(got) != 0 {
		t.Errorf("states are %v, want none", got)
	}
}

// TestResidentState holds that a resident state survives a snapshot as what it
// is, and that batches do not show.
func TestResidentState(t *testing.T) {
	const script = `const seen = new Map();
fromAll().when({ $init: () => ({ n: 0, last: null }), $any(s, e) {
	seen.set(e.eventType, (seen.get(e.eventType) ?? 0) + 1);
	s.n++; s.last = e.time; s.seen = [...seen]; } });`
	one, two := load(t, script), load(t, script)
	a, b := occurrence{Type: "a"}, occurrence{Type: "b"}
	one.must(a, b, a, a)
	two.must(a).must(b, a)
	taken, err := two.instance.Snapshot(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	two.must(b, b, b)
	two.restart()
	if err := two.instance.Restore(context.Background(), taken); err != nil {
		t.Fatal(err)
	}
	two.must(a)
	want := `{"n":4,"last":"2023-11-14T22:13:20.123Z","seen":[["a",3],["b",1]]}`
	if one.query("") != want || two.query("") != want {
		t.Errorf("states are\n%s\n%s\nwant\n%s", one.query(""), two.query(""), want)
	}
	if one.module.Manifest().State != manifest.Resident {
		t.Errorf("the state is %s", one.module.Manifest().State)
	}
}

// TestMemory holds that folding leaves nothing behind.
func TestMemory(t *testing.T) {
	p := load(t, `fromAll().partitionBy((e) => e.streamId).when({ $init: () => ({ n: 0 }), $any(s, e) {
	s.n += e.data.items.length; e.metadata; e.fields; e.time; effects.insert("t", { s, e }); try { e.a.b } catch {} } });`)
	events := make([]occurrence, 100)
	for i := range events {
		events[i] = occurrence{Type: string(rune('a' + i%20)), Number: byte(i % 7), Data: `{"items":[1,2,3,{"a":"` + strings.Repeat("x", 200) + `"}]}`}
	}
	size := func() int {
		taken, err := p.instance.Snapshot(context.Background())
		if err != nil {
			t.Fatal(err)
		}
		return len(taken)
	}
	for range 20 {
		p.must(events...)
	}
	before := size()
	for range 200 {
		p.must(events...)
	}
	if after := size(); after > before+before/4 {
		t.Errorf("a snapshot has %d bytes after 2,000 events and %d after 22,000", before, after)
	}
}
