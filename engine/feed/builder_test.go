package feed

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/sdk/frame"
	"github.com/refold-dev/refold/sdk/manifest"
)

func TestKeys(t *testing.T) {
	long := strings.Repeat("x", MaxKeyLength)
	for _, c := range []struct {
		name, data string
		key        string
		filtered   bool
		wantErr    string
	}{
		{name: "text", data: `{"k":"a b"}`, key: "a b"},
		{name: "empty text", data: `{"k":""}`, key: ""},
		{name: "unicode", data: `{"k":"gr\u00f6ße"}`, key: "größe"},
		{name: "half a surrogate pair", data: `{"k":"\ud800"}`, key: "\uFFFD"},
		{name: "number", data: `{"k":42}`, key: "42"},
		{name: "number as it is written", data: `{"k":1.50}`, key: "1.50"},
		{name: "integer past 64 bits", data: `{"k":18446744073709551616}`, key: "18446744073709551616"},
		{name: "bool", data: `{"k":true}`, key: "true"},
		{name: "the last of two", data: `{"k":"a","k":"b"}`, key: "b"},
		{name: "longest", data: `{"k":"` + long + `"}`, key: long},
		{name: "missing", data: `{}`, filtered: true},
		{name: "null", data: `{"k":null}`, filtered: true},
		{name: "too long", data: `{"k":"` + long + `x"}`, wantErr: "event at position 7: its key is 1025 bytes long, at most 1024 are allowed"},
		{name: "object", data: `{"k":{}}`, wantErr: `event at position 7: its field "k" is the key, but holds no single value`},
		{name: "array", data: `{"k":["a"]}`, wantErr: `event at position 7: its field "k" is the key, but holds no single value`},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := NewBuilder(&manifest.Manifest{State: manifest.Keyed, Key: "k"}, Selection{}, "")
			batch, err := b.Build([]event.Recorded{recorded(7, "e", c.data)}, noState)
			if c.wantErr != "" {
				var e *EventError
				if !errors.As(err, &e) || e.Position != 7 || err.Error() != c.wantErr {
					t.Fatalf("error %v, want %s", err, c.wantErr)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if c.filtered {
				if batch.Filtered != 1 || batch.Frame != nil {
					t.Fatalf("filtered %d, frame %v; want the event left out", batch.Filtered, batch.Frame != nil)
				}
				return
			}
			f, err := frame.OpenBatch(batch.Frame)
			if err != nil {
				t.Fatal(err)
			}
			if got := f.Group(0); !got.Keyed() || string(got.Key()) != c.key || string(batch.Keys[0]) != c.key || batch.Keys[0] == nil {
				t.Errorf("key %q in the frame, %q beside it, want %q", got.Key(), batch.Keys[0], c.key)
			}
		})
	}
}

func TestKeyPaths(t *testing.T) {
	e := recorded(1, "e", `{"k":"of the manifest","a":{"b":"nested"}}`)
	for _, c := range []struct{ name, manifest, override, want string }{
		{"the aggregate without a key", "", "", e.Aggregate.ID.String()},
		{"of the manifest", "k", "", "of the manifest"},
		{"overridden", "k", "a.b", "nested"},
		{"given by the pipeline alone", "", "a.b", "nested"},
	} {
		t.Run(c.name, func(t *testing.T) {
			b := NewBuilder(&manifest.Manifest{State: manifest.Keyed, Key: c.manifest}, Selection{}, c.override)
			batch, _ := build(t, b, []event.Recorded{e}, noState)
			diff(t, "key", string(batch.Keys[0]), c.want)
		})
	}
}

