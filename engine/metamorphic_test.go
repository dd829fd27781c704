package engine_test

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/eventstore/archive"
	"github.com/refold-dev/refold/eventstore/memory"
)

// courses are ways to come from an empty log to a whole one.
var courses = map[string]func(r *rig, log *memory.Store, all []event.Event, random *rand.Rand){
	"at once": func(r *rig, log *memory.Store, all []event.Event, _ *rand.Rand) {
		appendTo(r.t, log, all)
		r.open()
		r.catchUp()
	},
	"live": func(r *rig, log *memory.Store, all []event.Event, random *rand.Rand) {
		r.open()
		r.start()
		for len(all) > 0 {
			n := 1 + random.IntN(len(all))
			appendTo(r.t, log, all[:n])
			all = all[n:]
		}
	},
	"replayed half-way and at the end": func(r *rig, log *memory.Store, all []event.Event, _ *rand.Rand) {
		appendTo(r.t, log, all[:len(all)/2])
		r.open()
		must(r.t, r.engine.Replay(r.ctx, "lines"))
		r.start()
		appendTo(r.t, log, all[len(all)/2:])
		for _, p := range r.specs {
			must(r.t, r.engine.Replay(r.ctx, p.Name))
		}
	},
	"restarted": func(r *rig, log *memory.Store, all []event.Event, random *rand.Rand) {
		for len(all) > 0 {
			n := 1 + random.IntN(len(all))
			appendTo(r.t, log, all[:n])
			all = all[n:]
			r.open()
			if random.IntN(2) == 0 {
				r.catchUp()
			} else {
				r.start() // and stop wherever it is
			}
			r.close()
		}
		r.open()
		r.start()
	},
}

// outcome is all that a reader can see.
type outcome struct {
	States map[string]string
	Rows   map[string][]string
	Ledger map[string]string
}

// However events are batched, however many instances fold them and whatever has
// happened on the way, equal logs have equal read models, byte for byte.
func TestEqualLogsHaveEqualReadModels(t *testing.T) {
	all := history(200)
	var want *outcome
	batches := []struct{ size, workers int }{{1024, 3}, {7, 1}, {1024, 1}, {1, 1}}
	if testing.Short() {
		batches = batches[:2]
	}
	for name, course := range courses {
		for _, by := range batches {
			t.Run(fmt.Sprintf("%s, batches of %d, %d workers", name, by.size, by.workers), func(t *testing.T) {
				random := rand.New(rand.NewPCG(uint64(by.size), 7))
				log := newLog(t, nil)
				keyed := lines()
				keyed.Projection.Workers = by.workers
				r := newRig(t, log, keyed, moody(), commits())
				r.opts.BatchSize = by.size
				course(r, log, all, random)
				if r.halt != nil {
					for _, p := range r.specs {
						r.untilLive(p.Name, len(all))
					}
				}
				got := r.outcome()
				if want == nil {
					r.wantLines(all)
					r.wantState("commits", wantCommits(all))
					want = got
				}
				if d := cmp.Diff(want, got); d != "" {
					t.Errorf("another course came to (-want +got):\n%s", d)
				}
			})
		}
	}
}

var _ engine.Pager = (*archive.Store)(nil)

// A log that is read in pages, which leave out what nobody wants, makes the same of a
// pipeline as one that is followed.
func TestPagesMakeTheSame(t *testing.T) {
	all := history(300)
	for i := range all { // so that whole blocks are of no interest
		if i%60 < 40 {
			all[i].Type, all[i].Data = "tag_created", json.RawMessage(`{"name":"v1"}`)
		}
	}
	followed := newRig(t, newLog(t, all), lines(), moody(), commits())
	followed.open()
	followed.catchUp()
	want := followed.outcome()
	for _, size := range []int{1024, 7, 1} {
		t.Run(fmt.Sprintf("batches of %d", size), func(t *testing.T) {
			log := memory.New()
			a, err := archive.Open(t.TempDir(), archive.Options{BlockEvents: 9, SegmentBytes: 8 << 10})
			must(t, err)
			paged := archive.NewStore(log, a)
			t.Cleanup(func() { must(t, paged.Close()) })
			appendTo(t, log, all[:250])
			must(t, paged.Level(t.Context()))
			r := newRig(t, paged, lines(), moody(), commits())
			r.opts.BatchSize = size
			r.open()
			r.catchUp()
			appendTo(t, log, all[250:])
			must(t, paged.Level(t.Context()))
			r.catchUp()
			must(t, r.engine.Replay(t.Context(), "commits"))
			if d := cmp.Diff(want, r.outcome()); d != "" {
				t.Errorf("pages come to (-want +got):\n%s", d)
			}
		})
	}
}

// Workers are no part of what a read model is: with another number it goes on.
func TestWorkersMayChange(t *testing.T) {
	all := history(300)
	log := newLog(t, nil)
	r := newRig(t, log, lines())
	for n, workers := range []int{1, 3, 0} {
		r.specs[0].Projection.Workers = workers
		appendTo(t, log, all[100*n:100*n+100])
		r.open()
		r.catchUp()
		if s := r.status("lines"); s.Generation != 1 {
			t.Errorf("with %d workers the read model was built anew: %+v", workers, s)
		}
		r.wantLines(all[:100*n+100])
		r.close()
	}
}

func (r *rig) outcome() *outcome {
	r.t.Helper()
	o := &outcome{map[string]string{}, map[string][]string{}, map[string]string{}}
	for _, p := range r.specs {
		o.States[p.Name] = r.state(p.Name)
		s := r.status(p.Name)
		o.Ledger[p.Name] = fmt.Sprintf("%d delivered, %d filtered, at %d", s.Delivered, s.Filtered, s.Position)
		for _, x := range p.Executors {
			table := x.SQLite.Tables[0].Name
			o.Rows[table] = rowsOf(r.t, r.dir, table)
		}
	}
	return o
}
