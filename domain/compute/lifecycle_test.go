package compute_test

import (
	"fmt"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/refold-dev/refold/domain/compute"
	"github.com/refold-dev/refold/domain/fsm"
)

// changes is the status matrix without its diagonal: 6 of 12 pairs.
var changes = map[[2]compute.Status]bool{
	{compute.Provisioning, compute.Active}:         true,
	{compute.Provisioning, compute.Decommissioned}: true,
	{compute.Active, compute.Maintenance}:          true,
	{compute.Active, compute.Decommissioned}:       true,
	{compute.Maintenance, compute.Active}:          true,
	{compute.Maintenance, compute.Decommissioned}:  true,
}

func TestStatusMatrix(t *testing.T) {
	allowed := 0
	for _, from := range compute.Statuses() {
		for _, to := range compute.Statuses() {
			want := from == to || changes[[2]compute.Status{from, to}]
			if want {
				allowed++
			}
			if got := from.CanBecome(to); got != want {
				t.Errorf("%s can become %s: %v, want %v", from, to, got, want)
			}
			if got := compute.ValidateStatusTransition(from, to); (got == nil) != want {
				t.Errorf("validator on %s to %s: %v, want allowed %v", from, to, got, want)
			}
		}
	}
	if allowed != 10 {
		t.Errorf("%d pairs are allowed, want 10", allowed)
	}
}

func TestChangeStatusOnAllPairs(t *testing.T) {
	for _, from := range compute.Statuses() {
		for _, to := range compute.Statuses() {
			t.Run(fmt.Sprintf("%s to %s", from, to), func(t *testing.T) {
				d, err := compute.Handle(inStatus(t, from), compute.ChangeStatus{Origin: origin(10), ToStatus: to})
				if changes[[2]compute.Status{from, to}] {
					if want := (compute.StatusChanged{FromStatus: from, ToStatus: to}); err != nil || d.Event.Payload != want {
						t.Errorf("decision = %+v, %v, want %+v", d, err, want)
					}
					return
				}
				if want := refusal(from, to); !reflect.DeepEqual(err, want) {
					t.Errorf("error = %v, want %v", err, want)
				}
			})
		}
	}
}

// refusal is the error of a change of status that is not allowed.
func refusal(from, to compute.Status) error {
	switch {
	case from == compute.Decommissioned && to == from:
		return rule(compute.RuleAlreadyDecommissioned, "the resource is already decommissioned")
	case from == to:
		return rule(compute.RuleStatusUnchanged, "the status is already "+from.String())
	}
	invalid := &compute.InvalidStatusTransitionError{From: from, To: to}
	switch to {
	case compute.Active:
		invalid.Err = &compute.InvalidStateError{Required: compute.Provisioning, Actual: from}
	case compute.Maintenance:
		invalid.Err = &compute.InvalidStateError{Required: compute.Active, Actual: from}
	}
	return invalid
}

const invalid = "invalid"

// cells is the lifecycle's table: per status and input the next status, the
// warning's code if any, whether it is critical; or the refusal.
var cells = map[compute.Status]map[compute.LifecycleInput]struct {
	to       compute.Status
	warning  compute.WarningCode
	critical bool
	refusal  string // "": the input is taken; invalid; or a rule's code
}{
	compute.Provisioning: {
		compute.Activate:         {to: compute.Active},
		compute.BeginMaintenance: {refusal: invalid},
		compute.EndMaintenance:   {refusal: invalid},
		compute.Decommission:     {to: compute.Decommissioned, warning: "retired_while_provisioning"},
		compute.FailProvisioning: {to: compute.Decommissioned, warning: "provisioning_failed", critical: true},
		compute.Update:           {to: compute.Provisioning},
	},
	compute.Active: {
		compute.Activate:         {refusal: "already_active"},
		compute.BeginMaintenance: {to: compute.Maintenance},
		compute.EndMaintenance:   {refusal: invalid},
		compute.Decommission:     {to: compute.Decommissioned, warning: "retired_in_service", critical: true},
		compute.FailProvisioning: {refusal: "provisioning_over"},
		compute.Update:           {to: compute.Active},
	},
	compute.Maintenance: {
		compute.Activate:         {refusal: "activated_before"},
		compute.BeginMaintenance: {refusal: "already_in_maintenance"},
		compute.EndMaintenance:   {to: compute.Active},
		compute.Decommission:     {to: compute.Decommissioned, warning: "retired_during_maintenance"},
		compute.FailProvisioning: {refusal: "provisioning_over"},
		compute.Update:           {to: compute.Maintenance},
	},
	compute.Decommissioned: {
		compute.Activate:         {refusal: invalid},
		compute.BeginMaintenance: {refusal: invalid},
		compute.EndMaintenance:   {refusal: invalid},
		compute.Decommission:     {refusal: invalid},
		compute.FailProvisioning: {refusal: invalid},
		compute.Update:           {to: compute.Decommissioned},
	},
}

func TestAll24LifecycleCells(t *testing.T) {
	m := compute.NewLifecycle()
	for _, from := range compute.Statuses() {
		for _, in := range compute.LifecycleInputs() {
			t.Run(fmt.Sprintf("%s %s", from, in), func(t *testing.T) {
				want, listed := cells[from][in]
				if !listed {
					t.Fatal("the test's table lacks the cell")
				}
				to, out, err := m.Step(from, in)
				if got := refusalOf(err); got != want.refusal {
					t.Fatalf("error = %v, want %q", err, want.refusal)
				}
				if err != nil {
					want.to = from
				}
				if to != want.to || out.Critical != want.critical {
					t.Errorf("to %s, critical %v, want %s, %v", to, out.Critical, want.to, want.critical)
				}
				checkWarning(t, out.Warnings, want.warning)
			})
		}
	}
}