func TestGroupsStandInTheOrderOfTheirFirstEvent(t *testing.T) {
	b := NewBuilder(&manifest.Manifest{State: manifest.Keyed, Key: "k"}, Select(nil, []string{"e"}, nil), "")
	var events []event.Recorded
	for i, key := range []string{"b", "a", "b", "", "a", "b"} {
		events = append(events, recorded(event.Position(i+1), "e", `{"k":"`+key+`"}`))
	}
	events = append(events, recorded(7, "other", `{"k":"a"}`))
	batch, f := build(t, b, events, func(key []byte) ([]byte, bool) {
		switch string(key) {
		case "a":
			return []byte("state of a"), true
		case "":
			return nil, true // an empty state is one
		}
		return nil, false
	})
	diff(t, "groups", groupsOf(f), []groupText{
		{Key: "b", Positions: []uint64{1, 3, 6}},
		{Key: "a", State: "state of a", HasState: true, Positions: []uint64{2, 5}},
		{Key: "", HasState: true, Positions: []uint64{4}},
	})
	for i, at := range []event.Position{1, 3, 6, 2, 5, 4} {
		if batch.Events[i] != &events[at-1] {
			t.Errorf("event %d of the frame is that at position %d, want %d", i, batch.Events[i].Position, at)
		}
	}
	diff(t, "filtered", batch.Filtered, 1)
}

func TestUnkeyedEventsAreOneGroup(t *testing.T) {
	for _, state := range []manifest.State{manifest.Stateless, manifest.Resident} {
		b := NewBuilder(&manifest.Manifest{State: state, Key: "k"}, Selection{}, "")
		batch, f := build(t, b, []event.Recorded{recorded(1, "e", `{"k":1}`), recorded(2, "e", `{"k":2}`)}, nil)
		diff(t, "groups", groupsOf(f), []groupText{{Positions: []uint64{1, 2}}})
		if f.Group(0).Keyed() || batch.Keys[0] != nil {
			t.Errorf("%s: the group has a key", state)
		}
	}
}

func TestAPayloadThatNoFieldNeedsIsNotParsed(t *testing.T) {
	b := NewBuilder(&manifest.Manifest{State: manifest.Stateless}, Selection{}, "")
	_, f := build(t, b, []event.Recorded{recorded(1, "e", "no JSON")}, nil)
	for e := range f.Group(0).Events() {
		diff(t, "data", string(e.Data()), "no JSON")
	}
}

func TestAPayloadThatIsNoJSON(t *testing.T) {
	m := &manifest.Manifest{State: manifest.Stateless, Fields: []manifest.Field{{Path: "a", Type: manifest.I64}}}
	_, err := NewBuilder(m, Selection{}, "").Build([]event.Recorded{recorded(1, "e", "{}"), recorded(2, "e", "{")}, nil)
	var e *EventError
	if !errors.As(err, &e) || e.Position != 2 {
		t.Fatalf("error %v, want one of the event at position 2", err)
	}
}

// drawLog draws events, and says of each which key it belongs to, if any.
func drawLog(t *rapid.T) (events []event.Recorded, wanted func(*event.Recorded) (key string, ok bool)) {
	n := rapid.IntRange(0, 40).Draw(t, "events")
	for i := range n {
		data := "{}"
		if k := rapid.IntRange(0, 5).Draw(t, "key"); k > 0 {
			data = fmt.Sprintf(`{"k":"%d","n":%d}`, k, i)
		}
		typ := rapid.SampledFrom([]string{"wanted", "also_wanted", "other"}).Draw(t, "type")
		events = append(events, recorded(event.Position(i+1), typ, data))
	}
	return events, func(e *event.Recorded) (string, bool) {
		_, after, found := strings.Cut(string(e.Data), `"k":"`)
		if e.Type == "other" || !found {
			return "", false
		}
		return after[:1], true
	}
}

// Invariants 1 and 2, with one builder for batches of any size.
func TestEachEventIsCountedOnceAndInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		events, wanted := drawLog(t)
		m := &manifest.Manifest{
			State: manifest.Keyed, Key: "k", Events: []string{"also_wanted", "wanted"},
			Fields: []manifest.Field{{Path: "n", Type: manifest.I64}},
		}
		b := NewBuilder(m, Select(m.Events, nil, nil), "")
		for len(events) > 0 {
			size := rapid.IntRange(1, len(events)).Draw(t, "batch")
			checkBatch(t, b, events[:size], wanted)
			events = events[size:]
		}
	})
}

