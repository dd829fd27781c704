package wasm

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/refold-dev/refold/runtime"
	"github.com/refold-dev/refold/sdk/conformance"
	"github.com/refold-dev/refold/sdk/frame"
	"github.com/refold-dev/refold/sdk/framejson"
)

// verdict is all that a caller sees of a fold.
type verdict struct {
	Result framejson.Result
	Frame  []byte
	Code   runtime.Code
	Event  int
	Error  string
}

type folder interface {
	Fold(ctx context.Context, batch []byte) ([]byte, error)
}

func judge(t rapid.TB, by folder, text []byte) (v verdict) {
	t.Helper()
	out, err := by.Fold(context.Background(), text)
	if err != nil {
		var guest *runtime.GuestError
		if !errors.As(err, &guest) {
			t.Fatal(err)
		}
		return verdict{Code: guest.Code, Event: guest.Event, Error: guest.Error()}
	}
	batch, err := frame.OpenBatch(text)
	if err != nil {
		t.Fatal(err)
	}
	result, err := frame.OpenResult(out, batch)
	if err != nil {
		t.Fatal(err)
	}
	return verdict{Result: framejson.OfResult(result), Frame: bytes.Clone(out)}
}

// cleaner is a test of this package's or a check of rapid.
type cleaner interface {
	rapid.TB
	Cleanup(func())
}

func pool(t cleaner, m *Module, workers int) *Pool {
	t.Helper()
	p, err := m.Pool(context.Background(), workers)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return p
}

// TestPoolIsOneInstance: whatever is folded, with any number of workers, a pool
// gives what one instance gives: states, effects in their order, rejections, and
// of several events that fail the one that comes first.
func TestPoolIsOneInstance(t *testing.T) {
	h := newHost(t, nil)
	limits := Limits{FuelPerEvent: 20_000_000} // enough for memory that grows
	for name, path := range map[string]string{"keyed": cGuestNamed(t, "toil"), "stateless": cGuestNamed(t, "toil_stateless")} {
		t.Run(name, func(t *testing.T) {
			m := load(t, h, path, limits)
			rapid.Check(t, func(rt *rapid.T) {
				p, i := pool(rt, m, rapid.IntRange(2, 5).Draw(rt, "workers")), raw(rt, context.Background(), m)
				defer func() { i.Close(context.Background()) }()
				for range rapid.IntRange(1, 4).Draw(rt, "batches") {
					text := drawToil(rt, name == "keyed")
					want, got := judge(rt, i, text), judge(rt, p, text)
					want.Frame, got.Frame = nil, nil // the kit and the host put the same in other places
					if diff := cmp.Diff(want, got); diff != "" {
						rt.Fatal(diff)
					}
					if i.dead != nil {
						i.Close(context.Background())
						i = raw(rt, context.Background(), m)
					}
				}
			})
		})
	}
}

