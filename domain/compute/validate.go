package compute

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"
)

// Limits of what people type, in bytes.
const (
	MaxAssetTagLength    = 64
	MaxMetadataKeyLength = 64
)

// The eleven validators. Each returns nil or a [ValidationError]; Handle holds
// every command against those that concern it.

// ValidateHostname refuses the zero Hostname: any other is valid by its type.
func ValidateHostname(h Hostname) ValidationError {
	if h.IsZero() {
		return &InvalidHostnameError{h.String()}
	}
	return nil
}

// ValidateStatusTransition refuses a change of status that the lifecycle does
// not have. Staying is no change and is fine.
func ValidateStatusTransition(from, to Status) ValidationError {
	if !from.CanBecome(to) {
		return &InvalidTransitionError{from, to}
	}
	return nil
}

// ValidateActivation refuses to activate what is not being provisioned.
func ValidateActivation(current Status) ValidationError {
	return requireStatus(Provisioning, current)
}

// ValidateMaintenance refuses to begin the maintenance of what is not active.
func ValidateMaintenance(current Status) ValidationError {
	return requireStatus(Active, current)
}

// ValidateDecommission refuses to decommission twice.
func ValidateDecommission(current Status) ValidationError {
	if current == Decommissioned {
		return &BusinessRuleError{RuleAlreadyDecommissioned, "the resource is already decommissioned"}
	}
	return nil
}

// ValidateHardware wants a manufacturer and a model; empty ones will do.
func ValidateHardware(h HardwareDetails) ValidationError {
	if h.Manufacturer == nil {
		return &IncompleteHardwareError{"manufacturer"}
	}
	if h.Model == nil {
		return &IncompleteHardwareError{"model"}
	}
	return nil
}

// ValidatePolicyAssignment refuses a policy that is listed.
func ValidatePolicyAssignment(id PolicyID, listed []PolicyID) ValidationError {
	if slices.Contains(listed, id) {
		return &PolicyViolationError{Policy: id, Listed: true}
	}
	return nil
}

// ValidatePolicyRemoval refuses a policy that is not listed.
func ValidatePolicyRemoval(id PolicyID, listed []PolicyID) ValidationError {
	if !slices.Contains(listed, id) {
		return &PolicyViolationError{Policy: id, Listed: false}
	}
	return nil
}

// ValidateMetadataKey wants 1 to MaxMetadataKeyLength of a-z, 0-9 and "_".
func ValidateMetadataKey(key string) ValidationError {
	isOther := func(r rune) bool { return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '_' }
	if key == "" || len(key) > MaxMetadataKeyLength || strings.ContainsFunc(key, isOther) {
		return &BusinessRuleError{RuleMetadataKey, fmt.Sprintf(
			"metadata key %q must be 1 to %d of a-z, 0-9 and _", key, MaxMetadataKeyLength)}
	}
	return nil
}

// ValidateAssetTag wants 1 to MaxAssetTagLength printable ASCII characters.
func ValidateAssetTag(tag string) ValidationError {
	isOther := func(r rune) bool { return r < ' ' || r > '~' }
	if tag == "" || len(tag) > MaxAssetTagLength || strings.ContainsFunc(tag, isOther) {
		return &BusinessRuleError{RuleAssetTag, fmt.Sprintf(
			"asset tag %q must be 1 to %d printable ASCII characters", tag, MaxAssetTagLength)}
	}
	return nil
}

// ValidateProductionReadiness wants an active resource with an organization, a
// location and hardware details, and looks for them in that order.
func ValidateProductionReadiness(s State) ValidationError {
	if err := requireStatus(Active, s.Status); err != nil {
		return err
	}
	if s.OrganizationID.IsZero() {
		return &OrganizationRequiredError{}
	}
	if s.LocationID.IsZero() {
		return &LocationRequiredError{}
	}
	return ValidateHardware(s.Hardware())
}

func requireStatus(required, actual Status) ValidationError {
	if actual != required {
		return &InvalidStateError{required, actual}
	}
	return nil
}

// The two rules that the wire adds: JSON holds neither nil ids nor bytes that
// are not UTF-8.

func validateID[K any](field string, id ID[K]) ValidationError {
	if id.IsZero() {
		return &BusinessRuleError{RuleMissingID, field + " must be a UUID other than the nil UUID"}
	}
	return nil
}

func validateText(field string, text *string) ValidationError {
	if text != nil && !utf8.ValidString(*text) {
		return &BusinessRuleError{RuleText, field + " must be UTF-8"}
	}
	return nil
}
