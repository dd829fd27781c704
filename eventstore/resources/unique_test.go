package resources_test

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/refold-dev/refold/domain/compute"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/domain/reservation"
	"github.com/refold-dev/refold/eventstore"
	"github.com/refold-dev/refold/eventstore/memory"
	"github.com/refold-dev/refold/eventstore/repository"
	"github.com/refold-dev/refold/eventstore/resources"
)

var unique = resources.Options{UniqueHostnames: true}

// holder is who has a name, as a refusal says; the nil id if it is none.
func holder(err error) uuid.UUID {
	var taken *resources.HostnameTakenError
	if errors.As(err, &taken) {
		return taken.Holder
	}
	return uuid.Nil
}

func TestUniqueHostnames(t *testing.T) {
	store := memory.New()
	s, ctx := resources.New(store, unique), t.Context()
	first := register(t, s, 1, "web-1.example.com")
	register(t, s, 2, "web-2.example.com")
	_, err := s.RegisterResource(ctx, registration(t, 3, "WEB-1.Example.com"))
	if holder(err) != first || err.Error() != "hostname WEB-1.Example.com is taken by resource "+first.String() {
		t.Errorf("error %v", err)
	}
	if exists, err := s.Exists(ctx, resources.ResourceID(numbered(3))); exists || err != nil {
		t.Errorf("the refused one exists: %v, %v", exists, err)
	}
	if out, err := s.RegisterResource(ctx, registration(t, 1, "web-1.example.com")); err != nil || !out.Repeated || out.State.ID != first {
		t.Errorf("again: %+v, %v", out, err)
	}
	if _, err := s.ChangeStatus(ctx, first, retirement(4)); err != nil {
		t.Fatal(err)
	}
	name := event.Aggregate{Type: reservation.AggregateType, ID: reservation.ID(registration(t, 1, "web-1.example.com").Hostname)}
	events, err := store.Read(ctx, name, 1)
	if err != nil || len(events) != 2 || events[1].Type != "hostname_released" || events[1].CausationID.UUID != numbered(4) {
		t.Errorf("the name's events: %+v, %v", events, err)
	}
	if out, err := s.RegisterResource(ctx, registration(t, 3, "WEB-1.Example.com")); err != nil || out.Repeated {
		t.Errorf("once it is free: %+v, %v", out, err)
	}
	if out, err := s.RegisterResource(ctx, registration(t, 1, "web-1.example.com")); err != nil || !out.Repeated || out.State.ID != first {
		t.Errorf("the first, long after: %+v, %v", out, err)
	}
	inUse(t, store)

	if _, err := resources.New(store, resources.Options{}).RegisterResource(ctx, registration(t, 5, "web-2.example.com")); err != nil {
		t.Errorf("without the option: %v", err)
	}
}

// TestRefusedRegistrationClaimsNothing is invariant 4.
func TestRefusedRegistrationClaimsNothing(t *testing.T) {
	store := memory.New()
	s := resources.New(store, unique)
	c := registration(t, 1, "a.b")
	c.CorrelationID = uuid.Nil
	if _, err := s.RegisterResource(t.Context(), c); err == nil {
		t.Error("a registration without a correlation")
	}
	if head, _ := store.Head(t.Context()); head != 0 {
		t.Errorf("%d events", head)
	}
}

// TestStoppedAnywhere stops a registration, or a decommission, before and after
// each of its appends. Then, in either order, it is repeated and somebody else
// wants the name: one has it, and none is refused for good.
func TestStoppedAnywhere(t *testing.T) {
	for appends := range 3 {
		for _, after := range []bool{false, true} {
			for _, repeatedFirst := range []bool{true, false} {
				t.Run(fmt.Sprintf("registration, append %d, after %v, repeated first %v", appends+1, after, repeatedFirst), func(t *testing.T) {
					store := memory.New()
					stop := &stopping{Store: store, appends: appends, after: after}
					_, err := resources.New(stop, unique).RegisterResource(t.Context(), registration(t, 1, "a.b"))
					if (err != nil) != stop.stopped || stop.stopped != (appends < 2) {
						t.Fatalf("stopped %v, %v", stop.stopped, err)
					}
					claimed := appends > 0 || after
					afterwards(t, store, repeatedFirst, claimed)
				})
				t.Run(fmt.Sprintf("decommission, append %d, after %v, repeated first %v", appends+1, after, repeatedFirst), func(t *testing.T) {
					store := memory.New()
					id := register(t, resources.New(store, unique), 1, "a.b")
					stop := &stopping{Store: store, appends: appends, after: after}
					_, err := resources.New(stop, unique).ChangeStatus(t.Context(), id, retirement(2))
					if (err != nil) != (appends == 0) {
						t.Fatalf("stopped %v, %v", stop.stopped, err)
					}
					retired(t, store, id, repeatedFirst, appends > 0 || after)
				})
			}
		}
	}
}

