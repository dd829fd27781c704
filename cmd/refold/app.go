package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/refold-dev/refold/engine/control"
)

// app is what all commands share: streams and the flags that each has.
type app struct {
	in   io.Reader
	out  io.Writer
	err  io.Writer
	data string // --data
	server
	remote *control.Client // that server; nil where a data directory says which engine
	json   bool            // --json
	verb   bool            // --verbose
}

// usageError is a command line that makes no sense: exit code 2.
type usageError struct{ err error }

func (e *usageError) Error() string { return e.err.Error() }
func (e *usageError) Unwrap() error { return e.err }

// execute runs a command line and returns its exit code.
func (a *app) execute(ctx context.Context, args []string) int {
	root := a.root()
	root.SetArgs(args)
	root.SetIn(a.in)
	root.SetOut(a.out)
	root.SetErr(a.err)
	cmd, err := root.ExecuteContextC(ctx)
	if err == nil {
		return 0
	}
	var usage *usageError
	if !errors.As(err, &usage) {
		a.printError(err)
		return 1
	}
	a.json = a.json || slices.Contains(args, "--json") // which may not have been read
	a.printError(&hinted{err, fmt.Sprintf("see %s --help", cmd.CommandPath())})
	return 2
}

func (a *app) root() *cobra.Command {
	root := a.group("refold", "A projection engine for event-sourced systems",
		a.runCommand(), a.validateCommand(), a.configCommand(), a.statusCommand(), a.stateCommand(), a.pauseCommand(), a.resumeCommand(), a.replayCommand(), a.resetCommand(), a.reloadCommand(), a.proveCommand(), a.dlqCommand(),
		a.pluginCommand(), a.sdkCommand(), a.devCommand(), a.eventCommand(), a.archiveCommand(), a.resourceCommand(), a.doctorCommand(), a.benchCommand(), a.manCommand(), a.versionCommand())
	root.SilenceErrors, root.SilenceUsage = true, true
	a.completePipelines(root)
	root.InitDefaultCompletionCmd()
	root.InitDefaultHelpCmd()
	strictly(root)
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error { return a.chooseEngine(cmd) }
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return &usageError{err} })
	flags := root.PersistentFlags()
	flags.StringVar(&a.data, "data", "./refold-data", "data `directory`: the embedded log and the pipelines' states ($"+dataEnv+")")
	for _, f := range serverFlags {
		flags.StringVar(f.of(&a.server), f.name, "", f.about+" ($"+f.env+")")
	}
	flags.BoolVar(&a.json, "json", false, "print JSON for machines")
	flags.BoolVarP(&a.verb, "verbose", "v", false, "log more")
	return root
}

// group returns a command that only holds others.
func (a *app) group(name, short string, commands ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{
		Use:   name,
		Short: short,
		Args:  cobra.ArbitraryArgs,
		RunE:  helpOrUnknown,
	}
	c.SuggestionsMinimumDistance = 2
	c.AddCommand(commands...)
	return c
}

// helpOrUnknown is what a command does that only holds others.
func helpOrUnknown(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return cmd.Help()
	}
	text := fmt.Sprintf("unknown command %q for %q", args[0], cmd.CommandPath())
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		text += fmt.Sprintf(`, did you mean "%s"?`, strings.Join(near, `" or "`))
	}
	return &usageError{errors.New(text)}
}

// strictly has the commands that cobra makes, too, take arguments that lead nowhere for
// wrong usage.
func strictly(root *cobra.Command) {
	for _, c := range root.Commands() {
		switch c.Name() {
		case "completion":
			c.Args, c.RunE = cobra.ArbitraryArgs, helpOrUnknown
			for _, shell := range c.Commands() {
				shell.Args = args(cobra.NoArgs)
			}
		case "help":
			c.Args = func(_ *cobra.Command, names []string) error {
				if _, rest, err := root.Find(names); err != nil || len(rest) > 0 {
					return &usageError{fmt.Errorf("there is no command %q", strings.Join(names, " "))}
				}
				return nil
			}
		}
	}
}

// args makes a wrong number of arguments a usage error.
func args(check cobra.PositionalArgs) cobra.PositionalArgs {
	return func(cmd *cobra.Command, args []string) error {
		if check(cmd, args) != nil {
			verb := "are"
			if len(args) == 1 {
				verb = "is"
			}
			return &usageError{fmt.Errorf("%s %s given; the command is: %s", counted(len(args), "argument"), verb, cmd.UseLine())}
		}
		return nil
	}
}

// logger writes to standard error: warnings, or with --verbose everything.
func (a *app) logger(level slog.Level) *slog.Logger {
	if a.verb {
		level = slog.LevelDebug
	}
	options := &slog.HandlerOptions{Level: level}
	if a.json {
		return slog.New(slog.NewJSONHandler(a.err, options))
	}
	return slog.New(slog.NewTextHandler(a.err, options))
}