func checkBatch(t *rapid.T, b *Builder, events []event.Recorded, wanted func(*event.Recorded) (string, bool)) {
	batch, err := b.Build(events, noState)
	if err != nil {
		t.Fatal(err)
	}
	var want []groupText
	filtered := 0
	for i := range events {
		key, ok := wanted(&events[i])
		if !ok {
			filtered++
			continue
		}
		at := slices.IndexFunc(want, func(g groupText) bool { return g.Key == key })
		if at < 0 {
			at = len(want)
			want = append(want, groupText{Key: key})
		}
		want[at].Positions = append(want[at].Positions, uint64(events[i].Position))
	}
	if batch.Filtered != filtered {
		t.Fatalf("filtered %d, want %d", batch.Filtered, filtered)
	}
	if batch.Frame == nil {
		if len(want) > 0 {
			t.Fatal("there is no frame")
		}
		return
	}
	f, err := frame.OpenBatch(batch.Frame)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, groupsOf(f)); d != "" {
		t.Errorf("groups (-want +got):\n%s", d)
	}
	checkEvents(t, batch, f, events)
}

// checkEvents checks that each event's slots and position are its own.
func checkEvents(t *rapid.T, batch *Batch, f frame.Batch, events []event.Recorded) {
	for g := range f.Groups() {
		for e := range g.Events() {
			at := e.Position()
			source := &events[at-uint64(events[0].Position)]
			if batch.Events[e.Index] != source {
				t.Errorf("event %d of the frame is at position %d, beside it stands that at %d", e.Index, at, batch.Events[e.Index].Position)
			}
			if string(e.Data()) != string(source.Data) || string(e.Type()) != source.Type {
				t.Errorf("position %d holds %s %s", at, e.Type(), e.Data())
			}
			if n, ok := e.Slot(0).Int64(); !ok || uint64(n)+1 != at {
				t.Errorf("position %d has the slot %d", at, n)
			}
		}
	}
}

// The answer to a query of the pipeline's own goes to the key that has asked, another
// one to the key that it has as any event.
func TestAnswersGoToWhoAsked(t *testing.T) {
	answer := func(data string) event.Recorded {
		e := recorded(2, effect.QueryAnswered, data)
		e.Aggregate.Type = effect.QueryAnswer
		return e
	}
	stranger := recorded(3, effect.QueryAnswered, `{"pipeline":"p","key":"a","k":"b"}`)
	for _, c := range []struct {
		name, pipeline, path string
		e                    event.Recorded
		want                 string // empty: it is left out
	}{
		{"its own", "p", "k", answer(`{"pipeline":"p","key":"a b","answer":[]}`), "a b"},
		{"its own, where the aggregate is the key", "p", "", answer(`{"pipeline":"p","key":"a"}`), "a"},
		{"another pipeline's", "p", "k", answer(`{"pipeline":"q","key":"a","k":"b"}`), "b"},
		{"another pipeline's, where the aggregate is the key", "p", "", answer(`{"pipeline":"q","key":"a"}`), answer(``).Aggregate.ID.String()},
		{"without a name every pipeline's", "", "k", answer(`{"pipeline":"q","key":"a","k":"b"}`), "a"},
		{"of nobody's key", "p", "k", answer(`{"pipeline":"p"}`), ""},
		{"of an endless key", "p", "k", answer(`{"pipeline":"p","key":"` + strings.Repeat("x", MaxKeyLength+1) + `"}`), ""},
		{"of another aggregate", "p", "k", stranger, "b"},
	} {
		b := NewBuilder(&manifest.Manifest{State: manifest.Keyed}, Selection{}, c.path)
		b.SetPipeline(c.pipeline)
		batch, err := b.Build([]event.Recorded{recorded(1, "e", `{"k":"first"}`), c.e}, noState)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		got := ""
		if batch.Filtered == 0 {
			got = string(batch.KeyOf(1))
		}
		if got != c.want || c.path != "" && string(batch.KeyOf(0)) != "first" {
			t.Errorf("%s: of key %q, want %q", c.name, got, c.want)
		}
	}
}
