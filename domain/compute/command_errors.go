package compute

import (
	"fmt"

	"github.com/google/uuid"
)

// CommandError is why a command was refused: one of the six types in this file.
// Codes are stable.
type CommandError interface {
	error
	Code() string
}

// NotInitializedError is a command for a resource that has not been registered.
type NotInitializedError struct{ ID uuid.UUID }

// AlreadyInitializedError is a second registration.
type AlreadyInitializedError struct{ ID uuid.UUID }

// PolicyAlreadyAddedError is the addition of a policy that is listed.
type PolicyAlreadyAddedError struct{ Policy PolicyID }

// PolicyNotFoundError is the removal of a policy that is not listed.
type PolicyNotFoundError struct{ Policy PolicyID }

// InvalidStatusTransitionError is a change of status that the lifecycle does
// not have. Err says what it would take, where there is a way at all.
type InvalidStatusTransitionError struct {
	From, To Status
	Err      ValidationError
}

// BusinessRuleViolationError is a breach of the rule that Err names.
type BusinessRuleViolationError struct{ Err ValidationError }

func (e *NotInitializedError) Error() string {
	return fmt.Sprintf("resource %s is not registered", e.ID)
}

func (e *AlreadyInitializedError) Error() string {
	return fmt.Sprintf("resource %s is already registered", e.ID)
}

func (e *PolicyAlreadyAddedError) Error() string {
	return fmt.Sprintf("policy %s has already been added", e.Policy)
}

func (e *PolicyNotFoundError) Error() string {
	return fmt.Sprintf("policy %s has not been added", e.Policy)
}

func (e *InvalidStatusTransitionError) Error() string {
	text := fmt.Sprintf("status does not go from %s to %s", e.From, e.To)
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

func (e *BusinessRuleViolationError) Error() string { return e.Err.Error() }

// Unwrap returns Err, or nil.
func (e *InvalidStatusTransitionError) Unwrap() error { return e.Err }

// Unwrap returns Err.
func (e *BusinessRuleViolationError) Unwrap() error { return e.Err }

// Code returns "not_initialized".
func (e *NotInitializedError) Code() string { return "not_initialized" }

// Code returns "already_initialized".
func (e *AlreadyInitializedError) Code() string { return "already_initialized" }

// Code returns "policy_already_added".
func (e *PolicyAlreadyAddedError) Code() string { return "policy_already_added" }

// Code returns "policy_not_found".
func (e *PolicyNotFoundError) Code() string { return "policy_not_found" }

// Code returns "invalid_status_transition".
func (e *InvalidStatusTransitionError) Code() string { return "invalid_status_transition" }

// Code returns "business_rule_violation".
func (e *BusinessRuleViolationError) Code() string { return "business_rule_violation" }
