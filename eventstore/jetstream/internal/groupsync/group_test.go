package groupsync_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"go.uber.org/goleak"

	"github.com/refold-dev/refold/eventstore/jetstream/internal/groupsync"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestSharing holds invariants 1 and 2: of many callers that come while the
// operation runs, all are answered by one further run.
func TestSharing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var runs atomic.Int32
		gate := make(chan struct{})
		g := groupsync.New(func() error { runs.Add(1); <-gate; return nil })
		var wg sync.WaitGroup
		var answered atomic.Int32
		call := func() {
			if err := g.Sync(t.Context()); err != nil {
				t.Error(err)
			}
			answered.Add(1)
		}
		wg.Go(call)
		synctest.Wait()
		for range 50 {
			wg.Go(call)
		}
		synctest.Wait()
		if r, a := runs.Load(), answered.Load(); r != 1 || a != 0 {
			t.Fatalf("%d runs, %d answers before the first run has ended", r, a)
		}
		gate <- struct{}{}
		synctest.Wait()
		if r, a := runs.Load(), answered.Load(); r != 2 || a != 1 {
			t.Fatalf("%d runs, %d answers after the first run: those that came during it must wait for the next", r, a)
		}
		gate <- struct{}{}
		wg.Wait()
		if r, a := runs.Load(), answered.Load(); r != 2 || a != 51 {
			t.Fatalf("%d runs for 51 callers, %d answers", r, a)
		}
	})
}

// TestBeginsAfterTheCall has writers that write before they sync: each must
// find its write among what its run saw.
func TestBeginsAfterTheCall(t *testing.T) {
	var written, synced atomic.Int64
	g := groupsync.New(func() error {
		synced.Store(written.Load())
		return nil
	})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 500 {
				mine := written.Add(1)
				if err := g.Sync(t.Context()); err != nil {
					t.Error(err)
				}
				if seen := synced.Load(); seen < mine {
					t.Errorf("write %d was answered by a run that saw %d", mine, seen)
				}
			}
		})
	}
	wg.Wait()
}

func TestErrorGoesToItsOwnRound(t *testing.T) {
	broken := errors.New("broken")
	results := []error{broken, nil}
	g := groupsync.New(func() error {
		err := results[0]
		results = results[1:]
		return err
	})
	if err := g.Sync(t.Context()); !errors.Is(err, broken) {
		t.Fatalf("first: %v", err)
	}
	if err := g.Sync(t.Context()); err != nil {
		t.Fatalf("second: %v", err)
	}
}

func TestCancelled(t *testing.T) {
	gate := make(chan struct{})
	g := groupsync.New(func() error { <-gate; return nil })
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := g.Sync(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("a cancelled call: %v", err)
	}
	close(gate)
	if err := g.Sync(t.Context()); err != nil {
		t.Fatal(err)
	}
}
