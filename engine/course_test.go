package engine_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/eventstore/memory"
)

// drawn is a test under rapid, where a rig wants another one.
type drawn struct {
	testing.TB
	*rapid.T
}

func (d drawn) Helper()                           { d.T.Helper() }
func (d drawn) Name() string                      { return d.TB.Name() }
func (d drawn) Log(args ...any)                   { d.T.Log(args...) }
func (d drawn) Logf(format string, args ...any)   { d.T.Logf(format, args...) }
func (d drawn) Error(args ...any)                 { d.T.Error(args...) }
func (d drawn) Errorf(format string, args ...any) { d.T.Errorf(format, args...) }
func (d drawn) Fatal(args ...any)                 { d.T.Fatal(args...) }
func (d drawn) Fatalf(format string, args ...any) { d.T.Fatalf(format, args...) }
func (d drawn) Fail()                             { d.T.Fail() }
func (d drawn) FailNow()                          { d.T.FailNow() }
func (d drawn) Failed() bool                      { return d.T.Failed() }
func (d drawn) Skip(args ...any)                  { d.T.Skip(args...) }
func (d drawn) Skipf(format string, args ...any)  { d.T.Skipf(format, args...) }
func (d drawn) SkipNow()                          { d.T.SkipNow() }
func (d drawn) Cleanup(f func())                  { d.T.Cleanup(f) }
func (d drawn) Context() context.Context          { return d.T.Context() }
func (d drawn) Output() io.Writer                 { return d.T.Output() }

// course is an engine under random orders, and beside it what must come of
// them, in other words than the lifecycle's.
type course struct {
	t      drawn
	r      *rig
	log    *memory.Store
	all    []event.Event
	broken *atomic.Bool // the sink refuses what is new

	appended int
	rows     int          // how many events the rows include
	empty    bool         // no read model of the present declaration serves
	held     engine.State // Paused, Faulted or ""
	running  bool
	idle     engine.State // while nothing holds it and nothing runs it
}

// Whatever is ordered, in whatever order, and wherever the engine is stopped or
// killed: the read model is the naive fold of the log as far as the status says,
// the status is what the orders must have led to, and no event is folded twice
// but behind a crash or a fault.
func TestAPipelineUnderRandomOrders(t *testing.T) {
	all := history(400)
	rapid.Check(t, func(rt *rapid.T) {
		c := newCourse(drawn{t, rt}, all)
		defer c.end()
		orders := map[string]func(){
			"append": c.append, "break": func() { c.broken.Store(true) }, "mend": func() { c.broken.Store(false) },
			"start": c.start, "stop": c.stop, "catch up": c.catchUp, "restart": c.restart, "kill": c.kill,
			"pause": c.pause, "resume": c.resume, "replay": c.replay, "reset": c.reset,
		}
		for _, name := range rapid.SliceOfN(rapid.SampledFrom(sortedKeys(orders)), 1, 14).Draw(rt, "orders") {
			orders[name]()
			c.check(name)
		}
	})
}

func newCourse(t drawn, all []event.Event) *course {
	dir, err := os.MkdirTemp("", "refold-course-")
	must(t, err)
	c := &course{t: t, log: memory.New(), all: all, broken: new(atomic.Bool), idle: engine.Loading}
	c.r = newRig(t, c.log, lines(), commits())
	c.r.dir = dir
	c.prepare()
	c.r.open()
	return c
}

// prepare has the rig's sink refuse what it is told to.
func (c *course) prepare() {
	c.r.opts.BatchSize, c.r.opts.CheckpointEvery = 16, time.Hour
	c.r.meddle(meddler{execute: func(x *meddler, ctx context.Context, b effect.Batch) error {
		if at, _ := x.Executor.Position(); c.broken.Load() && b.Through > at {
			return errSink
		}
		return x.Executor.Execute(ctx, b)
	}})
}

func (c *course) end() {
	c.r.close()
	must(c.t, c.log.Close())
	must(c.t, os.RemoveAll(c.r.dir))
}

func (c *course) append() {
	n := min(rapid.IntRange(1, 40).Draw(c.t.T, "events"), len(c.all)-c.appended)
	appendTo(c.t, c.log, c.all[c.appended:c.appended+n])
	c.appended += n
	c.settle()
}

// settle is what becomes of a pipeline that is run, or caught up.
func (c *course) settle() {
	if c.running && c.held == "" {
		c.fold()
	}
}

// fold brings the rows to the log's end, unless the sink does not take them.
func (c *course) fold() (ok bool) {
	if c.broken.Load() && c.appended > c.rows {
		c.held = engine.Faulted
		return false
	}
	c.rows, c.empty = c.appended, false
	return true
}

