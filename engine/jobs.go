package engine

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine/job"
)

// Why the work on a job ends before it is done.
var (
	errJobPaused    = errors.New("the job is paused")
	errJobCancelled = errors.New("the job is cancelled")
)

// JobsPath is the file of the replay jobs of an engine whose Options.Dir is dir.
func JobsPath(dir string) string { return filepath.Join(dir, "jobs.json") }

// jobs are the replay jobs of an engine: who has its turn, and who is at work.
//
// A job is worked by who holds the token of its pipeline's work, and by nobody
// else; so one that has its turn may be worked by whoever comes to hold that.
type jobs struct {
	store *job.Store
	limit int // of jobs that run at a time
	now   func() time.Time

	mu      sync.Mutex
	changed chan struct{}       // closed, and another one made, at each change
	waiting map[uuid.UUID]int   // how many wait for a job's turn
	working map[uuid.UUID]*work // what is being built
	ended   map[uuid.UUID]error // why jobs have ended, if it was in this process
}

// work is a job on its way.
type work struct {
	stop  context.CancelCauseFunc
	next  *generation
	from  event.Position // where it went on from
	began time.Time
}

func openJobs(o *Options) (*jobs, error) {
	store, err := job.Open(JobsPath(o.Dir))
	if err != nil {
		return nil, err
	}
	return &jobs{
		store: store, limit: o.Jobs, now: o.Now, changed: make(chan struct{}),
		waiting: map[uuid.UUID]int{}, working: map[uuid.UUID]*work{}, ended: map[uuid.UUID]error{},
	}, nil
}

// tell has everybody who waits look again. The caller holds mu.
func (j *jobs) tell() {
	close(j.changed)
	j.changed = make(chan struct{})
}

// submit puts a job at the end of the queue. It is on disk then.
func (j *jobs) submit(r job.Request, why string) (job.Job, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return job.Job{}, err
	}
	one := job.Job{ID: id, Request: r, Why: why, State: job.Queued, Submitted: j.now()}
	j.mu.Lock()
	defer j.mu.Unlock()
	defer j.tell()
	return one, j.store.Submit(one)
}

// step has something happen to a job; err, if not nil, is why.
func (j *jobs) step(id uuid.UUID, in job.Input, err error) (job.Job, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.stepLocked(id, in, err)
}

func (j *jobs) stepLocked(id uuid.UUID, in job.Input, err error) (job.Job, error) {
	defer j.tell()
	one, failure := j.store.Step(id, in, func(one *job.Job) {
		j.progress(one)
		one.ETA, one.Error = 0, ""
		if in == job.Fail || errors.Is(err, errCalledOff) {
			one.Error = err.Error()
		}
		if one.State.Ended() {
			one.Ended = j.now()
		}
	})
	if failure == nil && one.State.Ended() {
		j.remember(id, err)
	}
	if w := j.working[id]; w != nil && one.State != job.Running {
		w.next = nil // what it has come to is noted
	}
	return one, failure
}

// remember keeps why a job has ended, as long as its record is there.
func (j *jobs) remember(id uuid.UUID, err error) {
	j.ended[id] = err
	for other := range j.ended {
		if _, gone := j.store.Get(other); gone != nil {
			delete(j.ended, other)
		}
	}
}

// finishKept is the end of a job whose generation is kept.
func (j *jobs) finishKept(id uuid.UUID) (job.Job, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if _, err := j.store.Note(id, func(one *job.Job) { one.Kept = true }); err != nil {
		return job.Job{}, err
	}
	return j.stepLocked(id, job.Finish, nil)
}

// progress fills in how far a job that is being worked has come. The caller holds
// mu.
func (j *jobs) progress(one *job.Job) {
	if w := j.working[one.ID]; w != nil && w.next != nil {
		one.Progress(w.from, w.next.position(), j.now().Sub(w.began))
	}
}

