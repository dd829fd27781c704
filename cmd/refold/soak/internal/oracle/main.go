// Command oracle is an executor that answers queries, with what they ask about.
package main

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/sdk/process"
)

func main() {
	process.ServeExecutor(func(context.Context, process.Opening) (process.Executor, error) { return oracle{}, nil })
}

type oracle struct{}

func (oracle) Handles(k effect.Kind) bool                  { return k == effect.Query }
func (oracle) Position() (p event.Position, ok bool)       { return 0, false }
func (oracle) Active() bool                                { return true }
func (oracle) Execute(context.Context, effect.Batch) error { return nil }
func (oracle) Activate(context.Context) error              { return nil }
func (oracle) Discard(context.Context) error               { return nil }
func (oracle) Close() error                                { return nil }

// Query answers as a database would: with rows.
func (oracle) Query(_ context.Context, q effect.Effect) (json.RawMessage, error) {
	if q.Name != "echo" {
		return nil, &effect.PoisonError{Cause: q.Cause, Ordinal: q.Ordinal, Err: fmt.Errorf("it knows no %q", q.Name)}
	}
	return fmt.Appendf(nil, "[%s]", q.Body), nil
}
