package compute_test

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/compute"
	"github.com/refold-dev/refold/domain/event"
)

func TestRegister(t *testing.T) {
	d, err := compute.Handle(compute.Empty(resourceID), register(t))
	if err != nil {
		t.Fatal(err)
	}
	want := compute.Event{
		Header:  header(1),
		Payload: compute.ResourceRegistered{Hostname: hostname(t, "server01.example.com"), ResourceType: compute.PhysicalServer},
	}
	if diff := cmp.Diff([]compute.Event{want}, d.Events(), exact); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
	if d.Event.SchemaVersion() != 1 || d.Event.CausationID.Valid {
		t.Errorf("schema version %d, causation %v, want 1 and none", d.Event.SchemaVersion(), d.Event.CausationID)
	}
	s := compute.Empty(resourceID).Apply(d.Event)
	if !s.Initialized() || s.Status != compute.Provisioning || !s.CreatedAt.Equal(at(1)) {
		t.Errorf("state after registration: %+v", s)
	}
}

// accepted is a command of each type that a registered resource accepts, with
// what it yields.
func accepted() map[compute.Command]compute.Payload {
	o := origin(10)
	o.CausationID = uuid.NullUUID{UUID: numbered(1), Valid: true}
	hardware := compute.HardwareDetails{Manufacturer: new("Acme"), Model: new("X1"), SerialNumber: new("42")}
	return map[compute.Command]compute.Payload{
		compute.AssignOrganization{Origin: o, OrganizationID: organization}: compute.OrganizationAssigned{OrganizationID: organization},
		compute.AssignLocation{Origin: o, LocationID: location}:             compute.LocationAssigned{LocationID: location},
		compute.AssignOwner{Origin: o, OwnerID: owner}:                      compute.OwnerAssigned{OwnerID: owner},
		compute.AddPolicy{Origin: o, PolicyID: policy}:                      compute.PolicyAdded{PolicyID: policy},
		compute.RemovePolicy{Origin: o, PolicyID: otherPolicy}:              compute.PolicyRemoved{PolicyID: otherPolicy},
		compute.AssignAccountConcept{Origin: o, ConceptID: concept}:         compute.AccountConceptAssigned{ConceptID: concept},
		compute.ClearAccountConcept{Origin: o}:                              compute.AccountConceptCleared{},
		compute.SetHardwareDetails{Origin: o, HardwareDetails: hardware}:    compute.HardwareDetailsSet{HardwareDetails: hardware},
		compute.AssignAssetTag{Origin: o, AssetTag: "A-1"}:                  compute.AssetTagAssigned{AssetTag: "A-1"},
		compute.UpdateMetadata{Origin: o, Key: "rack", Value: "7"}:          compute.MetadataUpdated{Key: "rack", Value: "7"},
		compute.ChangeStatus{Origin: o, ToStatus: compute.Active}:           compute.StatusChanged{FromStatus: compute.Provisioning, ToStatus: compute.Active},
	}
}

