package conformance_test

import (
	"context"
	"encoding/hex"
	"encoding/json"
	"os"
	"regexp"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/refold-dev/refold/runtime"
	"github.com/refold-dev/refold/sdk/conformance"
	"github.com/refold-dev/refold/sdk/frame"
	"github.com/refold-dev/refold/sdk/framejson"
	"github.com/refold-dev/refold/sdk/manifest"
)

// TestDocumentIsEnough folds with a guest that was written from ABI.md without a
// kit: first the bytes of the worked example, whose result is that of the
// example; then what the example does not show.
func TestDocumentIsEnough(t *testing.T) {
	m := load(t, conformance.BuildC(t, "../c", "guests/bare/dirs.c"))
	text, err := os.ReadFile("../ABI.md")
	if err != nil {
		t.Fatal(err)
	}
	t.Run("the example's manifest", func(t *testing.T) {
		shown := regexp.MustCompile("(?s)```json\n(.*?)```").FindSubmatch(text)
		var want any
		if err := json.Unmarshal(shown[1], &want); err != nil {
			t.Fatal(err)
		}
		declared, err := json.Marshal(m.plugin.Manifest())
		if err != nil {
			t.Fatal(err)
		}
		var got any
		if err := json.Unmarshal(declared, &got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("the example", func(t *testing.T) {
		if diff := cmp.Diff(goldenResult(t, "worked_example"), fold(t, m.start(t), goldenFrame(t, "batch/worked_example"))); diff != "" {
			t.Error(diff)
		}
	})
	t.Run("several keys", func(t *testing.T) { testBareKeys(t, m) })
	t.Run("a field of another kind", func(t *testing.T) {
		got := fold(t, m.start(t), dirsBatch(t, slotted("5"), framejson.Slot{Kind: "string", Value: framejson.Text("5")}))
		want := framejson.Result{Rejected: &framejson.Rejection{Event: 1, Reason: framejson.Text("additions is no integer")},
			Groups: []framejson.GroupResult{}, Effects: []framejson.Effect{}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	})
}

func testBareKeys(t *testing.T, m module) {
	i := m.start(t)
	for range 2 { // nothing of one batch is left for the next
		got := fold(t, i, dirsBatch(t, slotted("5"), slotted("-9223372036854775808"), slotted("7")))
		if len(got.Groups) != 2 || got.Groups[0].Group != 0 || got.Groups[1].Group != 2 {
			t.Fatalf("groups %+v, want one for each key with events", got.Groups)
		}
		for n, want := range []string{`{"n":-9223372036854775800}`, `{"n":-2}`} {
			if text := string(*got.Groups[n].State); text != want {
				t.Errorf("state %d is %s, want %s", n, text, want)
			}
		}
		for n, want := range []string{`{"dir":"a","n":8}`, `{"dir":"a","n":-9223372036854775800}`, `{"dir":"b","n":-2}`} {
			if e := got.Effects[n]; string(e.Body) != want || e.Cause != n || e.Kind != "insert" || string(e.Name) != "dirs" {
				t.Errorf("effect %d is %+v, want %s", n, e, want)
			}
		}
	}
}

func slotted(value string) framejson.Slot {
	return framejson.Slot{Kind: "i64", Value: framejson.Text(value)}
}

// dirsBatch is two events of key a, a group without events, and the other events
// for key b, all of them with prior states.
func dirsBatch(t *testing.T, slots ...framejson.Slot) []byte {
	t.Helper()
	event := func(slot framejson.Slot) framejson.Event {
		return framejson.Event{Type: "file_added", AggregateType: "file", Slots: []framejson.Slot{slot, {Kind: "null"}}}
	}
	group := func(key, state string, slots ...framejson.Slot) framejson.Group {
		k, s := framejson.Text(key), framejson.Text(state)
		g := framejson.Group{Key: &k, State: &s}
		for _, slot := range slots {
			g.Events = append(g.Events, event(slot))
		}
		return g
	}
	b := framejson.Batch{Types: []string{"file_added", "file_deleted"}, SlotsPerEvent: 2, Groups: []framejson.Group{
		group("a", `{"n":3}`, slots[:2]...), group("none", `{"n":1}`), group("b", `{"n":-9}`, slots[2:]...),
	}}
	out, err := b.Frame()
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func goldenResult(t *testing.T, name string) framejson.Result {
	t.Helper()
	var v struct{ Result framejson.Result }
	golden(t, "result/"+name, &v)
	return v.Result
}

func golden(t *testing.T, name string, into any) {
	t.Helper()
	text, err := os.ReadFile("../testdata/" + name + ".json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatal(err)
	}
}

// oneCall is a host that gives one answer, and knows one request.
type oneCall struct {
	t               *testing.T
	request, answer []byte
	calls           int
}

func (c *oneCall) Begin(frame.EffectBatch) {}

func (c *oneCall) Call(_ context.Context, call runtime.Call) []byte {
	c.calls++
	if diff := cmp.Diff(c.request, call.Request); diff != "" || call.Function != "http" || call.Effect != 0 {
		c.t.Errorf("%s is called for effect %d:\n%s", call.Function, call.Effect, diff)
	}
	return c.answer
}

func (c *oneCall) Wait(context.Context, int, time.Duration) bool { return false }

func (c *oneCall) Redact(text string) string { return text }

// TestDocumentIsEnoughForExecutors performs the worked example with an executor that
// was written from ABI.md without a kit.
func TestDocumentIsEnoughForExecutors(t *testing.T) {
	m := loadExecutor(t, conformance.BuildC(t, "../c", "guests/bare/notice.c"))
	text, err := os.ReadFile("../ABI.md")
	if err != nil {
		t.Fatal(err)
	}
	shown := regexp.MustCompile("(?s)```json\n(.*?)```").FindAllSubmatch(text, -1)
	want, err := manifest.ParseExecutor(shown[len(shown)-1][1])
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, m.Manifest()); diff != "" {
		t.Error(diff)
	}
	calls := &oneCall{t: t, request: goldenFrame(t, "message/worked_example_request"), answer: goldenFrame(t, "message/worked_example_answer")}
	for range 2 {
		got, err := m.start(t, "{}", calls).Execute(context.Background(), goldenFrame(t, "effects/worked_example"))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(goldenFrame(t, "outcome/worked_example"), got); diff != "" {
			t.Error(diff)
		}
	}
	if calls.calls != 2 {
		t.Errorf("%d calls of the host", calls.calls)
	}
}

func goldenFrame(t *testing.T, name string) []byte {
	t.Helper()
	var v struct{ Frame string }
	golden(t, name, &v)
	b, err := hex.DecodeString(v.Frame)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
