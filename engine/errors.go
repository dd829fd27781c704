package engine

import (
	"errors"
	"fmt"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine/internal/checkpoint"
)

// ErrUnknownPipeline is a name that no pipeline has.
var ErrUnknownPipeline = errors.New("there is no such pipeline")

// ErrNoKey is a key that a keyed projection has no state for.
var ErrNoKey = errors.New("the projection has no state for this key")

// ErrNoState is a pipeline that has not run yet, or whose file of states has been
// deleted.
var ErrNoState = errors.New("it has no state yet")

// ErrStopped is a request that the engine's stop has come before.
var ErrStopped = errors.New("the engine has stopped")

// DamagedStateError is a pipeline's file of states that does not hold what was
// written to it. Without the file the read model is built again.
type DamagedStateError = checkpoint.DamageError

// TruncatedError is a log that ends before what a pipeline has folded: it has
// lost events, or is another log.
type TruncatedError struct {
	Pipeline string
	// Position is the last one that the read model includes, Head the log's last.
	Position, Head event.Position
}

func (e *TruncatedError) Error() string {
	return fmt.Sprintf("pipeline %s: its read model includes the events up to position %d, but the log ends at %d: it has lost events or is another log; a replay builds the read model from the log as it is",
		e.Pipeline, e.Position, e.Head)
}

// TakenOverError is a read model that another engine maintains by now.
type TakenOverError struct {
	Pipeline string
	Err      error // the executor's
}

func (e *TakenOverError) Error() string {
	return fmt.Sprintf("pipeline %s: another engine maintains its read model by now: stop one of the two, or give each a schema, a file or a pipeline's name of its own; a reset builds the read model again here, and stops the other one's: %v",
		e.Pipeline, e.Err)
}

func (e *TakenOverError) Unwrap() error { return e.Err }

// FoldError is an event, or a batch, that a projection did not fold.
type FoldError struct {
	Pipeline string
	// Position of the event to blame, or of the batch's first event.
	Position event.Position
	// Exact says whether that event is known to be to blame.
	Exact bool
	Err   error
}

func (e *FoldError) Error() string {
	at := "in the batch from position"
	if e.Exact {
		at = "at position"
	}
	return fmt.Sprintf("pipeline %s: folding the event %s %d: %v", e.Pipeline, at, e.Position, e.Err)
}

func (e *FoldError) Unwrap() error { return e.Err }

// RejectedError is a projection's own verdict on an event.
type RejectedError struct{ Reason string }

func (e *RejectedError) Error() string { return "the projection rejects it: " + e.Reason }

// ResultError is a result that is no valid frame, or that lies: about groups that
// the batch does not have, or about effects of events that it was not given.
type ResultError struct {
	Plugin string
	Err    error
}

func (e *ResultError) Error() string {
	return fmt.Sprintf("plugin %s: its result is not to be believed: %v", e.Plugin, e.Err)
}

func (e *ResultError) Unwrap() error { return e.Err }

// UnhandledError is an effect that none of the pipeline's executors performs.
type UnhandledError struct {
	Kind effect.Kind
	Name string
}

func (e *UnhandledError) Error() string {
	return fmt.Sprintf("the projection asks for %s %q, but none of the pipeline's executors does that: add one under executors:, or null if nothing is to be done", e.Kind, e.Name)
}

// DeliveryError is an executor that did not perform a batch.
type DeliveryError struct {
	Pipeline string
	Through  event.Position
	Err      error
}

func (e *DeliveryError) Error() string {
	return fmt.Sprintf("pipeline %s: performing the effects of the events up to position %d: %v", e.Pipeline, e.Through, e.Err)
}

func (e *DeliveryError) Unwrap() error { return e.Err }
