package compute

func (c RegisterResource) decide(State) (verdict, error) {
	return accept(ResourceRegistered{c.Hostname, c.ResourceType}, ValidateHostname(c.Hostname))
}

func (c AssignOrganization) decide(State) (verdict, error) {
	return accept(OrganizationAssigned{c.OrganizationID}, validateID("organization_id", c.OrganizationID))
}

func (c AssignLocation) decide(State) (verdict, error) {
	return accept(LocationAssigned{c.LocationID}, validateID("location_id", c.LocationID))
}

func (c AssignOwner) decide(State) (verdict, error) {
	return accept(OwnerAssigned{c.OwnerID}, validateID("owner_id", c.OwnerID))
}

func (c AddPolicy) decide(s State) (verdict, error) {
	if ValidatePolicyAssignment(c.PolicyID, s.PolicyIDs) != nil {
		return verdict{}, &PolicyAlreadyAddedError{c.PolicyID}
	}
	return accept(PolicyAdded{c.PolicyID}, validateID("policy_id", c.PolicyID))
}

func (c RemovePolicy) decide(s State) (verdict, error) {
	if ValidatePolicyRemoval(c.PolicyID, s.PolicyIDs) != nil {
		return verdict{}, &PolicyNotFoundError{c.PolicyID}
	}
	return accept(PolicyRemoved{c.PolicyID})
}

func (c AssignAccountConcept) decide(State) (verdict, error) {
	return accept(AccountConceptAssigned{c.ConceptID}, validateID("concept_id", c.ConceptID))
}

func (ClearAccountConcept) decide(State) (verdict, error) {
	return accept(AccountConceptCleared{})
}

// decide accepts incomplete details, since they come in as they become known,
// and advises on what is still missing.
func (c SetHardwareDetails) decide(State) (verdict, error) {
	v, err := accept(HardwareDetailsSet{c.HardwareDetails},
		validateText("manufacturer", c.Manufacturer),
		validateText("model", c.Model),
		validateText("serial_number", c.SerialNumber))
	if err == nil {
		v.advice = ValidateHardware(c.HardwareDetails)
	}
	return v, err
}

func (c AssignAssetTag) decide(State) (verdict, error) {
	return accept(AssetTagAssigned{c.AssetTag}, ValidateAssetTag(c.AssetTag))
}

func (c UpdateMetadata) decide(State) (verdict, error) {
	return accept(MetadataUpdated{c.Key, c.Value}, ValidateMetadataKey(c.Key), validateText("value", &c.Value))
}

func (c ChangeStatus) decide(s State) (verdict, error) {
	if err := c.checkChange(s.Status); err != nil {
		return verdict{}, err
	}
	out, err := stepLifecycle(s.Status, c.ToStatus, c.By)
	if err != nil {
		return verdict{}, violation(&BusinessRuleError{RuleLifecycle, err.Error()})
	}
	v := verdict{payload: StatusChanged{s.Status, c.ToStatus}, output: out}
	if c.ToStatus == Active {
		s.Status = Active
		v.advice = ValidateProductionReadiness(s)
	}
	return v, nil
}

// checkChange refuses a change that is none, and one that the lifecycle does
// not have.
func (c ChangeStatus) checkChange(from Status) error {
	if from == c.ToStatus {
		if err := ValidateDecommission(from); err != nil {
			return violation(err)
		}
		return violation(&BusinessRuleError{RuleStatusUnchanged, "the status is already " + from.String()})
	}
	if ValidateStatusTransition(from, c.ToStatus) != nil {
		return &InvalidStatusTransitionError{from, c.ToStatus, wayTo(from, c.ToStatus)}
	}
	return nil
}

// wayTo says what would have to be the case for a change that the lifecycle
// does not have; nil where nothing would help.
func wayTo(from, to Status) ValidationError {
	switch to {
	case Active:
		return ValidateActivation(from)
	case Maintenance:
		return ValidateMaintenance(from)
	}
	return nil
}
