package compute

// admit is the check that all commands but two have in common: registered, and
// not at the end of its life.
func (Origin) admit(s State) error {
	if !s.Initialized() {
		return &NotInitializedError{s.ID}
	}
	if s.Status == Decommissioned {
		return violation(&BusinessRuleError{RuleReadOnly, "a decommissioned resource is read-only"})
	}
	return nil
}

func (RegisterResource) admit(s State) error {
	if s.Initialized() {
		return &AlreadyInitializedError{s.ID}
	}
	return nil
}

// admit leaves a decommissioned resource to the lifecycle, which says better
// why its status does not change.
func (ChangeStatus) admit(s State) error {
	if !s.Initialized() {
		return &NotInitializedError{s.ID}
	}
	return nil
}
