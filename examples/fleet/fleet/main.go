// Command fleet is a projection that keeps a row for each compute resource in
// the table fleet.
package main

import (
	"errors"

	refold "github.com/refold-dev/refold/sdk/go"
)

var (
	hostname     = refold.StringField("hostname")
	resourceType = refold.StringField("resource_type")
	organization = refold.StringField("organization_id")
	location     = refold.StringField("location_id")
	owner        = refold.StringField("owner_id")
	toStatus     = refold.StringField("to_status")
)

// resource is the state of one compute resource.
type resource struct {
	Hostname     string `json:"hostname"`
	Type         string `json:"type"`
	Status       string `json:"status"`
	Organization string `json:"organization,omitempty"`
	Location     string `json:"location,omitempty"`
	Owner        string `json:"owner,omitempty"`
}

func init() {
	refold.Register(refold.Keyed[resource]{
		Name:    "fleet",
		Version: "1.0.0",
		Events: []string{
			"resource_registered", "organization_assigned", "location_assigned", "owner_assigned",
			"policy_added", "policy_removed", "account_concept_assigned", "account_concept_cleared",
			"hardware_details_set", "asset_tag_assigned", "metadata_updated", "status_changed",
		},
		Fold: fold,
	})
}

// fold keeps what the row needs; any other event of a resource moves its time.
func fold(r *resource, e refold.Event, out *refold.Effects) error {
	switch e.Type() {
	case "resource_registered":
		r.Hostname, r.Type, r.Status = hostname.Of(e), resourceType.Of(e), "provisioning"
	case "organization_assigned":
		r.Organization = organization.Of(e)
	case "location_assigned":
		r.Location = location.Of(e)
	case "owner_assigned":
		r.Owner = owner.Of(e)
	case "status_changed":
		status, ok := toStatus.Get(e)
		if !ok {
			return errors.New("to_status is missing or no string")
		}
		r.Status = status
	}
	out.Insert("fleet", out.Object().
		UUID("id", e.AggregateID()).
		Text("hostname", r.Hostname).
		Text("type", r.Type).
		Text("status", r.Status).
		Time("updated", e.Time()).
		JSON())
	return nil
}

func main() {}
