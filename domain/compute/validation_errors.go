package compute

import "fmt"

// ValidationError is what a validator found: one of the eight types in this
// file. Codes are stable.
type ValidationError interface {
	error
	Code() string
}

// InvalidHostnameError is a name that cannot be a resource's.
type InvalidHostnameError struct{ Text string }

// InvalidTransitionError is a change of status that the lifecycle does not
// have.
type InvalidTransitionError struct{ From, To Status }

// InvalidStateError is a status other than the one that is required.
type InvalidStateError struct{ Required, Actual Status }

// OrganizationRequiredError is a resource that belongs to no organization.
type OrganizationRequiredError struct{}

// LocationRequiredError is a resource that is nowhere.
type LocationRequiredError struct{}

// PolicyViolationError is a policy that is listed and must not be, or the other
// way round.
type PolicyViolationError struct {
	Policy PolicyID
	Listed bool
}

// IncompleteHardwareError is a hardware detail that is absent.
type IncompleteHardwareError struct{ Field string }

// BusinessRuleError is a breach of any other rule.
type BusinessRuleError struct {
	Rule Rule
	Text string
}

// Rule names a business rule; names are stable.
type Rule string

// The business rules.
const (
	RuleReadOnly              Rule = "decommissioned_is_read_only"
	RuleAlreadyDecommissioned Rule = "already_decommissioned"
	RuleStatusUnchanged       Rule = "status_unchanged"
	RuleLifecycle             Rule = "lifecycle"
	RuleMetadataKey           Rule = "metadata_key"
	RuleAssetTag              Rule = "asset_tag"
	RuleText                  Rule = "text"
	RuleMissingID             Rule = "missing_id"
)

func (e *InvalidHostnameError) Error() string { return fmt.Sprintf("invalid hostname %q", e.Text) }

func (e *InvalidTransitionError) Error() string {
	return fmt.Sprintf("status %s does not lead to %s", e.From, e.To)
}

func (e *InvalidStateError) Error() string {
	return fmt.Sprintf("status must be %s, is %s", e.Required, e.Actual)
}

func (e *OrganizationRequiredError) Error() string { return "an organization is required" }

func (e *LocationRequiredError) Error() string { return "a location is required" }

func (e *PolicyViolationError) Error() string {
	if e.Listed {
		return fmt.Sprintf("policy %s is already listed", e.Policy)
	}
	return fmt.Sprintf("policy %s is not listed", e.Policy)
}

func (e *IncompleteHardwareError) Error() string {
	return fmt.Sprintf("hardware details lack the %s", e.Field)
}

func (e *BusinessRuleError) Error() string { return e.Text }

// Code returns "invalid_hostname".
func (e *InvalidHostnameError) Code() string { return "invalid_hostname" }

// Code returns "invalid_transition".
func (e *InvalidTransitionError) Code() string { return "invalid_transition" }

// Code returns "invalid_state".
func (e *InvalidStateError) Code() string { return "invalid_state" }

// Code returns "organization_required".
func (e *OrganizationRequiredError) Code() string { return "organization_required" }

// Code returns "location_required".
func (e *LocationRequiredError) Code() string { return "location_required" }

// Code returns "policy_violation".
func (e *PolicyViolationError) Code() string { return "policy_violation" }

// Code returns "incomplete_hardware_details".
func (e *IncompleteHardwareError) Code() string { return "incomplete_hardware_details" }

// Code returns the rule's name.
func (e *BusinessRuleError) Code() string { return string(e.Rule) }
