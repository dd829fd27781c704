package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/engine/internal/checkpoint"
)

// pipeline supervises the generations of one pipeline: the live one and, during
// a replay, the next.
type pipeline struct {
	name      string
	opts      *Options
	store     *checkpoint.Store // shut where it cannot be opened
	life      life
	jobs      *jobs
	drive     func(uuid.UUID) // has the run under way work a job
	orders    chan request    // which do not wait for a build
	turns     chan request    // of replay jobs, which do
	work      chan struct{}   // holds one token while somebody folds
	snapshots *snapshots      // for time travel

	// there ends when the configuration has the pipeline no more, and leave ends it.
	there context.Context
	leave context.CancelFunc
	// halt ends the pipeline's part in the run under way, or in the last one; nil before
	// the first. Only who holds the engine's mu looks.
	halt func()
	// users are those who read what the store has, in no run. More come only while the
	// engine lists the pipeline.
	users sync.WaitGroup

	// stale: what is open cannot go on, and is opened again before the next
	// fold. outdated: what is open is of another declaration than the present one,
	// which is to replace it; tried: that has failed. Only who holds the token of work
	// looks.
	stale, outdated, tried bool
	reopening              reopening

	// mu guards what an operator sees. declared and live are written only by who holds
	// the token of work, which therefore reads them without mu.
	mu       sync.Mutex
	declared *declaration
	live     *generation // nil: there is none that can be opened
	change   *Change

	watch watch
}

func newPipeline(d *declaration, opts *Options, jobs *jobs, drive func(uuid.UUID)) *pipeline {
	name := d.spec.Name
	there, leave := context.WithCancel(context.Background())
	store := checkpoint.At(statePath(opts.Dir, name))
	return &pipeline{
		name:      name,
		jobs:      jobs,
		drive:     drive,
		opts:      opts,
		store:     store,
		declared:  d,
		there:     there,
		leave:     leave,
		life:      newLife(name, store, opts),
		orders:    make(chan request),
		turns:     make(chan request),
		work:      make(chan struct{}, 1),
		snapshots: &snapshots{dir: snapshotsPath(opts.Dir, name), logger: opts.Logger, known: store.All},
	}
}

// declaration is the present one.
func (p *pipeline) declaration() *declaration {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.declared
}

// begin waits for the right to fold; end gives it back. The error is errBegun once
// begun is closed, and errLeft once the pipeline is retired.
func (p *pipeline) begin(ctx context.Context, begun <-chan struct{}) error {
	select {
	case p.work <- struct{}{}:
		return nil
	case <-begun:
		return errBegun
	case <-p.there.Done():
		return errLeft
	case <-ctx.Done():
		return fmt.Errorf("pipeline %s: waiting for another run of it to end: %w", p.name, ctx.Err())
	}
}

func (p *pipeline) end() { <-p.work }

// serving is the generation that readers see; nil while there is none.
func (p *pipeline) serving() *generation {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.live
}

// serve has readers see another generation, or none, and returns the one before.
func (p *pipeline) serve(next *generation) (before *generation) {
	p.mu.Lock()
	defer p.mu.Unlock()
	before, p.live = p.live, next
	p.watch.serve(next)
	return before
}

// fault stops the pipeline and returns err. A file of states that is damaged is shut, so
// that another one can be put in its place.
func (p *pipeline) fault(err error) error {
	p.stale = true
	var damage *DamagedStateError
	if errors.As(err, &damage) && damage.Path == statePath(p.opts.Dir, p.name) {
		defer func() { _ = p.store.Shut(err) }() // behind what is noted in it
	}
	if isFenced(err) {
		err = &TakenOverError{p.name, err}
	}
	p.life.become(inFault, err)
	p.opts.Observer.Faulted(p.name, err)
	return err
}

// faulted returns the error that the pipeline has stopped because of.
func (p *pipeline) faulted() error {
	if at, cause := p.life.look(); at.State == string(Faulted) {
		return cause
	}
	return nil
}

// close waits for those who read, and releases everything. Nobody folds.
func (p *pipeline) close(ctx context.Context) error {
	p.users.Wait()
	var errs []error
	if live := p.serving(); live != nil {
		errs = append(errs, live.close(ctx))
	}
	p.snapshots.wait()
	return errors.Join(append(errs, p.store.Close())...)
}
