package soak

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/refold-dev/refold/plugins/postgres/postgrestest"
)

// TestKilled kills the engine again and again: while it starts, while it catches up,
// while events come in, around a checkpoint. The log comes in a part at a time, and
// what a kill has interrupted comes again.
func TestKilled(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	k := &killer{random: rand.New(rand.NewPCG(seed, 0)), l: newLog(*events)}
	undisturbed(t, k.l)
	k.directory = newDirectory(t, t.TempDir(), postgrestest.Database(t), sandboxed, processed)
	for i := range *kills {
		k.from, k.to = i*len(k.l.lines) / *kills, (i+1)*len(k.l.lines) / *kills
		[]func(){k.starting, k.importing, k.storing}[i%3]()
	}
	e := k.Start()
	e.WaitUntilItRuns()
	k.WaitFor(len(k.l.lines), 2)
	k.check(k.l)
	e.Terminate()
	k.check(k.l)
	wantNoOrphans(t)
}

// killer kills an engine, and imports a part of a log about then.
type killer struct {
	*directory
	random   *rand.Rand
	l        *log
	from, to int
}

func (k *killer) part() []byte { return k.l.text(k.from, k.to) }

func (k *killer) within(d time.Duration) time.Duration {
	return time.Duration(k.random.Int64N(int64(d)))
}

// starting kills an engine that has something to catch up with.
func (k *killer) starting() {
	k.Import(k.part())
	k.Start().KillAfter(k.within(time.Second))
}

// importing kills an engine that takes events in. The import is its client, and fails.
func (k *killer) importing() {
	e := k.Start()
	e.WaitUntilItRuns()
	c := k.Importing(k.part())
	if err := c.Start(); err != nil {
		k.Fatal(err)
	}
	e.KillAfter(k.within(200 * time.Millisecond))
	_ = c.Process.Kill()
	_ = c.Wait()
	k.Import(k.part())
}

// storing kills an engine about when it stores its states, a second after events.
func (k *killer) storing() {
	e := k.Start()
	e.WaitUntilItRuns()
	k.Import(k.part())
	e.KillAfter(800*time.Millisecond + k.within(400*time.Millisecond))
}
