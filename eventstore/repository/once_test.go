package repository_test

import (
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"hash/crc32"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/refold-dev/refold/domain/aggregate"
	"github.com/refold-dev/refold/domain/compute"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
	"github.com/refold-dev/refold/eventstore/memory"
	"github.com/refold-dev/refold/eventstore/repository"
	"github.com/refold-dev/refold/eventstore/snapshot"
)

// forgetful is a store that does not know ids again, as a server does not after
// its duplicate window: each event gets an id of its own, and its own is put
// back when it is read.
type forgetful struct {
	*memory.Store
}

func (f forgetful) Append(ctx context.Context, agg event.Aggregate, expected event.Expected, events ...event.Event) (eventstore.Appended, error) {
	renamed := make([]event.Event, len(events))
	for i, e := range events {
		e.Metadata = json.RawMessage(`{"id":"` + e.ID.String() + `"}`)
		e.ID = uuid.New()
		renamed[i] = e
	}
	return f.Store.Append(ctx, agg, expected, renamed...)
}

func (f forgetful) Read(ctx context.Context, agg event.Aggregate, from event.Version) ([]event.Recorded, error) {
	events, err := f.Store.Read(ctx, agg, from)
	for i := range events {
		var was struct{ ID uuid.UUID }
		if err := json.Unmarshal(events[i].Metadata, &was); err != nil {
			return nil, err
		}
		events[i].ID, events[i].Metadata = was.ID, nil
	}
	return events, err
}

// once carries a command out by its event's id.
func once(t testing.TB, r *resources, agg event.Aggregate, c compute.Command) (instance, bool, error) {
	def := compute.Definition()
	return r.ChangeOnce(t.Context(), agg.ID, c.Source().EventID, func(in instance) (aggregate.Commit[compute.State], error) {
		return def.Execute(in, c)
	})
}

func origin(agg event.Aggregate, n int) compute.Origin {
	h := header(agg, n)
	return compute.Origin{EventID: h.EventID, Time: h.Time, CorrelationID: h.CorrelationID}
}

func registration(t interface{ Fatal(...any) }, agg event.Aggregate, n int) compute.Command {
	o := origin(agg, n)
	return compute.RegisterResource{EventID: o.EventID, Time: o.Time, CorrelationID: o.CorrelationID, Hostname: hostname(t, "a.b"), ResourceType: compute.Router}
}

// TestChangeOnce: whenever a command is repeated, by whatever program, on a
// store that knows ids again or not, nothing is appended, and the answer is the
// first one.
func TestChangeOnce(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var store repository.Store = memory.New()
		if rapid.Bool().Draw(rt, "forgetful") {
			store = forgetful{memory.New()}
		}
		options := repository.Options{Every: rapid.IntRange(1, 20).Draw(rt, "every")}
		if rapid.Bool().Draw(rt, "snapshots") {
			options.Snapshots = snapshot.At(t.TempDir())
		}
		r, agg := repository.New(store, compute.Definition(), options), resource(1)
		commands := []compute.Command{registration(rt, agg, 1)}
		for n := range rapid.IntRange(0, 30).Draw(rt, "commands") {
			o := origin(agg, n+2)
			commands = append(commands, rapid.SampledFrom([]compute.Command{
				compute.AddPolicy{Origin: o, PolicyID: compute.PolicyID{UUID: o.EventID}},
				compute.UpdateMetadata{Origin: o, Key: "n", Value: o.EventID.String()},
				compute.ClearAccountConcept{Origin: o},
			}).Draw(rt, "command"))
		}
		answers := make([]instance, len(commands))
		for i, c := range commands {
			in, repeated, err := once(t, r, agg, c)
			if err != nil || repeated {
				rt.Fatalf("command %d: repeated %v, %v", i, repeated, err)
			}
			answers[i] = in
			again := rapid.IntRange(0, i).Draw(rt, "again")
			in, repeated, err = once(t, r, agg, commands[again])
			if err != nil || !repeated || !reflect.DeepEqual(in, answers[again]) {
				rt.Fatalf("command %d after %d: repeated %v, %v, %+v", again, i, repeated, err, in)
			}
		}
		if all, err := store.Read(t.Context(), agg, 1); err != nil || len(all) != len(commands) {
			rt.Fatalf("%d events of %d commands, %v", len(all), len(commands), err)
		}
	})
}

