package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/engine/control"
)

func (a *app) dlqCommand() *cobra.Command {
	c := a.group("dlq", "Dead letters: what a pipeline could not fold or perform, and what waits behind it",
		a.dlqListCommand(), a.dlqShowCommand(), a.dlqRetryCommand(), a.dlqDropCommand())
	c.Long = `Dead letters: what a pipeline could not fold or perform, and what waits behind it.

An event that a projection cannot fold, or whose effects an executor can never
perform, is set aside by the pipeline's on_error: its key is parked, and the events
of the key behind it wait (quarantine), or it is left out (dead_letter). When what
is to blame has been mended, retry folds it again.`
	return c
}

// choiceFlags are --key and --letter.
func choiceFlags(c *cobra.Command, verb string) func() (engine.Choice, error) {
	key := c.Flags().String("key", "", verb+" this parked `key`")
	letter := c.Flags().String("letter", "", verb+" the dead letter of this `id`")
	return func() (choice engine.Choice, err error) {
		choice.Letter = *letter
		if c.Flags().Changed("key") {
			choice.Key = key
		}
		if choice.Key != nil && choice.Letter != "" {
			return choice, &usageError{errors.New("--key and --letter: say one of them")}
		}
		return choice, nil
	}
}

func (a *app) dlqListCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "list PIPELINE",
		Short: "List parked keys and dead letters",
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.withDeadLetters(cmd.Context(), args[0], func(d engine.DeadLetters) error {
				if a.json {
					return a.printJSON(d)
				}
				return a.printDeadLetters(d)
			})
		},
	}
}

func (a *app) dlqShowCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "show PIPELINE (--key KEY | --letter ID)",
		Short: "Show a parked key or a dead letter, with its event and its error",
		Args:  args(cobra.ExactArgs(1)),
	}
	choose := choiceFlags(c, "show")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		choice, err := choose()
		if err != nil {
			return err
		}
		if choice.Key == nil && choice.Letter == "" {
			return &usageError{errors.New("say which one: --key or --letter, as in `refold dlq list`")}
		}
		return a.withDeadLetters(cmd.Context(), args[0], func(d engine.DeadLetters) error {
			d, err := d.Only(choice)
			if err != nil {
				return err
			}
			return a.showDeadLetters(d)
		})
	}
	return c
}

func (a *app) dlqRetryCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "retry PIPELINE [--key KEY | --letter ID]",
		Short: "Fold or perform dead letters again, all of them or one",
		Long: `Fold what waits of parked keys, from the last good state of each, and what was left
out. What fails again stays; everything else is as if it had never failed.

An event that was left out of a keyed or resident projection is not folded behind
later ones: a replay folds it in its turn.`,
		Args: args(cobra.ExactArgs(1)),
	}
	choose := choiceFlags(c, "retry")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		choice, err := choose()
		if err != nil {
			return err
		}
		return a.aboutDeadLetters(cmd.Context(), args[0], choice, (*control.Client).Retry, (*engine.Engine).Retry)
	}
	return c
}

func (a *app) dlqDropCommand() *cobra.Command {
	c := &cobra.Command{
		Use:   "drop PIPELINE (--key KEY | --letter ID | --all)",
		Short: "Give dead letters up",
		Long: `Give dead letters up. Of a parked key, the event that failed is left out for good,
and those that wait behind it are folded. A replay meets what has been dropped
again.`,
		Args: args(cobra.ExactArgs(1)),
	}
	all := c.Flags().Bool("all", false, "drop all of them")
	choose := choiceFlags(c, "drop")
	c.RunE = func(cmd *cobra.Command, args []string) error {
		choice, err := choose()
		if err != nil {
			return err
		}
		if *all == (choice.Key != nil || choice.Letter != "") {
			return &usageError{errors.New("say which ones: --key, --letter or --all")}
		}
		return a.aboutDeadLetters(cmd.Context(), args[0], choice, (*control.Client).Drop, (*engine.Engine).Drop)
	}
	return c
}

// withDeadLetters reads a pipeline's dead letters.
func (a *app) withDeadLetters(ctx context.Context, pipeline string, do func(engine.DeadLetters) error) (err error) {
	s, err := a.openExisting(ctx, opening{}, a.logger(slog.LevelWarn))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	spec, err := a.declared(s.dir, pipeline)
	if err != nil {
		return err
	}
	var letters engine.DeadLetters
	if s.control != nil {
		letters, err = s.control.DeadLetters(ctx, pipeline)
	} else {
		err = withKept(ctx, s, spec, func(kept *engine.Kept) (err error) {
			letters, err = kept.DeadLetters()
			return err
		})
	}
	if err != nil {
		return err
	}
	return do(letters)
}

