package compute

import "time"

// Payload is what an event says besides its header: one of the 12 types in
// this file. Their JSON form is that of the event's data in the log.
type Payload interface {
	EventType() EventType
	// apply writes what happened at a time into a state of which nothing but
	// the state itself may be written to: lists are copied first.
	apply(s *State, at time.Time)
}

// ResourceRegistered begins a resource's life.
type ResourceRegistered struct {
	Hostname     Hostname     `json:"hostname"`
	ResourceType ResourceType `json:"resource_type"`
}

// OrganizationAssigned says which organization the resource belongs to.
type OrganizationAssigned struct {
	OrganizationID OrganizationID `json:"organization_id"`
}

// LocationAssigned says where the resource is.
type LocationAssigned struct {
	LocationID LocationID `json:"location_id"`
}

// OwnerAssigned says who answers for the resource.
type OwnerAssigned struct {
	OwnerID PersonID `json:"owner_id"`
}

// PolicyAdded puts the resource under a policy.
type PolicyAdded struct {
	PolicyID PolicyID `json:"policy_id"`
}

// PolicyRemoved takes the resource out of a policy.
type PolicyRemoved struct {
	PolicyID PolicyID `json:"policy_id"`
}

// AccountConceptAssigned ties the resource to an account concept.
type AccountConceptAssigned struct {
	ConceptID ConceptID `json:"concept_id"`
}

// AccountConceptCleared unties the resource from its account concept.
type AccountConceptCleared struct{}

// HardwareDetailsSet replaces all hardware details; an absent one erases what
// was there.
type HardwareDetailsSet struct{ HardwareDetails }

// HardwareDetails say what was bought. Each may be absent (nil), which is not
// the same as empty. The strings are never written to.
type HardwareDetails struct {
	Manufacturer *string `json:"manufacturer"`
	Model        *string `json:"model"`
	SerialNumber *string `json:"serial_number"`
}

// AssetTagAssigned gives the resource its inventory label.
type AssetTagAssigned struct {
	AssetTag string `json:"asset_tag"`
}

// MetadataUpdated sets one metadata key.
type MetadataUpdated struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// StatusChanged moves the resource along its life.
type StatusChanged struct {
	FromStatus Status `json:"from_status"`
	ToStatus   Status `json:"to_status"`
}

// EventType returns TypeResourceRegistered.
func (ResourceRegistered) EventType() EventType { return TypeResourceRegistered }

// EventType returns TypeOrganizationAssigned.
func (OrganizationAssigned) EventType() EventType { return TypeOrganizationAssigned }

// EventType returns TypeLocationAssigned.
func (LocationAssigned) EventType() EventType { return TypeLocationAssigned }

// EventType returns TypeOwnerAssigned.
func (OwnerAssigned) EventType() EventType { return TypeOwnerAssigned }

// EventType returns TypePolicyAdded.
func (PolicyAdded) EventType() EventType { return TypePolicyAdded }

// EventType returns TypePolicyRemoved.
func (PolicyRemoved) EventType() EventType { return TypePolicyRemoved }

// EventType returns TypeAccountConceptAssigned.
func (AccountConceptAssigned) EventType() EventType { return TypeAccountConceptAssigned }

// EventType returns TypeAccountConceptCleared.
func (AccountConceptCleared) EventType() EventType { return TypeAccountConceptCleared }

// EventType returns TypeHardwareDetailsSet.
func (HardwareDetailsSet) EventType() EventType { return TypeHardwareDetailsSet }

// EventType returns TypeAssetTagAssigned.
func (AssetTagAssigned) EventType() EventType { return TypeAssetTagAssigned }

// EventType returns TypeMetadataUpdated.
func (MetadataUpdated) EventType() EventType { return TypeMetadataUpdated }

// EventType returns TypeStatusChanged.
func (StatusChanged) EventType() EventType { return TypeStatusChanged }
