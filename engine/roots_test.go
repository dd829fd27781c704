package engine_test

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/engine/internal/checkpoint"
	"github.com/refold-dev/refold/engine/internal/root"
	"github.com/refold-dev/refold/runtime/wasm"
)

// interpreted has the guests of a rig interpreted, and not compiled.
func (r *rig) interpreted() {
	ctx := context.WithoutCancel(r.ctx)
	host, err := wasm.NewHost(ctx, wasm.Options{Interpret: true})
	must(r.t, err)
	r.t.Cleanup(func() { must(r.t, host.Close(ctx)) })
	loaded := map[string]*wasm.Module{}
	r.opts.OpenPlugin = func(ctx context.Context, spec config.Projection) (engine.Plugin, error) {
		m := loaded[spec.WASM]
		if m == nil {
			var err error
			if m, err = host.Load(ctx, spec.WASM, wasm.Limits{}); err != nil {
				return nil, err
			}
			loaded[spec.WASM] = m
			r.t.Cleanup(func() { must(r.t, m.Close(context.WithoutCancel(ctx))) })
		}
		return m.Instantiate(ctx)
	}
}

// stored opens a closed pipeline's active generation.
func (r *rig) stored(pipeline string, do func(*checkpoint.Generation)) {
	r.t.Helper()
	s, err := checkpoint.Open(filepath.Join(r.states(), pipeline, "state.db"))
	must(r.t, err)
	active, _, err := s.Generations()
	must(r.t, err)
	g, err := s.Generation(active)
	must(r.t, err)
	must(r.t, g.Verify())
	do(g)
	must(r.t, s.Close())
}

// roots are those of a closed pipeline's active generation, by their positions.
func (r *rig) roots(pipeline string) map[event.Position]root.Root {
	r.t.Helper()
	byPosition := map[event.Position]root.Root{}
	r.stored(pipeline, func(g *checkpoint.Generation) {
		list, err := g.Roots()
		must(r.t, err)
		for _, kept := range list {
			byPosition[kept.Position] = kept.Root
		}
	})
	return byPosition
}

// wantSameRoots checks that roots at positions which both have are the same, and that
// the last position is one.
func wantSameRoots(t testing.TB, how string, last int, want, got map[event.Position]root.Root) {
	t.Helper()
	if _, ok := got[event.Position(last)]; !ok {
		t.Errorf("%s, position %d has no root: %v", how, last, slices.Sorted(maps.Keys(got)))
	}
	for at, r := range got {
		if w, ok := want[at]; ok && w != r {
			t.Errorf("%s, the root at %d is %+v, want %+v", how, at, r, w)
		}
	}
}

// Equal logs have equal roots: on 1 worker or 8, in batches of 1 event or 1000, whether
// modules are compiled or interpreted, and however often the engine starts anew.
func TestEqualLogsHaveEqualRoots(t *testing.T) {
	if testing.Short() {
		t.Skip("short: about what is folded, of which the race detector learns nothing")
	}
	all := poisoned(120)
	specs := func(workers int) []config.Pipeline {
		keyed, parks := lines(), fickle()
		parks.OnError = ""
		keyed.Projection.Workers, parks.Projection.Workers = workers, workers
		return []config.Pipeline{keyed, parks, moody(), herald()}
	}
	names := []string{"lines", "fickle", "moody", "herald"}
	run := func(t testing.TB, dir string, size, workers int, interpret bool, parts ...[]event.Event) map[string]map[event.Position]root.Root {
		log := newLog(t, nil)
		r := newRig(t, log, specs(workers)...)
		r.dir, r.opts.BatchSize, r.opts.CheckpointEvery = dir, size, time.Nanosecond
		r.opts.Now = func() time.Time { return time.Time{} } // so that no answer takes long enough for checkpoints to be rarer
		if interpret {
			r.interpreted()
		}
		for _, part := range parts {
			appendTo(t, log, part)
			r.open()
			r.catchUp()
			r.close()
		}
		found := map[string]map[event.Position]root.Root{}
		for _, name := range names {
			found[name] = r.roots(name)
		}
		return found
	}
	want := run(t, t.TempDir(), 1, 1, false, all)
	check := func(t testing.TB, how string, got map[string]map[event.Position]root.Root) {
		for _, name := range names {
			wantSameRoots(t, name+": "+how, len(all), want[name], got[name])
			for at, r := range got[name] {
				if r.Answer.IsZero() == (name == "moody") {
					t.Errorf("%s: %s, the root at %d has the answer %s", name, how, at, r.Answer)
				}
			}
		}
	}
	check(t, "interpreted", run(t, t.TempDir(), 1000, 1, true, all))
	for _, by := range []struct{ size, workers, restarts int }{{1, 8, 0}, {7, 1, 3}, {64, 8, 2}, {1000, 1, 1}, {1000, 8, 0}} {
		random := rand.New(rand.NewPCG(uint64(by.size), uint64(by.workers)))
		var parts [][]event.Event
		rest := all
		for range by.restarts {
			n := random.IntN(len(rest))
			parts, rest = append(parts, rest[:n]), rest[n:]
		}
		how := fmt.Sprintf("in batches of %d, on %d workers, with %d restarts", by.size, by.workers, by.restarts)
		check(t, how, run(t, t.TempDir(), by.size, by.workers, false, append(parts, rest)...))
	}
}

// A root has the effects in it: from one to the next that changes where an event between
// them has asked for something, and only there.
func TestRootsHaveTheEffects(t *testing.T) {
	all := poisoned(120)
	log := newLog(t, nil)
	r := newRig(t, log, lines())
	r.open()
	for part := range slices.Chunk(all, 2) { // a checkpoint behind each
		appendTo(t, log, part)
		r.catchUp()
	}
	r.close()
	roots := r.roots("lines")
	positions := slices.Sorted(maps.Keys(roots))
	asked, silent := 0, 0
	for i, at := range positions[1:] {
		before := positions[i]
		asks := len(wantLines(all[before:at])) > 0
		if changed := roots[before].Effects != roots[at].Effects; changed != asks {
			t.Errorf("from %d to %d the effects' digest has changed: %v, want %v", before, at, changed, asks)
		}
		if asks {
			asked++
		} else {
			silent++
		}
	}
	if asked < 10 || silent < 3 {
		t.Errorf("there are %d stretches with effects, and %d without", asked, silent)
	}
}

// poisoned is a log of n events, some of which are for fickle, and some of those
// cannot be folded.
func poisoned(n int) []event.Event {
	random := rand.New(rand.NewPCG(3, 5))
	list := history(n)
	for i := range list {
		if i%4 == 0 {
			do := ""
			if random.IntN(8) == 0 {
				do = []string{"reject", "trap", "remove"}[random.IntN(3)]
			}
			list[i] = told(i, string('a'+rune(random.IntN(9))), do)
		}
	}
	return list
}
