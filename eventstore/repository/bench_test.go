package repository_test

import (
	"testing"
	"time"

	"github.com/refold-dev/refold/domain/compute"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
	"github.com/refold-dev/refold/eventstore/archive"
	"github.com/refold-dev/refold/eventstore/memory"
	"github.com/refold-dev/refold/eventstore/repository"
	"github.com/refold-dev/refold/eventstore/snapshot"
)

// benchLog is a log with a resource of 10,000 events, whose snapshot is 99
// events old, which is the oldest by default; and with one of 50 events, which
// is too short for a snapshot.
type benchLog struct {
	repository.Store
	snapshots snapshot.Dir
}

const (
	benchLong   = 10_000
	benchShort  = 50
	benchBehind = 99
)

func newBenchLog(b *testing.B, log eventstore.Log, read func() repository.Store) benchLog {
	b.Helper()
	bulkAppend(b, log, history(resource(1), 1, benchLong-benchBehind))
	l := benchLog{log, snapshot.At(b.TempDir())}
	l.load(b, resource(1), benchLong-benchBehind, repository.Options{Snapshots: l.snapshots})
	bulkAppend(b, log, history(resource(1), benchLong-benchBehind+1, benchBehind))
	bulkAppend(b, log, history(resource(2), benchLong+1, benchShort))
	l.Store = read()
	return l
}

func bulkAppend(b *testing.B, log eventstore.Log, events []event.Event) {
	b.Helper()
	bulk, err := log.Bulk(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	for _, e := range events {
		if _, err := bulk.Add(b.Context(), e); err != nil {
			b.Fatal(err)
		}
	}
	if err := bulk.Flush(b.Context()); err != nil {
		b.Fatal(err)
	}
}

func (l benchLog) load(b *testing.B, agg event.Aggregate, n int, o repository.Options) {
	in, err := repository.New(l.Store, compute.Definition(), o).Load(b.Context(), agg.ID)
	if err != nil || int(in.Version) != n {
		b.Fatalf("loaded version %d, %v, want %d", in.Version, err, n)
	}
}

// openArchived opens a store with an archive, once it has caught up.
func openArchived(b *testing.B, log eventstore.Log) *archive.Store {
	b.Helper()
	a, err := archive.Open(b.TempDir(), archive.Options{})
	if err != nil {
		b.Fatal(err)
	}
	s := archive.NewStore(log, a)
	b.Cleanup(func() { _ = s.Close() })
	for a.Head() < benchLong+benchShort {
		time.Sleep(time.Millisecond)
	}
	return s
}

func BenchmarkLoad(b *testing.B) {
	mem, plain, archived := memory.New(), openJetStream(b), openJetStream(b)
	for _, store := range []struct {
		name string
		log  benchLog
	}{
		{"memory", newBenchLog(b, mem, func() repository.Store { return mem })},
		{"jetstream", newBenchLog(b, plain, func() repository.Store { return plain })},
		{"archive", newBenchLog(b, archived, func() repository.Store { return openArchived(b, archived) })},
	} {
		for _, size := range []struct {
			name string
			agg  event.Aggregate
			n    int
		}{{"events=10000", resource(1), benchLong}, {"events=50", resource(2), benchShort}} {
			b.Run(store.name+"/"+size.name+"/replay", func(b *testing.B) {
				for b.Loop() {
					store.log.load(b, size.agg, size.n, repository.Options{})
				}
			})
			b.Run(store.name+"/"+size.name+"/snapshots", func(b *testing.B) {
				for b.Loop() {
					store.log.load(b, size.agg, size.n, repository.Options{Snapshots: store.log.snapshots})
				}
			})
		}
	}
}
