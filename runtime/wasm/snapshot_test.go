package wasm

import (
	"bytes"
	"context"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/refold-dev/refold/runtime"
	"github.com/refold-dev/refold/runtime/wasm/internal/wasmtest"
)

// TestRoundTripIsNoOp holds invariant 5: whenever a snapshot is taken, and
// whatever the instance did that it is restored into, the rest of the log gives
// the same results and ends in the same state as without.
func TestRoundTripIsNoOp(t *testing.T) {
	if testing.Short() {
		t.Skip("short: has nothing that runs side by side")
	}
	m := load(t, newHost(t, nil), goGuest(), Limits{})
	ctx := t.Context()
	kinds := rapid.SampledFrom([]string{"add", "emit", "random", "grow", "forget", "goroutine", "sleep", "world"})
	batches := rapid.SliceOfN(rapid.SliceOfN(kinds, 1, 8), 0, 4)
	rapid.Check(t, func(rt *rapid.T) {
		before := batches.Draw(rt, "before")
		after := batches.Draw(rt, "after")
		other := batches.Draw(rt, "other")
		straight, restored := raw(rt, ctx, m), raw(rt, ctx, m)
		defer straight.Close(ctx)
		defer restored.Close(ctx)
		replay(rt, straight, before)
		taken, err := straight.Snapshot(ctx)
		if err != nil {
			rt.Fatal(err)
		}
		replay(rt, restored, other)
		if err := restored.Restore(ctx, taken); err != nil {
			rt.Fatal(err)
		}
		if !bytes.Equal(straight.memory(), restored.memory()) {
			rt.Fatal("memory differs after restoring")
		}
		want, got := replay(rt, straight, after), replay(rt, restored, after)
		if !slices.EqualFunc(want, got, bytes.Equal) {
			rt.Fatal("results differ after restoring")
		}
		if want, got := query(t, straight, ""), query(t, restored, ""); want != got {
			rt.Fatalf("states differ:\n%s\n%s", want, got)
		}
	})
}

func raw(t rapid.TB, ctx context.Context, m *Module) *Instance {
	i, err := m.Instantiate(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

// replay folds batches and returns copies of their results.
func replay(t *rapid.T, i *Instance, batches [][]string) (results [][]byte) {
	for _, types := range batches {
		result, err := i.Fold(context.Background(), batch(t, types...))
		if err != nil {
			t.Fatal(err)
		}
		results = append(results, bytes.Clone(result))
	}
	return results
}

func TestRoundTripInC(t *testing.T) {
	m := load(t, newHost(t, nil), cGuest(t), Limits{})
	a, b := instantiate(t, m), instantiate(t, m)
	fold(t, a, slices.Repeat([]string{"add"}, 1000)...)
	taken, err := a.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Restore(t.Context(), taken); err != nil {
		t.Fatal(err)
	}
	fold(t, a, "add", "add")
	fold(t, b, "add", "add")
	if x, y := query(t, a, ""), query(t, b, ""); x != y || !bytes.Equal(a.memory(), b.memory()) {
		t.Errorf("states differ: %s, %s", x, y)
	}
}

// TestSnapshotHoldsImports: globals, random source and clock come back too.
func TestSnapshotHoldsImports(t *testing.T) {
	counting := guestWith(func(m *wasmtest.Module) {
		m.Globals = []wasmtest.Global{{Type: 'i'}, {Type: 'i', Mutable: true}, {Type: 'F', Mutable: true}}
		m.Func("refold_fold").Body = wasmtest.Code([]byte{0x23, 1}, wasmtest.I32(1), []byte{0x6a, 0x24, 1}, // g1++
			m.Func("refold_fold").Body)
	})
	m := load(t, newHost(t, nil), write(t, counting.Bytes()), Limits{})
	a, b := instantiate(t, m), instantiate(t, m)
	for range 3 {
		fold(t, a, "add")
	}
	a.guest.Random, a.guest.Slept = 11, 12
	taken, err := a.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Restore(t.Context(), taken); err != nil {
		t.Fatal(err)
	}
	if g := b.wasm.ExportedGlobal("refold:global:1").Get(); g != 3 {
		t.Errorf("the global is %d, want 3", g)
	}
	if b.guest.Random != 11 || b.guest.Slept != 12 {
		t.Errorf("random %d, slept %d; want 11, 12", b.guest.Random, b.guest.Slept)
	}
}

// TestRestoreShrinks: an instance whose memory has grown since is replaced.
func TestRestoreShrinks(t *testing.T) {
	m := load(t, newHost(t, nil), goGuest(), Limits{})
	i := instantiate(t, m)
	fold(t, i, "add", "emit")
	early, err := i.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	state, size := query(t, i, ""), len(i.memory())
	fold(t, i, slices.Repeat([]string{"grow"}, 100)...)
	if len(i.memory()) == size {
		t.Fatal("the memory did not grow: the test tests nothing")
	}
	if err := i.Restore(t.Context(), early); err != nil {
		t.Fatal(err)
	}
	if len(i.memory()) != size || query(t, i, "") != state {
		t.Error("the early state did not come back")
	}
}

func TestSnapshotRefused(t *testing.T) {
	h := newHost(t, nil)
	m := load(t, h, goGuest(), Limits{})
	i := instantiate(t, m)
	fold(t, i, "add")
	taken, err := i.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	state := query(t, i, "")
	foreign := hand(t, guestWith(nil))
	guestError(t, foreign.Restore(t.Context(), taken), runtime.SnapshotMismatch)
	fold(t, foreign, "add")

	for _, damaged := range [][]byte{nil, taken[:40], taken[:len(taken)-1], flip(taken, len(taken)/2), flip(taken, 50)} {
		guestError(t, i.Restore(t.Context(), damaged), runtime.SnapshotCorrupt)
	}
	if err := i.Restore(t.Context(), taken); err != nil || query(t, i, "") != state {
		t.Errorf("after refusals, a sound snapshot does not come back: %v", err)
	}
}

func flip(b []byte, at int) []byte {
	b = bytes.Clone(b)
	b[at] ^= 1
	return b
}

// TestSnapshotOverLimit: a snapshot does not get past the memory limit.
func TestSnapshotOverLimit(t *testing.T) {
	h := newHost(t, nil)
	path := write(t, guestWith(growing).Bytes())
	wide := instantiate(t, load(t, h, path, Limits{MemoryPages: 4}))
	fold(t, wide, "add")
	taken, err := wide.Snapshot(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	tight := instantiate(t, load(t, h, path, Limits{MemoryPages: 3}))
	guestError(t, tight.Restore(t.Context(), taken), runtime.SnapshotMismatch)
}
