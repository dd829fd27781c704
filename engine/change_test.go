package engine_test

import (
	"context"
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/config"
)

// on is a pipeline with an on_change.
func on(change string, p config.Pipeline) config.Pipeline {
	p.OnChange = change
	return p
}

// on_change: continue has the new module go on from the state and the rows that there
// are: nothing is folded twice, as the witness sees, and nothing is built.
func TestContinue(t *testing.T) {
	all := history(300)
	log := newLog(t, all[:100])
	r := newRig(t, log, lines())
	r.opts.OpenPlugin = openAny
	r.open()
	r.catchUp()
	r.close()
	appendTo(t, log, all[100:200])
	r.specs[0] = on("continue", another())
	r.open()
	if s := r.status("lines"); s.Generation != 1 || s.Position != 100 || s.Module != "sha256:another" || s.Change != nil {
		t.Errorf("status %+v", s)
	}
	r.catchUp()
	r.wantLines(all[:200])
	r.close()

	r.specs[0].Source.Events = narrowed().Source.Events // only from here on
	r.open()
	appendTo(t, log, all[200:])
	r.catchUp()
	r.wantLines(append(all[:200:200], without(all[200:], "file_deleted")...))
	list, err := r.engine.Generations("lines")
	must(t, err)
	if len(list) != 1 || len(list[0].Continued) != 2 || list[0].Continued[0] != 100 || list[0].Continued[1] != 200 {
		t.Errorf("generations %+v", list)
	}
	must(t, r.engine.Replay(t.Context(), "lines"))
	r.wantLines(without(all, "file_deleted"))
}

// counting counts the batches that a plugin folds.
type counting struct {
	engine.Plugin
	folds *atomic.Int64
}

func (p counting) Fold(ctx context.Context, batch []byte) ([]byte, error) {
	p.folds.Add(1)
	return p.Plugin.Fold(ctx, batch)
}

// Where a crash has left the state behind the rows, the module that has made those folds
// the events between again, before the new one goes on.
func TestContinueBehindACrash(t *testing.T) {
	all := history(200)
	log := newLog(t, all)
	r := newRig(t, log, lines())
	r.opts.OpenPlugin, r.opts.BatchSize, r.opts.Ahead, r.opts.CheckpointEvery = openAny, 20, 1, time.Hour
	var left picture
	r.opts.Observer.Folded = func(_ string, _ uint64, through event.Position, _, _ int) {
		if through == 100 {
			left = takePicture(t, r.dir)
		}
	}
	r.open()
	r.catchUp()
	r.close()

	next := newRig(t, log, on("continue", another()))
	left.develop(t, next.dir)
	var old atomic.Int64
	next.opts.OpenPlugin = func(ctx context.Context, spec config.Projection) (engine.Plugin, error) {
		p, err := openAny(ctx, spec)
		if err == nil && spec.SHA256 != "another" {
			p = counting{p, &old}
		}
		return p, err
	}
	next.seen.strange = true
	next.open()
	if s := next.status("lines"); s.Position < 100 || s.Generation != 1 || old.Load() == 0 {
		t.Errorf("status %+v; the module before has folded %d batches", s, old.Load())
	}
	next.catchUp()
	next.wantLines(all)
}

// From a state that does not fit nothing continues: what serves stays as it is, and the
// pipeline says why; a replay builds it.
func TestContinueRefused(t *testing.T) {
	all := history(120)
	keyed := lines()
	keyed.Projection.Key = "author"
	for name, c := range map[string]struct {
		now    config.Pipeline
		reason string
	}{
		"other tables": {retyped(), "its executors, or their tables, are others"},
		"another key":  {keyed, `its states are keyed by "dir", and those of the projection by "author"`},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, newLog(t, all), lines(), commits())
			r.open()
			r.catchUp()
			r.close()
			r.specs[0] = on("continue", c.now)
			r.open()
			r.wantChanged(c.reason)
			r.wantLines(all)
		})
	}
	r := newRig(t, newLog(t, all), on("continue", commits()))
	if err := r.tryOpen(); err == nil || !strings.Contains(err.Error(), "on_change: continue is not for a resident projection") {
		t.Errorf("a resident projection: %v", err)
	}
}

// wantChanged checks that the pipeline lines has stopped because it has changed.
func (r *rig) wantChanged(reason string) {
	r.t.Helper()
	s := r.status("lines")
	if s.State != engine.Faulted || s.Generation != 1 || s.Change == nil || s.Change.Policy != r.specs[0].OnChange || !strings.Contains(s.Error, reason) {
		r.t.Errorf("status %+v, change %+v, want it stopped because %s", s, s.Change, reason)
	}
	var changed *engine.ChangedError
	if err := r.engine.CatchUp(r.ctx); !errors.As(err, &changed) || changed.Generation != 1 {
		r.t.Errorf("catching up: %v", err)
	}
}

// on_change: refuse has what serves stay as it is until somebody says so, over restarts;
// other pipelines go on.
func TestRefuse(t *testing.T) {
	all := history(300)
	log := newLog(t, all[:100])
	r := newRig(t, log, on("refuse", lines()), commits())
	r.open()
	r.catchUp()
	r.close()
	appendTo(t, log, all[100:])
	before := r.specs[0]
	r.specs[0] = on("refuse", narrowed())
	for range 2 {
		r.open()
		r.wantChanged("on_change: refuse keeps it so")
		r.wantLines(all[:100])
		r.start()
		r.untilLive("commits", 300)
		r.close()
	}
	r.specs[0] = before
	r.open()
	if s := r.status("lines"); s.State == engine.Faulted || s.Change != nil {
		t.Errorf("declared as it was: %+v", s)
	}
	r.catchUp()
	r.wantLines(all)
	r.close()

	r.specs[0] = on("refuse", narrowed())
	r.open()
	r.start()
	r.until("lines", "faulted", func(s engine.Status) bool { return s.State == engine.Faulted })
	if err := r.engine.Resume(t.Context(), "lines"); err != nil {
		var changed *engine.ChangedError
		if !errors.As(err, &changed) {
			t.Errorf("resuming it: %v", err)
		}
	}
	r.until("lines", "faulted again", func(s engine.Status) bool { return s.State == engine.Faulted })
	r.wantLines(all)
	must(t, r.engine.Replay(t.Context(), "lines"))
	r.untilBuilt("lines", 300)
	r.wantLines(without(all, "file_deleted"))
	must(t, r.engine.Rollback(t.Context(), "lines", 0))
	r.wantLines(all)
}
