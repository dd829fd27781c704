package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/spf13/cobra"

	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/engine/datadir"
)

func (a *app) validateCommand() *cobra.Command {
	var starts bool
	c := &cobra.Command{
		Use:   "validate FILE|DIR",
		Short: "Check a configuration, the plugins it names included",
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.validate(cmd.Context(), args[0], starts)
		},
	}
	c.Flags().BoolVar(&starts, "start", false, "also start the plugins that are processes, and check what projections say of themselves")
	return c
}

// validate tells all mistakes: of what it could read in spite of those in the YAML, it
// loads the plugins all the same.
func (a *app) validate(ctx context.Context, file string, starts bool) (err error) {
	c, err := config.Load(file)
	var mistakes config.Errors
	if err != nil && (c == nil || !errors.As(err, &mistakes)) {
		return err
	}
	parts, err := newParts(ctx, datadir.At(a.data), a.logger(slog.LevelWarn))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, parts.close(context.WithoutCancel(ctx))) }()
	parts.starts = starts
	found := parts.checkSound(ctx, c, mistakes)
	if len(mistakes) == 0 {
		found = append(found, checkFiles(c)...)
	}
	if mistakes = append(mistakes, found...); len(mistakes) > 0 {
		return mistakes.Sorted()
	}
	if a.json {
		return a.printJSON(map[string]any{"valid": true, "pipelines": len(c.Pipelines)})
	}
	_, err = fmt.Fprintf(a.out, "%s is valid: %s\n", file, counted(len(c.Pipelines), "pipeline"))
	return err
}
