package compute_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/refold-dev/refold/domain/compute"
)

func expect(t *testing.T, what string, got, want compute.ValidationError) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

func TestStatusValidators(t *testing.T) {
	for _, s := range compute.Statuses() {
		var activation, maintenance, decommission compute.ValidationError
		if s != compute.Provisioning {
			activation = &compute.InvalidStateError{Required: compute.Provisioning, Actual: s}
		}
		if s != compute.Active {
			maintenance = &compute.InvalidStateError{Required: compute.Active, Actual: s}
		}
		if s == compute.Decommissioned {
			decommission = &compute.BusinessRuleError{Rule: compute.RuleAlreadyDecommissioned, Text: "the resource is already decommissioned"}
		}
		expect(t, "activation in "+s.String(), compute.ValidateActivation(s), activation)
		expect(t, "maintenance in "+s.String(), compute.ValidateMaintenance(s), maintenance)
		expect(t, "decommission in "+s.String(), compute.ValidateDecommission(s), decommission)
	}
	expect(t, "active to provisioning", compute.ValidateStatusTransition(compute.Active, compute.Provisioning),
		&compute.InvalidTransitionError{From: compute.Active, To: compute.Provisioning})
}

func TestValidateHostname(t *testing.T) {
	expect(t, "localhost", compute.ValidateHostname(hostname(t, "localhost")), nil)
	expect(t, "none", compute.ValidateHostname(compute.Hostname{}), &compute.InvalidHostnameError{})
}

func TestValidateHardware(t *testing.T) {
	tests := []struct {
		name string
		h    compute.HardwareDetails
		want compute.ValidationError
	}{
		{"maker and model", compute.HardwareDetails{Manufacturer: new("Acme"), Model: new("X1")}, nil},
		{"empty ones", compute.HardwareDetails{Manufacturer: new(""), Model: new("")}, nil},
		{"none", compute.HardwareDetails{}, &compute.IncompleteHardwareError{Field: "manufacturer"}},
		{"serial number only", compute.HardwareDetails{SerialNumber: new("42")}, &compute.IncompleteHardwareError{Field: "manufacturer"}},
		{"maker only", compute.HardwareDetails{Manufacturer: new("Acme")}, &compute.IncompleteHardwareError{Field: "model"}},
	}
	for _, tt := range tests {
		expect(t, tt.name, compute.ValidateHardware(tt.h), tt.want)
	}
}

func TestPolicyValidators(t *testing.T) {
	listed := []compute.PolicyID{policy}
	expect(t, "assign what is listed", compute.ValidatePolicyAssignment(policy, listed), &compute.PolicyViolationError{Policy: policy, Listed: true})
	expect(t, "assign another", compute.ValidatePolicyAssignment(otherPolicy, listed), nil)
	expect(t, "remove what is listed", compute.ValidatePolicyRemoval(policy, listed), nil)
	expect(t, "remove another", compute.ValidatePolicyRemoval(otherPolicy, listed), &compute.PolicyViolationError{Policy: otherPolicy})
}

func TestValidateMetadataKey(t *testing.T) {
	for key, valid := range map[string]bool{
		"rack": true, "a": true, "0_9": true, strings.Repeat("k", 64): true,
		"": false, "Rack": false, "rack-1": false, "a b": false, "ä": false, "\xff": false, strings.Repeat("k", 65): false,
	} {
		if err := compute.ValidateMetadataKey(key); (err == nil) != valid || err != nil && err.Code() != "metadata_key" {
			t.Errorf("%q: %v, want valid %v", key, err, valid)
		}
	}
}

func TestValidateAssetTag(t *testing.T) {
	for tag, valid := range map[string]bool{
		"A-1": true, " ": true, "~!": true, strings.Repeat("t", 64): true,
		"": false, "tab\t": false, "é": false, "\x7f": false, strings.Repeat("t", 65): false,
	} {
		if err := compute.ValidateAssetTag(tag); (err == nil) != valid || err != nil && err.Code() != "asset_tag" {
			t.Errorf("%q: %v, want valid %v", tag, err, valid)
		}
	}
}

// ready is a resource that is ready for production.
func ready(t *testing.T) compute.State {
	s := inStatus(t, compute.Active)
	s.OrganizationID, s.LocationID = organization, location
	s.Manufacturer, s.Model = new("Acme"), new("X1")
	return s
}

func TestValidateProductionReadiness(t *testing.T) {
	tests := []struct {
		name string
		drop func(*compute.State)
		want compute.ValidationError
	}{
		{"all there", func(*compute.State) {}, nil},
		{"status", func(s *compute.State) { s.Status = compute.Maintenance }, &compute.InvalidStateError{Required: compute.Active, Actual: compute.Maintenance}},
		{"organization", func(s *compute.State) { s.OrganizationID = compute.OrganizationID{} }, &compute.OrganizationRequiredError{}},
		{"location", func(s *compute.State) { s.LocationID = compute.LocationID{} }, &compute.LocationRequiredError{}},
		{"maker", func(s *compute.State) { s.Manufacturer = nil }, &compute.IncompleteHardwareError{Field: "manufacturer"}},
		{"model", func(s *compute.State) { s.Model = nil }, &compute.IncompleteHardwareError{Field: "model"}},
		{"organization before location", func(s *compute.State) {
			s.OrganizationID, s.LocationID = compute.OrganizationID{}, compute.LocationID{}
		}, &compute.OrganizationRequiredError{}},
	}
	for _, tt := range tests {
		s := ready(t)
		tt.drop(&s)
		expect(t, tt.name, compute.ValidateProductionReadiness(s), tt.want)
	}
}

func TestHandlersAdviseOnWhatTheyDoNotInsistOn(t *testing.T) {
	bare, complete := registered(t), ready(t)
	complete.Status = compute.Provisioning
	o := origin(10)
	tests := []struct {
		name    string
		state   compute.State
		command compute.Command
		want    []compute.ValidationError
	}{
		{"activation of a bare resource", bare, compute.ChangeStatus{Origin: o, ToStatus: compute.Active}, []compute.ValidationError{&compute.OrganizationRequiredError{}}},
		{"activation of a complete one", complete, compute.ChangeStatus{Origin: o, ToStatus: compute.Active}, nil},
		{"retirement", bare, compute.ChangeStatus{Origin: o, ToStatus: compute.Decommissioned}, nil},
		{"model alone", bare, compute.SetHardwareDetails{Origin: o, HardwareDetails: compute.HardwareDetails{Model: new("X1")}}, []compute.ValidationError{&compute.IncompleteHardwareError{Field: "manufacturer"}}},
		{"all hardware details", bare, compute.SetHardwareDetails{Origin: o, HardwareDetails: complete.Hardware()}, nil},
	}
	for _, tt := range tests {
		d, err := compute.Handle(tt.state, tt.command)
		if err != nil || !reflect.DeepEqual(d.Advice, tt.want) {
			t.Errorf("%s: advice %v, %v, want %v", tt.name, d.Advice, err, tt.want)
		}
	}
}
