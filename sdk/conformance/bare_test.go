package conformance_test

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/refold-dev/refold/sdk/conformance"
	"github.com/refold-dev/refold/sdk/framejson"
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
		declared, err := json.Marshal(m.Manifest())
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
		if diff := cmp.Diff(goldenResult(t, "worked_example"), fold(t, m.start(t), goldenBatch(t, "worked_example"))); diff != "" {
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

func goldenBatch(t *testing.T, name string) []byte {
	t.Helper()
	var v struct{ Frame string }
	golden(t, "batch/"+name, &v)
	b, err := hex.DecodeString(v.Frame)
	if err != nil {
		t.Fatal(err)
	}
	return b
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
