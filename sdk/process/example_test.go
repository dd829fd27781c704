package process_test

import (
	"context"
	"encoding/json"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
	refold "github.com/refold-dev/refold/sdk/go"
	"github.com/refold-dev/refold/sdk/process"
)

// Each of these is what stands in a plugin's main.

func ExampleServeProjection() {
	process.ServeProjection()
}

func ExampleServeResident() {
	seen := map[string]int{}
	refold.Register(refold.Resident{
		Name: "seen",
		Fold: func(e refold.Event, _ *refold.Effects) error {
			seen[e.Type()]++
			return nil
		},
		Query: func(string) ([]byte, error) { return json.Marshal(seen) },
	})

	save := func() ([]byte, error) { return json.Marshal(seen) }
	load := func(state []byte) error {
		clear(seen)
		return json.Unmarshal(state, &seen)
	}
	process.ServeResident(save, load)
}

func ExampleServeExecutor() {
	process.ServeExecutor(func(ctx context.Context, o process.Opening) (process.Executor, error) {
		return open(ctx, o.Pipeline, o.Generation, o.Config)
	})
}

// nothing performs nothing.
type nothing struct{}

func open(context.Context, string, uint64, json.RawMessage) (*nothing, error) { return &nothing{}, nil }

func (*nothing) Handles(effect.Kind) bool                    { return false }
func (*nothing) Position() (p event.Position, ok bool)       { return 0, false }
func (*nothing) Active() bool                                { return true }
func (*nothing) Execute(context.Context, effect.Batch) error { return nil }
func (*nothing) Activate(context.Context) error              { return nil }
func (*nothing) Discard(context.Context) error               { return nil }
func (*nothing) Close() error                                { return nil }
