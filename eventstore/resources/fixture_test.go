package resources_test

import (
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/compute"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
	"github.com/refold-dev/refold/eventstore/jetstream"
	"github.com/refold-dev/refold/eventstore/jetstream/embedded"
	"github.com/refold-dev/refold/eventstore/repository"
	"github.com/refold-dev/refold/eventstore/resources"
)

// numbered is a UUID of version 7 that ends in n.
func numbered(n int) uuid.UUID {
	return uuid.UUID{0x01, 0x90, 6: 0x70, 8: 0x80, 13: byte(n >> 16), 14: byte(n >> 8), 15: byte(n)}
}

// origin is that of command number n.
func origin(n int) compute.Origin {
	return compute.Origin{EventID: numbered(n), Time: time.Date(2026, 1, 31, 9, 30, 0, n, time.UTC), CorrelationID: numbered(0xc00000)}
}

type fataler interface{ Fatal(...any) }

// registration is command number n.
func registration(t fataler, n int, hostname string) compute.RegisterResource {
	h, err := compute.ParseHostname(hostname)
	if err != nil {
		t.Fatal(err)
	}
	o := origin(n)
	return compute.RegisterResource{EventID: o.EventID, Time: o.Time, CorrelationID: o.CorrelationID, Hostname: h, ResourceType: compute.Router}
}

func retirement(n int) compute.ChangeStatus {
	return compute.ChangeStatus{Origin: origin(n), ToStatus: compute.Decommissioned}
}

// register is command number n, which has to be accepted.
func register(t testing.TB, s *resources.Service, n int, hostname string) uuid.UUID {
	t.Helper()
	out, err := s.RegisterResource(t.Context(), registration(t, n, hostname))
	if err != nil {
		t.Fatal(err)
	}
	return out.State.ID
}

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

// stopping is a store whose user is stopped at an append: before it is made, or
// after, so that its answer is lost. Later ones are not made either, as the
// process is no more.
type stopping struct {
	repository.Store
	appends int // that are still made
	after   bool
	stopped bool
}

var errStopped = errors.New("the process has been killed")

func (s *stopping) Append(ctx context.Context, agg event.Aggregate, expected event.Expected, events ...event.Event) (eventstore.Appended, error) {
	if s.stopped || s.appends == 0 && !s.after {
		s.stopped = true
		return eventstore.Appended{}, errStopped
	}
	at, err := s.Store.Append(ctx, agg, expected, events...)
	if s.appends == 0 {
		s.stopped = true
		return eventstore.Appended{}, &eventstore.UnknownOutcomeError{Aggregate: agg, Err: errors.Join(errStopped, err)}
	}
	s.appends--
	return at, err
}

func (s *stopping) Read(ctx context.Context, agg event.Aggregate, from event.Version) ([]event.Recorded, error) {
	if s.stopped {
		return nil, errStopped
	}
	return s.Store.Read(ctx, agg, from)
}

// inUse are the resources of a log by lower-case hostname, without those that
// are decommissioned; it fails if one has two, or if a command has two events.
func inUse(t fataler, log eventstore.Log) map[string]uuid.UUID {
	states := map[uuid.UUID]compute.State{}
	seen := map[uuid.UUID]bool{}
	all, err := log.ReadAll(context.Background(), 1, 100_000)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range all {
		if seen[r.ID] {
			t.Fatal("event is stored twice:", r.ID)
		}
		seen[r.ID] = true
		if r.Aggregate.Type != compute.AggregateType {
			continue
		}
		e, err := compute.FromEvent(r.Event)
		if err != nil {
			t.Fatal(err)
		}
		s, ok := states[r.Aggregate.ID]
		if !ok {
			s = compute.Empty(r.Aggregate.ID)
		}
		states[r.Aggregate.ID] = s.Apply(e)
		if name, id, twice := sameName(states); twice {
			t.Fatal("hostname", name, "is in use twice, since event", r.ID, "of", id)
		}
	}
	names := map[string]uuid.UUID{}
	for id, s := range states {
		if s.Initialized() && s.Status != compute.Decommissioned {
			names[strings.ToLower(s.Hostname.String())] = id
		}
	}
	return names
}

func sameName(states map[uuid.UUID]compute.State) (name string, id uuid.UUID, twice bool) {
	names := map[string]bool{}
	for id, s := range states {
		if !s.Initialized() || s.Status == compute.Decommissioned {
			continue
		}
		name := strings.ToLower(s.Hostname.String())
		if names[name] {
			return name, id, true
		}
		names[name] = true
	}
	return "", id, false
}
