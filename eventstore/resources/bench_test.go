package resources_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/compute"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
	"github.com/refold-dev/refold/eventstore/archive"
	"github.com/refold-dev/refold/eventstore/memory"
	"github.com/refold-dev/refold/eventstore/repository"
	"github.com/refold-dev/refold/eventstore/resources"
	"github.com/refold-dev/refold/eventstore/snapshot"
)

const (
	benchLong  = 10_000
	benchShort = 10
)

// life is the log's form of a resource's first n events.
func life(id uuid.UUID, n int) []event.Event {
	events := make([]event.Event, n)
	for i := range events {
		var p compute.Payload = compute.AssetTagAssigned{AssetTag: fmt.Sprint("T-", i)}
		if i == 0 {
			h, _ := compute.ParseHostname("a.b")
			p = compute.ResourceRegistered{Hostname: h, ResourceType: compute.Router}
		}
		e, err := compute.ToEvent(compute.Event{Header: compute.Header{
			EventID: uuid.New(), AggregateID: id, Time: origin(1).Time, CorrelationID: numbered(0xc00000),
		}, Payload: p})
		if err != nil {
			panic(err)
		}
		events[i] = e
	}
	return events
}

func load(b *testing.B, log eventstore.Log, lives ...[]event.Event) {
	b.Helper()
	bulk, err := log.Bulk(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	defer bulk.Close()
	for _, events := range lives {
		for _, e := range events {
			if _, err := bulk.Add(b.Context(), e); err != nil {
				b.Fatal(err)
			}
		}
	}
	if err := bulk.Flush(b.Context()); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkCommand gives commands to a resource of 10,000 events and to ones of
// 10, in turn. long/short is the ratio of what they cost, snapshots that are
// taken meanwhile included. Remembered, each resource has been loaded before;
// not remembered, a load has only the store and the folder of snapshots.
func BenchmarkCommand(b *testing.B) {
	for _, store := range []struct {
		name string
		open func(b *testing.B) (log, store eventstore.Log)
	}{
		{"memory", func(*testing.B) (eventstore.Log, eventstore.Log) { s := memory.New(); return s, s }},
		{"jetstream", func(b *testing.B) (eventstore.Log, eventstore.Log) { s := openJetStream(b); return s, s }},
		{"archive", openArchived},
	} {
		for name, remember := range map[string]int{"remembered": 1000, "not remembered": -1} {
			b.Run(store.name+"/"+name, func(b *testing.B) {
				log, s := store.open(b)
				o := repository.Options{Snapshots: snapshot.At(b.TempDir()), Remember: remember}
				compareCommands(b, log, resources.New(s, resources.Options{Repository: o}))
			})
		}
	}
}

func openArchived(b *testing.B) (log, store eventstore.Log) {
	log = openJetStream(b)
	a, err := archive.Open(b.TempDir(), archive.Options{})
	if err != nil {
		b.Fatal(err)
	}
	s := archive.NewStore(log, a)
	b.Cleanup(func() { _ = s.Close() })
	return log, s
}

func compareCommands(b *testing.B, log eventstore.Log, r *resources.Service) {
	command := func(id uuid.UUID) time.Duration {
		o := origin(1)
		o.EventID = uuid.New()
		start := time.Now()
		if _, err := r.UpdateMetadata(b.Context(), id, compute.UpdateMetadata{Origin: o, Key: "rack", Value: "7"}); err != nil {
			b.Fatal(err)
		}
		return time.Since(start)
	}
	old := uuid.New()
	load(b, log, life(old, benchLong))
	command(old) // takes the first snapshot
	var young []uuid.UUID
	var long, short time.Duration
	for b.Loop() {
		if len(young) == 0 {
			b.StopTimer()
			young = make([]uuid.UUID, 200)
			lives := make([][]event.Event, len(young))
			for i := range young {
				young[i] = uuid.New()
				lives[i] = life(young[i], benchShort-1)
			}
			load(b, log, lives...)
			for _, id := range young {
				command(id)
			}
			b.StartTimer()
		}
		long += command(old)
		short += command(young[0])
		young = young[1:]
	}
	b.ReportMetric(float64(long.Nanoseconds())/float64(b.N), "long-ns")
	b.ReportMetric(float64(short.Nanoseconds())/float64(b.N), "short-ns")
	b.ReportMetric(float64(long)/float64(short), "long/short")
}
