package compute

import (
	"slices"

	"github.com/refold-dev/refold/domain/aggregate"
)

// checkVersion refuses an event type that is not known, or is known by other
// fields.
func checkVersion(t EventType, found uint32) error {
	if !slices.Contains(EventTypes(), t) {
		return &aggregate.UnknownTypeError{Type: string(t)}
	}
	if known := t.SchemaVersion(); found != known {
		return &aggregate.SchemaVersionError{Type: string(t), Known: known, Found: found}
	}
	return nil
}

// readPayload takes the fields of a known event type out of an object. Nil for
// a type that is not known.
func readPayload(o *object, t EventType) Payload {
	switch t {
	case TypeResourceRegistered:
		return ResourceRegistered{take[Hostname](o, "hostname"), take[ResourceType](o, "resource_type")}
	case TypeOrganizationAssigned:
		return OrganizationAssigned{take[OrganizationID](o, "organization_id")}
	case TypeLocationAssigned:
		return LocationAssigned{take[LocationID](o, "location_id")}
	case TypeOwnerAssigned:
		return OwnerAssigned{take[PersonID](o, "owner_id")}
	case TypePolicyAdded:
		return PolicyAdded{take[PolicyID](o, "policy_id")}
	case TypePolicyRemoved:
		return PolicyRemoved{take[PolicyID](o, "policy_id")}
	case TypeAccountConceptAssigned:
		return AccountConceptAssigned{take[ConceptID](o, "concept_id")}
	case TypeAccountConceptCleared:
		return AccountConceptCleared{}
	case TypeHardwareDetailsSet:
		return HardwareDetailsSet{readHardware(o)}
	case TypeAssetTagAssigned:
		return AssetTagAssigned{take[string](o, "asset_tag")}
	case TypeMetadataUpdated:
		return MetadataUpdated{take[string](o, "key"), take[string](o, "value")}
	case TypeStatusChanged:
		return StatusChanged{take[Status](o, "from_status"), take[Status](o, "to_status")}
	}
	return nil
}

func readHardware(o *object) HardwareDetails {
	return HardwareDetails{
		Manufacturer: takeOptional[string](o, "manufacturer"),
		Model:        takeOptional[string](o, "model"),
		SerialNumber: takeOptional[string](o, "serial_number"),
	}
}
