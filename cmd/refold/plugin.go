package main

import (
	"context"
	"log/slog"
	"math"

	"github.com/spf13/cobra"

	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/engine/datadir"
	"github.com/refold-dev/refold/runtime/projection"
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
	return newParts(ctx, datadir.At(a.data), a.logger(quiet))
}

// triedFuel is what an event may cost that is tried out, about a second's work: a
// loop that does not end is to be found many times in one run.
const triedFuel = 1_000_000_000

// projection loads a module, of any language, keyed by a field or as its manifest
// says.
func (p *parts) projection(ctx context.Context, path, key string) (*projection.Projection, error) {
	m, err := p.module(ctx, config.Projection{WASM: path, FuelPerEvent: triedFuel})
	if err != nil {
		return nil, err
	}
	return projection.New(m, key), nil
}
