package compute

import (
	"time"

	"github.com/google/uuid"
)

// Command is a request to a resource: one of the 12 types in this file.
type Command interface {
	// Name is the command in snake_case, such as "register_resource".
	Name() string
	// Source says where the command comes from.
	Source() Origin
	// admit checks what does not depend on what the command asks for.
	admit(State) error
	// decide is called once the command has been admitted.
	decide(State) (verdict, error)
}

// Origin is what a command hands on to its event. A command that is repeated
// keeps its event id: that is how the log and Handle know it again.
type Origin struct {
	EventID       uuid.UUID
	Time          time.Time
	CorrelationID uuid.UUID
	CausationID   uuid.NullUUID
}

// Source returns the origin itself.
func (o Origin) Source() Origin { return o }

// header is that of the command's event, about the given resource.
func (o Origin) header(resource uuid.UUID) Header {
	return Header{
		EventID:       o.EventID,
		AggregateID:   resource,
		Time:          o.Time.UTC().Round(0), // the log knows no monotonic clock
		CorrelationID: o.CorrelationID,
		CausationID:   o.CausationID,
	}
}

// RegisterResource begins a resource's life. It is where causality begins, so
// it has no causation id.
type RegisterResource struct {
	EventID       uuid.UUID
	Time          time.Time
	CorrelationID uuid.UUID
	Hostname      Hostname
	ResourceType  ResourceType
}

// Source returns the command's origin, without a causation id.
func (c RegisterResource) Source() Origin {
	return Origin{EventID: c.EventID, Time: c.Time, CorrelationID: c.CorrelationID}
}

// AssignOrganization says which organization the resource belongs to; it may be
// repeated with another.
type AssignOrganization struct {
	Origin
	OrganizationID OrganizationID
}

// AssignLocation says where the resource is; it may be repeated with another.
type AssignLocation struct {
	Origin
	LocationID LocationID
}

// AssignOwner says who answers for the resource; it may be repeated with
// another.
type AssignOwner struct {
	Origin
	OwnerID PersonID
}

// AddPolicy puts the resource under a policy.
type AddPolicy struct {
	Origin
	PolicyID PolicyID
}

// RemovePolicy takes the resource out of a policy.
type RemovePolicy struct {
	Origin
	PolicyID PolicyID
}

// AssignAccountConcept ties the resource to an account concept.
type AssignAccountConcept struct {
	Origin
	ConceptID ConceptID
}

// ClearAccountConcept unties the resource from its account concept, if any.
type ClearAccountConcept struct{ Origin }

// SetHardwareDetails replaces all hardware details; an absent one is erased.
type SetHardwareDetails struct {
	Origin
	HardwareDetails
}

// AssignAssetTag gives the resource its inventory label.
type AssignAssetTag struct {
	Origin
	AssetTag string
}

// UpdateMetadata sets one metadata key.
type UpdateMetadata struct {
	Origin
	Key   string
	Value string
}

// ChangeStatus moves the resource along its life.
type ChangeStatus struct {
	Origin
	ToStatus Status
	// By is the lifecycle input to step by; it has to lead to ToStatus. Zero
	// takes the usual one: FailProvisioning is the one that has to be named.
	By LifecycleInput
}

// Name returns "register_resource".
func (RegisterResource) Name() string { return "register_resource" }

// Name returns "assign_organization".
func (AssignOrganization) Name() string { return "assign_organization" }

// Name returns "assign_location".
func (AssignLocation) Name() string { return "assign_location" }

// Name returns "assign_owner".
func (AssignOwner) Name() string { return "assign_owner" }

// Name returns "add_policy".
func (AddPolicy) Name() string { return "add_policy" }

// Name returns "remove_policy".
func (RemovePolicy) Name() string { return "remove_policy" }

// Name returns "assign_account_concept".
func (AssignAccountConcept) Name() string { return "assign_account_concept" }

// Name returns "clear_account_concept".
func (ClearAccountConcept) Name() string { return "clear_account_concept" }

// Name returns "set_hardware_details".
func (SetHardwareDetails) Name() string { return "set_hardware_details" }

// Name returns "assign_asset_tag".
func (AssignAssetTag) Name() string { return "assign_asset_tag" }

// Name returns "update_metadata".
func (UpdateMetadata) Name() string { return "update_metadata" }

// Name returns "change_status".
func (ChangeStatus) Name() string { return "change_status" }
