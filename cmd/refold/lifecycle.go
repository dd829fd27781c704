package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/engine/control"
)

func (a *app) pauseCommand() *cobra.Command {
	var reason string
	c := &cobra.Command{
		Use:   "pause PIPELINE",
		Short: "Stop a pipeline until it is resumed, across restarts",
		Long: `Stop a pipeline behind its last checkpoint, until refold resume lets it go on.
A paused pipeline is not run, neither by the engine that runs now nor by a later
one. Its state can be read; its executors are closed, so that what they write to
can be moved or mended. A rebuild that is under way is called off.`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.order(cmd.Context(), args[0], order{
				there: func(c *control.Client) (engine.Status, error) { return c.Pause(cmd.Context(), args[0], reason) },
				here:  func(k *engine.Kept) (engine.Transition, error) { return k.Pause(reason, time.Now()) },
				says: func(s engine.Status, _ bool) string {
					return fmt.Sprintf("paused at position %d", s.Position)
				},
			})
		},
	}
	c.Flags().StringVar(&reason, "reason", "", "a `text` that refold status shows")
	return c
}

func (a *app) resumeCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "resume PIPELINE",
		Short: "Let a paused or faulted pipeline go on",
		Long: `Let a pipeline that is paused, or that an error has stopped, go on from its last
checkpoint, with its projection and its executors opened anew. Where no engine
runs, the next one does so.`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.order(cmd.Context(), args[0], order{
				there: func(c *control.Client) (engine.Status, error) { return c.Resume(cmd.Context(), args[0]) },
				here:  func(k *engine.Kept) (engine.Transition, error) { return k.Resume(time.Now()) },
				says: func(s engine.Status, runs bool) string {
					if runs {
						return goesOn(&s)
					}
					return goesOn(&s) + " when an engine runs"
				},
			})
		},
	}
}

// order is what an operator wants of a pipeline: of the engine that runs it, or
// of what it remembers where none does.
type order struct {
	there func(*control.Client) (engine.Status, error)
	here  func(*engine.Kept) (engine.Transition, error)
	// says is what has come of it, for people.
	says func(s engine.Status, runs bool) string
}

func (a *app) order(ctx context.Context, pipeline string, o order) (err error) {
	logger := a.logger(slog.LevelWarn)
	s, err := a.openExisting(ctx, opening{}, logger)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	spec, err := a.declared(s.dir, pipeline)
	if err != nil {
		return err
	}
	var status engine.Status
	if s.control != nil {
		status, err = o.there(s.control)
		err = withStatusHint(ctx, s.control, pipeline, err)
	} else {
		status, err = orderHere(ctx, s, spec, o, logger)
	}
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(status)
	}
	_, err = fmt.Fprintf(a.out, "%s: %s\n", pipeline, o.says(status, s.control != nil))
	return err
}

// withStatusHint adds to an engine's answer that a pipeline cannot be opened the hint that the
// pipeline's status has.
func withStatusHint(ctx context.Context, running *control.Client, pipeline string, err error) error {
	var answer *control.AnswerError
	if !errors.As(err, &answer) {
		return err
	}
	list, failed := running.Status(ctx)
	at := slices.IndexFunc(list, func(s engine.Status) bool { return s.Pipeline == pipeline })
	if failed != nil || at < 0 || list[at].Hint == "" || !strings.Contains(answer.Text, list[at].Error) {
		return err
	}
	return &hinted{err, mendAnd(&list[at], "")}
}

// orderHere does to a pipeline that no engine runs what an operator wants.
func orderHere(ctx context.Context, s *session, spec config.Pipeline, o order, logger *slog.Logger) (status engine.Status, err error) {
	head, err := s.store.Head(ctx)
	if err != nil {
		return status, err
	}
	return status, withKept(ctx, s, spec, func(kept *engine.Kept) error {
		step, err := o.here(kept)
		if err != nil {
			return err
		}
		s.journal(logger).Record(step)
		status = kept.Status(head)
		return nil
	})
}
