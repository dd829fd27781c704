package compute

import (
	"slices"
	"time"

	"github.com/google/uuid"
)

// Fold is the state of a resource with these events and no others.
func Fold(id uuid.UUID, events ...Event) State {
	s := Empty(id)
	for _, e := range events {
		s = s.Apply(e)
	}
	return s
}

// Apply returns the state after one more event. It never refuses: whatever the
// event says has happened. An event of another aggregate has happened to
// another aggregate, and leaves the state as it is.
func (s State) Apply(e Event) State {
	if e.AggregateID != s.ID || e.Payload == nil {
		return s
	}
	at := e.Time.UTC()
	e.Payload.apply(&s, at)
	s.UpdatedAt = at
	s.Version++
	s.LastEventID = e.EventID
	return s
}

func (p ResourceRegistered) apply(s *State, at time.Time) {
	s.Hostname = p.Hostname
	s.ResourceType = p.ResourceType
	s.CreatedAt = at
	s.Status = Provisioning
}

func (p OrganizationAssigned) apply(s *State, _ time.Time) { s.OrganizationID = p.OrganizationID }

func (p LocationAssigned) apply(s *State, _ time.Time) { s.LocationID = p.LocationID }

func (p OwnerAssigned) apply(s *State, _ time.Time) { s.OwnerID = p.OwnerID }

func (p PolicyAdded) apply(s *State, _ time.Time) {
	if !slices.Contains(s.PolicyIDs, p.PolicyID) {
		s.PolicyIDs = append(slices.Clip(s.PolicyIDs), p.PolicyID)
	}
}

func (p PolicyRemoved) apply(s *State, _ time.Time) {
	s.PolicyIDs = slices.DeleteFunc(slices.Clone(s.PolicyIDs), func(id PolicyID) bool { return id == p.PolicyID })
	if len(s.PolicyIDs) == 0 {
		s.PolicyIDs = nil // as in the empty state
	}
}

func (p AccountConceptAssigned) apply(s *State, _ time.Time) { s.AccountConceptID = p.ConceptID }

func (AccountConceptCleared) apply(s *State, _ time.Time) { s.AccountConceptID = ConceptID{} }

func (p HardwareDetailsSet) apply(s *State, _ time.Time) {
	s.Manufacturer, s.Model, s.SerialNumber = p.Manufacturer, p.Model, p.SerialNumber
}

func (p AssetTagAssigned) apply(s *State, _ time.Time) { s.AssetTag = p.AssetTag }

func (p MetadataUpdated) apply(s *State, _ time.Time) {
	entry := MetadataEntry(p)
	i := slices.IndexFunc(s.Metadata, func(m MetadataEntry) bool { return m.Key == p.Key })
	if i < 0 {
		s.Metadata = append(slices.Clip(s.Metadata), entry)
		return
	}
	s.Metadata = slices.Clone(s.Metadata)
	s.Metadata[i] = entry
}

func (p StatusChanged) apply(s *State, _ time.Time) { s.Status = p.ToStatus }
