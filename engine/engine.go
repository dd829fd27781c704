package engine

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine/config"
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
	// travel, of pipelines that do not say so; 0 means config.Snapshots' default.
	SnapshotEvery int
	// Advise says what can be done about an error that stops a pipeline, or that keeps the
	// log from taking appends, or nothing; nil for none.
	Advise func(error) string
	// WithoutRoots has no state roots made, to measure what they cost. What is built so
	// cannot be proved.
	WithoutRoots bool
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
	o.Observer.ensureDefaults()
}

// Engine holds pipelines. Open it, then Run it or let it CatchUp, then Close it.
type Engine struct {
	opts      Options
	jobs      *jobs
	reloading chan struct{} // holds one token while somebody reloads

	mu        sync.Mutex
	pipelines []*pipeline // in the order of their declaration; never changed in place
	retired   []retired
	running   *run          // that is under way; nil: none is
	begins    chan struct{} // closed when the next one begins
}

// Open loads all projections first, and only if every one can be run does it
// open, or make, the pipelines' states. A pipeline that cannot be opened, because its file
// of states is damaged or an executor refuses, is faulted, and the others do not notice: not
// even where it is all of them is that an error. Where an executor says that it may be
// opened later, as of a database that is away, the run under way does so.
func Open(ctx context.Context, opts Options, specs []config.Pipeline) (*Engine, error) {
	opts.ensureDefaults()
	removeLeft()
	e := &Engine{opts: opts, begins: make(chan struct{}), reloading: make(chan struct{}, 1)}
	jobs, err := openJobs(&e.opts)
	if err != nil {
		return nil, err
	}
	e.jobs = jobs
	loaded, err := e.load(ctx, specs)
	if err != nil {
		return nil, err
	}
	for _, d := range loaded {
		e.pipelines = append(e.pipelines, newPipeline(d, &e.opts, jobs, e.goOn))
	}
	for _, p := range e.pipelines {
		if err := p.open(ctx); err != nil {
			return nil, errors.Join(err, e.Close(ctx))
		}
	}
	for _, spec := range e.opts.Retired {
		e.retired = append(e.retired, e.retire(ctx, spec))
	}
	return e, nil
}

// load loads all that is declared, or nothing.
func (e *Engine) load(ctx context.Context, specs []config.Pipeline) ([]*declaration, error) {
	list, errs := make([]*declaration, len(specs)), make([]error, len(specs))
	for i, spec := range specs {
		if at := slices.IndexFunc(specs, func(other config.Pipeline) bool { return other.Name == spec.Name }); at < i {
			errs[i] = fmt.Errorf("pipeline %s is declared twice", spec.Name)
			continue
		}
		list[i] = &declaration{spec: spec, catalog: e.opts.Catalog, open: e.opts.OpenPlugin}
		errs[i] = list[i].loadPresent(ctx)
	}
	return list, errors.Join(errs...)
}

// Accepts returns why the log takes no appends now; nil where it does, or does not say.
func (e *Engine) Accepts(ctx context.Context) error {
	if log, ok := e.opts.Log.(Accepter); ok {
		return log.Accepts(ctx)
	}
	return nil
}

// LogStatus is what an engine's log says of itself.
type LogStatus struct {
	// Head is its last position.
	Head event.Position `json:"head"`
	// Accepts says whether it takes appends, Error why it does not, and Hint what can be
	// done about that.
	Accepts bool   `json:"accepts_appends"`
	Error   string `json:"error,omitempty"`
	Hint    string `json:"hint,omitempty"`
}

// LogStatus returns what the log says of itself. The error is that it does not answer.
func (e *Engine) LogStatus(ctx context.Context) (LogStatus, error) {
	head, err := e.opts.Log.Head(ctx)
	if err != nil {
		return LogStatus{}, err
	}
	s := LogStatus{Head: head, Accepts: true}
	if refused := e.Accepts(ctx); refused != nil {
		s.Accepts, s.Error = false, refused.Error()
		if e.opts.Advise != nil {
			s.Hint = e.opts.Advise(refused)
		}
	}
	return s, nil
}

// Fault returns the error that has stopped a pipeline in this process; nil where none has.
func (e *Engine) Fault(name string) error {
	p, err := e.pipeline(name)
	if err != nil {
		return err
	}
	return p.faulted()
}

// CatchUp brings all pipelines but the paused ones to the log's present end and
// returns. The error joins those of all pipelines. It waits while the engine runs.
func (e *Engine) CatchUp(ctx context.Context) error {
	head, err := e.opts.Log.Head(ctx)
	if err != nil {
		return err
	}
	pipelines := e.list()
	errs := make([]error, len(pipelines))
	var wg sync.WaitGroup
	for i, p := range pipelines {
		wg.Go(func() { errs[i] = p.catchUp(ctx, head) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// Status returns the status of every pipeline, in the order of their
// declaration, and behind them those of the retired ones.
func (e *Engine) Status(ctx context.Context) ([]Status, error) {
	head, err := e.opts.Log.Head(ctx)
	if err != nil {
		return nil, err
	}
	e.mu.Lock()
	pipelines, retired := e.pipelines, e.retired
	e.mu.Unlock()
	list := make([]Status, len(pipelines), len(pipelines)+len(retired))
	for i, p := range pipelines {
		list[i] = p.status(head)
	}
	for _, r := range retired {
		list = append(list, r.at(head))
	}
	return list, nil
}

// Close waits for those who read and releases everything. The engine must not be
// running, and nobody may call it any more.
func (e *Engine) Close(ctx context.Context) error {
	var errs []error
	for _, p := range e.list() {
		errs = append(errs, p.close(ctx))
	}
	return errors.Join(errs...)
}

// list are the pipelines that there are now.
func (e *Engine) list() []*pipeline {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.pipelines
}

func (e *Engine) pipeline(name string) (*pipeline, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.named(name)
}

// named is pipeline for who holds mu.
func (e *Engine) named(name string) (*pipeline, error) {
	for _, p := range e.pipelines {
		if p.name == name {
			return p, nil
		}
	}
	for _, r := range e.retired {
		if r.spec.Name == name {
			return nil, &RefusedError{Pipeline: name, State: r.status.State, Rule: ruleRetired, Reason: notDeclared}
		}
	}
	return nil, fmt.Errorf("pipeline %q: %w", name, ErrUnknownPipeline)
}

// Running reports whether a run is under way.
func (e *Engine) Running() bool {
	ended, _ := e.underWay()
	return ended != nil
}

// use is pipeline for who reads what it keeps, which stays open until release is called.
// Should the pipeline be retired meanwhile, the context ends.
func (e *Engine) use(ctx context.Context, name string) (p *pipeline, using context.Context, release func(), err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if p, err = e.named(name); err != nil {
		return nil, ctx, nil, err
	}
	p.users.Add(1)
	using, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(p.there, func() { cancel(errLeft) })
	return p, using, func() {
		stop()
		cancel(nil)
		p.users.Done()
	}, nil
}
