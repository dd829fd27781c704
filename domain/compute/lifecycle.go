package compute

import (
	"fmt"
	"slices"

	"github.com/refold-dev/refold/domain/fsm"
)

// Lifecycle is the machine over the statuses.
type Lifecycle = fsm.Mealy[Status, LifecycleInput, LifecycleOutput]

// lifecycle is what the package itself steps on; never written to.
var lifecycle = NewLifecycle()

// NewLifecycle builds the lifecycle machine. Its table decides alone what
// status may follow which: Status.CanBecome and the ChangeStatus command read
// it too. Where several inputs lead to one status, ChangeStatus takes the first
// listed.
func NewLifecycle() *Lifecycle {
	type transition = fsm.Transition[Status, LifecycleInput, LifecycleOutput]
	type refusal = fsm.Refusal[Status, LifecycleInput]
	return fsm.MustMealy(fsm.Table[Status, LifecycleInput, LifecycleOutput]{
		Initial: Provisioning,
		States:  Statuses(),
		Inputs:  LifecycleInputs(),
		Invariants: []fsm.Invariant[Status]{{Name: "has_a_wire_form", Check: func(s Status) error {
			_, err := s.MarshalText()
			return err
		}}},
		Transitions: []transition{
			{From: Provisioning, Input: Activate, To: Active, Output: OK()},
			{From: Provisioning, Input: Decommission, To: Decommissioned, Output: WithWarnings(
				Warning{RetiredWhileProvisioning, "the resource was retired while it was being provisioned"})},
			{From: Provisioning, Input: FailProvisioning, To: Decommissioned, Output: Critical(
				Warning{ProvisioningFailed, "provisioning failed and the resource was retired"})},
			{From: Provisioning, Input: Update, To: Provisioning, Output: OK()},

			{From: Active, Input: BeginMaintenance, To: Maintenance, Output: OK()},
			{From: Active, Input: Decommission, To: Decommissioned, Output: Critical(
				Warning{RetiredInService, "the resource was in service when it was retired"})},
			{From: Active, Input: Update, To: Active, Output: OK()},

			{From: Maintenance, Input: EndMaintenance, To: Active, Output: OK()},
			{From: Maintenance, Input: Decommission, To: Decommissioned, Output: WithWarnings(
				Warning{RetiredDuringMaintenance, "the resource was retired during maintenance"})},
			{From: Maintenance, Input: Update, To: Maintenance, Output: OK()},

			{From: Decommissioned, Input: Update, To: Decommissioned, Output: OK()},
		},
		Refusals: []refusal{
			{From: Active, Input: Activate, Rule: "already_active", Reason: "the resource is already active"},
			{From: Active, Input: FailProvisioning, Rule: "provisioning_over", Reason: "an active resource has been provisioned"},
			{From: Maintenance, Input: Activate, Rule: "activated_before", Reason: "the resource was activated before; end its maintenance instead"},
			{From: Maintenance, Input: BeginMaintenance, Rule: "already_in_maintenance", Reason: "the resource is already in maintenance"},
			{From: Maintenance, Input: FailProvisioning, Rule: "provisioning_over", Reason: "a resource in maintenance has been provisioned"},
		},
	})
}

// CanBecome reports whether the lifecycle leads from one status to another in
// one step. A status can always stay as it is.
func (s Status) CanBecome(to Status) bool { return len(lifecycle.Leading(s, to)) > 0 }

// stepLifecycle steps by the input, or where that is zero by the first that
// leads to the wanted status.
func stepLifecycle(from, to Status, by LifecycleInput) (LifecycleOutput, error) {
	inputs := lifecycle.Leading(from, to)
	if by == 0 && len(inputs) > 0 {
		by = inputs[0]
	}
	reached, out, err := lifecycle.Step(from, by)
	if err == nil && reached != to {
		err = fmt.Errorf("%s leads to %s", by, reached)
	}
	if err != nil {
		return LifecycleOutput{}, err
	}
	return LifecycleOutput{slices.Clone(out.Warnings), out.Critical}, nil
}
