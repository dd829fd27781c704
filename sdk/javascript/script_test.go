package javascript_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/refold-dev/refold/runtime"
	"github.com/refold-dev/refold/runtime/wasm"
)

// TestBadScripts holds that a script that is wrong is refused when it is loaded,
// with its file, line and column.
func TestBadScripts(t *testing.T) {
	const end = "\nfromAll().when({ $any() {} });"
	tests := []struct{ name, script, want string }{
		{"empty", "", "p.js defines no projection"},
		{"no when", "fromAll();", "p.js defines no projection"},
		{"syntax", "fromAll()\n  .when({ $any: (s, e) => { s. } })", "p.js:2:32: SyntaxError"},
		{"unknown name", "\n fromNowhere();", "p.js:2:2: ReferenceError: fromNowhere is not defined"},
		{"thrown", "throw new Error('no good')", "p.js:1:11: Error: no good"},
		{"thrown text", "throw 'no good'", "no good"},
		{"no handler", "fromAll().when({ $init: () => 0 })", "when: it has no handler of events"},
		{"handler that is none", "fromAll().when({ a: 1 })", "p.js:1:10: TypeError: when: the handler of a: give it a function"},
		{"system event", "fromAll().when({ $metadata() {} })", "there is no handler $metadata"},
		{"two sources", "fromAll();\nfromAll();", "p.js:2:1: TypeError: fromAll: the projection has a source already"},
		{"step out of order", "fromAll().when({ $any() {} }).foreachStream()", "p.js:1:30: TypeError: foreachStream: it does not follow when; what does: transformBy, filterBy, outputState, outputTo, $defines_state_transform"},
		{"step after the last", "fromAll().when({ $any() {} }).outputTo('a').outputState()", "outputState: it does not follow outputTo; what does: nothing"},
		{"step of a narrow source", "fromStreams('a-00000000-0000-0000-0000-000000000001').foreachStream().when({ $any() {} })", "foreachStream: it does not follow fromStreams; what does: when, partitionBy, outputState"},
		{"step that is gone", "fromAll().whenAny((s, e) => s)", "whenAny: KurrentDB has it no more; it is when({ $any:"},
		{"handler twice", "fromAll(); on_any(() => 1); on_any(() => 2)", "on_any: $any has a handler already"},
		{"options that are none", "options();" + end, "options: give it an object"},
		{"source that is gone", "fromStreamsMatching(() => true)", "fromStreamsMatching: KurrentDB has it no more"},
		{"stream by number", "fromStream(1).when({ $any() {} })", "fromStream: name one or more, as strings"},
		{"stream that cannot be", "fromStreams('a-1', '2019-12').when({ $any() {} })", "p.js:1:1: TypeError: fromStreams: no stream can have the name 2019-12 here: it begins with a type in ASCII letters and digits, such as order-1"},
		{"correlation that cannot be", "fromStream('$bc-7').when({ $any() {} })", "fromStream: no event can have the correlation id 7 here: it is a UUID"},
		{"type that cannot be", "fromAll().when({ '2ndItem'() {} })", "when: nothing can have the type 2ndItem here: types are in snake_case, such as item_added"},
		{"category that cannot be", "fromCategory('- order').when({ $any() {} })", "fromCategory: nothing can have the type - order here"},
		{"type of a stream that cannot be", "fromStreams('$et-é').when({ $any() {} })", "fromStreams: nothing can have the type é here"},
		{"type in two forms", "fromAll().when({ ItemAdded() {}, item_added() {} })", "when: item_added has a handler already"},
		{"no category", "fromCategory().when({ $any() {} })", "fromCategory: name one or more, as strings"},
		{"system stream", "fromStream('$stats').when({ $any() {} })", "Refold has no stream $stats"},
		{"partition", "fromAll().partitionBy('dir')", "partitionBy: give it a function"},
		{"unknown option", "options({ nmae: 'a' });" + end, "p.js:1:1: TypeError: options: there is no option nmae"},
		{"option of another type", "options({ key: 1 });" + end, "options: key must be a string"},
		{"unknown kind of state", "options({ state: 'global' });" + end, "options: state is global"},
		{"key and partition", "options({ key: 'a' });\nfromAll().partitionBy((e) => 1).when({ $any() {} })", "keep one"},
		{"keyed with shared state", "options({ key: 'a' });\nfromAll().when({ $any() {}, $initShared: () => 0 })", "$initShared: it needs all states in one memory"},
		{"key of resident state", "options({ key: 'a', state: 'resident' });" + end, "a key goes with keyed state"},
		{"manifest", "options({ fields: { a: 'integer' } });" + end, `field "a" has type "integer"`},
		{"promise", "Promise.resolve().then(() => 1);" + end, "the script waits for a promise"},
		{"import", "import('x');" + end, "the script waits for a promise"},
		{"clock", "const start = Date.now();" + end, "p.js:1:19: TypeError: Date.now() is not the same at every replay; use the event's own time, event.time"},
		{"date", "\nnew Date();" + end, "p.js:2:5: TypeError: the current date is not the same at every replay"},
		{"date as text", "Date();" + end, "the current date is not the same"},
		{"chance", "Math.random();" + end, "p.js:1:5: TypeError: Math.random() is not the same at every replay; derive what you need from the event's id"},
		{"weak reference", "new WeakRef({});" + end, "WeakRef is not defined"},
		{"finalizer", "new FinalizationRegistry(() => 1);" + end, "FinalizationRegistry is not defined"},
		{"network", "fetch('http://localhost');" + end, "fetch is not defined"},
		{"module", "require('fs');" + end, "require is not defined"},
		{"verdict outside of a handler", "reject('x');" + end, "p.js:1:1: TypeError: reject: only a handler can reject"},
		{"effect outside of a handler", "effects.insert('a', {});" + end, "only a handler can ask for effects"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := tryLoad(t, tt.script, wasm.Limits{})
			var guest *runtime.GuestError
			if !errors.As(err, &guest) || guest.Code != runtime.BadScript && guest.Code != runtime.BadManifest {
				t.Fatalf("error is %v, want one of a bad script", err)
			}
			if guest.Plugin != "p.js" || !strings.Contains(guest.Reason, tt.want) {
				t.Errorf("error is %v, want it to say %q", err, tt.want)
			}
		})
	}
}

