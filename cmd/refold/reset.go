package main

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/engine/datadir"
	"github.com/refold-dev/refold/engine/job"
)

func (a *app) resetCommand() *cobra.Command {
	var yes bool
	c := &cobra.Command{
		Use:   "reset PIPELINE",
		Short: "Throw a pipeline's read model away and build it from the log",
		Long: `Throw a pipeline's read model away, at once, and build it from the beginning of
the log. Until that is done readers see an empty one; refold replay builds the new
one beside the old one instead, and throws nothing away should it fail.

A reset ends a pause and a fault. If it is interrupted, the next run builds the
read model. On a terminal it asks for the pipeline's name; elsewhere it wants
--yes.`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error { return a.reset(cmd.Context(), args[0], yes) },
	}
	c.Flags().BoolVar(&yes, "yes", false, "do not ask")
	return c
}

func (a *app) reset(ctx context.Context, pipeline string, yes bool) (err error) {
	if in, ok := a.in.(*os.File); !yes && !(ok && term.IsTerminal(int(in.Fd()))) {
		return &usageError{errors.New("reset throws the pipeline's read model away: say --yes")}
	}
	dir := datadir.At(a.data)
	if a.remote == nil {
		if err := dir.Check(); err != nil {
			return err
		}
	}
	spec, err := a.declared(dir, pipeline)
	if err != nil {
		return err
	}
	if !yes {
		fmt.Fprintf(a.err, "The read model of %s in %s will be thrown away, and be empty until it has been built again.\nType the pipeline's name to go on: ", pipeline, cmp.Or(a.server.url, a.data))
		if !confirmed(a.in, pipeline) {
			return errors.New("that is not its name: nothing has been done")
		}
	}
	s, err := a.openExisting(ctx, opening{archived: true}, a.logger(slog.LevelWarn))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	show, shown := a.showReplay("resetting " + pipeline)
	var last job.Job
	if s.control != nil {
		last, err = s.control.Reset(ctx, pipeline, show)
	} else {
		last, err = a.resetHere(ctx, s, spec, show)
	}
	shown()
	if err != nil {
		return err
	}
	return a.printReplayed(s, last)
}

// resetHere resets without a running engine.
func (a *app) resetHere(ctx context.Context, s *session, spec config.Pipeline, show func(job.Job)) (last job.Job, err error) {
	err = a.withEngine(ctx, s, spec, func(e *engine.Engine) error {
		err := progressing(func() error { return e.Reset(ctx, spec.Name) }, func() {
			if now := latestJob(e, spec.Name); now.State == job.Running {
				show(now)
			}
		})
		last = latestJob(e, spec.Name)
		return err
	})
	return last, err
}

// confirmed reports whether the next line is the word.
func confirmed(in io.Reader, word string) bool {
	line, _ := bufio.NewReader(in).ReadString('\n') // what an error leaves is not the word
	return strings.TrimSpace(line) == word
}