func refusalOf(err error) string {
	switch e := err.(type) {
	case nil:
		return ""
	case *fsm.InvalidTransitionError:
		return invalid
	case *fsm.BusinessRuleError:
		return e.Rule
	}
	return err.Error()
}

func checkWarning(t *testing.T, got []compute.Warning, want compute.WarningCode) {
	t.Helper()
	if want == "" {
		if len(got) != 0 {
			t.Errorf("warnings %v, want none", got)
		}
		return
	}
	if len(got) != 1 || got[0].Code != want || got[0].Text == "" {
		t.Errorf("warnings %v, want %s with a text", got, want)
	}
}

func TestLifecycleValidInputs(t *testing.T) {
	m := compute.NewLifecycle()
	want := map[compute.Status][]compute.LifecycleInput{
		compute.Provisioning:   {compute.Activate, compute.Decommission, compute.FailProvisioning, compute.Update},
		compute.Active:         {compute.BeginMaintenance, compute.Decommission, compute.Update},
		compute.Maintenance:    {compute.EndMaintenance, compute.Decommission, compute.Update},
		compute.Decommissioned: {compute.Update},
	}
	for s, inputs := range want {
		if diff := cmp.Diff(inputs, m.ValidInputs(s)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", s, diff)
		}
	}
	if got := m.Unreachable(); len(got) != 0 {
		t.Errorf("unreachable: %v", got)
	}
}

// TestMatrixAgreesWithMachine: a status can become another exactly if some
// input of the machine leads there.
func TestMatrixAgreesWithMachine(t *testing.T) {
	m := compute.NewLifecycle()
	for _, from := range compute.Statuses() {
		reached := map[compute.Status]bool{}
		for _, in := range compute.LifecycleInputs() {
			if to, _, err := m.Step(from, in); err == nil {
				reached[to] = true
			}
		}
		for _, to := range compute.Statuses() {
			if from.CanBecome(to) != reached[to] {
				t.Errorf("%s to %s: matrix %v, machine %v", from, to, from.CanBecome(to), reached[to])
			}
		}
	}
}

func TestLifecycleHistory(t *testing.T) {
	h := fsm.NewHistory(compute.NewLifecycle(), compute.Provisioning, 100)
	for i, in := range []compute.LifecycleInput{compute.Activate, compute.BeginMaintenance} {
		if _, err := h.Step(in, at(i)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := h.Step(compute.BeginMaintenance, at(2)); refusalOf(err) != "already_in_maintenance" {
		t.Errorf("error = %v, want already_in_maintenance", err)
	}
	if h.Current() != compute.Maintenance || len(h.Records()) != 2 {
		t.Errorf("in %s with %d records, want maintenance with 2", h.Current(), len(h.Records()))
	}
}

func TestChangeStatusReturnsTheLifecyclesOutput(t *testing.T) {
	tests := []struct {
		from compute.Status
		by   compute.LifecycleInput
		want compute.LifecycleInput // whose output it is
	}{
		{compute.Provisioning, 0, compute.Decommission},
		{compute.Provisioning, compute.FailProvisioning, compute.FailProvisioning},
		{compute.Active, 0, compute.Decommission},
		{compute.Maintenance, compute.Decommission, compute.Decommission},
	}
	for _, tt := range tests {
		d, err := compute.Handle(inStatus(t, tt.from), compute.ChangeStatus{Origin: origin(10), ToStatus: compute.Decommissioned, By: tt.by})
		if err != nil {
			t.Fatal(err)
		}
		want := cells[tt.from][tt.want]
		checkWarning(t, d.Output.Warnings, want.warning)
		if d.Output.Critical != want.critical {
			t.Errorf("%s by %s: critical %v, want %v", tt.from, tt.by, d.Output.Critical, want.critical)
		}
		d.Output.Warnings[0].Code = "overwritten" // the caller's own copy
	}
}

func TestLifecycleDiagram(t *testing.T) {
	const want = `stateDiagram-v2
    [*] --> provisioning
    provisioning --> active : activate
    provisioning --> decommissioned : decommission / retired_while_provisioning
    provisioning --> decommissioned : fail_provisioning / provisioning_failed
    provisioning --> provisioning : update
    active --> maintenance : begin_maintenance
    active --> decommissioned : decommission / retired_in_service
    active --> active : update
    maintenance --> active : end_maintenance
    maintenance --> decommissioned : decommission / retired_during_maintenance
    maintenance --> maintenance : update
    decommissioned --> decommissioned : update
    decommissioned --> [*]
`
	got := compute.NewLifecycle().Mermaid(func(out compute.LifecycleOutput) string {
		if len(out.Warnings) == 0 {
			return ""
		}
		return string(out.Warnings[0].Code)
	})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("diagram (-want +got):\n%s", diff)
	}
}

func TestStatusesAndInputsOutsideTheirRange(t *testing.T) {
	if _, err := compute.Status(9).MarshalText(); err == nil {
		t.Error("status(9) has a text form")
	}
	if got := compute.Status(9).String() + " " + compute.LifecycleInput(9).String(); got != "status(9) input(9)" {
		t.Errorf("got %q", got)
	}
	_, err := compute.Handle(registered(t), compute.ChangeStatus{Origin: origin(10), ToStatus: 9})
	if want := error(&compute.InvalidStatusTransitionError{From: compute.Provisioning, To: 9}); !reflect.DeepEqual(err, want) {
		t.Errorf("error = %v, want %v", err, want)
	}
}