// look returns a job as it is now.
func (j *jobs) look(id uuid.UUID) (job.Job, error) {
	one, err := j.store.Get(id)
	if err != nil {
		return one, err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	j.progress(&one)
	return one, nil
}

// all returns the jobs as they are now, in the order of their submission.
func (j *jobs) all() []job.Job {
	list := append([]job.Job{}, j.store.All()...) // [] in JSON, if there is none
	j.mu.Lock()
	defer j.mu.Unlock()
	for i := range list {
		j.progress(&list[i])
	}
	return list
}

// open are the jobs of a pipeline that have not ended.
func (j *jobs) open(pipeline string) (list []job.Job) {
	for _, one := range j.all() {
		if one.Pipeline == pipeline && !one.State.Ended() {
			list = append(list, one)
		}
	}
	return list
}

// holds reports whether a generation is a job's that has not ended, or that is kept.
func (j *jobs) holds(pipeline string, generation uint64) bool {
	_, _, ok := j.holder(pipeline, generation)
	return ok
}

// holder is the job that holds a generation, and whether that is because it is kept.
func (j *jobs) holder(pipeline string, generation uint64) (id uuid.UUID, kept, ok bool) {
	for _, one := range j.store.All() {
		if one.Pipeline == pipeline && one.Generation == generation && generation != 0 && (one.Kept || !one.State.Ended()) {
			return one.ID, one.Kept, true
		}
	}
	return id, false, false
}

// adopt returns the job that builds what a pipeline is to serve: the one that has its
// turn, the next one, or a new one. The error says so if somebody holds what a change
// asks for.
func (j *jobs) adopt(pipeline, why string) (job.Job, error) {
	open := slices.DeleteFunc(j.open(pipeline), func(one job.Job) bool { return one.Travels() })
	for _, s := range []job.State{job.Running, job.Queued, job.Paused} {
		at := slices.IndexFunc(open, func(one job.Job) bool { return one.State == s })
		switch {
		case at < 0:
		case s != job.Paused:
			return open[at], nil
		case why == job.Change:
			return open[at], fmt.Errorf("pipeline %s: nothing serves until job %s is resumed: %w", pipeline, open[at].ID, errJobPaused)
		}
	}
	return j.submit(job.Request{Pipeline: pipeline}, why)
}

// turn waits until a job runs. The error is a *job.RefusedError if it is not queued
// any more, and errBegun once begun is closed.
func (j *jobs) turn(ctx context.Context, begun <-chan struct{}, id uuid.UUID) error {
	j.await(id, 1)
	defer j.await(id, -1)
	for {
		changed, runs, err := j.grant(id)
		if err != nil || runs {
			return err
		}
		select {
		case <-changed:
		case <-begun:
			return errBegun
		case <-ctx.Done():
			return fmt.Errorf("waiting for the turn of job %s: %w", id, context.Cause(ctx))
		}
	}
}

// await counts who is there to work a job when its turn comes.
func (j *jobs) await(id uuid.UUID, more int) {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.waiting[id] += more
	if j.waiting[id] == 0 {
		delete(j.waiting, id)
	}
	j.tell()
}

// grant starts a job if it is its turn, and reports whether it runs.
func (j *jobs) grant(id uuid.UUID) (changed <-chan struct{}, runs bool, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	one, err := j.store.Get(id)
	switch {
	case err != nil:
		return nil, false, err
	case one.State == job.Running:
		return nil, true, nil
	case one.State != job.Queued:
		return nil, false, &job.RefusedError{ID: id, State: one.State, Input: job.Start, Reason: "it is not in the queue"}
	case !j.isNext(id):
		return j.changed, false, nil
	}
	defer j.tell()
	_, err = j.store.Step(id, job.Start, func(one *job.Job) {
		if one.Began.IsZero() {
			one.Began = j.now()
		}
	})
	return nil, err == nil, err
}

// isNext reports whether a job may run: there is room for it and for all before it
// that somebody is there to work, and its pipeline has none that runs. The caller
// holds mu.
func (j *jobs) isNext(id uuid.UUID) bool {
	list := j.store.All()
	room, busy := j.limit, map[string]bool{}
	for i := range list {
		if list[i].State == job.Running {
			room--
			busy[list[i].Pipeline] = true
		}
	}
	for i := range list {
		one := &list[i]
		if one.State != job.Queued || j.waiting[one.ID] == 0 || busy[one.Pipeline] {
			continue
		}
		if one.ID == id {
			return room > 0
		}
		room--
		busy[one.Pipeline] = true
	}
	return false
}

// until waits for a job not to be worked, and to be in a state that is good.
func (j *jobs) until(ctx context.Context, ended <-chan struct{}, id uuid.UUID, good func(job.State) bool) (job.Job, error) {
	for {
		j.mu.Lock()
		changed, worked := j.changed, j.working[id] != nil
		j.mu.Unlock()
		one, err := j.look(id)
		if err != nil || !worked && good(one.State) {
			return one, err
		}
		select {
		case <-changed:
		case <-ended:
			return one, ErrStopped
		case <-ctx.Done():
			return one, ctx.Err()
		}
	}
}

// outcome is the error that a job has come to; nil if it is done.
func (j *jobs) outcome(one job.Job) error {
	j.mu.Lock()
	err, here := j.ended[one.ID]
	j.mu.Unlock()
	switch {
	case here:
		return err
	case one.State == job.Paused:
		return fmt.Errorf("job %s of %s stops at position %d: %w", one.ID, one.Pipeline, one.Position, errJobPaused)
	}
	return one.Err()
}

// begin registers the work on a job that runs. ok is false if it does so no more.
func (j *jobs) begin(ctx context.Context, id uuid.UUID) (working context.Context, w *work, one job.Job, ok bool) {
	j.mu.Lock()
	defer j.mu.Unlock()
	one, err := j.store.Get(id)
	if err != nil || one.State != job.Running {
		return ctx, nil, one, false
	}
	w = &work{}
	working, w.stop = context.WithCancelCause(ctx)
	j.working[id] = w
	return working, w, one, true
}

// release ends the work on a job, of which there is nothing left to do.
func (j *jobs) release(id uuid.UUID, w *work) {
	w.stop(nil)
	j.mu.Lock()
	defer j.mu.Unlock()
	delete(j.working, id)
	j.tell()
}

// show notes which generation a job builds, which goes on from where it is.
func (j *jobs) show(w *work, next *generation) {
	j.mu.Lock()
	defer j.mu.Unlock()
	w.next, w.from, w.began = next, next.position(), j.now()
}

// note notes something about a job on disk.
func (j *jobs) note(id uuid.UUID, change func(*job.Job)) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	_, err := j.store.Note(id, change)
	return err
}

// halt ends the work on a job, or, where none is under way, has happen to it what
// the work would come to.
func (j *jobs) halt(id uuid.UUID, in job.Input, cause error) (job.Job, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if w := j.working[id]; w != nil {
		w.stop(cause)
		return j.store.Get(id)
	}
	return j.stepLocked(id, in, cause)
}

// unworked is step for a job that has had its turn and that nobody works.
func (j *jobs) unworked(id uuid.UUID, in job.Input, err error) (job.Job, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	one, failure := j.store.Get(id)
	if failure != nil || one.State != job.Running || j.working[id] != nil {
		return one, failure
	}
	return j.stepLocked(id, in, err)
}