func (c *course) start() {
	if c.running {
		return
	}
	c.r.start()
	c.r.untilLive("commits", c.appended) // which nothing stops: so the engine runs
	c.running = true
	c.settle()
}

func (c *course) stop() {
	c.r.stop()
	if c.running {
		c.running, c.idle = false, engine.Stopped
	}
}

func (c *course) catchUp() {
	if c.running {
		return
	}
	err := c.r.engine.CatchUp(c.t.Context())
	switch {
	case c.held == "" && c.fold(), c.held == engine.Paused:
		must(c.t, err)
	case !errors.Is(err, errSink):
		c.t.Errorf("catching up beside a broken sink: %v", err)
	}
	c.idle = engine.Stopped
}

func (c *course) restart() {
	c.r.close()
	c.reopened()
}

// kill restarts from what is on the disk now.
func (c *course) kill() {
	left := takePicture(c.t, c.r.dir)
	c.r.close()
	must(c.t, os.RemoveAll(c.r.dir))
	left.develop(c.t, c.r.dir)
	c.r.seen.forgive("lines", "commits")
	c.reopened()
}

func (c *course) reopened() {
	c.r.open()
	c.running, c.idle = false, engine.Loading
	if c.held == engine.Faulted {
		c.held = ""
	}
}

// refused checks that an order is refused exactly if it must be.
func (c *course) refused(order string, err error, rule string) bool {
	var no *engine.RefusedError
	if !errors.As(err, &no) {
		no = &engine.RefusedError{}
	}
	if no.Rule != rule {
		c.t.Errorf("%s while the pipeline is %s: %v, want it refused by %q", order, c.state(), err, rule)
	}
	return rule != ""
}

func (c *course) pause() {
	err := c.r.engine.Pause(c.t.Context(), "lines", "drawn")
	if c.held == engine.Paused {
		c.refused("pause", err, "already_paused")
		return
	}
	must(c.t, err)
	c.held = engine.Paused
}

func (c *course) resume() {
	err := c.r.engine.Resume(c.t.Context(), "lines")
	if c.held == "" {
		c.refused("resume", err, "not_held")
		return
	}
	must(c.t, err)
	c.held, c.idle = "", engine.Stopped
	c.settle()
}

func (c *course) replay() {
	err := c.r.engine.Replay(c.t.Context(), "lines")
	if c.held == engine.Paused {
		c.refused("replay", err, "paused")
		return
	}
	c.rebuilt(err)
}

func (c *course) reset() {
	err := c.r.engine.Reset(c.t.Context(), "lines")
	c.rows, c.empty, c.held = 0, true, ""
	c.rebuilt(err)
}

// rebuilt is what becomes of a rebuild from the log's beginning.
func (c *course) rebuilt(err error) {
	if !c.running {
		c.idle = engine.Stopped
	}
	if !c.broken.Load() || c.appended == 0 {
		must(c.t, err)
		c.rows, c.empty, c.held = c.appended, false, ""
		return
	}
	if !errors.Is(err, errSink) {
		c.t.Errorf("a rebuild beside a broken sink: %v", err)
	}
	if c.empty {
		c.held = engine.Faulted
	}
}

func (c *course) state() engine.State {
	switch {
	case c.held != "":
		return c.held
	case c.running:
		return engine.Live
	}
	return c.idle
}

// check waits until the pipeline is what it must become, and looks at all that
// there is to see.
func (c *course) check(after string) {
	healthy := c.running && c.held == ""
	s := c.r.until("lines", fmt.Sprintf("%s with the events up to %d after %s", c.state(), c.rows, after), func(s engine.Status) bool {
		return s.State == c.state() && (!healthy || int(s.Position) == c.appended)
	})
	if int(s.Position) > c.rows {
		c.t.Errorf("after %s: position %d, but rows of %d events", after, s.Position, c.rows)
	}
	if c.held == "" && c.idle == engine.Stopped && s.Error != "" {
		c.t.Errorf("after %s: %+v", after, s)
	}
	want := []string{}
	folded := wantLines(c.all[:c.rows])
	for _, dir := range sortedKeys(folded) {
		l := folded[dir]
		want = append(want, fmt.Sprintf("%s|%d|%d|%d", dir, l.Additions, l.Deletions, l.Changes))
	}
	if d := cmp.Diff(want, rowsOf(c.t, c.r.dir, "lines_by_dir")); d != "" {
		c.t.Errorf("after %s: rows (-want +got):\n%s", after, d)
	}
	if c.empty {
		if text, err := c.r.engine.State(c.t.Context(), "lines", nil); err == nil {
			c.t.Errorf("after %s: there is a state: %s", after, text)
		}
		return
	}
	c.r.wantState("lines", wantLines(c.all[:s.Position]))
}
