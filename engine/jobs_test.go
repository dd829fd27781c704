package engine_test

import (
	"context"
	"errors"
	"iter"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/job"
	"github.com/refold-dev/refold/eventstore/memory"
)

// gated is a log that gives its events only as far as a gate lets them.
type gated struct {
	*memory.Store
	mu     sync.Mutex
	open   event.Position // up to which it is open; forever at first
	closed chan struct{}  // closed, and another one made, when open changes
}

func newGated(t *testing.T, events []event.Event) *gated {
	return &gated{Store: newLog(t, events), open: ^event.Position(0), closed: make(chan struct{})}
}

// upTo opens or closes the gate.
func (l *gated) upTo(p event.Position) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open = p
	close(l.closed)
	l.closed = make(chan struct{})
}

func (l *gated) Follow(ctx context.Context, after event.Position) iter.Seq2[[]event.Recorded, error] {
	return func(yield func([]event.Recorded, error) bool) {
		for events, err := range l.Store.Follow(ctx, after) {
			for len(events) > 0 && err == nil {
				n := l.passing(ctx, events)
				if ctx.Err() != nil || !yield(events[:n], nil) {
					return
				}
				events = events[n:]
			}
			if err != nil {
				yield(nil, err)
				return
			}
		}
	}
}

// passing waits until the first of the events may pass, and counts those that may.
func (l *gated) passing(ctx context.Context, events []event.Recorded) int {
	for {
		l.mu.Lock()
		open, changed := l.open, l.closed
		l.mu.Unlock()
		if events[0].Position <= open {
			if n := slices.IndexFunc(events, func(r event.Recorded) bool { return r.Position > open }); n > 0 {
				return n
			}
			return len(events)
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return len(events)
		}
	}
}

// untilJob waits for a job.
func (r *rig) untilJob(id uuid.UUID, what string, good func(job.Job) bool) job.Job {
	r.t.Helper()
	var one job.Job
	r.until("lines", "working a job that is "+what, func(engine.Status) bool {
		var err error
		one, err = r.engine.Job(id)
		must(r.t, err)
		return good(one)
	})
	return one
}

func (r *rig) submit(pipeline string) job.Job {
	r.t.Helper()
	one, err := r.engine.Submit(context.Background(), job.Request{Pipeline: pipeline})
	must(r.t, err)
	return one
}

// half is a rig with a live pipeline and a job for it that stands at position 150.
func half(t *testing.T) (r *rig, log *gated, all []event.Event, one job.Job) {
	t.Helper()
	all = history(400)
	log = newGated(t, all[:300])
	r = newRig(t, log, lines())
	r.opts.BatchSize = 50
	r.open()
	r.start()
	r.untilLive("lines", 300)
	log.upTo(150)
	one = r.submit("lines")
	r.untilJob(one.ID, "at 150", func(one job.Job) bool { return one.State == job.Running && one.Position == 150 })
	return r, log, all, one
}

// A job that is paused keeps what it has built, over a restart; the pipeline goes on
// meanwhile. Resumed, it folds nothing again: the witness of the rig sees to that.
func TestAJobIsPausedAndResumed(t *testing.T) {
	r, log, all, one := half(t)
	paused, err := r.engine.PauseJob(t.Context(), one.ID)
	must(t, err)
	if paused.State != job.Paused || paused.Position != 150 || paused.Target != 300 || paused.ETA != 0 {
		t.Errorf("paused: %+v", paused)
	}
	var no *job.RefusedError
	if _, err := r.engine.PauseJob(t.Context(), one.ID); !errors.As(err, &no) || no.Rule != "already_paused" {
		t.Errorf("pausing again: %v", err)
	}
	log.upTo(1000)
	appendTo(t, log.Store, all[300:])
	r.untilLive("lines", 400)
	r.close()
	r.wantGenerations("lines", 1, 2)

	r.open()
	r.start()
	r.untilLive("lines", 400)
	if s := r.status("lines"); s.Generation != 1 || len(s.Jobs) != 1 || s.Jobs[0].State != job.Paused || s.Jobs[0].Position != 150 {
		t.Errorf("after a restart: %+v", s)
	}
	r.wantLines(all)
	if _, err := r.engine.ResumeJob(one.ID); err != nil {
		t.Error(err)
	}
	must(t, r.engine.Work(t.Context(), one.ID))
	done := r.lastJob()
	if done.State != job.Done || done.Position != 400 || done.Generation != 2 || done.Ended.IsZero() {
		t.Errorf("done: %+v", done)
	}
	r.untilLive("lines", 400)
	r.wantLines(all)
	r.close()
	r.wantGenerations("lines", 1, 2)
}

