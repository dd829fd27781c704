package embedded_test

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
	"github.com/refold-dev/refold/eventstore/jetstream"
	"github.com/refold-dev/refold/eventstore/jetstream/embedded"
)

func startServer(t *testing.T, opts embedded.Options) *embedded.Server {
	t.Helper()
	server, err := embedded.Start(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() }) // a test that minds closes it by itself
	return server
}

func openStore(t *testing.T, server *embedded.Server) *jetstream.Store {
	t.Helper()
	s, err := jetstream.Open(t.Context(), jetstream.Config{URL: server.URL(), Token: server.Token()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func newEvent(agg event.Aggregate) event.Event {
	return event.Event{
		ID: uuid.Must(uuid.NewV7()), Aggregate: agg, Type: "status_changed", SchemaVersion: 1,
		Time: time.Unix(1_700_000_000, 0).UTC(), CorrelationID: agg.ID, Data: json.RawMessage(`{"to":"active"}`),
	}
}

func newAggregate() event.Aggregate {
	return event.Aggregate{Type: "compute", ID: uuid.New()}
}

func appendOne(t *testing.T, s *jetstream.Store) error {
	agg := newAggregate()
	_, err := s.Append(t.Context(), agg, event.None(), newEvent(agg))
	return err
}

// TestAppendsShareFlushes holds that an append waits for its flush, and that
// those which come while one runs share the next.
func TestAppendsShareFlushes(t *testing.T) {
	var flushes, done atomic.Int32
	var slow atomic.Bool
	began, gate := make(chan struct{}, 100), make(chan struct{})
	server := startServer(t, embedded.Options{Dir: t.TempDir()}.WithFlush(func(f *os.File) error {
		if slow.Load() && strings.HasSuffix(f.Name(), ".blk") {
			flushes.Add(1)
			began <- struct{}{}
			<-gate
		}
		return f.Sync()
	}))
	stores := []*jetstream.Store{openStore(t, server), openStore(t, server)}
	slow.Store(true)
	const writers = 40
	var wg sync.WaitGroup
	for i := range writers {
		wg.Go(func() {
			if err := appendOne(t, stores[i%2]); err != nil {
				t.Error(err)
			}
			done.Add(1)
		})
	}
	<-began
	// The first flush hangs: every writer's event reaches the log meanwhile.
	for head := event.Position(0); head < writers; {
		var err error
		if head, err = stores[0].Head(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if n := done.Load(); n != 0 {
		t.Errorf("%d appends returned before a flush", n)
	}
	close(gate)
	wg.Wait()
	if n := flushes.Load(); n > 2 {
		t.Errorf("%d flushes for %d appends, of which the second could answer all", n, writers)
	}
}

// TestFollowersSeeWhatIsFlushed holds that nobody acts on an event that a power
// failure could take back.
func TestFollowersSeeWhatIsFlushed(t *testing.T) {
	var slow, flushed atomic.Bool
	began, gate := make(chan struct{}, 100), make(chan struct{})
	server := startServer(t, embedded.Options{Dir: t.TempDir()}.WithFlush(func(f *os.File) error {
		if slow.Load() && strings.HasSuffix(f.Name(), ".blk") {
			began <- struct{}{}
			<-gate
			flushed.Store(true)
		}
		return f.Sync()
	}))
	writer, reader := openStore(t, server), openStore(t, server)
	slow.Store(true)
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := appendOne(t, writer); err != nil {
			t.Error(err)
		}
	})
	wg.Go(func() {
		<-began
		close(gate)
	})
	for batch, err := range reader.Follow(t.Context(), 0) {
		if err != nil || len(batch) != 1 || !flushed.Load() {
			t.Errorf("followed %d events, flushed: %v, error %v", len(batch), flushed.Load(), err)
		}
		break
	}
	wg.Wait()
}

// TestFailedFlushStopsTheLog: no store appends after a flush went wrong,
// whether it was told by its own append or not, until a restart.
func TestFailedFlushStopsTheLog(t *testing.T) {
	dir := t.TempDir()
	var broken atomic.Bool
	server := startServer(t, embedded.Options{Dir: dir}.WithFlush(func(f *os.File) error {
		if broken.Load() {
			return &os.PathError{Op: "sync", Path: f.Name(), Err: errors.New("input/output error")}
		}
		return f.Sync()
	}))
	one, two := openStore(t, server), openStore(t, server)
	if err := errors.Join(appendOne(t, one), appendOne(t, two)); err != nil {
		t.Fatal(err)
	}
	if err := two.Accepts(t.Context()); err != nil {
		t.Fatal(err)
	}
	broken.Store(true)
	var failed *eventstore.FlushError
	if err := appendOne(t, one); !errors.As(err, &failed) || !strings.Contains(failed.Reason, "input/output error") {
		t.Fatalf("append over a flush that went wrong: %v", err)
	}
	broken.Store(false)
	if err := two.Accepts(t.Context()); !errors.As(err, &failed) {
		t.Errorf("another store, asked whether it takes appends: %v", err)
	}
	for name, s := range map[string]*jetstream.Store{"the same store": one, "another store": two} {
		if err := appendOne(t, s); !errors.As(err, &failed) {
			t.Errorf("%s after it: %v", name, err)
		}
	}
	head, err := one.Head(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := appendOne(t, one); !errors.As(err, &failed) {
		t.Fatal(err)
	}
	if after, err := one.Head(t.Context()); err != nil || after != head {
		t.Errorf("a refused append moved the head from %d to %d, %v", head, after, err)
	}
	wantFlushErrors(t, two)
	if err := server.Close(); err != nil {
		t.Fatal(err)
	}
	if err := appendOne(t, openStore(t, startServer(t, embedded.Options{Dir: dir}))); err != nil {
		t.Fatalf("after a restart: %v", err)
	}
}

// wantFlushErrors follows and imports.
func wantFlushErrors(t *testing.T, s *jetstream.Store) {
	t.Helper()
	var failed *eventstore.FlushError
	for batch, err := range s.Follow(t.Context(), 0) {
		if !errors.As(err, &failed) {
			t.Errorf("following: %d events, %v", len(batch), err)
			break
		}
	}
	b, err := s.Bulk(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Add(t.Context(), newEvent(newAggregate())); err != nil {
		t.Fatal(err)
	}
	if err := b.Flush(t.Context()); !errors.As(err, &failed) {
		t.Errorf("importing: %v", err)
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
}

// TestIntervalDoesNotFlush: with that choice an append waits for no disk.
func TestIntervalDoesNotFlush(t *testing.T) {
	dir := t.TempDir()
	var flushes atomic.Int32
	server := startServer(t, embedded.Options{Dir: dir, Sync: embedded.SyncInterval}.WithFlush(func(f *os.File) error {
		flushes.Add(1)
		return f.Sync()
	}))
	if err := appendOne(t, openStore(t, server)); err != nil {
		t.Fatal(err)
	}
	if n := flushes.Load(); n != 0 {
		t.Errorf("%d flushes for an append", n)
	}
	if err := server.Close(); err != nil || flushes.Load() == 0 {
		t.Errorf("closing flushed %d files, %v", flushes.Load(), err)
	}
	if _, err := os.Stat(filepath.Join(dir, "refold.clean")); err != nil {
		t.Error(err)
	}
}
