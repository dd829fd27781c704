package compute

import (
	"time"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/event"
)

// State is what a resource's events amount to. It is a value: Apply returns a
// new one, and neither its lists nor its strings are written to by anyone.
// Ids that are zero, strings that are nil, an empty tag and zero times are
// absent.
type State struct {
	ID               uuid.UUID
	Hostname         Hostname
	ResourceType     ResourceType
	OrganizationID   OrganizationID
	LocationID       LocationID
	OwnerID          PersonID
	PolicyIDs        []PolicyID // in the order of addition
	AccountConceptID ConceptID
	Manufacturer     *string
	Model            *string
	SerialNumber     *string
	AssetTag         string
	Metadata         []MetadataEntry // in the order of first appearance
	Status           Status
	CreatedAt        time.Time
	UpdatedAt        time.Time     // of the event applied last
	Version          event.Version // events applied
	LastEventID      uuid.UUID     // of the event applied last; nil if none
}

// MetadataEntry is one key with its value.
type MetadataEntry struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// Empty is the state of a resource without events: it has an id, and a
// placeholder for a name.
func Empty(id uuid.UUID) State {
	return State{
		ID:           id,
		Hostname:     Hostname{"uninitialized"},
		ResourceType: PhysicalServer,
		Status:       Provisioning,
	}
}

// Initialized reports whether the resource has been registered.
func (s State) Initialized() bool { return !s.CreatedAt.IsZero() }

// Hardware returns the three hardware details.
func (s State) Hardware() HardwareDetails {
	return HardwareDetails{s.Manufacturer, s.Model, s.SerialNumber}
}
