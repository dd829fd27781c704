package engine

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/engine/internal/checkpoint"
)

// pipeline supervises the generations of one pipeline: the live one and, during
// a replay, the next.
type pipeline struct {
	spec      config.Pipeline
	opts      *Options
	declared  *declaration // what spec comes to
	store     *checkpoint.Store
	life      life
	jobs      *jobs
	drive     func(uuid.UUID) // has the run under way work a job
	requests  chan request    // replays, resets and resumes, one after the other
	pauses    chan request    // which do not wait for a rebuild
	work      chan struct{}   // holds one token while somebody folds
	snapshots *snapshots      // for time travel

	// stale: what is open cannot go on, and is opened again before the next
	// fold. outdated: what is open is of another declaration than the present one,
	// which is to replace it; tried: that has failed. Only who holds the token of work
	// looks.
	stale, outdated, tried bool

	// mu guards what an operator sees. live is written only by who holds the
	// token of work, which therefore reads it without mu.
	mu     sync.Mutex
	live   *generation // nil: there is none that can be opened
	change *Change

	watch watch
}

func newPipeline(spec config.Pipeline, opts *Options, jobs *jobs, drive func(uuid.UUID)) *pipeline {
	return &pipeline{
		jobs:     jobs,
		drive:    drive,
		spec:     spec,
		opts:     opts,
		declared: &declaration{spec: spec, catalog: opts.Catalog, open: opts.OpenPlugin},
		life:     life{pipeline: spec.Name, now: opts.Now, changed: opts.Observer.Changed, logger: opts.Logger},
		requests: make(chan request),
		pauses:   make(chan request),
		work:     make(chan struct{}, 1),
	}
}

// begin waits for the right to fold; end gives it back. The error is errBegun once
// begun is closed.
func (p *pipeline) begin(ctx context.Context, begun <-chan struct{}) error {
	select {
	case p.work <- struct{}{}:
		return nil
	case <-begun:
		return errBegun
	case <-ctx.Done():
		return fmt.Errorf("pipeline %s: waiting for another run of it to end: %w", p.spec.Name, ctx.Err())
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

// fault stops the pipeline and returns err.
func (p *pipeline) fault(err error) error {
	p.stale = true
	if isFenced(err) {
		err = &TakenOverError{p.spec.Name, err}
	}
	p.life.become(inFault, err)
	p.opts.Observer.Faulted(p.spec.Name, err)
	return err
}

// faulted returns the error that the pipeline has stopped because of.
func (p *pipeline) faulted() error {
	if at, cause := p.life.look(); at.State == string(Faulted) {
		return cause
	}
	return nil
}

func (p *pipeline) close(ctx context.Context) error {
	var errs []error
	if live := p.serving(); live != nil {
		errs = append(errs, live.close(ctx))
	}
	p.snapshots.wait()
	if p.store != nil {
		errs = append(errs, p.store.Close())
	}
	return errors.Join(errs...)
}
