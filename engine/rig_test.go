package engine_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/engine/internal/checkpoint"
	"github.com/refold-dev/refold/engine/job"
	"github.com/refold-dev/refold/sdk/conformance"
)

// patience bounds how long a test waits for what must come.
const patience = 30 * time.Second

// rig is an engine over a data directory that outlives it.
type rig struct {
	t      testing.TB
	dir    string
	log    engine.Log
	specs  []config.Pipeline
	opts   engine.Options // what a test wants otherwise
	seen   *witness
	engine *engine.Engine
	ctx    context.Context
	halt   func() // ends the run under way
}

var watch sync.Once

func newRig(t testing.TB, log engine.Log, specs ...config.Pipeline) *rig {
	watch.Do(func() { conformance.Watch(t, slices.Collect(maps.Values(guests))...) })
	return &rig{t: t, dir: t.TempDir(), log: log, specs: specs, seen: newWitness(), ctx: t.Context()}
}

// states is the folder of the pipelines' states.
func (r *rig) states() string { return filepath.Join(r.dir, "pipelines") }

// open opens the engine; the test's end closes it.
func (r *rig) open() {
	r.t.Helper()
	must(r.t, r.tryOpen())
	r.t.Cleanup(r.close)
}

// unopened opens the engine, and returns why a pipeline of it cannot be opened, which
// catching up says as well.
func (r *rig) unopened(pipeline string) error {
	r.t.Helper()
	r.open()
	err := r.engine.Fault(pipeline)
	if said := r.engine.CatchUp(r.ctx); err == nil || !errors.Is(said, err) {
		r.t.Fatalf("%s is opened: %v, %v", pipeline, err, said)
	}
	return err
}

func (r *rig) tryOpen() (err error) {
	o := r.opts
	o.Log, o.Dir, o.Observer = r.log, r.states(), r.seen.observer(r.opts.Observer)
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.OpenPlugin == nil {
		o.OpenPlugin = openPlugin
	}
	if o.OpenExecutor == nil {
		o.OpenExecutor = openExecutor(r.dir)
	}
	r.engine, err = engine.Open(r.ctx, o, r.specs)
	return err
}

// close stops and closes the engine, if it is open.
func (r *rig) close() {
	r.t.Helper()
	if r.engine == nil {
		return
	}
	r.stop()
	must(r.t, r.engine.Close(context.WithoutCancel(r.ctx)))
	r.engine = nil
	for _, wrong := range r.seen.wrongs() {
		r.t.Error(wrong)
	}
}

// start runs the engine until stop.
func (r *rig) start() {
	ctx, cancel := context.WithCancel(context.WithoutCancel(r.ctx))
	ended := make(chan struct{})
	e := r.engine
	go func() {
		defer close(ended)
		e.Run(ctx)
	}()
	r.halt = func() {
		cancel()
		<-ended
	}
}

func (r *rig) stop() {
	if r.halt != nil {
		r.halt()
		r.halt = nil
	}
}

func (r *rig) catchUp() {
	r.t.Helper()
	must(r.t, r.engine.CatchUp(r.ctx))
}

// status is a pipeline's, with a ledger that adds up.
func (r *rig) status(pipeline string) engine.Status {
	r.t.Helper()
	list, err := r.engine.Status(context.WithoutCancel(r.ctx))
	must(r.t, err)
	for _, s := range list {
		if !s.Covered() {
			r.t.Errorf("the ledger of %s does not add up: %+v", s.Pipeline, s)
		}
	}
	at := slices.IndexFunc(list, func(s engine.Status) bool { return s.Pipeline == pipeline })
	if at < 0 {
		r.t.Fatalf("there is no pipeline %s", pipeline)
	}
	return list[at]
}

// lastJob is the replay job that was submitted last.
func (r *rig) lastJob() job.Job {
	r.t.Helper()
	all := r.engine.Jobs()
	if len(all) == 0 {
		r.t.Fatal("there is no job")
	}
	return all[len(all)-1]
}

