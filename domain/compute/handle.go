package compute

import "fmt"

// Decision is what follows from an accepted command.
type Decision struct {
	// Event is what happened; the zero Event if Repeated.
	Event Event
	// Repeated: the command's event is the last one in the state, so the
	// command has been carried out before and there is nothing to append.
	Repeated bool
	// Output is the lifecycle's, for the change of status that the event is, or
	// for an update that leaves the status alone.
	Output LifecycleOutput
	// Advice is what a validator would like to see mended and does not insist
	// on: incomplete hardware details, an active resource that is not ready for
	// production.
	Advice []ValidationError
}

// Events returns the decision's one event, or none if Repeated.
func (d Decision) Events() []Event {
	if d.Repeated {
		return nil
	}
	return []Event{d.Event}
}

// verdict is a command's own part of a decision.
type verdict struct {
	payload Payload
	output  LifecycleOutput
	advice  ValidationError
}

// Handle decides a command in a state. It is pure: the event's id and time are
// the command's, its aggregate is the state's.
//
// The error is a [CommandError], or an *event.FieldError for a command whose
// origin is incomplete. Registration is checked before all else, then that the
// resource is not decommissioned, then the command's own rules.
func Handle(s State, c Command) (Decision, error) {
	o := c.Source()
	header := o.header(s.ID)
	if err := checkHeader(header); err != nil {
		return Decision{}, fmt.Errorf("decide %s: %w", c.Name(), err)
	}
	if s.Version > 0 && s.LastEventID == o.EventID {
		return Decision{Repeated: true}, nil
	}
	if err := c.admit(s); err != nil {
		return Decision{}, err
	}
	v, err := c.decide(s)
	if err != nil {
		return Decision{}, err
	}
	d := Decision{Event: Event{header, v.payload}, Output: v.output}
	if v.advice != nil {
		d.Advice = []ValidationError{v.advice}
	}
	return d, nil
}

// accept is the verdict of a command that passed the given validations, or the
// violation of the first that failed.
func accept(p Payload, validations ...ValidationError) (verdict, error) {
	for _, v := range validations {
		if v != nil {
			return verdict{}, violation(v)
		}
	}
	return verdict{payload: p}, nil
}

func violation(v ValidationError) error { return &BusinessRuleViolationError{v} }
