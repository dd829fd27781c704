package archive

import (
	"bytes"
	"context"
	"iter"
	"sync/atomic"
	"testing"
	"time"

	"github.com/refold-dev/refold/domain/event"
)

// endlessLog yields batches of one large event, and counts them.
type endlessLog struct {
	Log
	event   event.Recorded
	yielded atomic.Int64
}

func (l *endlessLog) Follow(ctx context.Context, after event.Position) iter.Seq2[[]event.Recorded, error] {
	return func(yield func([]event.Recorded, error) bool) {
		for ctx.Err() == nil {
			after++
			e := l.event
			e.Position, e.Version = after, event.Version(after)
			if !yield([]event.Recorded{e}, nil) {
				return
			}
			l.yielded.Add(1)
		}
	}
}

// TestReadAheadIsBoundedByBytes holds up the append and watches the log's
// reader come to a stop, and then lets go.
func TestReadAheadIsBoundedByBytes(t *testing.T) {
	a, err := Open(t.TempDir(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer mustClose(t, a)
	log := &endlessLog{event: makeLog(1)[0]}
	log.event.Data = []byte(`{"x":"` + string(bytes.Repeat([]byte{'x'}, 1<<20)) + `"}`)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	a.writing.Lock()
	release := make(chan struct{})
	go func() {
		_, err := a.copyAfter(ctx, log, 0, release)
		done <- err
	}()
	most := int64(maxAheadBytes>>20) + 3 // one is being appended, one waits
	for before := int64(-1); before != log.yielded.Load() || before < most-6; time.Sleep(50 * time.Millisecond) {
		before = log.yielded.Load()
	}
	if got := log.yielded.Load(); got > most {
		t.Errorf("%d MiB were read ahead", got)
	}
	a.writing.Unlock()
	if err := a.Wait(t.Context(), event.Position(2*most)); err != nil {
		t.Error(err)
	}
	cancel()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
