package storetest

import (
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"pgregory.net/rapid"

	"github.com/refold-dev/refold/eventstore"
)

// Rig runs what keeps one log, such as a server or a process that has a store
// in it, so that it can be stopped and killed. Package process is one for
// stores that need no server of their own.
type Rig interface {
	// Start starts it over what is left of the log, at first nothing, and
	// returns a store on it.
	Start() (eventstore.Log, error)
	// Stop closes the store and ends what Start started, in order.
	Stop() error
	// Kill ends what Start started as kill -9 does, at once and whatever is
	// under way. Calls of the store that are under way, and later ones, must
	// end with an error, without waiting for the next Start.
	Kill() error
}

// crashChecks is how often RunCrash begins a log, unless -rapid.checks says it.
const crashChecks = 20

// RunCrash takes random steps on a store and on a model of it, and among them
// stops and kills what keeps the log, also under several writers, an importer
// and a follower. Whatever was acknowledged must be there afterwards, once and
// at its place, and what was not acknowledged whole or not at all. Each check
// begins a log, for which rig makes a Rig that may keep its files in dir.
//
// Flags: -rapid.checks for more, -rapid.seed to repeat one.
func RunCrash(t *testing.T, rig func(t *testing.T, dir string) Rig) {
	setChecks(t, crashChecks)
	root := t.TempDir()
	logs := 0
	rapid.Check(t, func(rt *rapid.T) {
		logs++
		dir := filepath.Join(root, strconv.Itoa(logs))
		if err := os.Mkdir(dir, 0o700); err != nil {
			rt.Fatal(err)
		}
		c := &crasher{model: newModel(nil), rig: rig(t, dir)}
		c.start(rt)
		defer c.end(rt, dir)
		for range rapid.IntRange(3, 12).Draw(rt, "steps") {
			take(rt, append(c.steps(), step{"write", c.write}, step{"restart", c.restart}, step{"crash", c.crash}, step{"crash under writers", c.crashUnder}))
		}
		c.restart(rt)
	})
}

// setChecks makes rapid check n times until the test ends, unless the command
// line says how often.
func setChecks(t *testing.T, n int) {
	f := flag.Lookup("rapid.checks")
	if f.Value.String() != f.DefValue {
		return
	}
	if err := f.Value.Set(strconv.Itoa(n)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Value.Set(f.DefValue) }) // it was good before
}

// crasher is a model of a store that does not live for long.
type crasher struct {
	*model
	rig Rig
}

func (c *crasher) start(t *rapid.T) {
	store, err := c.rig.Start()
	if err != nil {
		t.Fatalf("start: %v", err)
	}
	c.store = store
}

// end leaves nothing running, and no files of a log that is as it should be.
func (c *crasher) end(t *rapid.T, dir string) {
	_ = c.rig.Kill() // after a failure it may have ended before
	if !t.Failed() {
		if err := os.RemoveAll(dir); err != nil {
			t.Errorf("removing the log: %v", err)
		}
	}
}

// restart ends all in order: the log is as it was.
func (c *crasher) restart(t *rapid.T) {
	if err := c.rig.Stop(); err != nil {
		t.Fatalf("stop: %v", err)
	}
	c.start(t)
	c.whole(t)
}

// crash kills while nothing is under way: the log is as it was.
func (c *crasher) crash(t *rapid.T) {
	c.killed(t)
	c.start(t)
	c.whole(t)
}

func (c *crasher) killed(t *rapid.T) {
	if err := c.rig.Kill(); err != nil {
		t.Errorf("kill: %v", err)
	}
}

// crashUnder kills under writers, an importer and a follower. What nobody was
// told about is then appended again by some of those who do not know.
func (c *crasher) crashUnder(t *rapid.T) {
	r := c.draw(t)
	r.killAt = int64(rapid.IntRange(1, len(r.calls())).Draw(t, "kill after"))
	r.kill = func() { c.killed(t) }
	r.run(t.Context(), c.store)
	c.start(t)
	c.judge(t, r)
	c.whole(t)
	for _, call := range r.calls() {
		unknown := call.began == 0 || call.err != nil && conflictOf(call.err) == nil
		if !unknown || !rapid.Bool().Draw(t, "append again") {
			continue
		}
		if c.places[call.events[0].ID] > 0 {
			c.again(t, call.expected, call.events)
		} else {
			c.offer(t, call.agg, call.expected, call.events)
		}
	}
}

// whole compares the whole log with the model, in all ways to read it.
func (c *crasher) whole(t *rapid.T) {
	got, err := c.store.ReadAll(t.Context(), 1, len(c.log)+1)
	same(t, "the log from position", 1, c.log, got, err)
	for _, agg := range c.aggs {
		got, err := c.store.Read(t.Context(), agg, 1)
		same(t, "the aggregate from version", 1, c.of(agg), got, err)
		if version, err := c.store.Version(t.Context(), agg); err != nil || version != c.last[agg] {
			t.Fatalf("version is %d, %v, want %d", version, err, c.last[agg])
		}
	}
	if store, ok := c.store.(eventstore.Store); ok {
		for _, id := range c.correlations {
			c.correlation(t, store, id)
		}
	}
	if _, err := eventstore.Verify(t.Context(), c.store); err != nil {
		t.Fatal(err)
	}
}
