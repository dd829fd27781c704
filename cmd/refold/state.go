package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"

	"github.com/spf13/cobra"

	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/engine/control"
	"github.com/refold-dev/refold/engine/datadir"
)

func (a *app) stateCommand() *cobra.Command {
	var key, at string
	var history bool
	c := &cobra.Command{
		Use:   "state PIPELINE",
		Short: "Print a pipeline's state: all of it, or one key's; as it is, or as it was",
		Long: `Print a pipeline's state: all of it, or one key's.

With --at it is the state as it was at a position of the log, or at a time: behind
the last event that had happened then. It is folded in the shadow, from the last
snapshot before, by the code that the generation was built with; nothing that the
pipeline serves is touched. Works with or without a running engine.

With --history it is each change of a key: the position, the event that made it,
and the state behind it. Where keys are aggregates, only their events are read.`,
		Example: `  refold state lines_by_dir --key docs
  refold state lines_by_dir --at 12000
  refold state lines_by_dir --at 2026-01-31T12:00:00Z --key docs
  refold state lines_by_dir --key docs --history`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			var only *string
			if cmd.Flags().Changed("key") {
				only = &key
			}
			switch {
			case history && (only == nil || cmd.Flags().Changed("at")):
				return &usageError{errors.New("--history is of one key: write --key KEY, and no --at")}
			case history:
				return a.stateHistory(cmd.Context(), args[0], key)
			case cmd.Flags().Changed("at"):
				return a.stateAt(cmd.Context(), args[0], at, only)
			}
			return a.state(cmd.Context(), args[0], only)
		},
	}
	c.Flags().StringVar(&key, "key", "", "the `key` of a keyed projection; the query for a resident one")
	c.Flags().BoolVar(&history, "history", false, "each change of the key, with the event that made it")
	c.Flags().StringVar(&at, "at", "", "as it was at a `position`, or at a time, as RFC 3339 has it")
	return c
}

func (a *app) state(ctx context.Context, pipeline string, key *string) error {
	logger := a.logger(slog.LevelWarn)
	if a.remote != nil {
		state, err := a.remote.State(ctx, pipeline, key)
		if err != nil {
			return err
		}
		return a.printState(state)
	}
	dir := datadir.At(a.data)
	if err := dir.Check(); err != nil {
		return err
	}
	if _, err := a.declared(dir, pipeline); err != nil {
		return err
	}
	state, err := a.readState(ctx, dir, pipeline, key, logger)
	if err != nil {
		return err
	}
	return a.printState(state)
}

// readState asks the engine that has the directory, or reads what it has left.
// Neither needs the log.
func (a *app) readState(ctx context.Context, dir datadir.Dir, pipeline string, key *string, logger *slog.Logger) (state json.RawMessage, err error) {
	release, endpoint, err := take(ctx, dir)
	if err != nil {
		return nil, err
	}
	if endpoint != nil {
		return control.NewClient(endpoint.ControlURL, endpoint.ControlToken).State(ctx, pipeline, key)
	}
	defer func() { err = errors.Join(err, release()) }()
	parts, err := newParts(ctx, dir, logger)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, parts.close(ctx)) }()
	spec, err := dir.Pipeline(pipeline)
	if err != nil {
		return nil, err
	}
	kept, err := engine.OpenKept(ctx, dir.PipelinesPath(), spec, parts.plugin)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, kept.Close(ctx)) }()
	return kept.State(ctx, key)
}

// declared is a pipeline as the data directory knows it. An engine elsewhere says itself
// what it does not know.
func (a *app) declared(dir datadir.Dir, name string) (config.Pipeline, error) {
	if a.remote != nil {
		return config.Pipeline{Name: name}, nil
	}
	spec, err := dir.Pipeline(name)
	if err != nil {
		return spec, a.withKnown(err, dir)
	}
	return spec, nil
}

// withKnown adds to an unknown pipeline's error the names that are known.
func (a *app) withKnown(err error, dir datadir.Dir) error {
	specs, listErr := dir.Pipelines()
	if listErr != nil || len(specs) == 0 {
		return &hinted{err, "run it first: refold run -c FILE"}
	}
	names := make([]string, len(specs))
	for i, p := range specs {
		names[i] = p.Name
	}
	return &hinted{err, fmt.Sprintf("pipelines in %s: %v", a.data, names)}
}

// printState prints JSON as it is, or for people a table, if the state is an
// object of scalars or of objects.
func (a *app) printState(state json.RawMessage) error {
	if a.json {
		var compact bytes.Buffer
		if err := json.Compact(&compact, state); err != nil {
			return fmt.Errorf("the projection's answer is not JSON: %w", err)
		}
		_, err := fmt.Fprintln(a.out, compact.String())
		return err
	}
	var rows map[string]json.RawMessage
	if json.Unmarshal(state, &rows) != nil || len(rows) == 0 {
		_, err := fmt.Fprintln(a.out, printable(string(state)))
		return err
	}
	return a.table(stateRows(rows))
}

func stateRows(rows map[string]json.RawMessage) [][]any {
	columns := map[string]bool{}
	cells := map[string]map[string]json.RawMessage{}
	for key, value := range rows {
		var fields map[string]json.RawMessage
		if json.Unmarshal(value, &fields) == nil {
			cells[key] = fields
			for name := range fields {
				columns[name] = true
			}
		}
	}
	names := slices.Sorted(maps.Keys(columns))
	heading := []any{"KEY"}
	for _, name := range names {
		heading = append(heading, name)
	}
	if len(cells) == 0 {
		heading = append(heading, "VALUE")
	}
	table := [][]any{heading}
	for _, key := range slices.Sorted(maps.Keys(rows)) {
		row := []any{key}
		if cells[key] == nil {
			row = append(row, string(rows[key]))
		}
		for _, name := range names {
			row = append(row, string(cells[key][name]))
		}
		table = append(table, row)
	}
	return table
}
