package compute_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/refold-dev/refold/domain/compute"
	"github.com/refold-dev/refold/domain/event"
)

// happen numbers payloads from 1 and makes them events of one resource.
func happen(payloads ...compute.Payload) []compute.Event {
	events := make([]compute.Event, len(payloads))
	for i, p := range payloads {
		events[i] = compute.Event{Header: header(i + 1), Payload: p}
	}
	return events
}

func TestFoldOfNothing(t *testing.T) {
	s := compute.Fold(resourceID)
	want := compute.State{
		ID: resourceID, Hostname: hostname(t, "uninitialized"),
		ResourceType: compute.PhysicalServer, Status: compute.Provisioning,
	}
	if diff := cmp.Diff(want, s, exact); diff != "" {
		t.Errorf("state (-want +got):\n%s", diff)
	}
	if s.Initialized() {
		t.Error("a resource without events is initialised")
	}
}

func TestFoldEqualsStepwiseState(t *testing.T) {
	stepwise := compute.Empty(resourceID)
	var log []compute.Event
	for _, c := range []compute.Command{
		register(t),
		compute.AssignOrganization{Origin: origin(2), OrganizationID: organization},
		compute.AddPolicy{Origin: origin(3), PolicyID: policy},
		compute.ChangeStatus{Origin: origin(4), ToStatus: compute.Active},
	} {
		d, err := compute.Handle(stepwise, c)
		if err != nil {
			t.Fatal(err)
		}
		log = append(log, d.Events()...)
		stepwise = stepwise.Apply(d.Event)
	}
	want := compute.State{
		ID: resourceID, Hostname: hostname(t, "server01.example.com"), ResourceType: compute.PhysicalServer,
		OrganizationID: organization, PolicyIDs: []compute.PolicyID{policy}, Status: compute.Active,
		CreatedAt: at(1), UpdatedAt: at(4), Version: 4, LastEventID: numbered(4),
	}
	if diff := cmp.Diff(want, stepwise, exact); diff != "" {
		t.Errorf("stepwise (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(want, compute.Fold(resourceID, log...), exact); diff != "" {
		t.Errorf("folded (-want +got):\n%s", diff)
	}
}

func TestApplyEdgeCases(t *testing.T) {
	name := hostname(t, "a.example.com")
	reg := compute.ResourceRegistered{Hostname: name, ResourceType: compute.Router}
	full := compute.HardwareDetails{Manufacturer: new("Acme"), Model: new("X1"), SerialNumber: new("42")}
	registeredAs := func(change func(*compute.State)) compute.State {
		s := compute.Empty(resourceID)
		s.Hostname, s.ResourceType, s.CreatedAt = name, compute.Router, at(1)
		change(&s)
		return s
	}
	tests := []struct {
		name   string
		events []compute.Payload
		want   compute.State // without version, update time and last event
	}{
		{"second registration keeps the rest", []compute.Payload{
			compute.ResourceRegistered{Hostname: hostname(t, "old"), ResourceType: compute.KVM},
			compute.OrganizationAssigned{OrganizationID: organization},
			compute.LocationAssigned{LocationID: location},
			compute.OwnerAssigned{OwnerID: owner},
			compute.PolicyAdded{PolicyID: policy},
			compute.AccountConceptAssigned{ConceptID: concept},
			compute.HardwareDetailsSet{HardwareDetails: full},
			compute.AssetTagAssigned{AssetTag: "A-1"},
			compute.MetadataUpdated{Key: "k", Value: "v"},
			compute.StatusChanged{FromStatus: compute.Provisioning, ToStatus: compute.Active},
			reg,
		}, registeredAs(func(s *compute.State) {
			s.CreatedAt = at(11)
			s.OrganizationID, s.LocationID, s.OwnerID, s.AccountConceptID = organization, location, owner, concept
			s.PolicyIDs = []compute.PolicyID{policy}
			s.Manufacturer, s.Model, s.SerialNumber = full.Manufacturer, full.Model, full.SerialNumber
			s.AssetTag = "A-1"
			s.Metadata = []compute.MetadataEntry{{Key: "k", Value: "v"}}
		})},
		{"metadata keeps its place", []compute.Payload{
			reg,
			compute.MetadataUpdated{Key: "k", Value: "a"},
			compute.MetadataUpdated{Key: "j", Value: "b"},
			compute.MetadataUpdated{Key: "k", Value: "c"},
		}, registeredAs(func(s *compute.State) {
			s.Metadata = []compute.MetadataEntry{{Key: "k", Value: "c"}, {Key: "j", Value: "b"}}
		})},
		{"absent hardware details erase", []compute.Payload{
			reg,
			compute.HardwareDetailsSet{HardwareDetails: full},
			compute.HardwareDetailsSet{HardwareDetails: compute.HardwareDetails{Model: new("X2")}},
		}, registeredAs(func(s *compute.State) { s.Model = new("X2") })},
		{"policy added twice is listed once", []compute.Payload{
			reg, compute.PolicyAdded{PolicyID: policy}, compute.PolicyAdded{PolicyID: otherPolicy}, compute.PolicyAdded{PolicyID: policy},
		}, registeredAs(func(s *compute.State) { s.PolicyIDs = []compute.PolicyID{policy, otherPolicy} })},
		{"unknown policy removed", []compute.Payload{
			reg, compute.PolicyAdded{PolicyID: policy}, compute.PolicyRemoved{PolicyID: otherPolicy},
		}, registeredAs(func(s *compute.State) { s.PolicyIDs = []compute.PolicyID{policy} })},
		{"last policy removed", []compute.Payload{
			reg, compute.PolicyAdded{PolicyID: policy}, compute.PolicyRemoved{PolicyID: policy},
		}, registeredAs(func(*compute.State) {})},
		{"concept cleared, and again", []compute.Payload{
			reg, compute.AccountConceptAssigned{ConceptID: concept}, compute.AccountConceptCleared{}, compute.AccountConceptCleared{},
		}, registeredAs(func(*compute.State) {})},
		{"last assignment wins", []compute.Payload{
			reg, compute.OwnerAssigned{OwnerID: compute.PersonID{UUID: numbered(77)}}, compute.OwnerAssigned{OwnerID: owner},
		}, registeredAs(func(s *compute.State) { s.OwnerID = owner })},
		{"from_status is not looked at", []compute.Payload{
			reg, compute.StatusChanged{FromStatus: compute.Decommissioned, ToStatus: compute.Maintenance},
		}, registeredAs(func(s *compute.State) { s.Status = compute.Maintenance })},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			n := len(tt.events)
			tt.want.Version, tt.want.UpdatedAt, tt.want.LastEventID = event.Version(n), at(n), numbered(n)
			if diff := cmp.Diff(tt.want, compute.Fold(resourceID, happen(tt.events...)...), exact); diff != "" {
				t.Errorf("state (-want +got):\n%s", diff)
			}
		})
	}
}