// An engine that stops leaves a job to the next one.
func TestAStopInterruptsAJob(t *testing.T) {
	r, log, all, one := half(t)
	r.close()
	r.wantGenerations("lines", 1, 2)
	kept, err := engine.OpenKeptJobs(r.states())
	must(t, err)
	list, err := kept.All()
	must(t, err)
	if len(list) != 1 || list[0].State != job.Queued || list[0].Position != 150 {
		t.Errorf("without an engine: %+v", list)
	}
	log.upTo(1000)
	r.open()
	r.start()
	must(t, r.engine.Work(t.Context(), one.ID))
	r.untilLive("lines", 300)
	r.wantLines(all[:300])
	r.close()
	r.wantGenerations("lines", 1, 2)
}

// A job that is cancelled leaves no trace but its record, whatever it was doing.
func TestACancelledJobLeavesNoTrace(t *testing.T) {
	for _, how := range []string{"running", "paused", "interrupted", "queued"} {
		t.Run(how, func(t *testing.T) {
			r, log, all, one := half(t)
			switch how {
			case "paused":
				_, err := r.engine.PauseJob(t.Context(), one.ID)
				must(t, err)
			case "interrupted":
				r.close()
				r.open()
			case "queued":
				next := r.submit("lines")
				if _, err := r.engine.CancelJob(t.Context(), one.ID); err != nil {
					t.Fatal(err)
				}
				one = next
				r.untilJob(one.ID, "running", func(one job.Job) bool { return one.State == job.Running })
			}
			cancelled, err := r.engine.CancelJob(t.Context(), one.ID)
			must(t, err)
			if cancelled.State != job.Cancelled || cancelled.Ended.IsZero() {
				t.Errorf("cancelled: %+v", cancelled)
			}
			again, err := r.engine.CancelJob(t.Context(), one.ID)
			if err != nil || again != cancelled {
				t.Errorf("cancelling again: %+v, %v", again, err)
			}
			wantTables(t, r, "_refold_checkpoints", "_refold_epochs", "_refold_format", "_refold_tables", "lines_by_dir")
			log.upTo(1000)
			r.close()
			r.wantGenerations("lines", 1)
			r.open()
			r.catchUp()
			r.wantLines(all[:300])
		})
	}
}

// Jobs run in the order of their submission, one at a time, but one pipeline's does
// not hold up another's where there is room.
func TestTheQueuesOrder(t *testing.T) {
	all := history(200)
	for _, limit := range []int{1, 2} {
		log := newGated(t, all)
		r := newRig(t, log, lines(), commits())
		r.opts.Jobs = limit
		r.open()
		r.start()
		r.untilLive("lines", 200)
		r.untilLive("commits", 200)
		log.upTo(0)
		var ids []uuid.UUID
		for _, p := range []string{"lines", "lines", "commits", "lines"} {
			ids = append(ids, r.submit(p).ID)
		}
		want := []job.State{job.Running, job.Queued, job.Queued, job.Queued}
		if limit == 2 {
			want[2] = job.Running
		}
		states := func() (list []job.State) {
			for _, one := range r.engine.Jobs() {
				list = append(list, one.State)
			}
			return list
		}
		r.until("lines", "working its turn", func(engine.Status) bool { return slices.Equal(states(), want) })
		log.upTo(1000)
		for _, id := range ids {
			must(t, r.engine.Work(t.Context(), id))
		}
		jobs := r.engine.Jobs()
		for i := range jobs {
			if i > 0 && jobs[i].ID.String() < jobs[i-1].ID.String() {
				t.Errorf("job %d is before the one that was submitted before it", i)
			}
		}
		for _, pair := range [][2]int{{0, 1}, {1, 3}} { // of one pipeline, never two at a time
			if first, second := jobs[pair[0]], jobs[pair[1]]; second.Began.Before(first.Ended) {
				t.Errorf("with room for %d, job %d began at %s, and the one before it ended at %s", limit, pair[1], second.Began, first.Ended)
			}
		}
		if first, third := jobs[1], jobs[2]; limit == 1 && third.Began.Before(first.Ended) {
			t.Errorf("job 2 began at %s, and the one before it ended at %s", third.Began, first.Ended)
		}
		r.wantLines(all)
		r.close()
	}
}