// TestEndlessScript holds that a script that never ends does not load.
func TestEndlessScript(t *testing.T) {
	_, err := tryLoad(t, "for (;;) {}", wasm.Limits{FuelPerEvent: 100_000_000})
	var guest *runtime.GuestError
	if !errors.As(err, &guest) || guest.Code != runtime.OutOfFuel || !strings.HasPrefix(guest.Reason, "while its script was loaded: used up its fuel") {
		t.Errorf("error is %v, want out_of_fuel", err)
	}
}

// TestManifest holds what a script's manifest is made of.
func TestManifest(t *testing.T) {
	for _, tt := range []struct{ name, script, want string }{
		{"smallest", "fromAll().when({ $any() {} })", "p resident  []"},
		{"types", "fromAll().when({ b() {}, a() {}, $init: () => 0 })", "p resident  [b a]"},
		{"any and types", "fromAll().when({ b() {}, $any() {} })", "p resident  []"},
		{"types of streams", "fromStreams('$et-a', '$et-b').when({ $any() {} })", "p resident  [a b]"},
		{"by stream", "fromAll().foreachStream().when({ $any() {} })", "p keyed  []"},
		{"by stream, transformed", "fromAll().foreachStream().when({ $any() {} }).transformBy((s) => s)", "p resident  []"},
		{"by field", "options({ key: 'dir', name: 'n' }); fromAll().when({ $any() {} })", "n keyed dir []"},
		{"by function", "fromAll().partitionBy((e) => e.data.dir).when({ $any() {} }).outputState()", "p resident  []"},
		{"stateless", "options({ state: 'stateless', events: ['x'] }); fromAll().when({ $any() {} })", "p stateless  [x]"},
		{"options of KurrentDB", "options({ resultStreamName: 'r', $includeLinks: false, reorderEvents: false, processingLag: 0 });\nfromAll().when({ $any() {} })", "p resident  []"},
		{"byte order mark", "\ufefffromAll().when({ $any() {} })", "p resident  []"},
	} {
		m := load(t, tt.script).module.Manifest()
		got := m.Name + " " + string(m.State) + " " + m.Key + " [" + strings.Join(m.Events, " ") + "]"
		if got != tt.want || m.SDK != "refold-javascript" {
			t.Errorf("%s: the manifest is %s of %s, want %s", tt.name, got, m.SDK, tt.want)
		}
	}
}

// TestDigest holds that the digest is the script's and its name's, and the same
// each time.
func TestDigest(t *testing.T) {
	const script = "fromAll().when({ $any() {} })"
	a, b, c := load(t, script), load(t, script), load(t, script+" ")
	if a.module.Digest() != b.module.Digest() || a.module.Digest() == c.module.Digest() {
		t.Errorf("digests are %s, %s and %s", a.module.Digest(), b.module.Digest(), c.module.Digest())
	}
	taken, err := a.instance.Snapshot(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	if err := b.instance.Restore(context.Background(), taken); err != nil {
		t.Error(err)
	}
	var guest *runtime.GuestError
	if err := c.instance.Restore(context.Background(), taken); !errors.As(err, &guest) || guest.Code != runtime.SnapshotMismatch {
		t.Errorf("error is %v, want snapshot_mismatch", err)
	}
}

// TestOrigin holds invariant 6: what origin.txt says is what is there.
func TestOrigin(t *testing.T) {
	text, err := os.ReadFile("guest/origin.txt")
	if err != nil {
		t.Fatal(err)
	}
	listed := map[string]bool{}
	for line := range strings.Lines(string(text)) {
		want, name, ok := strings.Cut(strings.TrimSpace(line), "  ")
		if !ok {
			continue
		}
		content, err := os.ReadFile(filepath.Join("guest", name))
		if err != nil {
			t.Fatal(err)
		}
		if sum := sha256.Sum256(content); hex.EncodeToString(sum[:]) != want {
			t.Errorf("%s is not what guest.wasm was built with; run guest/build.sh", name)
		}
		listed[name] = true
	}
	for _, pattern := range []string{"guest/*.[chs]*", "guest/*.js", "guest/*.wasm"} {
		files, _ := filepath.Glob(pattern)
		for _, file := range files {
			if !listed[filepath.Base(file)] {
				t.Errorf("origin.txt does not list %s", file)
			}
		}
	}
}
