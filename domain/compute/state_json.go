package compute

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/event"
)

// stateRevision stands for what Apply makes of events and for the JSON form of a
// State. Change it with either: snapshots of another revision are not used.
const stateRevision = "1"

// flatState is a state's JSON form: absent values are null, lists are never.
type flatState struct {
	ID               uuid.UUID       `json:"id"`
	Hostname         Hostname        `json:"hostname"`
	ResourceType     ResourceType    `json:"resource_type"`
	OrganizationID   *OrganizationID `json:"organization_id"`
	LocationID       *LocationID     `json:"location_id"`
	OwnerID          *PersonID       `json:"owner_id"`
	PolicyIDs        []PolicyID      `json:"policy_ids"`
	AccountConceptID *ConceptID      `json:"account_concept_id"`
	HardwareDetails
	AssetTag    *string         `json:"asset_tag"`
	Metadata    []MetadataEntry `json:"metadata"`
	Status      Status          `json:"status"`
	CreatedAt   *time.Time      `json:"created_at"`
	UpdatedAt   *time.Time      `json:"updated_at"`
	Version     event.Version   `json:"version"`
	LastEventID *uuid.UUID      `json:"last_event_id"`
}

// MarshalJSON writes the 18 fields in their order.
func (s State) MarshalJSON() ([]byte, error) {
	return json.Marshal(flatState{
		ID:               s.ID,
		Hostname:         s.Hostname,
		ResourceType:     s.ResourceType,
		OrganizationID:   presence(s.OrganizationID),
		LocationID:       presence(s.LocationID),
		OwnerID:          presence(s.OwnerID),
		PolicyIDs:        append([]PolicyID{}, s.PolicyIDs...),
		AccountConceptID: presence(s.AccountConceptID),
		HardwareDetails:  s.Hardware(),
		AssetTag:         presence(s.AssetTag),
		Metadata:         append([]MetadataEntry{}, s.Metadata...),
		Status:           s.Status,
		CreatedAt:        presence(s.CreatedAt),
		UpdatedAt:        presence(s.UpdatedAt),
		Version:          s.Version,
		LastEventID:      presence(s.LastEventID),
	})
}

// UnmarshalJSON reads what MarshalJSON writes. The error is a *[DecodeError].
func (s *State) UnmarshalJSON(data []byte) error {
	o, err := parseObject(data)
	if err != nil {
		return err
	}
	hardware := readHardware(o)
	read := State{
		ID:               take[anyID](o, "id").UUID,
		Hostname:         take[Hostname](o, "hostname"),
		ResourceType:     take[ResourceType](o, "resource_type"),
		OrganizationID:   orZero(takeOptional[OrganizationID](o, "organization_id")),
		LocationID:       orZero(takeOptional[LocationID](o, "location_id")),
		OwnerID:          orZero(takeOptional[PersonID](o, "owner_id")),
		PolicyIDs:        take[[]PolicyID](o, "policy_ids"),
		AccountConceptID: orZero(takeOptional[ConceptID](o, "account_concept_id")),
		Manufacturer:     hardware.Manufacturer,
		Model:            hardware.Model,
		SerialNumber:     hardware.SerialNumber,
		AssetTag:         orZero(takeOptional[string](o, "asset_tag")),
		Metadata:         take[[]MetadataEntry](o, "metadata"),
		Status:           take[Status](o, "status"),
		CreatedAt:        orZero(takeOptional[time.Time](o, "created_at")).UTC(),
		UpdatedAt:        orZero(takeOptional[time.Time](o, "updated_at")).UTC(),
		Version:          take[event.Version](o, "version"),
		LastEventID:      orZero(takeOptional[anyID](o, "last_event_id")).UUID,
	}
	read.checkLists(o)
	if err := o.close(); err != nil {
		return err
	}
	*s = read
	return nil
}

// checkLists refuses what no sequence of events leads to, and makes an empty
// list nil, as it is in the empty state.
func (s *State) checkLists(o *object) {
	for i, id := range s.PolicyIDs {
		if id.IsZero() || slices.Contains(s.PolicyIDs[:i], id) {
			o.fail("policy_ids", fmt.Errorf("item %d is null or given twice", i))
		}
	}
	for i, m := range s.Metadata {
		if slices.ContainsFunc(s.Metadata[:i], func(o MetadataEntry) bool { return o.Key == m.Key }) {
			o.fail("metadata", fmt.Errorf("key %q is given twice", m.Key))
		}
	}
	if len(s.PolicyIDs) == 0 {
		s.PolicyIDs = nil
	}
	if len(s.Metadata) == 0 {
		s.Metadata = nil
	}
}

// UnmarshalJSON reads an object with exactly a key and a value.
func (m *MetadataEntry) UnmarshalJSON(data []byte) error {
	o, err := parseObject(data)
	if err != nil {
		return err
	}
	read := MetadataEntry{take[string](o, "key"), take[string](o, "value")}
	if err := o.close(); err != nil {
		return err
	}
	*m = read
	return nil
}

// presence is nil for a zero value, which stands for an absent one.
func presence[T comparable](v T) *T {
	if v == *new(T) {
		return nil
	}
	return &v
}

func orZero[T any](v *T) T {
	if v == nil {
		return *new(T)
	}
	return *v
}
