package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/spf13/cobra"

	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/config"
)

func (a *app) statusCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Show where each pipeline is",
		Args:  args(cobra.NoArgs),
		RunE:  func(cmd *cobra.Command, _ []string) error { return a.status(cmd.Context()) },
	}
}

func (a *app) status(ctx context.Context) (err error) {
	s, err := a.openExisting(ctx, opening{}, a.logger(slog.LevelWarn))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	list, err := statusOf(ctx, s)
	if err != nil {
		return err
	}
	return a.printStatus(list)
}

func statusOf(ctx context.Context, s *session) ([]engine.Status, error) {
	if s.control != nil {
		return s.control.Status(ctx)
	}
	head, err := s.store.Head(ctx)
	if err != nil {
		return nil, err
	}
	specs, err := s.dir.Pipelines()
	if err != nil {
		return nil, err
	}
	list := []engine.Status{}
	for _, spec := range specs {
		err := withKept(ctx, s, spec, func(kept *engine.Kept) error {
			list = append(list, kept.Status(head))
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return list, nil
}

// withKept opens what a pipeline that no engine runs remembers, without its
// projection, and closes it again.
func withKept(ctx context.Context, s *session, spec config.Pipeline, do func(*engine.Kept) error) error {
	kept, err := engine.OpenKept(ctx, s.dir.PipelinesPath(), spec, nil)
	if err != nil {
		return err
	}
	return errors.Join(do(kept), kept.Close(ctx))
}

func (a *app) printStatus(list []engine.Status) error {
	if a.json {
		return a.printJSON(list)
	}
	rows := [][]any{{"PIPELINE", "STATE", "GENERATION", "POSITION", "HEAD", "LAG", "DELIVERED", "FILTERED"}}
	for _, s := range list {
		rows = append(rows, []any{s.Pipeline, s.State, s.Generation, s.Position, s.Head, s.Lag, s.Delivered, s.Filtered})
	}
	if err := a.table(rows); err != nil {
		return err
	}
	var notes []string
	for _, s := range list {
		if s.Error != "" {
			notes = append(notes, s.Pipeline+": "+s.Error)
		}
		if s.Dropped > 0 {
			notes = append(notes, fmt.Sprintf("%s: filters have dropped %d effects", s.Pipeline, s.Dropped))
		}
		if !s.Covered() {
			notes = append(notes, s.Pipeline+": delivered and filtered do not add up to the position")
		}
	}
	if len(notes) == 0 {
		return nil
	}
	_, err := a.out.Write([]byte(strings.Join(notes, "\n") + "\n"))
	return err
}
