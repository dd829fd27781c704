package main

import (
	"errors"
	"fmt"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/compute"
	"github.com/refold-dev/refold/eventstore"
	"github.com/refold-dev/refold/eventstore/repository"
	"github.com/refold-dev/refold/eventstore/resources"
)

// explainRefusal says what the caller can do instead of what was refused in a
// state.
func explainRefusal(err error, s compute.State, command uuid.UUID) error {
	if hint := refusalHint(err, s, command); hint != "" {
		return &hinted{err, hint}
	}
	return err
}

func refusalHint(err error, s compute.State, command uuid.UUID) string {
	var missing *resources.NotFoundError
	var taken *resources.HostnameTakenError
	var reused *repository.ReusedIDError
	var duplicate *eventstore.DuplicateIDError
	var conflict *eventstore.ConflictError
	var unknown *eventstore.UnknownOutcomeError
	switch {
	case errors.As(err, &missing):
		return "register it first: refold resource register HOSTNAME"
	case errors.As(err, &taken):
		return fmt.Sprintf("`refold resource show %s` shows it; its name is free once it is decommissioned", taken.Holder)
	case errors.As(err, &reused), errors.As(err, &duplicate):
		return "give each command an id of its own; only a repetition has the id again"
	case errors.As(err, &conflict), errors.As(err, &unknown):
		return fmt.Sprintf("repeat it with --command-id %s: what has been done already is not done again", command)
	}
	return commandHint(err, s)
}

// commandHint is for what the domain refuses.
func commandHint(err error, s compute.State) string {
	var listed *compute.PolicyAlreadyAddedError
	var unlisted *compute.PolicyNotFoundError
	var refused compute.CommandError
	var rule *compute.BusinessRuleError
	switch {
	case errors.As(err, &listed):
		return "nothing has to be done; `refold resource remove-policy` takes it out"
	case errors.As(err, &unlisted) && len(s.PolicyIDs) == 0:
		return "the resource has no policies"
	case errors.As(err, &unlisted):
		return fmt.Sprintf("the resource has the policies %v", s.PolicyIDs)
	case s.Status == compute.Decommissioned && errors.As(err, &refused):
		return fmt.Sprintf("the resource is %s, which is final", s.Status)
	case errors.As(err, &rule) && rule.Rule == compute.RuleLifecycle:
		return fmt.Sprintf("the resource is %s, which takes %v", s.Status, compute.NewLifecycle().ValidInputs(s.Status))
	case errors.As(err, &rule) && rule.Rule != compute.RuleStatusUnchanged:
		return "nothing has been changed; mend what was given and try again"
	case errors.As(err, &refused):
		return fmt.Sprintf("the resource is %s; it can become %v", s.Status, next(s.Status))
	}
	return ""
}

// next lists what a status leads to.
func next(from compute.Status) (list []compute.Status) {
	for _, to := range compute.Statuses() {
		if to != from && from.CanBecome(to) {
			list = append(list, to)
		}
	}
	return list
}
