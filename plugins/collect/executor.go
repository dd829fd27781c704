package collect

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"sync"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
)

// Options bound what is kept between two calls of Take. The zero value is a
// sound choice.
type Options struct {
	// Limit is the number of effects; 0 means DefaultLimit.
	Limit int
	// Bytes is the size of their names, keys and bodies; 0 means DefaultBytes.
	Bytes int
}

// The bounds where Options leave them open.
const (
	DefaultLimit = 10_000
	DefaultBytes = 64 << 20
)

// Effect is one that has been collected.
type Effect struct {
	effect.Effect
	Pipeline   string
	Generation uint64
}

// ID is the effect's identity: the same whenever the pipeline's generation asks
// for it again.
func (e *Effect) ID() uuid.UUID {
	return effect.ID(e.Pipeline, e.Generation, e.Cause, e.Ordinal)
}

// FullError refuses a batch that does not fit beside what is collected. Nothing
// of it has been.
type FullError struct {
	Collected, Batch int    // in Unit
	Unit             string // "effects" or "bytes"
	Limit            int
}

func (e *FullError) Error() string {
	return fmt.Sprintf("collecting %d %s beside the %d that are there: at most %d are kept; take them, or raise the limit",
		e.Batch, e.Unit, e.Collected, e.Limit)
}

// Executor collects effects. Its methods are safe for concurrent use, so that
// effects can be taken while an engine runs.
type Executor struct {
	opts Options

	mu      sync.Mutex
	effects []Effect
	bytes   int
}

// New returns an executor without effects.
func New(o Options) *Executor {
	if o.Limit <= 0 {
		o.Limit = DefaultLimit
	}
	if o.Bytes <= 0 {
		o.Bytes = DefaultBytes
	}
	return &Executor{opts: o}
}

// Effects lists what is collected and not taken, in order. The slice is the
// caller's; what the effects point to is not to be written to.
func (e *Executor) Effects() []Effect {
	e.mu.Lock()
	defer e.mu.Unlock()
	return slices.Clone(e.effects)
}

// Take returns what is collected, and leaves the executor empty.
func (e *Executor) Take() []Effect {
	e.mu.Lock()
	defer e.mu.Unlock()
	taken := e.effects
	e.effects, e.bytes = nil, 0
	return taken
}

// Clear forgets what is collected.
func (e *Executor) Clear() { e.Take() }

// Handles returns true: every kind can be collected.
func (e *Executor) Handles(effect.Kind) bool { return true }

// Position returns ok = false: the executor is not transactional.
func (e *Executor) Position() (p event.Position, ok bool) { return 0, false }

// Active returns true: the executor has no generations.
func (e *Executor) Active() bool { return true }

// Execute collects the batch's effects. The error is a *[FullError] or that of
// ctx.
func (e *Executor) Execute(ctx context.Context, b effect.Batch) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	size := sizeOf(b.Effects)
	if len(e.effects)+len(b.Effects) > e.opts.Limit {
		return &FullError{len(e.effects), len(b.Effects), "effects", e.opts.Limit}
	}
	if e.bytes+size > e.opts.Bytes {
		return &FullError{e.bytes, size, "bytes", e.opts.Bytes}
	}
	e.bytes += size
	for _, f := range b.Effects {
		f.Body = bytes.Clone(f.Body)
		e.effects = append(e.effects, Effect{f, b.Pipeline, b.Generation})
	}
	return nil
}

func sizeOf(effects []effect.Effect) (n int) {
	for i := range effects {
		n += len(effects[i].Name) + len(effects[i].Key) + len(effects[i].Body)
	}
	return n
}

// Activate does nothing: the executor has no generations.
func (e *Executor) Activate(context.Context) error { return nil }

// Discard does nothing: what is collected stays until it is taken.
func (e *Executor) Discard(context.Context) error { return nil }

// Close does nothing: what is collected can still be taken.
func (e *Executor) Close() error { return nil }