// drawToil draws a batch, most often without an event that fails.
func drawToil(t *rapid.T, keyed bool) []byte {
	kinds, groups := []string{"toil", "silent", "not declared"}, 1
	if keyed {
		kinds, groups = append(kinds, "remove"), rapid.SampledFrom([]int{1, 2, 3, 5, 20, 50}).Draw(t, "groups")
	}
	b := framejson.Batch{Types: []string{"toil", "remove", "silent", "reject", "trap", "spin", "disorder"}}
	position := uint64(0)
	for n := range groups {
		g := drawGroup(t, keyed, n)
		for range rapid.SampledFrom([]int{1, 2, 5, 1 + 100/groups, 1 + 300/groups}).Draw(t, "events") {
			position++
			g.Events = append(g.Events, framejson.Event{Position: position, Version: 1, Type: rapid.SampledFrom(kinds).Draw(t, "kind"), AggregateType: "thing",
				Data: framejson.Text(fmt.Sprintf(`{"n":%d}`, rapid.IntRange(0, 1<<20).Draw(t, "n")))})
		}
		b.Groups = append(b.Groups, g)
	}
	for range rapid.SampledFrom([]int{0, 0, 0, 1, 1, 2}).Draw(t, "poisoned") {
		events := b.Groups[rapid.IntRange(0, groups-1).Draw(t, "group")].Events
		events[rapid.IntRange(0, len(events)-1).Draw(t, "event")].Type = rapid.SampledFrom(b.Types[3:]).Draw(t, "poison")
	}
	text, err := b.Frame()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func drawGroup(t *rapid.T, keyed bool, n int) (g framejson.Group) {
	if !keyed {
		return g
	}
	key := framejson.Text(fmt.Sprint("key ", n))
	g.Key = &key
	if rapid.Bool().Draw(t, "known") {
		state := framejson.Text(fmt.Sprintf(`{"hash":%d}`, rapid.Int64().Draw(t, "hash")))
		g.State = &state
	}
	return g
}

// TestPoolOfMirrors: what the kits' mirrors say back of all that they read is the
// same from a pool; in Go, whose kit writes frames as the host does, to the byte.
func TestPoolOfMirrors(t *testing.T) {
	h := newHost(t, nil)
	mirrors := map[string]string{"c": conformance.BuildC(t, "../../sdk/c", "../../sdk/conformance/guests/c/mirror.c")}
	if !testing.Short() {
		mirrors["go"] = conformance.BuildGo(t, "../../sdk/conformance/guests/go")
		mirrors["javascript"] = "../../sdk/conformance/guests/javascript/mirror.js"
	}
	for name, path := range mirrors {
		t.Run(name, func(t *testing.T) {
			m := load(t, h, path, Limits{})
			i, p := instantiate(t, m), pool(t, m, 3)
			var b framejson.Batch
			b.Types, b.SlotsPerEvent = []string{"mirrored", "commanded"}, 8
			for _, command := range []string{"", "update", "delete", "query", "log", "emit", "remove", ""} {
				key := framejson.Text("key " + command)
				e := framejson.Event{Position: 1, Type: "commanded", AggregateType: "thing", Data: framejson.Text(`{}`),
					Slots: []framejson.Slot{{Kind: "string", Value: framejson.Text(command)}}}
				other := e
				other.Type = "not declared " + command
				b.Groups = append(b.Groups, framejson.Group{Key: &key, Events: []framejson.Event{e, e, other, e, e, e, e, e}})
			}
			text, err := b.Frame()
			if err != nil {
				t.Fatal(err)
			}
			want, got := judge(t, i, text), judge(t, p, text)
			if name == "go" && !bytes.Equal(want.Frame, got.Frame) {
				t.Error("the frames differ")
			}
			want.Frame, got.Frame = nil, nil
			if diff := cmp.Diff(want, got); diff != "" || len(got.Result.Effects) < 40 {
				t.Errorf("%d effects:\n%s", len(got.Result.Effects), diff)
			}
			for n := range p.workers {
				if p.workers[n].instance == nil {
					t.Errorf("worker %d has not worked: the test tests little", n)
				}
			}
		})
	}
}

// toil returns a batch of so many keys with so many events each, of which one has
// another type.
func toil(t testing.TB, keys, events, odd int, what string, payload int) []byte {
	t.Helper()
	var w frame.BatchWriter
	w.Reset([]string{"toil", "remove", "silent", "reject", "trap", "spin", "disorder"}, 0)
	n := 0
	for key := range keys {
		w.BeginGroup(fmt.Append(nil, key), nil, false)
		for range events {
			e := frame.Event{Position: uint64(n + 1), Version: 1, Type: "toil", AggregateType: "thing", Data: bytes.Repeat([]byte{'x'}, payload)}
			if n == odd {
				e.Type = what
			}
			w.AddEvent(&e)
			n++
		}
	}
	text, err := w.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// TestPoolGoesOn: a worker that fails is replaced, the others stay, and a worker
// is started only when there is work for it.
func TestPoolGoesOn(t *testing.T) {
	m := load(t, newHost(t, nil), cGuestNamed(t, "toil"), Limits{FuelPerEvent: 1_000_000})
	p := pool(t, m, 4)
	started := func() (list []*Instance) {
		for n := range p.workers {
			if i := p.workers[n].instance; i != nil {
				list = append(list, i)
			}
		}
		return list
	}
	for _, tt := range []struct{ keys, events, workers int }{{1, 1, 1}, {1, 200, 1}, {100, 0, 1}, {31, 1, 1}, {32, 1, 2}, {100, 2, 4}, {1, 1, 4}} {
		judge(t, p, toil(t, tt.keys, tt.events, -1, "", 10))
		if got := len(started()); got != tt.workers {
			t.Fatalf("%d keys with %d events have %d workers, want %d", tt.keys, tt.events, got, tt.workers)
		}
	}
	before := started()
	v := judge(t, p, toil(t, 100, 2, 150, "spin", 10))
	if v.Code != runtime.OutOfFuel || v.Event != 150 {
		t.Errorf("the verdict is %+v", v)
	}
	if v := judge(t, p, toil(t, 100, 2, -1, "", 10)); v.Error != "" || len(v.Result.Groups) != 100 {
		t.Errorf("after a failure, the verdict is %+v", v)
	}
	after := started()
	if len(after) != 4 || after[1] != before[1] || after[2] != before[2] || after[3] == before[3] {
		t.Errorf("workers %p, before the failure %p", after, before)
	}
}

// TestPoolRefused: what has its state in an instance has one instance.
func TestPoolRefused(t *testing.T) {
	h := newHost(t, nil)
	for _, tt := range []struct {
		path    string
		workers int
	}{{goGuest(), 2}, {goGuest(), 1}, {cGuestNamed(t, "toil"), 0}, {cGuestNamed(t, "toil"), MaxWorkers + 1}} {
		_, err := load(t, h, tt.path, Limits{}).Pool(t.Context(), tt.workers)
		var refused *WorkersError
		if !errors.As(err, &refused) || refused.Workers != tt.workers || refused.Plugin == "" {
			t.Errorf("%d workers: %v", tt.workers, err)
		}
	}
}

// TestPoolBoundsOutput: results that are within the limit each, and not together,
// are refused as one that is not.
func TestPoolBoundsOutput(t *testing.T) {
	m := load(t, newHost(t, nil), cGuestNamed(t, "toil"), Limits{OutputBytes: 20_000})
	if v := judge(t, pool(t, m, 4), toil(t, 100, 1, -1, "", 10)); v.Error != "" {
		t.Errorf("within the limit: %s", v.Error)
	}
	if v := judge(t, pool(t, m, 4), toil(t, 200, 1, -1, "", 10)); v.Code != runtime.OutputTooLarge {
		t.Errorf("beyond the limit, the verdict is %+v", v)
	}
}

// TestPoolCancelled: a fold that nobody waits for any more is no fault of the
// guest's.
func TestPoolCancelled(t *testing.T) {
	p := pool(t, load(t, newHost(t, nil), cGuestNamed(t, "toil"), Limits{}), 2)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.Fold(ctx, toil(t, 100, 1, -1, "", 10)); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if v := judge(t, p, toil(t, 100, 1, -1, "", 10)); v.Error != "" {
		t.Errorf("later: %s", v.Error)
	}
}

// TestPoolAllocatesLittle: what a pool allocates for a batch does not grow with
// its events.
func TestPoolAllocatesLittle(t *testing.T) {
	p := pool(t, load(t, newHost(t, nil), cGuestNamed(t, "toil"), Limits{}), 2)
	for _, events := range []int{64, 2048} {
		text := toil(t, 64, events/64, -1, "", 100)
		if n := testing.AllocsPerRun(20, func() {
			if _, err := p.Fold(t.Context(), text); err != nil {
				t.Fatal(err)
			}
		}); n > 8 {
			t.Errorf("a batch of %d events allocates %v times", events, n)
		}
	}
}

// TestPoolsLeaveNothing: pools that are opened, used, made to fail and closed, a
// thousand times, leave no memory, machine code or goroutine.
func TestPoolsLeaveNothing(t *testing.T) {
	m := load(t, newHost(t, nil), cGuestNamed(t, "toil"), Limits{FuelPerEvent: 1_000_000})
	fine, spin, trap := toil(t, 64, 1, -1, "", 10), toil(t, 64, 1, 5, "spin", 10), toil(t, 64, 1, 60, "trap", 10)
	leavesNothing(t, 1000, func(int) {
		p, err := m.Pool(t.Context(), 3)
		if err != nil {
			t.Fatal(err)
		}
		for _, text := range [][]byte{fine, spin, fine, trap} {
			judge(t, p, text)
		}
		if err := errors.Join(p.Close(t.Context()), p.Close(t.Context())); err != nil {
			t.Fatal(err)
		}
	})
}
