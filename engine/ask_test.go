package engine_test

import (
	"testing"
	"time"
)

// What is asked for while a run begins is done before it or by it: it does not wait
// for its end.
func TestAskedForWhileARunBegins(t *testing.T) {
	all := history(20)
	r := newRig(t, newLog(t, all), lines())
	for range 40 {
		r.open()
		asked := make(chan error, 1)
		go func() { asked <- r.engine.Pause(t.Context(), "lines", "a look") }()
		r.start()
		select {
		case err := <-asked:
			must(t, err)
		case <-time.After(patience):
			t.Fatal("the pause is not taken while the engine runs")
		}
		must(t, r.engine.Resume(t.Context(), "lines"))
		r.untilLive("lines", len(all))
		r.close()
	}
	r.open()
	r.wantLines(all)
}