func TestEventsBeforeRegistrationAreKeptYetDoNotInitialise(t *testing.T) {
	s := compute.Fold(resourceID, happen(compute.OrganizationAssigned{OrganizationID: organization})...)
	if s.Initialized() || s.OrganizationID != organization || s.Version != 1 || !s.UpdatedAt.Equal(at(1)) {
		t.Errorf("state = %+v", s)
	}
}

func TestUpdateTimeIsNotMonotonic(t *testing.T) {
	events := happen(compute.ResourceRegistered{Hostname: hostname(t, "a")}, compute.AssetTagAssigned{AssetTag: "A-1"})
	events[0].Time, events[1].Time = at(50), at(2)
	if s := compute.Fold(resourceID, events...); !s.UpdatedAt.Equal(at(2)) || !s.CreatedAt.Equal(at(50)) {
		t.Errorf("created %s, updated %s, want %s, %s", s.CreatedAt, s.UpdatedAt, at(50), at(2))
	}
}

func TestForeignEventsChangeNothing(t *testing.T) {
	before := registered(t)
	foreign := compute.Event{Header: header(2), Payload: compute.AssetTagAssigned{AssetTag: "A-1"}}
	foreign.AggregateID = numbered(0xb0)
	if diff := cmp.Diff(before, before.Apply(foreign), exact); diff != "" {
		t.Errorf("state (-before +after):\n%s", diff)
	}
	if diff := cmp.Diff(before, before.Apply(compute.Event{Header: header(2)}), exact); diff != "" {
		t.Errorf("state after an event without a payload (-before +after):\n%s", diff)
	}
}

// TestApplyWritesToNoOtherState: two futures of one state do not see each
// other's lists.
func TestApplyWritesToNoOtherState(t *testing.T) {
	base := compute.Fold(resourceID, happen(
		compute.PolicyAdded{PolicyID: policy}, compute.PolicyAdded{PolicyID: otherPolicy},
		compute.PolicyAdded{PolicyID: compute.PolicyID{UUID: numbered(50)}},
		compute.MetadataUpdated{Key: "a", Value: "1"}, compute.MetadataUpdated{Key: "b", Value: "2"}, compute.MetadataUpdated{Key: "c", Value: "3"},
	)...)
	futures := happen(
		compute.PolicyAdded{PolicyID: compute.PolicyID{UUID: numbered(51)}},
		compute.PolicyAdded{PolicyID: compute.PolicyID{UUID: numbered(52)}},
		compute.PolicyRemoved{PolicyID: policy},
		compute.MetadataUpdated{Key: "a", Value: "9"},
		compute.MetadataUpdated{Key: "d", Value: "4"},
		compute.MetadataUpdated{Key: "e", Value: "5"},
	)
	var alone, together []compute.State
	for _, e := range futures {
		copied := base
		copied.PolicyIDs = append([]compute.PolicyID{}, base.PolicyIDs...)
		copied.Metadata = append([]compute.MetadataEntry{}, base.Metadata...)
		alone = append(alone, copied.Apply(e))
	}
	for _, e := range futures {
		together = append(together, base.Apply(e))
	}
	if diff := cmp.Diff(alone, together, exact); diff != "" {
		t.Errorf("futures (-alone +together):\n%s", diff)
	}
}