// afterwards is what comes after a registration of a.b that was stopped.
func afterwards(t *testing.T, store *memory.Store, repeatedFirst, claimed bool) {
	s, ctx := resources.New(store, unique), t.Context()
	repeat := func() error {
		out, err := s.RegisterResource(ctx, registration(t, 1, "a.b"))
		if err == nil && out.State.ID != resources.ResourceID(numbered(1)) {
			t.Errorf("registered as %s", out.State.ID)
		}
		return err
	}
	other := func() error { _, err := s.RegisterResource(ctx, registration(t, 2, "A.B")); return err }
	want := resources.ResourceID(numbered(1))
	if repeatedFirst {
		if err := repeat(); err != nil {
			t.Error(err)
		}
		if err := other(); holder(err) != want {
			t.Errorf("the other: %v", err)
		}
	} else {
		err := other()
		again := repeat()
		if !claimed {
			want = resources.ResourceID(numbered(2))
			err, again = again, err
		}
		if holder(err) != want || again != nil {
			t.Errorf("the loser: %v; the winner: %v", err, again)
		}
	}
	if got := inUse(t, store)["a.b"]; got != want {
		t.Errorf("%s has the name, want %s", got, want)
	}
}

// retired is what comes after the decommission of a.b's holder that was stopped.
func retired(t *testing.T, store *memory.Store, id uuid.UUID, repeatedFirst, stored bool) {
	s, ctx := resources.New(store, unique), t.Context()
	repeat := func() {
		if out, err := s.ChangeStatus(ctx, id, retirement(2)); err != nil || len(out.Output.Warnings) != 1 {
			t.Errorf("%+v, %v", out, err)
		}
	}
	if repeatedFirst {
		repeat()
		stored = true
	}
	if _, err := s.RegisterResource(ctx, registration(t, 3, "A.B")); (err == nil) != stored {
		t.Errorf("the next one: %v", err)
	}
	repeat()
	if _, err := s.RegisterResource(ctx, registration(t, 4, "a.b")); stored && holder(err) != resources.ResourceID(numbered(3)) || !stored && err != nil {
		t.Errorf("the one after it: %v", err)
	}
	inUse(t, store)
}

// names is a log that people and crashes work on.
type names struct {
	log      *memory.Store
	n        int
	started  []compute.RegisterResource
	finished map[uuid.UUID]bool // by command
	retiring map[uuid.UUID]compute.ChangeStatus
}

// TestNamesUnderCrashes: whatever is stopped wherever, no name is in use twice,
// and in the end every registration can be carried out, once its name is free.
func TestNamesUnderCrashes(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := &names{log: memory.New(), finished: map[uuid.UUID]bool{}, retiring: map[uuid.UUID]compute.ChangeStatus{}}
		rt.Repeat(map[string]func(*rapid.T){
			"": func(rt *rapid.T) { inUse(rt, w.log) },
			"register": func(rt *rapid.T) {
				w.n++
				w.started = append(w.started, registration(rt, w.n, rapid.SampledFrom([]string{"a.b", "A.b", "c.d"}).Draw(rt, "name")))
				w.register(rt, w.service(rt), w.started[len(w.started)-1])
			},
			"repeat": func(rt *rapid.T) {
				if len(w.started) == 0 {
					rt.Skip("nothing to repeat")
				}
				w.register(rt, w.service(rt), rapid.SampledFrom(w.started).Draw(rt, "command"))
			},
			"retire": w.retire,
		})
		s := resources.New(w.log, unique)
		for _, c := range w.started {
			out, err := s.RegisterResource(t.Context(), c)
			if id := holder(err); id != uuid.Nil {
				w.n++
				if _, err := s.ChangeStatus(t.Context(), id, retirement(w.n)); err != nil {
					rt.Fatal(err)
				}
				out, err = s.RegisterResource(t.Context(), c)
			}
			if err != nil || out.State.ID != resources.ResourceID(c.EventID) {
				rt.Fatalf("once the name is free: %+v, %v", out, err)
			}
		}
	})
}

// service is one that may be stopped soon.
func (w *names) service(t *rapid.T) *resources.Service {
	var store repository.Store = w.log
	if rapid.Bool().Draw(t, "stops") {
		store = &stopping{Store: store, appends: rapid.IntRange(0, 3).Draw(t, "appends"), after: rapid.Bool().Draw(t, "after")}
	}
	return resources.New(store, unique)
}

func (w *names) register(t *rapid.T, s *resources.Service, c compute.RegisterResource) {
	out, err := s.RegisterResource(t.Context(), c)
	var unknown *eventstore.UnknownOutcomeError
	switch {
	case err == nil:
		w.finished[c.EventID] = true
		if out.State.Hostname != c.Hostname {
			t.Fatalf("registered %s for %s", out.State.Hostname, c.Hostname)
		}
	case holder(err) != uuid.Nil && w.finished[c.EventID]:
		t.Fatalf("a repetition of what was carried out: %v", err)
	case holder(err) == uuid.Nil && !errors.As(err, &unknown) && !errors.Is(err, errStopped):
		t.Fatal(err)
	}
}

func (w *names) retire(t *rapid.T) {
	used := inUse(t, w.log)
	for _, name := range slices.Sorted(maps.Keys(used)) {
		id := used[name]
		if rapid.Bool().Draw(t, "this one") {
			if _, begun := w.retiring[id]; !begun {
				w.n++
				w.retiring[id] = retirement(w.n)
			}
			_, _ = w.service(t).ChangeStatus(t.Context(), id, w.retiring[id])
		}
	}
}
