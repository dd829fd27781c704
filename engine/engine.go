package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/engine/job"
)

// Options is what an engine needs. Log, Dir, OpenPlugin, OpenExecutor, Logger
// and Now are required.
type Options struct {
	Log Log
	// Answers keeps the answers to queries in that log. A pipeline that has an executor
	// which answers some needs it.
	Answers Answers
	// Catalog identifies the event catalog that the log is read through; empty
	// for none. Under another one read models are made again.
	Catalog string
	// Dir is the folder of the pipelines' states, one folder a pipeline.
	Dir string
	// OpenPlugin makes an instance of a projection.
	OpenPlugin func(ctx context.Context, spec config.Projection) (Plugin, error)
	// OpenExecutor opens an executor for one generation of a pipeline.
	OpenExecutor func(ctx context.Context, spec config.Executor, pipeline string, generation uint64) (Executor, error)
	// Models is how Prove compares read models.
	Models Models
	// Retired are pipelines that Dir has the states of and that are not run any
	// more.
	Retired  []config.Pipeline
	Logger   *slog.Logger
	Now      func() time.Time
	Observer Observer
	// BatchSize bounds the events of one fold; default 1024.
	BatchSize int
	// Ahead bounds the batches that are folded but not yet performed by every
	// executor; default 64.
	Ahead int
	// CheckpointEvery is how often the state is stored while events flow;
	// default one second. A crash folds that much again.
	CheckpointEvery time.Duration
	// Jobs bounds the replay jobs that run at a time; default 1.
	Jobs int
	// SnapshotEvery is the least number of events between two snapshots for time
	// travel; default 10,000.
	SnapshotEvery int
	// ReplayRate bounds the events that a replay job folds a second, where it does not
	// say so itself; 0 for no bound.
	ReplayRate int
}

func (o *Options) ensureDefaults() {
	if o.BatchSize == 0 {
		o.BatchSize = 1024
	}
	if o.Ahead == 0 {
		o.Ahead = 64
	}
	if o.CheckpointEvery == 0 {
		o.CheckpointEvery = time.Second
	}
	if o.Jobs == 0 {
		o.Jobs = 1
	}
	if o.SnapshotEvery == 0 {
		o.SnapshotEvery = 10_000
	}
	o.Observer.ensureDefaults()
}

// Engine holds pipelines. Open it, then Run it or let it CatchUp, then Close it.
type Engine struct {
	opts      Options
	pipelines []*pipeline
	retired   []Status
	jobs      *jobs

	mu      sync.Mutex
	running chan struct{}   // closed when the run that is under way has ended; nil: none is
	begins  chan struct{}   // closed when the next one begins
	drive   func(uuid.UUID) // has the run that is under way work a job

	asked sync.WaitGroup // calls of State
}

// Open loads all projections first, and only if every one can be run does it
// open, or make, the pipelines' states.
func Open(ctx context.Context, opts Options, specs []config.Pipeline) (*Engine, error) {
	opts.ensureDefaults()
	e := &Engine{opts: opts, begins: make(chan struct{})}
	jobs, err := openJobs(&e.opts)
	if err != nil {
		return nil, err
	}
	e.jobs = jobs
	for _, spec := range specs {
		e.pipelines = append(e.pipelines, newPipeline(spec, &e.opts, jobs, e.goOn))
	}
	var errs []error
	for _, p := range e.pipelines {
		errs = append(errs, p.load(ctx))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	for _, p := range e.pipelines {
		if err := p.open(ctx); err != nil {
			return nil, errors.Join(err, e.Close(ctx))
		}
	}
	e.retire(ctx)
	return e, nil
}

// CatchUp brings all pipelines but the paused ones to the log's present end and
// returns. The error joins those of all pipelines. It waits while the engine runs.
func (e *Engine) CatchUp(ctx context.Context) error {
	head, err := e.opts.Log.Head(ctx)
	if err != nil {
		return err
	}
	errs := make([]error, len(e.pipelines))
	var wg sync.WaitGroup
	for i, p := range e.pipelines {
		wg.Go(func() { errs[i] = p.catchUp(ctx, head) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// Run keeps all pipelines live until ctx is done, and returns after their last
// checkpoints. The replay jobs that have not ended go on from theirs.
func (e *Engine) Run(ctx context.Context) {
	var drivers sync.WaitGroup
	defer drivers.Wait()
	defer e.beginRun(func(id uuid.UUID) {
		e.jobs.await(id, 1) // before those behind it do
		drivers.Go(func() {
			defer e.jobs.await(id, -1)
			e.driveJob(ctx, id)
		})
	})()
	var wg sync.WaitGroup
	for _, p := range e.pipelines {
		wg.Go(func() { p.run(ctx) })
	}
	wg.Wait()
}

// Status returns the status of every pipeline, in the order of their
// declaration, and behind them those of the retired ones.
func (e *Engine) Status(ctx context.Context) ([]Status, error) {
	head, err := e.opts.Log.Head(ctx)
	if err != nil {
		return nil, err
	}
	list := make([]Status, len(e.pipelines))
	for i, p := range e.pipelines {
		list[i] = p.status(head)
	}
	return append(list, e.retiredAt(head)...), nil
}

// Close waits for calls of State and releases everything. The engine must not be
// running, and nobody may call it any more.
func (e *Engine) Close(ctx context.Context) error {
	e.asked.Wait()
	var errs []error
	for _, p := range e.pipelines {
		errs = append(errs, p.close(ctx))
	}
	return errors.Join(errs...)
}

func (e *Engine) pipeline(name string) (*pipeline, error) {
	for _, p := range e.pipelines {
		if p.spec.Name == name {
			return p, nil
		}
	}
	for _, s := range e.retired {
		if s.Pipeline == name {
			return nil, &RefusedError{Pipeline: name, State: s.State, Rule: ruleRetired, Reason: notDeclared}
		}
	}
	return nil, fmt.Errorf("pipeline %q: %w", name, ErrUnknownPipeline)
}

// beginRun tells everybody of a run that begins, and what it returns, of its end.
// drive has the run work a job: those that are queued, and those to come.
func (e *Engine) beginRun(drive func(uuid.UUID)) (end func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	ended := make(chan struct{})
	e.running, e.drive = ended, drive
	close(e.begins)
	e.begins = make(chan struct{})
	for _, one := range e.jobs.all() {
		if one.State == job.Queued || one.State == job.Running {
			drive(one.ID)
		}
	}
	return func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		e.running, e.drive = nil, nil
		close(ended)
	}
}

// Running reports whether a run is under way.
func (e *Engine) Running() bool {
	ended, _ := e.run()
	return ended != nil
}

// run returns what is closed when the run under way has ended, nil if none is, and
// what is closed when the next one begins.
func (e *Engine) run() (ended, begins <-chan struct{}) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.running, e.begins
}
