package compute_test

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/refold-dev/refold/domain/compute"
	"github.com/refold-dev/refold/domain/event"
)

func mustEqual(t *rapid.T, what string, want, got any) {
	if diff := cmp.Diff(want, got, exact); diff != "" {
		t.Fatalf("%s (-want +got):\n%s", what, diff)
	}
}

func TestFoldLaws(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		events := drawEvents(t, "events")
		whole := compute.Fold(resourceID, events...)
		mustEqual(t, "the same events again", whole, compute.Fold(resourceID, events...))

		cut := rapid.IntRange(0, len(events)).Draw(t, "cut")
		split := compute.Fold(resourceID, events[:cut]...)
		for _, e := range events[cut:] {
			split = split.Apply(e)
		}
		mustEqual(t, "fold(b) after fold(a)", whole, split)

		if int(whole.Version) != len(events) {
			t.Fatalf("version %d after %d events", whole.Version, len(events))
		}
		if len(events) == 0 {
			mustEqual(t, "no events", compute.Empty(resourceID), whole)
			return
		}
		last := events[len(events)-1]
		if !whole.UpdatedAt.Equal(last.Time) || whole.LastEventID != last.EventID {
			t.Fatalf("updated %s by %s, want %s by %s", whole.UpdatedAt, whole.LastEventID, last.Time, last.EventID)
		}
		isRegistration := func(e compute.Event) bool { return e.TypeName() == "ResourceRegistered" }
		if whole.Initialized() != slices.ContainsFunc(events, isRegistration) {
			t.Fatalf("initialised: %v", whole.Initialized())
		}
		checkInvariants(t, whole)
	})
}

// checkInvariants holds a state against what no sequence of events may break.
func checkInvariants(t *rapid.T, s compute.State) {
	for i, id := range s.PolicyIDs {
		if slices.Contains(s.PolicyIDs[:i], id) {
			t.Fatalf("policy %s is listed twice", id)
		}
	}
	for i, m := range s.Metadata {
		if slices.ContainsFunc(s.Metadata[:i], func(o compute.MetadataEntry) bool { return o.Key == m.Key }) {
			t.Fatalf("metadata key %q is listed twice", m.Key)
		}
	}
}

// TestFoldEqualsNaiveFold: an independent fold into maps agrees on everything
// but order.
func TestFoldEqualsNaiveFold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		events := drawEvents(t, "events")
		policies, metadata := map[compute.PolicyID]bool{}, map[string]string{}
		status := compute.Provisioning
		for _, e := range events {
			switch p := e.Payload.(type) {
			case compute.ResourceRegistered:
				status = compute.Provisioning
			case compute.PolicyAdded:
				policies[p.PolicyID] = true
			case compute.PolicyRemoved:
				delete(policies, p.PolicyID)
			case compute.MetadataUpdated:
				metadata[p.Key] = p.Value
			case compute.StatusChanged:
				status = p.ToStatus
			}
		}
		s := compute.Fold(resourceID, events...)
		gotPolicies, gotMetadata := map[compute.PolicyID]bool{}, map[string]string{}
		for _, id := range s.PolicyIDs {
			gotPolicies[id] = true
		}
		for _, m := range s.Metadata {
			gotMetadata[m.Key] = m.Value
		}
		mustEqual(t, "policies", policies, gotPolicies)
		mustEqual(t, "metadata", metadata, gotMetadata)
		mustEqual(t, "status", status, s.Status)
	})
}

func TestInverseEvents(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := compute.Fold(resourceID, drawEvents(t, "events")...)
		fresh := compute.PolicyID{UUID: numbered(0x200)}
		added := s.Apply(compute.Event{Header: header(100), Payload: compute.PolicyAdded{PolicyID: fresh}})
		removed := added.Apply(compute.Event{Header: header(101), Payload: compute.PolicyRemoved{PolicyID: fresh}})
		mustEqual(t, "policies after adding and removing one", s.PolicyIDs, removed.PolicyIDs)
	})
}

func TestForeignEventsAmongOnesOwnAreIgnored(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var mixed, own []compute.Event
		for _, e := range drawEvents(t, "events") {
			if rapid.Bool().Draw(t, "foreign") {
				e.AggregateID = numbered(0xb0)
			} else {
				own = append(own, e)
			}
			mixed = append(mixed, e)
		}
		mustEqual(t, "state", compute.Fold(resourceID, own...), compute.Fold(resourceID, mixed...))
	})
}

func TestEventRoundTrips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		for _, e := range drawEvents(t, "events") {
			text, err := json.Marshal(compute.Envelope{Event: e})
			if err != nil {
				t.Fatal(err)
			}
			var back compute.Envelope
			if err := json.Unmarshal(text, &back); err != nil {
				t.Fatalf("%s: %v", text, err)
			}
			mustEqual(t, "through the envelope", e, back.Event)

			logged, err := compute.ToEvent(e)
			if err != nil {
				t.Fatal(err)
			}
			parsed, err := event.ParseJSON(event.AppendJSON(nil, &logged))
			if err != nil {
				t.Fatal(err)
			}
			read, err := compute.FromEvent(parsed)
			if err != nil {
				t.Fatal(err)
			}
			mustEqual(t, "through the log", e, read)
		}
	})
}

func TestStateRoundTripsAndResumes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		events := drawEvents(t, "events")
		cut := rapid.IntRange(0, len(events)).Draw(t, "cut")
		text, err := json.Marshal(compute.Fold(resourceID, events[:cut]...))
		if err != nil {
			t.Fatal(err)
		}
		var resumed compute.State
		if err := json.Unmarshal(text, &resumed); err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		for _, e := range events[cut:] {
			resumed = resumed.Apply(e)
		}
		mustEqual(t, "snapshot and tail", compute.Fold(resourceID, events...), resumed)
	})
}

// TestHandleIsPure: in any state, a command is decided twice alike, and the
// state is left as it was.
func TestHandleIsPure(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := compute.Fold(resourceID, drawEvents(t, "events")...)
		c := drawCommand(t, 100)
		before, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		first, firstErr := compute.Handle(s, c)
		again, againErr := compute.Handle(s, c)
		mustEqual(t, "decision", first, again)
		mustEqual(t, "error", firstErr, againErr)
		after, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		mustEqual(t, "state", string(before), string(after))
	})
}