// Nor does an engine that starts change the order.
func TestTheQueuesOrderOverARestart(t *testing.T) {
	all := history(50)
	r := newRig(t, newLog(t, all), lines(), commits())
	r.open()
	r.catchUp()
	for range 3 {
		for range 4 {
			r.submit("commits")
			r.submit("lines")
		}
		r.start()
		for _, one := range r.engine.Jobs() {
			must(t, r.engine.Work(t.Context(), one.ID))
		}
		r.close()
		r.open()
	}
	jobs := r.engine.Jobs()
	for i := range jobs[1:] {
		if jobs[i+1].Began.Before(jobs[i].Ended) {
			t.Errorf("job %d began at %s, and the one before it ended at %s", i+1, jobs[i+1].Began, jobs[i].Ended)
		}
	}
}

// liveOverGate is a pipeline that is live over 300 events, in batches of 50, with a log
// that can be told how far it may be read again.
func liveOverGate(t *testing.T) (all []event.Event, log *gated, r *rig) {
	t.Helper()
	all = history(300)
	log = newGated(t, all)
	r = newRig(t, log, lines())
	r.opts.BatchSize = 50
	r.open()
	r.start()
	r.untilLive("lines", 300)
	return all, log, r
}

// emptied is a rig whose pipeline has been reset, and whose job stands at position 150.
func emptied(t *testing.T) (r *rig, log *gated, all []event.Event, one job.Job, reset chan error) {
	t.Helper()
	all, log, r = liveOverGate(t)
	log.upTo(150)
	reset = make(chan error, 1)
	go func() { reset <- r.engine.Reset(context.Background(), "lines") }()
	s := r.until("lines", "rebuilding", func(s engine.Status) bool {
		return s.State == engine.Rebuilding && len(s.Jobs) == 1 && s.Jobs[0].Position == 150
	})
	return r, log, all, s.Jobs[0], reset
}

// What a job builds where nothing serves is held and let go likewise.
func TestAJobWhereNothingServes(t *testing.T) {
	r, log, all, one, reset := emptied(t)
	if one.Why != job.Reset {
		t.Errorf("job %+v", one)
	}
	if _, err := r.engine.Submit(context.Background(), job.Request{Pipeline: "lines"}); err == nil || !strings.Contains(err.Error(), "is being built") {
		t.Errorf("another one beside it: %v", err)
	}
	_, err := r.engine.PauseJob(t.Context(), one.ID)
	must(t, err)
	if err := <-reset; err == nil || !strings.HasSuffix(err.Error(), "the job is paused") {
		t.Errorf("the reset: %v", err)
	}
	r.close()
	r.open()
	if err := r.engine.CatchUp(t.Context()); err == nil || !strings.Contains(err.Error(), one.ID.String()+" is resumed") {
		t.Errorf("catching up: %v", err)
	}
	r.start()
	r.until("lines", "waiting", func(s engine.Status) bool { return s.State == engine.Rebuilding })
	log.upTo(1000)
	_, err = r.engine.ResumeJob(one.ID)
	must(t, err)
	must(t, r.engine.Work(t.Context(), one.ID))
	r.untilLive("lines", 300)
	r.wantLines(all)
}

// Cancelled where nothing serves, the pipeline has stopped, and a replay mends it.
func TestCancellingWhatWouldServe(t *testing.T) {
	r, log, all, one, reset := emptied(t)
	_, err := r.engine.CancelJob(t.Context(), one.ID)
	must(t, err)
	if err := <-reset; err == nil || !strings.HasSuffix(err.Error(), "the job is cancelled") {
		t.Errorf("the reset: %v", err)
	}
	s := r.until("lines", "stopped", func(s engine.Status) bool { return s.State == engine.Faulted })
	if !strings.Contains(s.Error, "the job is cancelled") {
		t.Errorf("status %+v", s)
	}
	log.upTo(1000)
	must(t, r.engine.Replay(t.Context(), "lines"))
	r.untilLive("lines", 300)
	r.wantLines(all)
}

