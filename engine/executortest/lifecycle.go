package executortest

import "testing"

func closedTwice(t *testing.T, b *bench) {
	e := b.open(t, 1)
	closeExecutor(t, e)
	closeExecutor(t, e)
}

func activatedTwice(t *testing.T, b *bench) {
	e := b.open(t, 1)
	if !e.Active() {
		t.Error("the first generation is not active at once")
	}
	for range 2 {
		if err := e.Activate(t.Context()); err != nil {
			t.Error(err)
		}
	}
}
