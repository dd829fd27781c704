package delivery

import (
	"context"

	"github.com/cenkalti/backoff/v5"
)

// trial is something that an outlet tries until it is done, or given up.
type trial struct {
	outlet   *Outlet
	hurry    context.Context
	pause    *backoff.ExponentialBackOff
	attempts int
}

// begin begins to try. When hurry is done, an attempt that fails is the last one.
func (o *Outlet) begin(hurry context.Context) *trial {
	pause := backoff.NewExponentialBackOff()
	pause.InitialInterval, pause.MaxInterval = o.policy.Retry.First, o.policy.Retry.Longest
	pause.Multiplier = 2 // ten attempts then take most of a minute, and not ten seconds
	return &trial{outlet: o, hurry: hurry, pause: pause}
}

// anew counts from the beginning: there is less to be done than before.
func (t *trial) anew() {
	t.attempts = 0
	t.pause.Reset()
}

// again reports whether to try again after an error, once it is time to.
func (t *trial) again(err error) bool {
	after, passes := Retryable(err)
	if !passes || t.attempts >= t.outlet.policy.Retry.Attempts || t.hurry.Err() != nil {
		return false
	}
	t.outlet.report(err, t.attempts)
	return wait(t.hurry, max(after, t.pause.NextBackOff()))
}

// end ends the trial, with which nobody has trouble any more.
func (t *trial) end() { t.outlet.trouble.Store(nil) }
