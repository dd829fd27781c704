package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine"
)

const (
	visibleEvery    = time.Millisecond       // from append to append
	visibleLook     = 250 * time.Microsecond // from look to look; that much is measured too much
	visiblePatience = 30 * time.Second
)

// visible measures from an append until its row can be read, with the engine
// live over a log of its own.
func (b *bench) visible(ctx context.Context) (err error) {
	if b.flags.module == "" {
		b.logger.Warn(visibleP50 + " and " + visibleP99 + " are left out: name their guest with --module")
		return nil
	}
	module, err := filepath.Abs(b.flags.module)
	if err != nil {
		return err
	}
	r := &visibleRun{
		events: b.size(4000, 100), dir: filepath.Join(b.dir, "visible"), pipeline: "lines_by_dir",
		config: fmt.Sprintf(visibleConfig, module),
		data:   func(i int) string { return fmt.Sprintf(`{"dir":"dir%d","additions":1,"deletions":0}`, i%100) },
	}
	delays, err := r.run(ctx, b, visibleP99)
	if err == nil {
		b.found(visibleP50, milliseconds(quantile(delays, 0.5)))
		b.found(visibleP99, milliseconds(quantile(delays, 0.99)))
	}
	return err
}

// run runs an engine for the time of the measurement, and returns each event's delay.
func (r *visibleRun) run(ctx context.Context, b *bench, what string) (delays []time.Duration, err error) {
	ctx, r.stop = context.WithCancelCause(ctx)
	defer r.stop(nil)
	r.live = make(chan struct{})
	b.say("%s: starting the engine", what)
	if err := r.writeConfig(); err != nil {
		return nil, err
	}
	a := &app{in: os.Stdin, out: b.progress, err: b.progress, data: filepath.Join(r.dir, "data")}
	err = r.withEngine(ctx, a, b, func(s *session, e *engine.Engine) error {
		end := r.disturb(ctx, e)
		b.say("%s: %d appends", what, r.events)
		var err error
		delays, err = r.measure(ctx, s)
		return errors.Join(err, end(), context.Cause(ctx))
	})
	return delays, err
}

// disturb has the engine do what it is to do meanwhile, until it is told to end.
func (r *visibleRun) disturb(ctx context.Context, e *engine.Engine) (end func() error) {
	if r.meanwhile == nil {
		return func() error { return nil }
	}
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan error, 1)
	go func() { done <- r.meanwhile(ctx, e) }()
	return func() error {
		cancel()
		return <-done
	}
}

// visibleRun is an engine that is fed and watched.
type visibleRun struct {
	events   int
	dir      string
	pipeline string
	config   string           // in YAML
	data     func(int) string // of the nth event, from 0 on
	parked   int              // how many of them have no row
	before   int              // how many more the log has already
	// meanwhile, if not nil, is what else the engine does, until ctx is done.
	meanwhile func(ctx context.Context, e *engine.Engine) error
	live      chan struct{} // closed once the pipeline follows the log
	stop      context.CancelCauseFunc

	mu       sync.Mutex
	appended map[event.Position]time.Time // when the append began
}

// measure appends at an even pace, whether or not the last append has been
// answered, and watches the rows beside.
func (r *visibleRun) measure(ctx context.Context, s *session) ([]time.Duration, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Duration(r.events)*visibleEvery+visiblePatience)
	defer cancel()
	db, err := openSQLite(s.dir.Resolve("visible.db"))
	if err != nil {
		return nil, err
	}
	defer db.Close()
	r.appended = make(map[event.Position]time.Time, r.events)
	appends := make(chan error, 1)
	go func() {
		err := r.appendAll(ctx, s)
		if err != nil {
			cancel() // the watch, which would wait for what does not come
		}
		appends <- err
	}()
	seen, err := r.watch(ctx, db)
	if err := errors.Join(<-appends, err); err != nil {
		return nil, err
	}
	if err := r.checkRows(ctx, db); err != nil {
		return nil, err
	}
	times := make([]time.Duration, 0, r.events)
	for position, at := range r.appended {
		times = append(times, seen[int(position)-r.before-1].Sub(at))
	}
	return times, nil
}

func (r *visibleRun) appendAll(ctx context.Context, s *session) error {
	errs := make([]error, r.events)
	var all sync.WaitGroup
	begin := time.Now()
	for i := range errs {
		time.Sleep(time.Until(begin.Add(time.Duration(i) * visibleEvery)))
		if i == 0 {
			errs[i] = r.append(ctx, s, i) // before all others
			continue
		}
		all.Go(func() { errs[i] = r.append(ctx, s, i) })
	}
	all.Wait()
	return errors.Join(errs...)
}

// event is the nth one, from 0 on, each about a file of its own.
func (r *visibleRun) event(n int) event.Event {
	e := benchEvent(n+1, benchID(aggregateID, n+1))
	e.Type = "file_modified"
	e.Data = json.RawMessage(r.data(n))
	return e
}

// append appends one event.
func (r *visibleRun) append(ctx context.Context, s *session, i int) error {
	e := r.event(r.before + i)
	start := time.Now()
	at, err := s.store.Append(ctx, e.Aggregate, event.None(), e)
	if err != nil {
		return err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.appended[at.Position] = start
	return nil
}

// watch returns when each position's rows were seen, by a reader of the file
// as anybody is. Rows and position are in one transaction.
func (r *visibleRun) watch(ctx context.Context, db *sql.DB) ([]time.Time, error) {
	look, err := db.PrepareContext(ctx, `SELECT position FROM _refold_checkpoints WHERE pipeline = ? AND active`)
	if err != nil {
		return nil, err
	}
	defer func() { _ = look.Close() }()
	seen := make([]time.Time, 0, r.events)
	for len(seen) < r.events {
		var position int
		if err := look.QueryRowContext(ctx, r.pipeline).Scan(&position); err != nil {
			return nil, err
		}
		for now := time.Now(); len(seen) < position-r.before; {
			seen = append(seen, now)
		}
		time.Sleep(visibleLook)
	}
	return seen, nil
}

func (r *visibleRun) checkRows(ctx context.Context, db *sql.DB) error {
	var changes int
	err := db.QueryRowContext(ctx, `SELECT sum(changes) FROM lines_by_dir`).Scan(&changes)
	if want := r.before + r.events - r.parked; err == nil && changes != want {
		err = fmt.Errorf("the rows count %d events, not %d", changes, want)
	}
	return err
}
