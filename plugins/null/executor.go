// Package null is an executor that discards effects: it says that they are to
// have no consequence, where an effect that nobody performs would stop its
// pipeline.
//
// Invariants:
//
//  1. Every kind of effect is handled, and nothing of it is kept or read.
//
// It keeps no position and knows no generations. A filter before it lets a
// pipeline discard some effects only.
package null

import (
	"context"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
)

// Executor discards the effects of one pipeline's generation. Its zero value is
// ready.
type Executor struct{}

// Handles returns true.
func (Executor) Handles(effect.Kind) bool { return true }

// Position returns ok = false: the executor is not transactional.
func (Executor) Position() (p event.Position, ok bool) { return 0, false }

// Active returns true: there are no generations of nothing.
func (Executor) Active() bool { return true }

// Execute discards the batch. The error is that of ctx.
func (Executor) Execute(ctx context.Context, _ effect.Batch) error { return ctx.Err() }

// Activate does nothing.
func (Executor) Activate(context.Context) error { return nil }

// Discard does nothing.
func (Executor) Discard(context.Context) error { return nil }

// Close does nothing.
func (Executor) Close() error { return nil }
