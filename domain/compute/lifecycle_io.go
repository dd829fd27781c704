package compute

import "fmt"

// LifecycleInput is what happens to a resource as far as its status is
// concerned. The zero LifecycleInput is none.
type LifecycleInput uint8

// The six inputs. Update is any change that leaves the status as it is.
const (
	Activate LifecycleInput = iota + 1
	BeginMaintenance
	EndMaintenance
	Decommission
	FailProvisioning
	Update
)

// LifecycleInputs lists all inputs.
func LifecycleInputs() []LifecycleInput {
	return []LifecycleInput{Activate, BeginMaintenance, EndMaintenance, Decommission, FailProvisioning, Update}
}

// String returns the input in snake_case.
func (in LifecycleInput) String() string {
	switch in {
	case Activate:
		return "activate"
	case BeginMaintenance:
		return "begin_maintenance"
	case EndMaintenance:
		return "end_maintenance"
	case Decommission:
		return "decommission"
	case FailProvisioning:
		return "fail_provisioning"
	case Update:
		return "update"
	}
	return fmt.Sprintf("input(%d)", uint8(in))
}

// WarningCode names a warning; codes are stable.
type WarningCode string

// The warnings of the lifecycle.
const (
	RetiredWhileProvisioning WarningCode = "retired_while_provisioning"
	ProvisioningFailed       WarningCode = "provisioning_failed"
	RetiredInService         WarningCode = "retired_in_service"
	RetiredDuringMaintenance WarningCode = "retired_during_maintenance"
)

// Warning is something that people should hear of.
type Warning struct {
	Code WarningCode `json:"code"`
	Text string      `json:"text"`
}

// LifecycleOutput is what a step of the lifecycle yields.
type LifecycleOutput struct {
	Warnings []Warning `json:"warnings"`
	Critical bool      `json:"critical"`
}

// OK is the output without warnings.
func OK() LifecycleOutput { return LifecycleOutput{} }

// WithWarnings is an output with warnings that are not critical.
func WithWarnings(w ...Warning) LifecycleOutput { return LifecycleOutput{Warnings: w} }

// Critical is an output with warnings that are critical.
func Critical(w ...Warning) LifecycleOutput { return LifecycleOutput{Warnings: w, Critical: true} }
