package archive

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/refold-dev/refold/domain/event"
)

// TestReadersWithTheWriter reads in all ways while the archive grows through
// many segments, on disk.
func TestReadersWithTheWriter(t *testing.T) {
	log := makeLog(250)
	a, err := Open(t.TempDir(), tiny)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	var readers sync.WaitGroup
	current := log.current(t, a)
	for _, read := range []func(*testing.T, *Archive, sliceLog){readTail, readAggregates, readCorrelations, readTimes, readBlocks, verifyAll} {
		readers.Go(func() {
			for ctx.Err() == nil && !t.Failed() {
				read(t, a, current)
			}
		})
	}
	for at := 0; at < len(log); {
		n := min(at%7+1, len(log)-at)
		if err := a.Append(log[at : at+n]); err != nil {
			t.Errorf("append: %v", err)
			break
		}
		at += n
	}
	stop()
	readers.Wait()
	agree(t, a, log)
	mustClose(t, a)
}

func readTail(t *testing.T, a *Archive, log sliceLog) {
	head := int(a.Head())
	got, err := a.ReadAll(event.Position(max(head-20, 0)+1), 21)
	if d := diff(log[max(head-20, 0):max(head-20, 0)+len(got)], got); err != nil || d != "" || len(got) < min(head, 20) {
		t.Errorf("ReadAll near %d: %d events, %v\n%s", head, len(got), err, d)
	}
}

func readAggregates(t *testing.T, a *Archive, log sliceLog) {
	for _, r := range log[:5] {
		head := a.Head()
		got, err := a.Aggregate(r.Aggregate, 1)
		want := log.where(func(o *event.Recorded) bool { return o.Aggregate == r.Aggregate })
		if d := diff(want[:min(len(got), len(want))], got); err != nil || d != "" {
			t.Errorf("Aggregate: %v\n%s", err, d)
		}
		if len(got) < len(want) && want[len(got)].Position <= head {
			t.Errorf("Aggregate has %d events at head %d, where position %d is missing", len(got), head, want[len(got)].Position)
		}
		version, at, err := lastOf(a, r.Aggregate)
		if err != nil || int(version) < len(got) || version > 0 && want[version-1].Position != at {
			t.Errorf("Last: version %d at %d, %v", version, at, err)
		}
	}
}

func readCorrelations(t *testing.T, a *Archive, log sliceLog) {
	id := log[3].CorrelationID
	before := a.Head()
	got, err := a.Correlation(id)
	after := a.Head()
	if err != nil {
		t.Errorf("Correlation: %v", err)
	}
	count := func(head event.Position) int {
		return len(log[:head].where(func(r *event.Recorded) bool { return r.CorrelationID == id }))
	}
	if len(got) < count(before) || len(got) > count(after) {
		t.Errorf("Correlation has %d events between heads %d and %d", len(got), before, after)
	}
}

func readTimes(t *testing.T, a *Archive, log sliceLog) {
	before := a.Head()
	got, err := a.TimeRange(log[0].Time, log[0].Time.Add(time.Hour))
	if d := diff(log[:len(got)], got); err != nil || d != "" || len(got) < int(before) {
		t.Errorf("TimeRange: %d events at head %d, %v\n%s", len(got), before, err, d)
	}
}

func readBlocks(t *testing.T, a *Archive, _ sliceLog) {
	next := event.Position(1)
	before := a.Head()
	for b, err := range a.Blocks(1) {
		if err != nil || b.First != next {
			t.Errorf("Blocks at %d: %d, %v", next, b.First, err)
			return
		}
		next += event.Position(b.Events)
	}
	if next <= before {
		t.Errorf("Blocks ended before %d at head %d", next, before)
	}
}

func verifyAll(t *testing.T, a *Archive, _ sliceLog) {
	before := a.Head()
	if r, err := a.Verify(context.Background()); err != nil || r.Head < before {
		t.Errorf("Verify at head %d: %+v, %v", before, r, err)
	}
}

func TestWait(t *testing.T) {
	log := makeLog(20)
	a, err := Open(t.TempDir(), tiny)
	if err != nil {
		t.Fatal(err)
	}
	var waiters sync.WaitGroup
	for after := range event.Position(20) {
		waiters.Go(func() {
			if err := a.Wait(t.Context(), after); err != nil || a.Head() <= after {
				t.Errorf("Wait after %d returned at %d: %v", after, a.Head(), err)
			}
		})
	}
	for i := range log {
		if err := a.Append(log[i : i+1]); err != nil {
			t.Fatal(err)
		}
	}
	waiters.Wait()
	done, cancel := context.WithCancel(t.Context())
	cancel()
	if err := a.Wait(done, 20); !errors.Is(err, context.Canceled) {
		t.Errorf("Wait with a done context: %v", err)
	}
	waiters.Go(func() {
		if err := a.Wait(t.Context(), 20); !errors.Is(err, ErrClosed) {
			t.Errorf("Wait while the archive is closed: %v", err)
		}
	})
	mustClose(t, a)
	waiters.Wait()
	mustClose(t, a)
	if _, err := a.ReadAll(1, 1); !errors.Is(err, ErrClosed) {
		t.Errorf("ReadAll after Close: %v", err)
	}
	if err := a.Append(nil); !errors.Is(err, ErrClosed) {
		t.Errorf("Append after Close: %v", err)
	}
}
