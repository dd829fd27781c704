package jetstream

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/uuid"
	natsserver "github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore/jetstream/embedded"
	"github.com/refold-dev/refold/eventstore/jetstream/internal/barrier"
	"github.com/refold-dev/refold/eventstore/jetstream/internal/groupsync"
)

func benchEvent(agg uuid.UUID) event.Event {
	return event.Event{
		ID: uuid.New(), Aggregate: event.Aggregate{Type: "compute", ID: agg}, Type: "status_changed", SchemaVersion: 1,
		Time: time.Unix(1_700_000_000, 0).UTC(), CorrelationID: agg,
		Data: json.RawMessage(`{"from":"provisioning","to":"active","region":"eu-central-1","cpus":8,"memory_mib":32768,"tags":["a","b","c"],"note":"what an event of middling size says"}`),
	}
}

func benchStore(b *testing.B, sync embedded.Sync) *Store {
	b.Helper()
	server, err := embedded.Start(embedded.Options{Dir: b.TempDir(), Sync: sync})
	if err != nil {
		b.Fatal(err)
	}
	return benchOpen(b, Config{URL: server.URL(), Token: server.Token()}, server.Close)
}

func benchOpen(b *testing.B, cfg Config, stop func() error) *Store {
	b.Helper()
	s, err := Open(b.Context(), cfg)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = s.Close() // always nil
		if err := stop(); err != nil {
			b.Error(err)
		}
	})
	return s
}

// benchSyncAlways runs a NATS server that flushes each message itself.
func benchSyncAlways(b *testing.B) *Store {
	b.Helper()
	ns, err := natsserver.NewServer(&natsserver.Options{Host: "127.0.0.1", Port: natsserver.RANDOM_PORT, JetStream: true, StoreDir: b.TempDir(), SyncAlways: true, NoSigs: true, NoLog: true})
	if err != nil {
		b.Fatal(err)
	}
	ns.Start()
	if !ns.ReadyForConnections(10 * time.Second) {
		b.Fatal("the server did not come up")
	}
	return benchOpen(b, Config{URL: ns.ClientURL()}, func() error {
		ns.Shutdown()
		ns.WaitForShutdown()
		return nil
	})
}

