package compute

import "strings"

// AggregateType is the aggregate's name in the log.
const AggregateType = "compute"

// EventType is the name of an event's type on the wire and in the log.
type EventType string

// The 12 event types.
const (
	TypeResourceRegistered     EventType = "resource_registered"
	TypeOrganizationAssigned   EventType = "organization_assigned"
	TypeLocationAssigned       EventType = "location_assigned"
	TypeOwnerAssigned          EventType = "owner_assigned"
	TypePolicyAdded            EventType = "policy_added"
	TypePolicyRemoved          EventType = "policy_removed"
	TypeAccountConceptAssigned EventType = "account_concept_assigned"
	TypeAccountConceptCleared  EventType = "account_concept_cleared"
	TypeHardwareDetailsSet     EventType = "hardware_details_set"
	TypeAssetTagAssigned       EventType = "asset_tag_assigned"
	TypeMetadataUpdated        EventType = "metadata_updated"
	TypeStatusChanged          EventType = "status_changed"
)

// EventTypes lists all event types.
func EventTypes() []EventType {
	return []EventType{
		TypeResourceRegistered, TypeOrganizationAssigned, TypeLocationAssigned, TypeOwnerAssigned,
		TypePolicyAdded, TypePolicyRemoved, TypeAccountConceptAssigned, TypeAccountConceptCleared,
		TypeHardwareDetailsSet, TypeAssetTagAssigned, TypeMetadataUpdated, TypeStatusChanged,
	}
}

// SchemaVersion is the version of the type's fields that this package writes
// and reads. It is what encoding writes and decoding compares with.
func (t EventType) SchemaVersion() uint32 { return 1 }

// Name is the type's name in PascalCase, such as "ResourceRegistered".
func (t EventType) Name() string {
	var b strings.Builder
	for word := range strings.SplitSeq(string(t), "_") {
		if word != "" {
			b.WriteString(strings.ToUpper(word[:1]) + word[1:])
		}
	}
	return b.String()
}