// TestReusedID: another command with the id of one that was carried out is
// refused, whether it would have been accepted then or not.
func TestReusedID(t *testing.T) {
	store, agg := memory.New(), resource(1)
	r := repository.New(store, compute.Definition(), repository.Options{})
	for _, c := range []compute.Command{
		registration(t, agg, 1),
		compute.UpdateMetadata{Origin: origin(agg, 2), Key: "rack", Value: "7"},
		compute.ClearAccountConcept{Origin: origin(agg, 3)},
	} {
		if _, _, err := once(t, r, agg, c); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []compute.Command{
		compute.UpdateMetadata{Origin: origin(agg, 2), Key: "rack", Value: "8"},
		compute.ClearAccountConcept{Origin: origin(agg, 2)},
		compute.RemovePolicy{Origin: origin(agg, 2), PolicyID: compute.PolicyID{UUID: numbered(9)}},
	} {
		_, repeated, err := once(t, r, agg, c)
		var reused *repository.ReusedIDError
		if !errors.As(err, &reused) || reused.Position != 2 || reused.Type != "metadata_updated" || !repeated {
			t.Errorf("%s: %v", c.Name(), err)
		}
	}
	var cause *compute.PolicyNotFoundError
	_, _, err := once(t, r, agg, compute.RemovePolicy{Origin: origin(agg, 2), PolicyID: compute.PolicyID{UUID: numbered(9)}})
	if !errors.As(err, &cause) || !strings.HasSuffix(err.Error(), "metadata_updated event is at position 2") {
		t.Errorf("error %v", err)
	}
	load(t, r, agg, 3)
}

// TestOnceAtATime: many at once repeat one command; one is told that it is new.
func TestOnceAtATime(t *testing.T) {
	for name, store := range map[string]repository.Store{"memory": memory.New(), "forgetful": forgetful{memory.New()}, "jetstream": openJetStream(t)} {
		t.Run(name, func(t *testing.T) {
			agg := resource(1)
			r := repository.New(store, compute.Definition(), repository.Options{Snapshots: snapshot.At(t.TempDir()), Every: 1})
			if _, _, err := once(t, r, agg, registration(t, agg, 1)); err != nil {
				t.Fatal(err)
			}
			var all sync.WaitGroup
			var mu sync.Mutex
			fresh := 0
			for i := range 8 {
				all.Go(func() {
					o := origin(agg, 2)
					o.Time = o.Time.Add(time.Duration(i)) // by the clock of the one who repeats it
					in, repeated, err := once(t, r, agg, compute.AddPolicy{Origin: o, PolicyID: compute.PolicyID{UUID: numbered(9)}})
					if err != nil || in.Version != 2 || len(in.State.PolicyIDs) != 1 {
						t.Errorf("version %d, %v", in.Version, err)
					}
					mu.Lock()
					defer mu.Unlock()
					if !repeated {
						fresh++
					}
				})
			}
			all.Wait()
			load(t, r, agg, 2)
			if fresh != 1 {
				t.Errorf("%d of the commands were new, want 1", fresh)
			}
		})
	}
}

// TestMarksThatMeet: an id whose mark another event has is new all the same.
func TestMarksThatMeet(t *testing.T) {
	store, agg := memory.New(), resource(1)
	place := spoiled{Dir: snapshot.At(t.TempDir())}
	place.change = func(s *aggregate.Snapshot) {
		id := numbered(2)
		s.Marks = binary.LittleEndian.AppendUint32(nil, crc32.Checksum(id[:], crc32.MakeTable(crc32.Castagnoli)))
	}
	reading := &reads{Store: store}
	r := repository.New(reading, compute.Definition(), repository.Options{Remember: -1, Snapshots: place, Every: 1})
	if _, _, err := once(t, r, agg, registration(t, agg, 1)); err != nil {
		t.Fatal(err)
	}
	load(t, r, agg, 1)
	reading.take()
	in, repeated, err := once(t, r, agg, compute.ClearAccountConcept{Origin: origin(agg, 2)})
	if err != nil || repeated || in.Version != 2 {
		t.Errorf("version %d, repeated %v, %v", in.Version, repeated, err)
	}
	if got, want := reading.take(), []string{"1+1", "1+1"}; !slices.Equal(got, want) {
		t.Errorf("it read %v, want %v", got, want)
	}
}
