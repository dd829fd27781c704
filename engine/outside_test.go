package engine_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/engine/delivery"
	"github.com/refold-dev/refold/plugins/collect"
)

// outside is the world beyond the engine: a place that remembers every effect
// that has come to it, through whichever generation's executor.
type outside struct {
	mu      sync.Mutex
	effects []string
	hold    chan struct{} // if it is there, nothing comes in before it is closed
	down    error         // if it is there, nothing comes in; of poison, not that effect
}

// visitor is an executor without transactions in front of the outside.
type visitor struct {
	*collect.Executor
	world *outside
}

func (v visitor) Execute(ctx context.Context, b effect.Batch) error {
	if v.world.hold != nil {
		<-v.world.hold
	}
	if cause, _, poisoned := delivery.Poisoned(v.world.down); v.world.down != nil && !poisoned {
		return v.world.down
	} else if at := slices.IndexFunc(b.Effects, func(f effect.Effect) bool { return f.Cause == cause }); at >= 0 {
		return v.world.down
	}
	if err := v.Executor.Execute(ctx, b); err != nil {
		return err
	}
	v.world.mu.Lock()
	defer v.world.mu.Unlock()
	for _, f := range v.Take() {
		v.world.effects = append(v.world.effects, fmt.Sprintf("%d.%d %s", f.Cause, f.Ordinal, f.Body))
	}
	return nil
}

func (o *outside) seen() []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return append([]string{}, o.effects...)
}

// withOutside has a rig's collect executors stand before the outside.
func (r *rig) withOutside(o *outside) {
	r.opts.OpenExecutor = func(ctx context.Context, spec config.Executor, pipeline string, generation uint64) (engine.Executor, error) {
		if spec.Collect == nil {
			return openExecutor(r.dir)(ctx, spec, pipeline, generation)
		}
		return visitor{collect.New(collect.Options{}), o}, nil
	}
}

// linesOutside is the pipeline lines, which also goes outside.
func linesOutside(replay string) config.Pipeline {
	p := lines()
	p.Executors = append(p.Executors, config.Executor{Collect: &config.Collect{}, Delivery: config.Delivery{Replay: replay}})
	return p
}

// What has been performed outside is not performed again by a replay, but for
// whoever wants it; what comes after the replay is.
func TestAReplayLeavesTheOutsideAlone(t *testing.T) {
	all := history(120)
	for _, running := range []bool{false, true} {
		for _, replay := range []string{"", "suppress", "execute"} {
			t.Run(fmt.Sprintf("running %v, replay %q", running, replay), func(t *testing.T) {
				log := newLog(t, all[:100])
				r := newRig(t, log, linesOutside(replay))
				r.opts.BatchSize = 7
				world := &outside{}
				r.withOutside(world)
				r.open()
				r.catchUp()
				first := world.seen()
				if running {
					r.start()
					r.untilLive("lines", 100)
				}
				must(t, r.engine.Replay(t.Context(), "lines"))
				want := first
				if replay == "execute" {
					want = append(want, first...)
				}
				if d := cmp.Diff(want, world.seen()); d != "" {
					t.Errorf("outside, after the replay (-want +got):\n%s", d)
				}
				appendTo(t, log, all[100:])
				if running {
					r.untilLive("lines", 120)
				} else {
					r.catchUp()
				}
				r.wantLines(all)
				once := newRig(t, newLog(t, all), linesOutside(""))
				whole := &outside{}
				once.withOutside(whole)
				once.open()
				once.catchUp()
				want = append(want, whole.seen()[len(first):]...)
				if d := cmp.Diff(want, world.seen()); d != "" {
					t.Errorf("outside, in the end (-want +got):\n%s", d)
				}
			})
		}
	}
}

// A slow executor does not hold up the other one: not before ahead batches, which
// then are what memory holds.
func TestASlowExecutor(t *testing.T) {
	const ahead, size = 4, 10
	all := history(100)
	r := newRig(t, newLog(t, all), linesOutside(""))
	r.opts.BatchSize, r.opts.Ahead = size, ahead
	world := &outside{hold: make(chan struct{})}
	r.withOutside(world)
	r.open()
	r.start()
	at := func(name string, s engine.Status) event.Position {
		for _, x := range s.Executors {
			if x.Name == name {
				return x.Position
			}
		}
		t.Fatalf("there is no executor %s: %+v", name, s)
		return 0
	}
	s := r.until("lines", "ahead in SQLite", func(s engine.Status) bool { return at("sqlite", s) == ahead*size })
	if at("collect", s) != 0 || s.Position != 0 {
		t.Errorf("the slow one is at %d, the pipeline at %d", at("collect", s), s.Position)
	}
	if d := cmp.Diff(wantRowsOf(all[:ahead*size]), rowsOf(t, r.dir, "lines_by_dir")); d != "" {
		t.Errorf("rows meanwhile (-want +got):\n%s", d)
	}
	close(world.hold)
	r.untilLive("lines", 100)
	r.wantLines(all)
}

// wantRowsOf are the rows of lines_by_dir after some events.
func wantRowsOf(events []event.Event) []string {
	want := wantLines(events)
	rows := []string{}
	for _, dir := range sortedKeys(want) {
		l := want[dir]
		rows = append(rows, fmt.Sprintf("%s|%d|%d|%d", dir, l.Additions, l.Deletions, l.Changes))
	}
	return rows
}
