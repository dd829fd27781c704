package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/refold-dev/refold/engine"
)

// stateHistory prints each change of a key's state.
func (a *app) stateHistory(ctx context.Context, pipeline, key string) (err error) {
	s, err := a.openExisting(ctx, opening{archived: true}, a.logger(slog.LevelWarn))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	if _, err := a.declared(s.dir, pipeline); err != nil {
		return err
	}
	if s.control != nil {
		return s.control.History(ctx, pipeline, key, a.printChange)
	}
	return a.withKept(ctx, s, pipeline, func(kept *engine.Kept, opts engine.Options) error {
		return kept.History(ctx, opts, key, a.printChange)
	})
}

// printChange prints a change of a key on one line.
func (a *app) printChange(c engine.KeyChange) error {
	if a.json {
		return a.printJSON(c)
	}
	state := string(c.State)
	switch {
	case c.Error != "":
		state = "could not be folded, and those behind it wait: " + c.Error
	case c.State == nil:
		state = "removed"
	}
	_, err := fmt.Fprintf(a.out, "%d  %s  %s  %s  %s\n", c.Position, c.Event.Time.Format(time.RFC3339Nano), c.Event.Type, c.Event.ID, printable(state))
	return err
}
