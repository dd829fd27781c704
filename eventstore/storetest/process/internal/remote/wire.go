package remote

import (
	"context"
	"errors"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/eventstore"
)

// Expected is an event.Expected on its way.
type Expected struct {
	Any     bool
	Version event.Version
}

func wireExpectation(e event.Expected) Expected { return Expected{e.IsAny(), e.Version()} }

func (w Expected) expected() event.Expected {
	if w.Any {
		return event.Any()
	}
	return event.Exactly(w.Version)
}

// Error is an error on its way: its text, and what a caller may ask about
// it.
type Error struct {
	Text     string
	Closed   bool
	Canceled bool

	Conflict   *Conflict
	Unknown    *event.Aggregate
	Duplicate  *eventstore.DuplicateIDError
	Foreign    *eventstore.ForeignEventError
	TooLarge   *eventstore.TooLargeError
	Flush      *eventstore.FlushError
	Gap        *eventstore.GapError
	VersionGap *eventstore.VersionGapError
	Unreadable *eventstore.UnreadableError
	Field      *event.FieldError
}

type Conflict struct {
	Aggregate event.Aggregate
	Expected  Expected
	Actual    event.Version
}

func wire(err error) *Error {
	if err == nil {
		return nil
	}
	w := &Error{Text: err.Error(), Closed: errors.Is(err, eventstore.ErrClosed), Canceled: errors.Is(err, context.Canceled)}
	var conflict *eventstore.ConflictError
	if errors.As(err, &conflict) {
		w.Conflict = &Conflict{conflict.Aggregate, wireExpectation(conflict.Expected), conflict.Actual}
	}
	var unknown *eventstore.UnknownOutcomeError
	if errors.As(err, &unknown) {
		w.Unknown = &unknown.Aggregate
	}
	errors.As(err, &w.Duplicate)
	errors.As(err, &w.Foreign)
	errors.As(err, &w.TooLarge)
	errors.As(err, &w.Flush)
	errors.As(err, &w.Gap)
	errors.As(err, &w.VersionGap)
	errors.As(err, &w.Unreadable)
	errors.As(err, &w.Field)
	return w
}

// remoteError is an error as it arrived.
type remoteError struct {
	text  string
	kinds []error
}

func (e *remoteError) Error() string   { return e.text }
func (e *remoteError) Unwrap() []error { return e.kinds }

// error returns nil for nil.
func (w *Error) error() error {
	if w == nil {
		return nil
	}
	e := &remoteError{text: w.Text}
	if w.Closed {
		e.kinds = append(e.kinds, eventstore.ErrClosed)
	}
	if w.Canceled {
		e.kinds = append(e.kinds, context.Canceled)
	}
	if c := w.Conflict; c != nil {
		e.kinds = append(e.kinds, &eventstore.ConflictError{Aggregate: c.Aggregate, Expected: c.Expected.expected(), Actual: c.Actual})
	}
	if w.Unknown != nil {
		e.kinds = append(e.kinds, &eventstore.UnknownOutcomeError{Aggregate: *w.Unknown, Err: errors.New(w.Text)})
	}
	kind(e, w.Duplicate)
	kind(e, w.Foreign)
	kind(e, w.TooLarge)
	kind(e, w.Flush)
	kind(e, w.Gap)
	kind(e, w.VersionGap)
	kind(e, w.Unreadable)
	kind(e, w.Field)
	return e
}

func kind[T any, E interface {
	*T
	error
}](e *remoteError, err E) {
	if err != nil {
		e.kinds = append(e.kinds, err)
	}
}
