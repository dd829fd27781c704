package resources_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/domain/reservation"
	"github.com/refold-dev/refold/eventstore/memory"
	"github.com/refold-dev/refold/eventstore/repository"
	"github.com/refold-dev/refold/eventstore/resources"
)

// claims is how often the name of a registration has been claimed or released.
func claims(t *testing.T, store *memory.Store, hostname string) int {
	t.Helper()
	name := event.Aggregate{Type: reservation.AggregateType, ID: reservation.ID(registration(t, 1, hostname).Hostname)}
	events, err := store.Read(t.Context(), name, 1)
	if err != nil {
		t.Fatal(err)
	}
	return len(events)
}

// TestClaimedWhenRepeated: a registration without a claim, repeated with one,
// has the name from then on.
func TestClaimedWhenRepeated(t *testing.T) {
	store, ctx := memory.New(), t.Context()
	s := resources.New(store, unique)
	id := register(t, resources.New(store, resources.Options{}), 1, "a.b")
	for range 2 {
		out, err := s.RegisterResource(ctx, registration(t, 1, "a.b"))
		if err != nil || !out.Repeated || out.State.ID != id || claims(t, store, "a.b") != 1 {
			t.Fatalf("%+v, %v, %d claims", out, err, claims(t, store, "a.b"))
		}
	}
	if _, err := s.RegisterResource(ctx, registration(t, 2, "A.B")); holder(err) != id {
		t.Errorf("another one: %v", err)
	}
	if _, err := s.ChangeStatus(ctx, id, retirement(3)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.RegisterResource(ctx, registration(t, 2, "A.B")); err != nil {
		t.Errorf("once it is free: %v", err)
	}
	inUse(t, store)
}

// TestNotClaimedWhenRepeated: what has another owner by then is refused, and
// what need not be claimed is not.
func TestNotClaimedWhenRepeated(t *testing.T) {
	ctx := t.Context()
	t.Run("another resource has it", func(t *testing.T) {
		store := memory.New()
		id := register(t, resources.New(store, resources.Options{}), 1, "a.b")
		s := resources.New(store, unique)
		other := register(t, s, 2, "a.b")
		out, err := s.RegisterResource(ctx, registration(t, 1, "a.b"))
		var unclaimed *resources.UnclaimedError
		if !errors.As(err, &unclaimed) || unclaimed.ID != id || holder(err) != other || out.State.ID != id {
			t.Errorf("%+v, %v", out, err)
		}
		want := fmt.Sprintf("resource %s has been registered before, without a claim to its hostname, and cannot claim it now: hostname a.b is taken by resource %s", id, other)
		if err.Error() != want {
			t.Errorf("error %v", err)
		}
		if _, err := s.ChangeStatus(ctx, other, retirement(3)); err != nil {
			t.Fatal(err)
		}
		if out, err := s.RegisterResource(ctx, registration(t, 1, "a.b")); err != nil || !out.Repeated {
			t.Errorf("once it is free: %+v, %v", out, err)
		}
		if _, err := s.RegisterResource(ctx, registration(t, 4, "a.b")); holder(err) != id {
			t.Errorf("the next one: %v", err)
		}
	})
	t.Run("it is done with", func(t *testing.T) {
		store := memory.New()
		id := register(t, resources.New(store, resources.Options{}), 1, "a.b")
		s := resources.New(store, unique)
		if _, err := s.ChangeStatus(ctx, id, retirement(2)); err != nil {
			t.Fatal(err)
		}
		if out, err := s.RegisterResource(ctx, registration(t, 1, "a.b")); err != nil || !out.Repeated || claims(t, store, "a.b") != 0 {
			t.Errorf("%+v, %v, %d claims", out, err, claims(t, store, "a.b"))
		}
	})
	t.Run("it is another command", func(t *testing.T) {
		store := memory.New()
		register(t, resources.New(store, resources.Options{}), 1, "a.b")
		_, err := resources.New(store, unique).RegisterResource(ctx, registration(t, 1, "c.d"))
		var reused *repository.ReusedIDError
		if !errors.As(err, &reused) || claims(t, store, "a.b")+claims(t, store, "c.d") != 0 {
			t.Errorf("%v, %d claims", err, claims(t, store, "c.d"))
		}
	})
}

// TestStoppedClaimingLate: a process that dies before or after its claim is
// repeated.
func TestStoppedClaimingLate(t *testing.T) {
	for _, after := range []bool{false, true} {
		store := memory.New()
		id := register(t, resources.New(store, resources.Options{}), 1, "a.b")
		stop := &stopping{Store: store, after: after}
		_, err := resources.New(stop, unique).RegisterResource(t.Context(), registration(t, 1, "a.b"))
		var unclaimed *resources.UnclaimedError
		if !stop.stopped || !errors.As(err, &unclaimed) {
			t.Errorf("stopped %v, %v", stop.stopped, err)
		}
		s := resources.New(store, unique)
		if out, err := s.RegisterResource(t.Context(), registration(t, 1, "a.b")); err != nil || !out.Repeated || claims(t, store, "a.b") != 1 {
			t.Errorf("%+v, %v", out, err)
		}
		if _, err := s.RegisterResource(t.Context(), registration(t, 2, "a.b")); holder(err) != id || id == uuid.Nil {
			t.Errorf("another one: %v", err)
		}
	}
}
