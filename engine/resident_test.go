package engine_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/engine/internal/checkpoint"
	"github.com/refold-dev/refold/engine/internal/root"
)

// A memory that is put in the place of a resident projection's is refused if it does not
// answer as its root says. With a root of its own it is taken, and verify finds where it
// came in. Without an answer in its root, as older versions have stored it, it goes on.
func TestAnotherMemoryIsFound(t *testing.T) {
	all := history(150)
	for name, put := range map[string]func(now, before checkpoint.Image) checkpoint.Image{
		"under the root that there is": func(now, before checkpoint.Image) checkpoint.Image {
			return checkpoint.Image{Snapshot: before.Snapshot, Answer: now.Answer}
		},
		"with a root of its own": func(_, before checkpoint.Image) checkpoint.Image { return before },
		"the same one, with a root that knows of no answers": func(now, _ checkpoint.Image) checkpoint.Image {
			return checkpoint.Image{Snapshot: now.Snapshot}
		},
	} {
		t.Run(name, func(t *testing.T) {
			log := newLog(t, all[:60])
			r := provable(t, log, moody())
			r.open()
			r.catchUp()
			r.close()
			before := r.image("moody")
			appendTo(t, log, all[60:100])
			r.open()
			r.catchUp()
			r.close()
			image := put(r.image("moody"), before)
			r.stored("moody", func(g *checkpoint.Generation) { must(t, g.Commit(g.Mark(), nil, &image, nil)) })
			appendTo(t, log, all[100:])
			if name == "under the root that there is" {
				r.wantRefused()
				return
			}
			r.open()
			r.catchUp()
			p := r.prove("moody")
			if image.Answer.IsZero() {
				r.wantProven(p, len(all))
				return
			}
			if d := p.Difference; d == nil || d.In != engine.InAnswer || d.Cause != engine.Stored || d.Position != 100 || d.After < 60 ||
				d.Found == d.Expected || !strings.HasPrefix(d.Expected, "{") || !strings.Contains(d.Found, image.Answer.String()) {
				t.Errorf("the difference is %s", asJSON(p))
			}
		})
	}
}

// image is what is stored of a closed pipeline's instance.
func (r *rig) image(pipeline string) (i checkpoint.Image) {
	r.t.Helper()
	r.stored(pipeline, func(g *checkpoint.Generation) {
		var err error
		i.Snapshot, err = g.Snapshot()
		must(r.t, err)
		i.Answer = g.Answer()
	})
	return i
}

// wantRefused checks that neither an engine nor who only reads takes the state.
func (r *rig) wantRefused() {
	r.t.Helper()
	_, kept := engine.OpenKept(r.ctx, r.states(), r.specs[0], openPlugin)
	for who, err := range map[string]error{"an engine": r.unopened(r.specs[0].Name), "a reader": kept} {
		var damage *engine.DamagedStateError
		if !errors.As(err, &damage) || !strings.Contains(err.Error(), "does not answer as it did") {
			r.t.Errorf("%s: %v", who, err)
		}
	}
	r.close()
}

// odd is a projection that gets other queries than it is asked, and tells of each.
type odd struct {
	engine.Plugin
	query string
	asked func()
}

func (o *odd) CanQuery() bool { return true }

func (o *odd) Query(ctx context.Context, _ []byte) ([]byte, error) {
	if o.asked != nil {
		o.asked()
	}
	return o.Plugin.Query(ctx, []byte(o.query))
}

// Asking at checkpoints leaves nothing behind: neither where the projection has no answer
// or traps, nor where it changes something.
func TestAskingChangesNothing(t *testing.T) {
	all := history(100)
	plain := newRig(t, newLog(t, all), moody())
	plain.open()
	plain.catchUp()
	want := rowsOf(t, plain.dir, "passed")
	for query, answers := range map[string]bool{"trap": false, "refuse": false, "change": true} {
		t.Run(query, func(t *testing.T) {
			r := newRig(t, newLog(t, all), moody())
			r.opts.BatchSize, r.opts.CheckpointEvery = 10, time.Nanosecond
			r.opts.Now = func() time.Time { return time.Time{} }
			r.opts.OpenPlugin = func(ctx context.Context, spec config.Projection) (engine.Plugin, error) {
				p, err := openPlugin(ctx, spec)
				return &odd{Plugin: p, query: query}, err
			}
			r.open()
			r.catchUp()
			if answers && !strings.Contains(r.state("moody"), `"changed by a query":1,`) {
				t.Errorf("the state is %s", r.state("moody"))
			}
			r.wantRows("passed", want)
			r.close()
			last := r.roots("moody")[100]
			if last == (root.Root{}) || last.Answer.IsZero() == answers {
				t.Errorf("the last root is %+v", last)
			}
			r.open()
			r.catchUp()
		})
	}
}

// An answer that takes long makes checkpoints rarer; the last one has its answer all the
// same.
func TestAskingTakesItsTime(t *testing.T) {
	var clock atomic.Int64
	r := newRig(t, newLog(t, history(100)), moody())
	r.opts.BatchSize, r.opts.CheckpointEvery = 1, time.Nanosecond
	r.opts.Now = func() time.Time { return time.Unix(clock.Load(), 0) }
	r.opts.OpenPlugin = func(ctx context.Context, spec config.Projection) (engine.Plugin, error) {
		p, err := openPlugin(ctx, spec)
		return &odd{Plugin: p, asked: func() { clock.Add(60) }}, err
	}
	stored := 0
	r.opts.Observer.Checkpointed = func(engine.Checkpoint) { stored++ }
	r.open()
	r.catchUp()
	r.close()
	if last := r.roots("moody")[100]; stored > 2 || last.Answer.IsZero() {
		t.Errorf("there were %d checkpoints, the last with the root %+v", stored, last)
	}
}
