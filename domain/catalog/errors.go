package catalog

import (
	"fmt"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/event"
)

// NewerSchemaError is an event of a version that the catalog does not know yet:
// it takes a newer catalog to read it.
type NewerSchemaError struct {
	Type         string
	Known, Found uint32
	Position     event.Position // 0 if the event is not in a log
}

func (e *NewerSchemaError) Error() string {
	return fmt.Sprintf("event type %q%s has schema version %d, newer than the known %d", e.Type, place(e.Position), e.Found, e.Known)
}

// UnknownTypeError is an event of a type that a strict catalog does not have.
type UnknownTypeError struct {
	Type     string
	Position event.Position // 0 if the event is not in a log
}

func (e *UnknownTypeError) Error() string {
	return fmt.Sprintf("event type %q%s is not in the catalog", e.Type, place(e.Position))
}

// UnsupportedVersionError is an upcast to a version that it does not lead to.
type UnsupportedVersionError struct {
	Type     string
	From, To uint32 // the event's version, and the one asked for
	Found    uint32 // the version nearest to To that From leads to
}

func (e *UnsupportedVersionError) Error() string {
	if e.To < e.From {
		return fmt.Sprintf("event type %q is not taken back from schema version %d to %d", e.Type, e.From, e.To)
	}
	return fmt.Sprintf("event type %q is taken from schema version %d to %d at most, not to %d", e.Type, e.From, e.Found, e.To)
}

// UpcastError is a payload that an upcaster does not take, or whose result is
// not what the declared fields say.
type UpcastError struct {
	Type     string
	From, To uint32 // versions of the upcaster that stopped
	EventID  uuid.UUID
	Position event.Position // 0 if the event is not in a log
	// Err is a *MissingFieldError, an *InvalidFieldError, an *event.FieldError
	// where the payload is no JSON object, or what a Func returned.
	Err error
}

func (e *UpcastError) Error() string {
	return fmt.Sprintf("upcast %s event %s%s from schema version %d to %d: %v", e.Type, e.EventID, place(e.Position), e.From, e.To, e.Err)
}

func (e *UpcastError) Unwrap() error { return e.Err }

func place(p event.Position) string {
	if p == 0 {
		return ""
	}
	return fmt.Sprintf(" at position %d", p)
}

// MissingFieldError is a payload without a field that it should have.
type MissingFieldError struct{ Field string }

func (e *MissingFieldError) Error() string { return fmt.Sprintf("field %q is missing", e.Field) }

// InvalidFieldError is a payload with a field that is not as it should be.
type InvalidFieldError struct{ Field, Reason string }

func (e *InvalidFieldError) Error() string { return fmt.Sprintf("field %q %s", e.Field, e.Reason) }