// A change is a job: it is held over a restart while what served goes on, and goes on
// itself from where it was.
func TestAChangesJob(t *testing.T) {
	all := history(400)
	log := newGated(t, all[:300])
	r := newRig(t, log, lines())
	r.opts.BatchSize = 50
	r.open()
	r.catchUp()
	r.close()
	narrow(r)
	log.upTo(150)
	r.open()
	r.start()
	s := r.until("lines", "building", func(s engine.Status) bool { return len(s.Jobs) == 1 && s.Jobs[0].Position == 150 })
	one := s.Jobs[0]
	if one.Why != job.Change || one.State != job.Running || s.Generation != 1 {
		t.Errorf("status %+v", s)
	}
	_, err := r.engine.PauseJob(t.Context(), one.ID)
	must(t, err)
	r.close()
	log.upTo(1000)
	appendTo(t, log.Store, all[300:])
	r.open()
	r.start()
	r.untilLive("lines", 400)
	r.wantLines(all)
	if s := r.status("lines"); len(s.Jobs) != 1 || s.Jobs[0].State != job.Paused {
		t.Errorf("after a restart: %+v", s)
	}
	_, err = r.engine.ResumeJob(one.ID)
	must(t, err)
	must(t, r.engine.Work(t.Context(), one.ID))
	r.untilLive("lines", 400)
	r.wantLines(without(all, "file_deleted"))
}

// A damaged file of jobs is an error that says what to do, and that harms nothing.
func TestADamagedFileOfJobs(t *testing.T) {
	all := history(100)
	r := newRig(t, newLog(t, all), lines())
	r.open()
	must(t, r.engine.Replay(t.Context(), "lines"))
	r.close()
	path := engine.JobsPath(r.states())
	must(t, os.WriteFile(path, []byte(`{"format":1,"jobs":[{`), 0o600))
	var damage *job.DamageError
	if err := r.tryOpen(); !errors.As(err, &damage) || damage.Path != filepath.Join(r.states(), "jobs.json") {
		t.Fatalf("error %v", err)
	}
	r.engine = nil
	must(t, os.Remove(path))
	r.open()
	r.catchUp()
	r.wantLines(all)
	if d := cmp.Diff([]job.Job{}, r.engine.Jobs()); d != "" {
		t.Error(d)
	}
}

// kill -9 in the midst of a job, again and again: each time it goes on from its last
// checkpoint, in the same generation, and at its end the read model is that of an
// engine that was never killed.
func TestAJobIsKilled(t *testing.T) {
	if testing.Short() {
		t.Skip("short: kills processes, of which the race detector learns nothing")
	}
	all := history(childEvents)
	r := newRig(t, newLog(t, all), childPipelines()...)
	r.seen.strange = true
	r.open()
	r.catchUp()
	r.close()
	kept, err := engine.OpenKeptJobs(r.states())
	must(t, err)
	r.open()
	one := r.submit("lines")
	r.close()

	var at event.Position
	for round := range 4 {
		killAfter(t, r.dir, 60+31*round)
		kept, err = engine.OpenKeptJobs(r.states())
		must(t, err)
		list, err := kept.All()
		must(t, err)
		now := list[slices.IndexFunc(list, func(j job.Job) bool { return j.ID == one.ID })]
		if now.State != job.Queued || now.Generation != 2 || now.Position < at {
			t.Fatalf("killed in round %d, at position %d before: %+v", round, at, now)
		}
		at = now.Position
	}
	if at == 0 || at == childEvents {
		t.Fatalf("it was killed at position %d: choose the moments otherwise", at)
	}
	var began event.Position = ^event.Position(0)
	r.opts.Observer.Folded = func(pipeline string, generation uint64, through event.Position, events, _ int) {
		if pipeline == "lines" && generation == 2 {
			began = min(began, through-event.Position(events))
		}
	}
	r.seen = newWitness()
	r.seen.strange = true
	r.open()
	must(t, r.engine.Work(t.Context(), one.ID))
	if began != at {
		t.Errorf("it went on from position %d, want %d", began, at)
	}
	if s := r.status("lines"); s.Generation != 2 {
		t.Errorf("status %+v", s)
	}
	r.wantLines(all)
	r.close()
	r.wantGenerations("lines", 1, 2)
}