// fromWriters calls do count times from several goroutines and returns how
// long that took.
func fromWriters(b *testing.B, writers, count int, do func(agg uuid.UUID, n int) error) time.Duration {
	b.Helper()
	var left atomic.Int64
	left.Store(int64(count))
	var wg sync.WaitGroup
	start := time.Now()
	for range writers {
		wg.Go(func() {
			agg := uuid.New()
			for n := 0; left.Add(-1) >= 0; n++ {
				if err := do(agg, n); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	return time.Since(start)
}

// appends measures our side: each writer appends to its own aggregate,
// expecting its version.
func appends(b *testing.B, s *Store, writers, count int) time.Duration {
	return fromWriters(b, writers, count, func(agg uuid.UUID, n int) error {
		e := benchEvent(agg)
		_, err := s.Append(b.Context(), e.Aggregate, event.Exactly(event.Version(n)), e)
		return err
	})
}

// barePublishes measures publishes of the same messages with the same headers,
// each followed by flush.
func barePublishes(b *testing.B, s *Store, writers, count int, flush func(context.Context) error) time.Duration {
	heads := make(map[uuid.UUID]uint64)
	var mu sync.Mutex
	return fromWriters(b, writers, count, func(agg uuid.UUID, n int) error {
		e := benchEvent(agg)
		m, err := s.message(&e, event.Version(n+1))
		if err != nil {
			return err
		}
		mu.Lock()
		at := heads[agg]
		mu.Unlock()
		s.expect(m, e.Aggregate, head{sequence: at})
		ack, err := s.js.PublishMsg(b.Context(), m)
		if err != nil {
			return err
		}
		mu.Lock()
		heads[agg] = ack.Sequence
		mu.Unlock()
		return flush(b.Context())
	})
}

// BenchmarkAppend compares appends with bare publishes in the same run: higher
// than 1 is faster than bare.
func BenchmarkAppend(b *testing.B) {
	for _, writers := range []int{1, 8, 64} {
		b.Run(fmt.Sprintf("writers=%d/sync=always", writers), func(b *testing.B) {
			s, bare, own := benchStore(b, embedded.SyncAlways), benchStore(b, embedded.SyncAlways), benchSyncAlways(b)
			group := groupsync.New(func() error { return barrier.Ask(b.Context(), bare.nc, bare.cfg.Stream) })
			b.ResetTimer()
			ours := appends(b, s, writers, b.N)
			b.StopTimer()
			b.ReportMetric(float64(barePublishes(b, bare, writers, b.N, group.Sync))/float64(ours), "x_bare_and_barrier")
			b.ReportMetric(float64(barePublishes(b, own, writers, b.N, noFlush))/float64(ours), "x_server_sync_always")
			b.ReportMetric(float64(b.N)/ours.Seconds(), "events/s")
		})
		b.Run(fmt.Sprintf("writers=%d/sync=interval", writers), func(b *testing.B) {
			s, bare := benchStore(b, embedded.SyncInterval), benchStore(b, embedded.SyncInterval)
			b.ResetTimer()
			ours := appends(b, s, writers, b.N)
			b.StopTimer()
			b.ReportMetric(float64(barePublishes(b, bare, writers, b.N, noFlush))/float64(ours), "x_bare")
			b.ReportMetric(float64(b.N)/ours.Seconds(), "events/s")
		})
	}
}

func noFlush(context.Context) error { return nil }

// BenchmarkBulkVsBareAsync compares an import with asynchronous publishes of
// the same bodies with message ids, in a window of the same size.
func BenchmarkBulkVsBareAsync(b *testing.B) {
	for _, sync := range []embedded.Sync{embedded.SyncAlways, embedded.SyncInterval} {
		b.Run("sync="+string(sync), func(b *testing.B) {
			events := make([]event.Event, b.N)
			aggs := make([]uuid.UUID, 1000)
			for i := range aggs {
				aggs[i] = uuid.New()
			}
			for i := range events {
				events[i] = benchEvent(aggs[i%len(aggs)])
			}
			s, bare := benchStore(b, sync), benchStore(b, sync)
			b.ResetTimer()
			start := time.Now()
			benchImport(b, s, events)
			ours := time.Since(start)
			b.StopTimer()
			start = time.Now()
			bareAsync(b, bare, events)
			b.ReportMetric(float64(time.Since(start))/float64(ours), "x_bare")
			b.ReportMetric(float64(b.N)/ours.Seconds(), "events/s")
		})
	}
}

func benchImport(b *testing.B, s *Store, events []event.Event) {
	into, err := s.Bulk(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	for _, e := range events {
		if added, err := into.Add(b.Context(), e); err != nil || !added {
			b.Fatal(added, err)
		}
	}
	if err := into.Flush(b.Context()); err != nil {
		b.Fatal(err)
	}
	if err := into.Close(); err != nil {
		b.Fatal(err)
	}
}

func bareAsync(b *testing.B, s *Store, events []event.Event) {
	js, err := jetstream.New(s.nc, jetstream.WithPublishAsyncMaxPending(maxChain))
	if err != nil {
		b.Fatal(err)
	}
	for i := range events {
		m, err := s.message(&events[i], event.Version(i/1000+1))
		if err != nil {
			b.Fatal(err)
		}
		if _, err := js.PublishMsgAsync(m); err != nil {
			b.Fatal(err)
		}
	}
	<-js.PublishAsyncComplete()
	if err := s.flusher.flush(b.Context(), 0); err != nil {
		b.Fatal(err)
	}
	if head, err := s.Head(b.Context()); err != nil || int(head) != len(events) {
		b.Fatalf("%d of %d events arrived, %v", head, len(events), err)
	}
}
