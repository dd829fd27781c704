package executor

import (
	"errors"
	"time"

	"github.com/refold-dev/refold/sdk/frame"
)

// RetryError is a failure that passes: the effects that are not done come again.
type RetryError struct {
	// After is how long to wait at least; 0 leaves it to the host.
	After time.Duration
	Err   error
}

func (e *RetryError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *RetryError) Unwrap() error { return e.Err }

// Retry says that err passes, after some time at least.
func Retry(after time.Duration, err error) error { return &RetryError{after, err} }

// PoisonError is an effect that can never be performed as it is.
type PoisonError struct {
	// Effect is its index in the batch, or -1 for the one that was yielded last.
	Effect int
	Err    error
}

func (e *PoisonError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *PoisonError) Unwrap() error { return e.Err }

// Poison condemns the effect that was yielded last.
func Poison(err error) error { return &PoisonError{-1, err} }

// PoisonAt condemns an effect by its index in the batch.
func PoisonAt(effect int, err error) error { return &PoisonError{effect, err} }

// Code says why the host did not do what it was asked for.
type Code int64

// The codes.
const (
	NotGranted  Code = 1 // YAML does not grant it
	BadRequest  Code = 2 // it can never be done
	Unavailable Code = 3 // the other side cannot be reached
	Timeout     Code = 4 // it took too long, and may have happened
	TooLarge    Code = 5 // request or answer
	Failed      Code = 6 // the other side refuses
)

// HostError is what the host answers in place of doing what it was asked for. An
// Execute that returns it, wrapped or not, retries what is Unavailable or a Timeout,
// fails for what is NotGranted, and condemns the effect for the others.
type HostError struct {
	Code Code
	Text string
}

func (e *HostError) Error() string { return e.Text }

// outcome is what an error says of the batch.
func (b *Batch) outcome(err error) *frame.Outcome {
	o := &frame.Outcome{Status: frame.Fatal, Performed: max(b.at, 0), Text: []byte(err.Error())}
	var retry *RetryError
	var poison *PoisonError
	var host *HostError
	switch {
	case errors.As(err, &poison):
		b.condemn(o, poison.Effect)
	case errors.As(err, &retry):
		o.Status, o.After = frame.Retry, milliseconds(retry.After)
	case !errors.As(err, &host):
	case host.Code == Unavailable || host.Code == Timeout:
		o.Status = frame.Retry
	case host.Code == BadRequest || host.Code == TooLarge || host.Code == Failed:
		b.condemn(o, -1)
	}
	return o
}

// condemn makes an outcome one that condemns an effect. Where that is not known, as
// none was yielded, it stays fatal.
func (b *Batch) condemn(o *frame.Outcome, effect int) {
	if effect < 0 {
		effect = b.at
	}
	if effect >= o.Performed && effect < b.Len() {
		o.Status, o.Poison = frame.Poison, effect
	}
}

// milliseconds rounds a duration up, to 32 bits.
func milliseconds(d time.Duration) uint32 {
	n := (max(d, 0) + time.Millisecond - 1) / time.Millisecond
	return uint32(min(n, 1<<32-1))
}
