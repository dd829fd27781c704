package engine

import (
	"context"
	"encoding/json"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
)

// Executor performs the effects of one pipeline's generation. It is opened for
// that pipeline and generation, and used by one goroutine.
//
// A transactional executor commits a batch's effects and the batch's Through
// as the new position in one transaction, and refuses to once another executor
// has been opened for the same pipeline and generation (the epoch has moved).
type Executor interface {
	// Handles reports whether the executor performs effects of kind k.
	Handles(k effect.Kind) bool
	// Position is the position through which effects are committed, durable
	// across restarts; 0 for a new generation. An executor that is not
	// transactional returns ok = false.
	Position() (p event.Position, ok bool)
	// Active reports whether this generation is the one that readers see. An
	// executor opened for the first generation of a pipeline is active at once;
	// one without generations always is.
	Active() bool
	// Execute performs the batch's effects in order, all or nothing if
	// transactional. The batch may hold effects of kinds that the executor
	// does not handle: it passes over them. A batch without effects still
	// moves the position. Its errors say what can be done: see
	// effect.RetryError, effect.PoisonError and effect.PartialError, or rather
	// their methods Retryable, Poison and Partial.
	Execute(ctx context.Context, b effect.Batch) error
	// Activate makes this generation the one that readers see in the place of the one
	// before, in one step. A transactional executor of that one is fenced off. A
	// [Keeper] keeps it, so that it can be activated again; others drop it. It is
	// idempotent.
	Activate(ctx context.Context) error
	// Discard removes all traces of this generation, which is not active, and
	// closes the executor.
	Discard(ctx context.Context) error
	// Close releases the executor. Closing twice is fine.
	Close() error
}

// Querier is an executor that may answer Query effects. Of several that do the first
// one is asked, and gets no Query effects in Execute; the others do.
type Querier interface {
	// CanAnswer reports whether it answers them: by its configuration, or because an
	// executor that it stands before does.
	CanAnswer() bool
	// Query performs the read that a Query effect asks for, on what has been
	// committed of the executor's own generation, and returns its answer as JSON. It
	// changes nothing. Its errors are those of Execute.
	Query(ctx context.Context, q effect.Effect) (answer json.RawMessage, err error)
}

// Keeper is an executor that may keep generations which are not active. A generation
// that it knows can be opened whichever is active, and folded on unseen.
type Keeper interface {
	// Keeps reports whether an activation leaves the generation before as it is, by the
	// executor's configuration. One without generations loses none.
	Keeps() bool
	// Serving is the generation that readers see, as this executor has found it or
	// brought about; 0 where it does not know.
	Serving() uint64
	// Retain drops all that there is of generations of the pipeline but of the active
	// one, of this one and of those given.
	Retain(ctx context.Context, generations []uint64) error
}

// Joiner is a transactional executor that may rather perform several batches as one:
// a transaction costs it much, and an effect little.
type Joiner interface {
	// Joins reports whether it does: an executor that stands before another one says
	// what that one does.
	Joins() bool
}

// Dropper is an executor that, by its configuration, performs only some of the
// effects of the kinds that it handles, and counts the others.
type Dropper interface {
	// Dropped is that count, since the executor was opened. It is called from
	// any goroutine.
	Dropped() uint64
}
