package compute_test

import (
	"strings"
	"time"

	"github.com/google/uuid"
	"pgregory.net/rapid"

	"github.com/refold-dev/refold/domain/compute"
)

// drawID draws one of a few ids, so that they meet again.
func drawID(t *rapid.T, label string) uuid.UUID {
	return numbered(0x100 + rapid.IntRange(1, 6).Draw(t, label))
}

func drawHostname(t *rapid.T) compute.Hostname {
	label := `[a-zA-Z0-9]([a-zA-Z0-9-]{0,10}[a-zA-Z0-9])?`
	labels := rapid.SliceOfN(rapid.StringMatching(label), 0, 3).Draw(t, "labels")
	labels = append(labels, rapid.StringMatching(`[a-z][a-z0-9]{0,10}`).Draw(t, "last label"))
	h, err := compute.ParseHostname(strings.Join(labels, "."))
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func drawStatus(t *rapid.T, label string) compute.Status {
	return rapid.SampledFrom(compute.Statuses()).Draw(t, label)
}

func drawHardware(t *rapid.T) compute.HardwareDetails {
	detail := rapid.Ptr(rapid.String(), true)
	return compute.HardwareDetails{
		Manufacturer: detail.Draw(t, "manufacturer"),
		Model:        detail.Draw(t, "model"),
		SerialNumber: detail.Draw(t, "serial number"),
	}
}

func drawPayload(t *rapid.T) compute.Payload {
	switch rapid.SampledFrom(compute.EventTypes()).Draw(t, "type") {
	case compute.TypeResourceRegistered:
		return compute.ResourceRegistered{Hostname: drawHostname(t), ResourceType: rapid.SampledFrom(compute.ResourceTypes()).Draw(t, "resource type")}
	case compute.TypeOrganizationAssigned:
		return compute.OrganizationAssigned{OrganizationID: compute.OrganizationID{UUID: drawID(t, "organization")}}
	case compute.TypeLocationAssigned:
		return compute.LocationAssigned{LocationID: compute.LocationID{UUID: drawID(t, "location")}}
	case compute.TypeOwnerAssigned:
		return compute.OwnerAssigned{OwnerID: compute.PersonID{UUID: drawID(t, "owner")}}
	case compute.TypePolicyAdded:
		return compute.PolicyAdded{PolicyID: compute.PolicyID{UUID: drawID(t, "policy")}}
	case compute.TypePolicyRemoved:
		return compute.PolicyRemoved{PolicyID: compute.PolicyID{UUID: drawID(t, "policy")}}
	case compute.TypeAccountConceptAssigned:
		return compute.AccountConceptAssigned{ConceptID: compute.ConceptID{UUID: drawID(t, "concept")}}
	case compute.TypeHardwareDetailsSet:
		return compute.HardwareDetailsSet{HardwareDetails: drawHardware(t)}
	case compute.TypeAssetTagAssigned:
		return compute.AssetTagAssigned{AssetTag: rapid.String().Draw(t, "asset tag")}
	case compute.TypeMetadataUpdated:
		return compute.MetadataUpdated{Key: rapid.StringMatching(`[a-d]`).Draw(t, "key"), Value: rapid.String().Draw(t, "value")}
	case compute.TypeStatusChanged:
		return compute.StatusChanged{FromStatus: drawStatus(t, "from"), ToStatus: drawStatus(t, "to")}
	}
	return compute.AccountConceptCleared{}
}

// drawTime draws times that need not be monotonic.
func drawTime(t *rapid.T) time.Time {
	return time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "second"), rapid.Int64Range(0, 999_999_999).Draw(t, "nanosecond")).UTC()
}

// drawEvents draws up to 50 events of one resource; not all begin with a
// registration, and some repeat it.
func drawEvents(t *rapid.T, label string) []compute.Event {
	var events []compute.Event
	for n := range rapid.IntRange(0, 50).Draw(t, label) {
		h := header(n + 1)
		h.Time = drawTime(t)
		if rapid.Bool().Draw(t, "caused") {
			h.CausationID = uuid.NullUUID{UUID: drawID(t, "cause"), Valid: true}
		}
		events = append(events, compute.Event{Header: h, Payload: drawPayload(t)})
	}
	return events
}

// drawCommand draws a command, which need not be one that is accepted. Its
// event is number n.
func drawCommand(t *rapid.T, n int) compute.Command {
	o := origin(n)
	o.Time = drawTime(t)
	switch p := drawPayload(t).(type) {
	case compute.ResourceRegistered:
		return compute.RegisterResource{EventID: o.EventID, Time: o.Time, CorrelationID: o.CorrelationID, Hostname: p.Hostname, ResourceType: p.ResourceType}
	case compute.OrganizationAssigned:
		return compute.AssignOrganization{Origin: o, OrganizationID: p.OrganizationID}
	case compute.LocationAssigned:
		return compute.AssignLocation{Origin: o, LocationID: p.LocationID}
	case compute.OwnerAssigned:
		return compute.AssignOwner{Origin: o, OwnerID: p.OwnerID}
	case compute.PolicyAdded:
		return compute.AddPolicy{Origin: o, PolicyID: p.PolicyID}
	case compute.PolicyRemoved:
		return compute.RemovePolicy{Origin: o, PolicyID: p.PolicyID}
	case compute.AccountConceptAssigned:
		return compute.AssignAccountConcept{Origin: o, ConceptID: p.ConceptID}
	case compute.HardwareDetailsSet:
		return compute.SetHardwareDetails{Origin: o, HardwareDetails: p.HardwareDetails}
	case compute.AssetTagAssigned:
		return compute.AssignAssetTag{Origin: o, AssetTag: p.AssetTag}
	case compute.MetadataUpdated:
		return compute.UpdateMetadata{Origin: o, Key: p.Key, Value: p.Value}
	case compute.StatusChanged:
		return compute.ChangeStatus{Origin: o, ToStatus: p.ToStatus}
	}
	return compute.ClearAccountConcept{Origin: o}
}
