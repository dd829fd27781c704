package resources_test

import (
	"errors"
	"sync"
	"testing"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/compute"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
	"github.com/refold-dev/refold/eventstore/memory"
	"github.com/refold-dev/refold/eventstore/repository"
	"github.com/refold-dev/refold/eventstore/resources"
	"github.com/refold-dev/refold/eventstore/snapshot"
)

func stores(t *testing.T) map[string]eventstore.Log {
	return map[string]eventstore.Log{"memory": memory.New(), "jetstream": openJetStream(t)}
}

// TestOneWins: of many that register one name at once, one does, and the others
// are told who. Once it is retired, the next one does.
func TestOneWins(t *testing.T) {
	for name, store := range stores(t) {
		t.Run(name, func(t *testing.T) {
			const writers = 6
			previous := uuid.Nil
			for round := range 3 {
				var all sync.WaitGroup
				results := make([]error, writers)
				for w := range writers {
					all.Go(func() {
						_, results[w] = resources.New(store, unique).RegisterResource(t.Context(), registration(t, 1+round*writers+w, "a.b"))
					})
				}
				all.Wait()
				winner := inUse(t, store)["a.b"]
				won := 0
				for w, err := range results {
					id := resources.ResourceID(numbered(1 + round*writers + w))
					if err == nil {
						won++
					}
					if (err == nil) != (id == winner) || err != nil && holder(err) != winner {
						t.Errorf("round %d, writer %d: %v; the name is %s's", round, w, err, winner)
					}
				}
				if won != 1 || winner == previous {
					t.Errorf("round %d: %d have won", round, won)
				}
				previous = winner
				if _, err := resources.New(store, unique).ChangeStatus(t.Context(), winner, retirement(1000+round)); err != nil {
					t.Fatal(err)
				}
			}
		})
	}
}

// TestOneCommandAtOnce: one registration that many repeat at once is one.
func TestOneCommandAtOnce(t *testing.T) {
	for name, store := range stores(t) {
		t.Run(name, func(t *testing.T) {
			var all sync.WaitGroup
			for range 6 {
				all.Go(func() {
					out, err := resources.New(store, unique).RegisterResource(t.Context(), registration(t, 1, "a.b"))
					if err != nil || out.State.ID != resources.ResourceID(numbered(1)) {
						t.Errorf("%+v, %v", out, err)
					}
				})
			}
			all.Wait()
			if head, err := store.Head(t.Context()); head != 2 || err != nil {
				t.Errorf("%d events, %v: want a claim and a registration", head, err)
			}
		})
	}
}

// TestEveryAcceptedCommandIsOneEvent: several services change one resource at
// once; none of what was accepted is lost, nothing else is stored.
func TestEveryAcceptedCommandIsOneEvent(t *testing.T) {
	for name, store := range stores(t) {
		t.Run(name, func(t *testing.T) {
			const writers, each = 4, 20
			folder := snapshot.At(t.TempDir())
			id := register(t, resources.New(store, resources.Options{}), 1, "a.b")
			var mu sync.Mutex
			accepted := map[uuid.UUID]bool{}
			var all sync.WaitGroup
			for w := range writers {
				s := resources.New(store, resources.Options{Repository: repository.Options{Snapshots: folder, Every: 4 + w}})
				all.Go(func() {
					for i := range each {
						o := origin(2 + w*each + i)
						_, err := s.AddPolicy(t.Context(), id, compute.AddPolicy{Origin: o, PolicyID: compute.PolicyID{UUID: o.EventID}})
						var conflict *eventstore.ConflictError
						switch {
						case err == nil:
							mu.Lock()
							accepted[o.EventID] = true
							mu.Unlock()
						case !errors.As(err, &conflict):
							t.Error(err)
						}
					}
				})
			}
			all.Wait()
			events, err := store.Read(t.Context(), event.Aggregate{Type: compute.AggregateType, ID: id}, 2)
			if err != nil || len(events) != len(accepted) || len(accepted) < writers {
				t.Errorf("%d events of %d accepted commands, %v", len(events), len(accepted), err)
			}
			for _, e := range events {
				if !accepted[e.ID] {
					t.Errorf("event %s: its command was refused", e.ID)
				}
			}
			if state, err := resources.New(store, resources.Options{}).Get(t.Context(), id); err != nil || len(state.PolicyIDs) != len(events) {
				t.Errorf("%d policies after %d events, %v", len(state.PolicyIDs), len(events), err)
			}
		})
	}
}
