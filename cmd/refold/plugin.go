package main

import (
	"context"
	"log/slog"
	"math"

	"github.com/spf13/cobra"

	"github.com/refold-dev/refold/engine/datadir"
	"github.com/refold-dev/refold/runtime/plugintest"
)

func (a *app) pluginCommand() *cobra.Command {
	return a.group("plugin", "Write, build, test and check projections",
		a.pluginNewCommand(), a.pluginBuildCommand(), a.pluginTestCommand(), a.pluginCheckCommand(), a.pluginInspectCommand())
}

// quiet is the level of a log that has nothing in it but with --verbose: what
// plugins say while they are tried out is of interest to those who ask for it.
const quiet = slog.Level(math.MaxInt)

// openPlugins makes what loads modules, to be closed after use.
func (a *app) openPlugins(ctx context.Context) (*parts, error) {
	return newParts(ctx, datadir.At(a.data), slog.New(onceHandler{a.logger(quiet).Handler()}))
}

// onceHandler leaves out what a projection logs of events that are folded again.
type onceHandler struct{ slog.Handler }

func (h onceHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return !plugintest.Again(ctx) && h.Handler.Enabled(ctx, level)
}

func (h onceHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return onceHandler{h.Handler.WithAttrs(attrs)}
}

func (h onceHandler) WithGroup(name string) slog.Handler {
	return onceHandler{h.Handler.WithGroup(name)}
}
