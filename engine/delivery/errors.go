package delivery

import (
	"errors"
	"fmt"
	"time"

	"github.com/refold-dev/refold/domain/event"
)

// Error is an executor that has not performed a batch, and why.
type Error struct {
	// Executor is its name within the pipeline.
	Executor string
	// Through is the batch's last position.
	Through event.Position
	// Attempts is how often it was tried.
	Attempts int
	// Hurried is true where the error passes, and another attempt would have been made if the
	// outlet had not been in a hurry.
	Hurried bool
	Err     error
}

func (e *Error) Error() string {
	tried := ""
	if e.Attempts > 1 {
		tried = fmt.Sprintf(", in %d attempts", e.Attempts)
	}
	return fmt.Sprintf("%s%s: %v", e.Executor, tried, e.Err)
}

func (e *Error) Unwrap() error { return e.Err }

// CoverageError is a batch that does not begin where the one before it ended:
// events would be left out, or come twice or in another order.
type CoverageError struct {
	// At is the position that the executor has come to, After and Through bound the
	// batch that it was to perform.
	At, After, Through event.Position
}

func (e *CoverageError) Error() string {
	return fmt.Sprintf("its effects are performed up to position %d, but the next batch is of the events behind %d, up to %d", e.At, e.After, e.Through)
}

// Poisoned is the effect that an error condemns for ever, if it condemns one.
func Poisoned(err error) (cause event.Position, ordinal uint32, ok bool) {
	var p interface {
		error
		Poison() (event.Position, uint32)
	}
	if !errors.As(err, &p) {
		return 0, 0, false
	}
	cause, ordinal = p.Poison()
	return cause, ordinal, true
}

// Retryable reports whether an error passes, and how long to wait at least.
func Retryable(err error) (after time.Duration, ok bool) {
	var r interface {
		error
		Retryable() (time.Duration, bool)
	}
	if !errors.As(err, &r) {
		return 0, false
	}
	return r.Retryable()
}

// partial is the first effect that has not been performed, if an error says so.
func partial(err error) (cause event.Position, ordinal uint32, ok bool) {
	var p interface {
		error
		Partial() (event.Position, uint32)
	}
	if !errors.As(err, &p) {
		return 0, 0, false
	}
	cause, ordinal = p.Partial()
	return cause, ordinal, true
}
