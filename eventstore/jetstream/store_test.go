package jetstream_test

import (
	"fmt"
	"sync/atomic"
	"testing"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
	"github.com/refold-dev/refold/eventstore/jetstream"
	"github.com/refold-dev/refold/eventstore/jetstream/embedded"
	"github.com/refold-dev/refold/eventstore/storetest"
)

// startServer runs an embedded server until the test ends.
func startServer(t *testing.T, opts embedded.Options) *embedded.Server {
	t.Helper()
	if opts.Dir == "" {
		opts.Dir = t.TempDir()
	}
	server, err := embedded.Start(opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Errorf("closing the server: %v", err)
		}
	})
	return server
}

// openStore opens a store until the test ends.
func openStore(t *testing.T, server *embedded.Server, cfg jetstream.Config) *jetstream.Store {
	t.Helper()
	cfg.URL, cfg.Token = server.URL(), server.Token()
	if cfg.StreamsDir != "" {
		cfg.StreamsDir = server.StreamsDir()
	}
	s, err := jetstream.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	s.ReadFiles() // if there are any
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Errorf("closing the store: %v", err)
		}
	})
	return s
}

func TestStore(t *testing.T) { runLog(t, jetstream.Config{MaxBatch: 100}) }

// TestStoreOfFiles reads the log's files wherever they can be read.
func TestStoreOfFiles(t *testing.T) {
	if testing.Short() {
		t.Skip("short: the suite runs on the server")
	}
	runLog(t, jetstream.Config{MaxBatch: 100, StreamsDir: "the server's"})
}

func runLog(t *testing.T, cfg jetstream.Config) {
	server := startServer(t, embedded.Options{Sync: embedded.SyncInterval})
	var logs atomic.Int32
	var prefix string // of the log that was opened last
	features := storetest.Features{Spoil: func(t *testing.T, _ eventstore.Log, agg event.Aggregate) {
		if _, err := dial(t, server).Publish(t.Context(), prefix+"."+agg.Type+"."+agg.ID.String()+".spoiled", []byte(`{"version":7}`)); err != nil {
			t.Fatal(err)
		}
	}}
	storetest.RunLog(t, features, func(t *testing.T) eventstore.Log {
		prefix = fmt.Sprintf("log_%d", logs.Add(1))
		cfg.Prefix = prefix
		return openStore(t, server, cfg)
	})
}