// aboutDeadLetters does something about dead letters, in the engine that has the
// directory or here, and says what is left.
func (a *app) aboutDeadLetters(ctx context.Context, pipeline string, choice engine.Choice,
	there func(*control.Client, context.Context, string, engine.Choice) (engine.DeadLetters, error),
	here func(*engine.Engine, context.Context, string, engine.Choice) error) (err error) {
	s, err := a.openExisting(ctx, opening{archived: true}, a.logger(slog.LevelWarn))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	spec, err := a.declared(s.dir, pipeline)
	if err != nil {
		return err
	}
	var left engine.DeadLetters
	if s.control != nil {
		left, err = there(s.control, ctx, pipeline, choice)
	} else {
		left, err = a.deadLettersHere(ctx, s, spec, choice, here)
	}
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(left)
	}
	if len(left.Parked)+len(left.Letters) == 0 {
		_, err = fmt.Fprintf(a.out, "%s: nothing is left aside\n", pipeline)
		return err
	}
	if _, err := fmt.Fprintf(a.out, "%s: these are left\n", pipeline); err != nil {
		return err
	}
	return a.printDeadLetters(left)
}

// deadLettersHere does it without a running engine.
func (a *app) deadLettersHere(ctx context.Context, s *session, spec config.Pipeline, choice engine.Choice,
	do func(*engine.Engine, context.Context, string, engine.Choice) error) (left engine.DeadLetters, err error) {
	err = a.withEngine(ctx, s, spec, func(e *engine.Engine) error {
		if err := e.Fault(spec.Name); err != nil { // which is why it would refuse
			return err
		}
		if err := do(e, ctx, spec.Name, choice); err != nil {
			return err
		}
		left, err = e.DeadLetters(spec.Name)
		return err
	})
	return left, err
}

func (a *app) printDeadLetters(d engine.DeadLetters) error {
	if len(d.Parked)+len(d.Letters) == 0 {
		_, err := fmt.Fprintf(a.out, "%s: nothing is set aside\n", d.Pipeline)
		return err
	}
	if len(d.Parked) > 0 {
		rows := [][]any{{"PARKED KEY", "POSITION", "WAITING", "ATTEMPTS", "SINCE", "ERROR"}}
		for _, p := range d.Parked {
			rows = append(rows, []any{fmt.Sprintf("%q", p.Key), p.Position, p.Waiting, p.Attempts, p.At.Format(time.RFC3339), firstLine(p.Error)})
		}
		if err := a.table(rows); err != nil {
			return err
		}
	}
	if len(d.Letters) == 0 {
		return nil
	}
	rows := [][]any{{"LETTER", "POSITION", "EXECUTOR", "ATTEMPTS", "SINCE", "ERROR"}}
	for _, l := range d.Letters {
		rows = append(rows, []any{l.ID, l.Position, l.Executor, l.Attempts, l.At.Format(time.RFC3339), firstLine(l.Error)})
	}
	return a.table(rows)
}

// firstLine is as much of a text as a table has room for.
func firstLine(text string) string {
	const most = 100
	line, _, more := strings.Cut(text, "\n")
	if r := []rune(line); len(r) > most {
		line, more = string(r[:most]), true
	}
	if more {
		line += " …"
	}
	return line
}

func (a *app) showDeadLetters(d engine.DeadLetters) error {
	if a.json {
		return a.printJSON(d)
	}
	for _, p := range d.Parked {
		if err := a.showFailure(fmt.Sprintf("key      %q\nwaiting  %d events, from the one that failed on", p.Key, p.Waiting), p.Failure, nil); err != nil {
			return err
		}
	}
	for _, l := range d.Letters {
		what := "letter   " + l.ID
		if l.Executor != "" {
			what += fmt.Sprintf("\neffect   %d of the event, by %s", l.Ordinal, l.Executor)
		}
		if err := a.showFailure(what, l.Failure, l.Effect); err != nil {
			return err
		}
	}
	return nil
}

func (a *app) showFailure(what string, f engine.Failure, effect []byte) error {
	_, err := fmt.Fprintf(a.out, "%s\nposition %d\nsince    %s, attempt %d\nmodule   %s\nerror    %s\n",
		what, f.Position, f.At.Format(time.RFC3339), f.Attempts, f.Module, strings.ReplaceAll(printable(f.Error), "\n", "\n         "))
	for _, text := range []struct {
		name string
		json []byte
	}{{"event    ", f.Event}, {"effect   ", effect}} {
		if err == nil && text.json != nil {
			_, err = fmt.Fprintf(a.out, "%s%s\n", text.name, printable(string(text.json)))
		}
	}
	return err
}
