package process_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"time"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/plugins/sqlite"
	"github.com/refold-dev/refold/sdk/process"
)

// serveSQLite serves the SQLite executor with the tables of the conformance suite.
func serveSQLite(args []string) {
	process.ServeExecutor(func(ctx context.Context, o process.Opening) (process.Executor, error) {
		var cfg sqlite.Config
		if err := json.Unmarshal(o.Config, &cfg); err != nil {
			return nil, err
		}
		e, err := sqlite.Open(ctx, cfg, o.Pipeline, o.Generation)
		if err != nil {
			return nil, err
		}
		return &dying{e, args}, nil
	})
}

// dying is an executor whose process ends before or after a commit, if it has been
// told to, once.
type dying struct {
	*sqlite.Executor
	args []string // when, and the file that remembers it
}

func (d *dying) Execute(ctx context.Context, b effect.Batch) error {
	if len(b.Effects) > 0 {
		d.end("before")
	}
	err := d.Executor.Execute(ctx, b)
	if len(b.Effects) > 0 {
		d.end("after")
	}
	return err
}

func (d *dying) end(when string) {
	if len(d.args) > 1 && d.args[0] == when && once(d.args[1]) {
		os.Exit(7)
	}
}

// fickle does what the name of an effect says.
type fickle struct{ opening process.Opening }

func serveFickle([]string) {
	process.ServeExecutor(func(_ context.Context, o process.Opening) (process.Executor, error) {
		if strings.Contains(string(o.Config), "refuse") {
			return nil, &effect.RetryError{After: 3 * time.Second, Err: errors.New("not yet")}
		}
		return &fickle{o}, nil
	})
}

func (f *fickle) Handles(k effect.Kind) bool       { return k == effect.Log || k == effect.Query }
func (f *fickle) Position() (event.Position, bool) { return 0, false }
func (f *fickle) Active() bool                     { return true }
func (f *fickle) Activate(context.Context) error   { return errors.New("refused on demand") }
func (f *fickle) Discard(context.Context) error    { return nil }
func (f *fickle) Close() error                     { return nil }

func (f *fickle) Execute(ctx context.Context, b effect.Batch) error {
	for _, e := range b.Effects {
		err := f.perform(ctx, e)
		if err != nil {
			return err
		}
	}
	return nil
}

func (f *fickle) perform(ctx context.Context, e effect.Effect) error {
	switch e.Name {
	case "wait":
		<-ctx.Done()
		return ctx.Err()
	case "hang":
		waitForEnd()
	case "crash":
		panic("fell over")
	case "retry":
		return &effect.RetryError{After: 90 * time.Second, Err: errors.New("busy")}
	case "poison":
		return &effect.PoisonError{Cause: e.Cause, Ordinal: e.Ordinal, Err: errors.New("it stinks")}
	case "partial":
		return &effect.PartialError{Cause: e.Cause, Ordinal: e.Ordinal, Err: &effect.RetryError{Err: errors.New("half done")}}
	case "fatal":
		return errors.New("no\nhope")
	}
	return nil
}

// Query says back all that an effect has.
func (f *fickle) Query(ctx context.Context, q effect.Effect) (json.RawMessage, error) {
	if err := f.perform(ctx, q); err != nil {
		return nil, err
	}
	return json.Marshal(struct {
		Opening process.Opening
		Effect  effect.Effect
	}{f.opening, q})
}
