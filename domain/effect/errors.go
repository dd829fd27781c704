package effect

import (
	"fmt"
	"time"

	"github.com/refold-dev/refold/domain/event"
)

// An executor says with these errors what its caller can do about a batch that
// it has not performed. They may be wrapped, and in each other. An error that is
// none of them is fatal: neither time nor leaving out an effect helps.

// RetryError is a failure that passes: the same batch may succeed later.
type RetryError struct {
	// After is how long to wait at least, if whoever failed has said so.
	After time.Duration
	Err   error
}

func (e *RetryError) Error() string { return e.Err.Error() }
func (e *RetryError) Unwrap() error { return e.Err }

// Retryable tells a caller that knows only the method.
func (e *RetryError) Retryable() (after time.Duration, ok bool) { return e.After, true }

// PoisonError is an effect that can never be performed as it is; the batch's
// others can.
type PoisonError struct {
	Cause   event.Position
	Ordinal uint32
	Err     error
}

func (e *PoisonError) Error() string {
	return fmt.Sprintf("effect %d of the event at position %d: %v", e.Ordinal, e.Cause, e.Err)
}

func (e *PoisonError) Unwrap() error { return e.Err }

// Poison tells a caller that knows only the method.
func (e *PoisonError) Poison() (cause event.Position, ordinal uint32) { return e.Cause, e.Ordinal }

// PartialError is a batch that an executor without transactions has begun to
// perform: the effects before that of Cause and Ordinal are done and need not be
// repeated.
type PartialError struct {
	Cause   event.Position
	Ordinal uint32
	Err     error
}

func (e *PartialError) Error() string { return e.Err.Error() }
func (e *PartialError) Unwrap() error { return e.Err }

// Partial tells a caller that knows only the method.
func (e *PartialError) Partial() (cause event.Position, ordinal uint32) { return e.Cause, e.Ordinal }
