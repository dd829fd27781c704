package archive_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/nats-io/nats.go"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
	"github.com/refold-dev/refold/eventstore/archive"
	"github.com/refold-dev/refold/eventstore/jetstream"
	"github.com/refold-dev/refold/eventstore/jetstream/embedded"
	"github.com/refold-dev/refold/eventstore/memory"
	"github.com/refold-dev/refold/eventstore/storetest"
)

// inFront puts an archive with small segments in front of a log, until the test
// ends; then the archive is verified.
func inFront(t *testing.T, log eventstore.Log) *archive.Store {
	t.Helper()
	dir := t.TempDir()
	opts := archive.Options{SegmentBytes: 64 << 10, BlockEvents: 7, OpenSegments: 3}
	a, err := archive.Open(dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	s := archive.NewStore(log, a)
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("closing the store: %v", err)
		}
		again, err := archive.Open(dir, opts)
		if err != nil {
			t.Errorf("opening again: %v", err)
			return
		}
		if r, err := again.Verify(t.Context()); err != nil && t.Context().Err() == nil {
			t.Errorf("verify: %+v, %v", r, err)
		}
		if err := again.Close(); err != nil {
			t.Errorf("closing again: %v", err)
		}
	})
	return s
}

func TestStoreOverMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("short: has nothing that runs side by side")
	}
	storetest.Run(t, storetest.Features{}, func(t *testing.T) eventstore.Store { return inFront(t, memory.New()) })
}

func TestStoreOverJetStream(t *testing.T) {
	server, err := embedded.Start(embedded.Options{Dir: t.TempDir(), Sync: embedded.SyncInterval})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Errorf("closing the server: %v", err)
		}
	})
	var logs atomic.Int32
	var prefix string // of the log that was opened last
	storetest.Run(t, storetest.Features{Spoil: spoil(server, &prefix)}, func(t *testing.T) eventstore.Store {
		prefix = fmt.Sprintf("log_%d", logs.Add(1))
		log, err := jetstream.Open(t.Context(), jetstream.Config{URL: server.URL(), Token: server.Token(), Prefix: prefix, MaxBatch: 100})
		if err != nil {
			t.Fatal(err)
		}
		return inFront(t, log)
	})
}

// spoil publishes what is no event, without the store.
func spoil(server *embedded.Server, prefix *string) func(*testing.T, eventstore.Log, event.Aggregate) {
	return func(t *testing.T, _ eventstore.Log, agg event.Aggregate) {
		nc, err := nats.Connect(server.URL(), nats.Token(server.Token()))
		if err != nil {
			t.Fatal(err)
		}
		defer nc.Close()
		subject := *prefix + "." + agg.Type + "." + agg.ID.String() + ".spoiled"
		if _, err := nc.RequestWithContext(t.Context(), subject, []byte(`{"version":7}`)); err != nil {
			t.Fatal(err)
		}
	}
}
