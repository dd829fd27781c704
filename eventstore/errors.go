package eventstore

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/event"
)

// ErrClosed is the error of a store, or of an import, after Close.
var ErrClosed = errors.New("the event store is closed")

// ConflictError is an append that expected another version than the aggregate
// has. Nothing was stored: load the aggregate again and decide again.
type ConflictError struct {
	Aggregate event.Aggregate
	Expected  event.Expected
	Actual    event.Version
}

func (e *ConflictError) Error() string {
	return fmt.Sprintf("%s is at version %d, not at the expected version %s", e.Aggregate, e.Actual, e.Expected)
}

// DuplicateIDError is an append with an event id that is taken: by another
// event of the log, by one of several events (so that the append is neither
// new nor a repetition), or twice within the append or the import (Position is
// 0 then). Nothing was stored of the append, or of the import's event.
type DuplicateIDError struct {
	ID       uuid.UUID
	Position event.Position
	// Differs is the first field in which the two events of the id differ, as
	// event.Differs names it; empty if that is not what is wrong.
	Differs string
}

func (e *DuplicateIDError) Error() string {
	text := fmt.Sprintf("event id %s is taken by the event at position %d", e.ID, e.Position)
	if e.Position == 0 {
		text = fmt.Sprintf("event id %s appears twice in what is appended", e.ID)
	}
	if e.Differs != "" {
		text += ", which has another " + e.Differs
	}
	return text
}

// ForeignEventError is an append of an event that is about another aggregate.
type ForeignEventError struct {
	Aggregate      event.Aggregate
	Event          uuid.UUID
	EventAggregate event.Aggregate
}

func (e *ForeignEventError) Error() string {
	return fmt.Sprintf("event %s is about %s and cannot be appended to %s", e.Event, e.EventAggregate, e.Aggregate)
}

// TooLargeError is an append over a limit of the store. Nothing was stored.
type TooLargeError struct {
	What  string // "event" or "append"
	Unit  string // "bytes" or "events"
	Size  int
	Limit int
}

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("%s of %d %s is over the store's limit of %d", e.What, e.Size, e.Unit, e.Limit)
}

// UnknownOutcomeError is an append whose answer was lost: its events are
// stored, or not. Repeating it with the same event ids is safe.
type UnknownOutcomeError struct {
	Aggregate event.Aggregate
	Err       error
}

func (e *UnknownOutcomeError) Error() string {
	return fmt.Sprintf("append to %s has an unknown outcome (repeating it with the same event ids is safe): %v", e.Aggregate, e.Err)
}

func (e *UnknownOutcomeError) Unwrap() error { return e.Err }

// Retryable says that the append can be repeated.
func (e *UnknownOutcomeError) Retryable() (after time.Duration, ok bool) { return 0, true }

// FlushError is a log that could not be brought to disk, as when that is full. What
// was appended since the last flush may be lost by a power failure, and the store
// takes no more: a second try could not be believed. Restarting reads what there is.
type FlushError struct{ Reason string }

func (e *FlushError) Error() string {
	return fmt.Sprintf("the log cannot be brought to disk, so that appends are no longer accepted (see to the disk, then restart): %s", e.Reason)
}

// LeaderlessError is a replicated log that has no leader, as when most of its servers are
// away: it takes no appends, and what it says of its end may be old. It takes them again by
// itself.
type LeaderlessError struct {
	Stream   string
	Replicas int
	Away     []string // servers that are not heard of
}

func (e *LeaderlessError) Error() string {
	text := fmt.Sprintf("stream %s has no leader", e.Stream)
	if len(e.Away) > 0 {
		text += fmt.Sprintf(": of its %d servers these do not answer, or are behind: %s", e.Replicas, strings.Join(e.Away, ", "))
	}
	return text
}

// GapError is a log that does not go on where it should: positions are
// missing, are repeated, or the log has become shorter than what was read.
type GapError struct {
	Expected event.Position // where the log should go on
	Actual   event.Position // where it does
}

func (e *GapError) Error() string {
	if e.Actual < e.Expected {
		return fmt.Sprintf("the log goes on at position %d again, after position %d was read: events were lost or repeated", e.Actual, e.Expected-1)
	}
	return fmt.Sprintf("the log has a hole: position %d follows position %d", e.Actual, e.Expected-1)
}

// ChangedError is a log that holds another event at a position than the one
// that was read there before: positions were used again, or an event has been
// changed.
type ChangedError struct {
	Position event.Position
	Reason   string // what differs
}

func (e *ChangedError) Error() string {
	return fmt.Sprintf("the log has changed: at position %d %s", e.Position, e.Reason)
}

// VersionGapError is an aggregate whose versions are not gapless in the log.
type VersionGapError struct {
	Aggregate event.Aggregate
	Position  event.Position // of the event with the wrong version
	Expected  event.Version
	Actual    event.Version
}

func (e *VersionGapError) Error() string {
	return fmt.Sprintf("%s has version %d at position %d, where version %d should be", e.Aggregate, e.Actual, e.Position, e.Expected)
}

// UnreadableError is a message in the log that is no event. Reading can go on
// after Position, at the caller's decision.
type UnreadableError struct {
	Position event.Position
	Subject  string
	Reason   string
}

func (e *UnreadableError) Error() string {
	return fmt.Sprintf("the message at position %d (subject %s) is no event: %s", e.Position, e.Subject, e.Reason)
}
