package engine

import (
	"context"
	"iter"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine/delivery"
	"github.com/refold-dev/refold/sdk/manifest"
)

// Log is the event log that feeds the pipelines.
type Log interface {
	// Head is the last position; 0 for an empty log.
	Head(ctx context.Context) (event.Position, error)
	// Follow yields all events behind a position, in order and without a gap,
	// in batches that are the caller's to keep; at the log's end it waits for
	// more. It ends when ctx does, or after an error.
	Follow(ctx context.Context, after event.Position) iter.Seq2[[]event.Recorded, error]
}

// Accepter is a Log that knows why it takes no appends: nil where it does. It can be read
// all the same.
type Accepter interface {
	Accepts(ctx context.Context) error
}

// Plugin is an instance of a projection, or several that fold as one. It is used by
// one goroutine at a time.
type Plugin interface {
	Manifest() manifest.Manifest
	// Digest identifies the code, such as "sha256:…".
	Digest() string
	// Fold folds a batch frame and returns a result frame, valid until the next
	// call. An error may say which event of the batch is to blame: see
	// [EventIndexer]. After an error the instance is of no use.
	Fold(ctx context.Context, batch []byte) (result []byte, err error)
	// Query answers a read against resident state, as JSON.
	Query(ctx context.Context, query []byte) ([]byte, error)
	// Snapshot and Restore save and bring back the instance's state.
	Snapshot(ctx context.Context) ([]byte, error)
	Restore(ctx context.Context, snapshot []byte) error
	Close(ctx context.Context) error
}

// Askable is a Plugin whose answer to the empty query, if it has one, stands for its
// memory in state roots: the same state gives the same bytes, whatever way it was reached.
type Askable interface {
	// CanQuery reports whether it answers any queries.
	CanQuery() bool
}

// Answers is where the answers to Query effects are kept: the log, which then feeds
// them to the pipelines.
type Answers = delivery.Answers

// UnfitAnswerError is an answer that Answers never takes.
type UnfitAnswerError = delivery.UnfitAnswerError

// EventIndexer is an error that knows which event of a batch caused it.
type EventIndexer interface {
	// EventIndex is the event's index in the batch; ok is false if unknown.
	EventIndex() (index int, ok bool)
}
