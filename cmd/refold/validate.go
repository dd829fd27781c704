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
	return &cobra.Command{
		Use:   "validate FILE|DIR",
		Short: "Check a configuration, the modules it names included",
		Args:  args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.validate(cmd.Context(), args[0])
		},
	}
}

func (a *app) validate(ctx context.Context, file string) (err error) {
	c, err := config.Load(file)
	if err != nil {
		return err
	}
	parts, err := newParts(ctx, datadir.At(a.data), a.logger(slog.LevelWarn))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, parts.close(context.WithoutCancel(ctx))) }()
	if err := parts.check(ctx, c); err != nil {
		return err
	}
	if a.json {
		return a.printJSON(map[string]any{"valid": true, "pipelines": len(c.Pipelines)})
	}
	_, err = fmt.Fprintf(a.out, "%s is valid: %d pipelines\n", file, len(c.Pipelines))
	return err
}
