package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/runtime/projection"
	"github.com/refold-dev/refold/sdk/toolchain"
)

// moduleFile is the module that a command is about: the file that is named, or that
// of the project in the folder that is named, or in this one.
func moduleFile(args []string) (string, error) {
	path := "."
	if len(args) > 0 {
		path = args[0]
	}
	if info, err := os.Stat(path); err != nil || !info.IsDir() {
		return path, noModule(path, err)
	}
	module, _, err := toolchain.ModulePath(path)
	if err != nil {
		return "", &hinted{err, "name the module's file"}
	}
	_, err = os.Stat(module)
	return module, noModule(module, err)
}

// noModule says what to do about a module that is not there.
func noModule(path string, err error) error {
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	build := "refold plugin build"
	if dir := filepath.Dir(path); dir != "." {
		build += " " + dir
	}
	return &hinted{fmt.Errorf("there is no file %s", path), "build it first: " + build}
}

// triedFuel is what an event may cost that is tried out, about a second's work: a
// loop that does not end is to be found many times in one run.
const triedFuel = 1_000_000_000

// fuelFlag gives a command its --fuel.
func fuelFlag(c *cobra.Command, fuel *int64) {
	c.Flags().Int64Var(fuel, "fuel", 0, fmt.Sprintf("the `units` that an event may cost; default: what a pipeline beside the module says, or %d", triedFuel))
}

// checkFuel refuses a --fuel that is out of bounds.
func checkFuel(c *cobra.Command, fuel int64) error {
	if c.Flags().Changed("fuel") && (fuel < 1 || fuel > 1<<40) {
		return &usageError{fmt.Errorf("--fuel must be 1 to %d, not %d", int64(1)<<40, fuel)}
	}
	return nil
}

// tried is a projection as it is tried out: with the key and the limits of a
// pipeline that lies beside its module, where nothing else is said.
type tried struct {
	*projection.Projection
	key string // overrides the manifest's; may be empty
	// pipeline is the pipeline that has said so; nil if none has.
	pipeline *config.Projection
}

// from is where the pipeline stands whose key or limits count; empty if none does.
func (t tried) from() string {
	if p := t.pipeline; p == nil || p.Key == "" && p.FuelPerEvent == 0 && p.MemoryPages == 0 && p.StackSlots == 0 {
		return ""
	}
	at := t.pipeline.Where("wasm")
	at.File = relative(at.File)
	return at.String()
}

// tried loads a module, of any language. key and fuel may be empty.
func (p *parts) tried(ctx context.Context, module, key string, fuel int64) (tried, error) {
	t := tried{key: key, pipeline: pipelineBeside(module)}
	spec := config.Projection{WASM: module, FuelPerEvent: fuel}
	if t.pipeline != nil {
		spec.MemoryPages, spec.StackSlots = t.pipeline.MemoryPages, t.pipeline.StackSlots
		spec.FuelPerEvent = cmp.Or(fuel, t.pipeline.FuelPerEvent)
		t.key = cmp.Or(key, t.pipeline.Key)
	}
	spec.FuelPerEvent = cmp.Or(spec.FuelPerEvent, triedFuel)
	m, err := p.module(ctx, spec)
	if err != nil {
		return tried{}, err
	}
	t.Projection = projection.New(m, t.key)
	return t, nil
}

// pipelineBeside is what a pipeline says of a module that runs it from a YAML file
// in the same folder; nil if none does. A file that is wrong is nobody's pipeline:
// refold validate and refold dev tell what is wrong with it.
func pipelineBeside(module string) *config.Projection {
	entries, err := os.ReadDir(filepath.Dir(module))
	if err != nil {
		return nil
	}
	for _, entry := range entries {
		file := filepath.Join(filepath.Dir(module), entry.Name())
		if entry.IsDir() || strings.HasSuffix(file, config.CasesSuffix) || !slices.Contains([]string{".yaml", ".yml"}, filepath.Ext(file)) {
			continue
		}
		text, err := os.ReadFile(file)
		if err != nil {
			continue
		}
		c, mistakes := config.Parse(file, text, os.LookupEnv)
		if len(mistakes) > 0 {
			continue
		}
		for i := range c.Pipelines {
			if spec := &c.Pipelines[i].Projection; absolute(spec.WASM) == absolute(module) {
				return spec
			}
		}
	}
	return nil
}