func TestAcceptedCommandYieldsItsEvent(t *testing.T) {
	before := carryOut(t, registered(t), compute.AddPolicy{Origin: origin(5), PolicyID: otherPolicy})
	for c, payload := range accepted() {
		t.Run(c.Name(), func(t *testing.T) {
			d, err := compute.Handle(before, c)
			if err != nil {
				t.Fatal(err)
			}
			want := compute.Event{Header: header(10), Payload: payload}
			want.CausationID = uuid.NullUUID{UUID: numbered(1), Valid: true}
			if diff := cmp.Diff([]compute.Event{want}, d.Events(), exact); diff != "" {
				t.Errorf("events (-want +got):\n%s", diff)
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	key65 := strings.Repeat("k", 65)
	empty, fresh := compute.Empty(resourceID), registered(t)
	retired := inStatus(t, compute.Decommissioned)
	withPolicy := carryOut(t, fresh, compute.AddPolicy{Origin: origin(5), PolicyID: policy})
	o := origin(10)
	tests := []struct {
		name    string
		state   compute.State
		command compute.Command
		want    error
	}{
		{"register twice", fresh, registerAs(t, 10), &compute.AlreadyInitializedError{ID: resourceID}},
		{"register what is retired", retired, registerAs(t, 10), &compute.AlreadyInitializedError{ID: resourceID}},
		{"register without a hostname", empty, compute.RegisterResource{EventID: o.EventID, Time: o.Time, CorrelationID: o.CorrelationID}, broken(&compute.InvalidHostnameError{})},
		{"policy twice", withPolicy, compute.AddPolicy{Origin: o, PolicyID: policy}, &compute.PolicyAlreadyAddedError{Policy: policy}},
		{"unknown policy", withPolicy, compute.RemovePolicy{Origin: o, PolicyID: otherPolicy}, &compute.PolicyNotFoundError{Policy: otherPolicy}},
		{"nil organization", fresh, compute.AssignOrganization{Origin: o}, rule(compute.RuleMissingID, "organization_id must be a UUID other than the nil UUID")},
		{"nil location", fresh, compute.AssignLocation{Origin: o}, rule(compute.RuleMissingID, "location_id must be a UUID other than the nil UUID")},
		{"nil owner", fresh, compute.AssignOwner{Origin: o}, rule(compute.RuleMissingID, "owner_id must be a UUID other than the nil UUID")},
		{"nil policy", fresh, compute.AddPolicy{Origin: o}, rule(compute.RuleMissingID, "policy_id must be a UUID other than the nil UUID")},
		{"nil concept", fresh, compute.AssignAccountConcept{Origin: o}, rule(compute.RuleMissingID, "concept_id must be a UUID other than the nil UUID")},
		{"empty asset tag", fresh, compute.AssignAssetTag{Origin: o}, rule(compute.RuleAssetTag, `asset tag "" must be 1 to 64 printable ASCII characters`)},
		{"empty metadata key", fresh, compute.UpdateMetadata{Origin: o}, rule(compute.RuleMetadataKey, `metadata key "" must be 1 to 64 of a-z, 0-9 and _`)},
		{"long metadata key", fresh, compute.UpdateMetadata{Origin: o, Key: key65}, rule(compute.RuleMetadataKey, `metadata key "`+key65+`" must be 1 to 64 of a-z, 0-9 and _`)},
		{"value not UTF-8", fresh, compute.UpdateMetadata{Origin: o, Key: "k", Value: "\xff"}, rule(compute.RuleText, "value must be UTF-8")},
		{"model not UTF-8", fresh, compute.SetHardwareDetails{Origin: o, HardwareDetails: compute.HardwareDetails{Model: new("\xff")}}, rule(compute.RuleText, "model must be UTF-8")},
		{"input leads elsewhere", fresh, compute.ChangeStatus{Origin: o, ToStatus: compute.Decommissioned, By: compute.Activate}, rule(compute.RuleLifecycle, "activate leads to active")},
		{"input not for this status", fresh, compute.ChangeStatus{Origin: o, ToStatus: compute.Active, By: compute.EndMaintenance}, rule(compute.RuleLifecycle, "invalid transition: provisioning does not take end_maintenance")},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			d, err := compute.Handle(tt.state, tt.command)
			if !reflect.DeepEqual(err, tt.want) {
				t.Errorf("error = %v, want %v", err, tt.want)
			}
			if !reflect.DeepEqual(d, compute.Decision{}) {
				t.Errorf("a decision came with the error: %+v", d)
			}
		})
	}
}

func registerAs(t *testing.T, n int) compute.RegisterResource {
	t.Helper()
	c := register(t)
	c.EventID = numbered(n)
	return c
}

func broken(v compute.ValidationError) error { return &compute.BusinessRuleViolationError{Err: v} }

func rule(r compute.Rule, text string) error {
	return broken(&compute.BusinessRuleError{Rule: r, Text: text})
}

func TestCommandsNeedARegisteredResource(t *testing.T) {
	for c := range accepted() {
		_, err := compute.Handle(compute.Empty(resourceID), c)
		if want := (&compute.NotInitializedError{ID: resourceID}); !reflect.DeepEqual(err, error(want)) {
			t.Errorf("%s: error = %v, want %v", c.Name(), err, want)
		}
	}
}

func TestDecommissionedIsReadOnly(t *testing.T) {
	for c := range accepted() {
		_, err := compute.Handle(inStatus(t, compute.Decommissioned), c)
		want := rule(compute.RuleReadOnly, "a decommissioned resource is read-only")
		if _, ok := c.(compute.ChangeStatus); ok {
			want = &compute.InvalidStatusTransitionError{
				From: compute.Decommissioned, To: compute.Active,
				Err: &compute.InvalidStateError{Required: compute.Provisioning, Actual: compute.Decommissioned},
			}
		}
		if !reflect.DeepEqual(err, want) {
			t.Errorf("%s: error = %v, want %v", c.Name(), err, want)
		}
	}
}

func TestIncompleteOriginIsRefused(t *testing.T) {
	complete := origin(10)
	tests := map[string]func(*compute.Origin){
		"id":             func(o *compute.Origin) { o.EventID = uuid.Nil },
		"time":           func(o *compute.Origin) { *o = compute.Origin{EventID: o.EventID, CorrelationID: o.CorrelationID} },
		"correlation_id": func(o *compute.Origin) { o.CorrelationID = uuid.Nil },
	}
	for want, spoil := range tests {
		o := complete
		spoil(&o)
		_, err := compute.Handle(registered(t), compute.ClearAccountConcept{Origin: o})
		var field *event.FieldError
		if !errors.As(err, &field) || field.Field != want {
			t.Errorf("error = %v, want one about %s", err, want)
		}
	}
}

func TestTimesBecomeUTC(t *testing.T) {
	c := compute.ClearAccountConcept{Origin: origin(10)}
	c.Time = c.Time.In(time.FixedZone("east", 3600))
	d, err := compute.Handle(registered(t), c)
	if err != nil || d.Event.Time != at(10) {
		t.Errorf("event at %s, %v, want %s", d.Event.Time, err, at(10))
	}
}

func TestRepeatedCommandIsKnownAgain(t *testing.T) {
	before := carryOut(t, registered(t), compute.AddPolicy{Origin: origin(5), PolicyID: otherPolicy})
	for c := range accepted() {
		after := carryOut(t, before, c)
		d, err := compute.Handle(after, c)
		if err != nil || !d.Repeated || len(d.Events()) != 0 {
			t.Errorf("%s again: %+v, %v, want a repetition", c.Name(), d, err)
		}
	}
	if d, err := compute.Handle(registered(t), register(t)); err != nil || !d.Repeated {
		t.Errorf("register_resource again: %+v, %v, want a repetition", d, err)
	}
}

func TestPointersToCommandsAreCommands(t *testing.T) {
	c := register(t)
	d, err := compute.Handle(compute.Empty(resourceID), &c)
	if err != nil || d.Event.TypeName() != "ResourceRegistered" {
		t.Errorf("decision = %+v, %v, want a registration", d, err)
	}
}

func TestErrorsHaveCodesAndText(t *testing.T) {
	inner := &compute.InvalidStateError{Required: compute.Active, Actual: compute.Provisioning}
	tests := []struct {
		err        interface{ Code() string }
		code, text string
	}{
		{&compute.NotInitializedError{ID: resourceID}, "not_initialized", "resource 01900000-0000-7000-8000-0000000000a0 is not registered"},
		{&compute.AlreadyInitializedError{ID: resourceID}, "already_initialized", "resource 01900000-0000-7000-8000-0000000000a0 is already registered"},
		{&compute.PolicyAlreadyAddedError{Policy: policy}, "policy_already_added", "policy 01900000-0000-7000-8000-000000000104 has already been added"},
		{&compute.PolicyNotFoundError{Policy: policy}, "policy_not_found", "policy 01900000-0000-7000-8000-000000000104 has not been added"},
		{&compute.InvalidStatusTransitionError{From: compute.Provisioning, To: compute.Maintenance, Err: inner}, "invalid_status_transition", "status does not go from provisioning to maintenance: status must be active, is provisioning"},
		{&compute.BusinessRuleViolationError{Err: &compute.LocationRequiredError{}}, "business_rule_violation", "a location is required"},
		{&compute.InvalidHostnameError{Text: "x_"}, "invalid_hostname", `invalid hostname "x_"`},
		{&compute.InvalidTransitionError{From: compute.Active, To: compute.Provisioning}, "invalid_transition", "status active does not lead to provisioning"},
		{inner, "invalid_state", "status must be active, is provisioning"},
		{&compute.OrganizationRequiredError{}, "organization_required", "an organization is required"},
		{&compute.LocationRequiredError{}, "location_required", "a location is required"},
		{&compute.PolicyViolationError{Policy: policy, Listed: true}, "policy_violation", "policy 01900000-0000-7000-8000-000000000104 is already listed"},
		{&compute.PolicyViolationError{Policy: policy}, "policy_violation", "policy 01900000-0000-7000-8000-000000000104 is not listed"},
		{&compute.IncompleteHardwareError{Field: "model"}, "incomplete_hardware_details", "hardware details lack the model"},
		{&compute.BusinessRuleError{Rule: compute.RuleAssetTag, Text: "no"}, "asset_tag", "no"},
	}
	for _, tt := range tests {
		if got := tt.err.Code(); got != tt.code {
			t.Errorf("%T: code %q, want %q", tt.err, got, tt.code)
		}
		if got := tt.err.(error).Error(); got != tt.text {
			t.Errorf("%T: text %q, want %q", tt.err, got, tt.text)
		}
	}
	var state *compute.InvalidStateError
	if !errors.As(error(tests[4].err.(error)), &state) || state != inner {
		t.Error("the reason of a refused change of status is out of reach")
	}
}
