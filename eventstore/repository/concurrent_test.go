package repository_test

import (
	"errors"
	"log/slog"
	"os"
	"reflect"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/compute"
	"github.com/refold-dev/refold/eventstore"
	"github.com/refold-dev/refold/eventstore/jetstream"
	"github.com/refold-dev/refold/eventstore/jetstream/embedded"
	"github.com/refold-dev/refold/eventstore/memory"
	"github.com/refold-dev/refold/eventstore/repository"
	"github.com/refold-dev/refold/eventstore/snapshot"
)

// openJetStream opens a store on a server of its own.
func openJetStream(t testing.TB) *jetstream.Store {
	t.Helper()
	dir, err := os.MkdirTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	server, err := embedded.Start(embedded.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	s, err := jetstream.Open(t.Context(), jetstream.Config{URL: server.URL(), Token: server.Token(), Prefix: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// TestConcurrentCommands: several repositories with one folder change one
// resource. Every accepted command is one event; no other is.
func TestConcurrentCommands(t *testing.T) {
	for name, store := range map[string]repository.Store{"memory": memory.New(), "jetstream": openJetStream(t)} {
		t.Run(name, func(t *testing.T) {
			const writers, commands = 4, 40
			agg, folder := resource(1), snapshot.At(t.TempDir())
			appendAll(t, store, agg, logged(agg, 0xffff, compute.ResourceRegistered{Hostname: hostname(t, "a.b"), ResourceType: compute.Router}))
			var mu sync.Mutex
			accepted := map[uuid.UUID]int{}
			var all sync.WaitGroup
			for w := range writers {
				all.Go(func() {
					r := repository.New(store, compute.Definition(), repository.Options{Snapshots: folder, Every: 3 + w, Logger: slog.New(slog.DiscardHandler)})
					for i := range commands {
						h := header(agg, 1+w*commands+i)
						_, err := r.Execute(t.Context(), agg.ID, compute.AddPolicy{
							Origin:   compute.Origin{EventID: h.EventID, Time: h.Time, CorrelationID: h.CorrelationID},
							PolicyID: compute.PolicyID{UUID: h.EventID},
						})
						var conflict *eventstore.ConflictError
						if err != nil && !errors.As(err, &conflict) {
							t.Error(err)
						}
						if err == nil {
							mu.Lock()
							accepted[h.EventID]++
							mu.Unlock()
						}
					}
				})
			}
			all.Wait()
			events, err := store.Read(t.Context(), agg, 2)
			if err != nil || len(events) != len(accepted) || len(accepted) < writers {
				t.Errorf("%d events of %d accepted commands, %v", len(events), len(accepted), err)
			}
			for _, e := range events {
				if accepted[e.ID]--; accepted[e.ID] != 0 {
					t.Errorf("event %s is stored twice, or its command was refused", e.ID)
				}
			}
			want := load(t, repository.New(store, compute.Definition(), repository.Options{}), agg, len(events)+1)
			got := load(t, repository.New(store, compute.Definition(), repository.Options{Snapshots: folder}), agg, len(events)+1)
			if !reflect.DeepEqual(want, got) || len(got.State.PolicyIDs) != len(events) {
				t.Errorf("replay gives %+v, the load %+v", want, got)
			}
			if s, found, err := folder.Load(t.Context(), agg); !found || s.Version < 3 || err != nil {
				t.Errorf("the snapshot: version %d, %v, %v", s.Version, found, err)
			}
		})
	}
}
