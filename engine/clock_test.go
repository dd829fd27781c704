package engine_test

import (
	"sync"
	"testing"
	"time"

	"github.com/refold-dev/refold/engine"
)

// jumpyClock goes back a decade and forth again, at every look.
func jumpyClock() func() time.Time {
	var mu sync.Mutex
	at, back := time.Now().Round(0), false
	return func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		if back = !back; back {
			at = at.AddDate(-10, 0, 0)
		} else {
			at = at.AddDate(10, 0, 1)
		}
		return at
	}
}

// Neither the engine's clock nor the times of events decide what is folded, what is
// performed, or when a state is stored.
func TestClockJumps(t *testing.T) {
	for name, open := range stores {
		t.Run(name, func(t *testing.T) {
			log := open(t)
			t.Cleanup(func() { must(t, log.Close()) })
			all, now := history(600), jumpyClock()
			for i := range all {
				all[i].Time = now()
			}
			r := newRig(t, log, lines(), commits())
			r.opts = engine.Options{BatchSize: 16, CheckpointEvery: time.Millisecond, Now: now}
			for at := 0; at < len(all); at += 200 {
				r.open()
				r.start()
				appendTo(t, log, all[at:at+200])
				r.untilLive("lines", at+200)
				r.untilLive("commits", at+200)
				r.wantLines(all[:at+200])
				r.wantState("commits", wantCommits(all[:at+200]))
				r.close()
			}
		})
	}
}