// until waits for a pipeline's status.
func (r *rig) until(pipeline, what string, good func(engine.Status) bool) engine.Status {
	r.t.Helper()
	for deadline := time.Now().Add(patience); ; {
		s := r.status(pipeline)
		if good(s) {
			return s
		}
		if time.Now().After(deadline) {
			r.t.Fatalf("waiting for %s to be %s: it is %+v", pipeline, what, s)
		}
		time.Sleep(time.Millisecond)
	}
}

// untilLive waits until a pipeline is live and at a position.
func (r *rig) untilLive(pipeline string, at int) {
	r.t.Helper()
	r.until(pipeline, fmt.Sprintf("live at %d", at), func(s engine.Status) bool {
		return s.State == engine.Live && s.Position == event.Position(at)
	})
}

// untilBuilt waits until a pipeline is live, at a position, with a read model of its
// present declaration.
func (r *rig) untilBuilt(pipeline string, at int) {
	r.t.Helper()
	r.until(pipeline, fmt.Sprintf("built and live at %d", at), func(s engine.Status) bool {
		return s.State == engine.Live && s.Position == event.Position(at) && s.Change == nil
	})
}

// state is a pipeline's whole state.
func (r *rig) state(pipeline string) string {
	r.t.Helper()
	text, err := r.engine.State(r.ctx, pipeline, nil)
	must(r.t, err)
	return string(text)
}

// wantState checks a pipeline's whole state.
func (r *rig) wantState(pipeline string, want any) {
	r.t.Helper()
	text, err := json.Marshal(want)
	must(r.t, err)
	if d := cmp.Diff(string(text), r.state(pipeline)); d != "" {
		r.t.Errorf("state of %s (-want +got):\n%s", pipeline, d)
	}
}

// wantLines checks state and rows of the pipeline lines.
func (r *rig) wantLines(events []event.Event) {
	r.t.Helper()
	r.wantState("lines", wantLines(events))
	r.wantRows("lines_by_dir", wantRowsOf(events))
}

func (r *rig) wantRows(table string, want []string) {
	r.t.Helper()
	if d := cmp.Diff(want, rowsOf(r.t, r.dir, table)); d != "" {
		r.t.Errorf("rows of %s (-want +got):\n%s", table, d)
	}
}

// wantGenerations checks which generations a closed pipeline's state has.
func (r *rig) wantGenerations(pipeline string, want ...uint64) {
	r.t.Helper()
	s, err := checkpoint.Open(filepath.Join(r.states(), pipeline, "state.db"))
	must(r.t, err)
	got, err := s.All()
	must(r.t, err)
	must(r.t, s.Close())
	if d := cmp.Diff(want, got); d != "" {
		r.t.Errorf("generations of %s (-want +got):\n%s", pipeline, d)
	}
}

// openFile opens the SQLite file of a table as a reader of the read model would.
func openFile(t testing.TB, dir, table string) *sql.DB {
	t.Helper()
	file := url.URL{Scheme: "file", OmitHost: true, Path: filepath.Join(dir, table+".db"), RawQuery: "mode=ro&_pragma=busy_timeout(10000)"}
	db, err := sql.Open("sqlite", file.String())
	must(t, err)
	return db
}

// rowsOf are a table's rows in the order of their first column, the columns
// separated by bars.
func rowsOf(t testing.TB, dir, table string) []string {
	t.Helper()
	return query(t, dir, table, "SELECT * FROM "+table+" ORDER BY 1")
}

// tablesOf are the tables in a table's file.
func tablesOf(t testing.TB, dir, table string) []string {
	t.Helper()
	return query(t, dir, table, "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%' ORDER BY 1")
}

func query(t testing.TB, dir, table, text string) []string {
	t.Helper()
	db := openFile(t, dir, table)
	defer db.Close()
	found, err := db.QueryContext(context.Background(), text)
	must(t, err)
	defer found.Close()
	names, err := found.Columns()
	must(t, err)
	list := []string{}
	for found.Next() {
		values := make([]string, len(names))
		into := make([]any, len(names))
		for i := range values {
			into[i] = &values[i]
		}
		must(t, found.Scan(into...))
		list = append(list, strings.Join(values, "|"))
	}
	must(t, found.Err())
	return list
}
