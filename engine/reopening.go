package engine

import (
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/refold-dev/refold/engine/delivery"
)

// The pauses before a pipeline that could not be opened is opened again.
const (
	firstReopening   = time.Second
	longestReopening = time.Minute
)

// reopening is when a pipeline that could not be opened is opened again. Only who holds
// the token of work looks.
type reopening struct {
	due    <-chan time.Time // nil: not before somebody asks for it
	pauses *backoff.ExponentialBackOff
}

// await has it opened again after a pause that grows, if an error is one that passes.
func (r *reopening) await(err error) {
	r.due = nil
	after, passes := delivery.Retryable(err)
	if !passes {
		return
	}
	if r.pauses == nil {
		r.pauses = backoff.NewExponentialBackOff()
		r.pauses.InitialInterval, r.pauses.MaxInterval, r.pauses.Multiplier = firstReopening, longestReopening, 2
	}
	r.due = time.After(max(after, r.pauses.NextBackOff()))
}

// faultUnopened stops a pipeline that could not be opened, and no other one. Where the
// error passes, as of a database that is away, whoever runs the pipeline opens it again.
func (p *pipeline) faultUnopened(err error) error {
	p.reopening.await(err)
	return p.fault(err)
}
