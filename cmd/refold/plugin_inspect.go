package main

import (
	"cmp"
	"context"
	"errors"
	"slices"

	"github.com/spf13/cobra"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/runtime/plugincheck"
	"github.com/refold-dev/refold/runtime/projection"
	"github.com/refold-dev/refold/runtime/wasm"
	"github.com/refold-dev/refold/sdk/manifest"
)

// inspectOptions are the flags of plugin inspect.
type inspectOptions struct{ events, catalog, key string }

func (a *app) pluginInspectCommand() *cobra.Command {
	var o inspectOptions
	c := &cobra.Command{
		Use:   "inspect [FILE.wasm|DIR]",
		Short: "Show what a module is: manifest, imports, memory, digest, and what an event costs",
		Long: "Show what a module is: manifest, imports, memory, digest, and what an event costs.\n" +
			"Without FILE, the module is that of the project in DIR, or here.",
		Example: `  refold plugin inspect
  refold plugin inspect orders.wasm --events events.jsonl --json`,
		Args: args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			module, err := moduleFile(args)
			if err != nil {
				return err
			}
			return a.inspectPlugin(cmd.Context(), module, o)
		},
	}
	c.Flags().StringVar(&o.events, "events", "", "a JSON Lines `file` with events that happened, to fold; otherwise some are made up")
	c.Flags().StringVar(&o.catalog, "catalog", "", "a YAML `file` with a catalog of event types")
	c.Flags().StringVar(&o.key, "key", "", "the payload `field` that the pipeline keys the projection by, if not the manifest's")
	return c
}

// inspection is a module for machines.
type inspection struct {
	File    string `json:"file"`
	Size    int    `json:"size"`
	SHA256  string `json:"sha256"`
	Loads   bool   `json:"loads"`
	Refusal string `json:"refusal,omitempty"`
	// Manifest is a projection's, Executor an executor's.
	Manifest *manifest.Manifest `json:"manifest,omitempty"`
	Executor *manifest.Executor `json:"executor,omitempty"`
	Imports  []importLine       `json:"imports"`
	Exports  []exportLine       `json:"exports"`
	Memory   []boundsLine       `json:"memory"` // pages of 64 KiB
	Tables   []boundsLine       `json:"tables"`
	// Functions is how many there are, Names whether they have names.
	Functions int       `json:"functions"`
	Names     bool      `json:"names"`
	Fuel      *fuelLine `json:"fuel,omitempty"`
}

type importLine struct {
	Name    string `json:"name"`
	Type    string `json:"type"`
	Allowed bool   `json:"allowed"`
}

type exportLine struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

type boundsLine struct {
	Initial uint32 `json:"initial"`
	Maximum uint32 `json:"maximum,omitempty"`
}

// fuelLine is what the events of a sample cost, in units of about an instruction.
type fuelLine struct {
	Events int   `json:"events"`
	P50    int64 `json:"p50"`
	Max    int64 `json:"max"`
}

func (a *app) inspectPlugin(ctx context.Context, file string, o inspectOptions) (err error) {
	spec := config.Projection{}
	if beside := pipelineBeside(file); beside != nil {
		spec = *beside
	}
	facts, err := wasm.Examine(file, limitsOf(spec))
	if err != nil {
		return withGuestHint(err)
	}
	o.key = cmp.Or(o.key, spec.Key)
	out := inspectionOf(file, facts)
	switch {
	case facts.Refusal != nil:
	case facts.Executor:
		if err := a.askExecutor(ctx, file, &out); err != nil {
			return err
		}
	default:
		if err := a.tryOut(ctx, file, limitsOf(spec), o, &out); err != nil {
			return err
		}
	}
	if a.json {
		return a.printJSON(out)
	}
	return a.printInspection(&out)
}

func inspectionOf(file string, f *wasm.Facts) inspection {
	out := inspection{File: file, Size: f.Size, SHA256: f.Digest, Loads: f.Refusal == nil, Functions: f.Functions, Names: f.Names,
		Imports: []importLine{}, Exports: []exportLine{}, Memory: boundsLines(f.Memory), Tables: boundsLines(f.Tables)}
	if f.Refusal != nil {
		out.Refusal = f.Refusal.Error()
	}
	for _, i := range f.Imports {
		out.Imports = append(out.Imports, importLine(i))
	}
	for _, e := range f.Exports {
		out.Exports = append(out.Exports, exportLine(e))
	}
	return out
}

func boundsLines(list []wasm.Bounds) []boundsLine {
	out := []boundsLine{}
	for _, b := range list {
		out = append(out, boundsLine{b.Min, b.Max})
	}
	return out
}

// askExecutor loads an executor and asks for its manifest. It performs nothing.
func (a *app) askExecutor(ctx context.Context, file string, out *inspection) (err error) {
	parts, err := a.openPlugins(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, parts.close(context.WithoutCancel(ctx))) }()
	m, err := parts.host.LoadExecutor(ctx, file, wasm.Limits{})
	if err != nil {
		out.Loads, out.Refusal = false, err.Error()
		return nil
	}
	described := m.Manifest()
	out.Executor = &described
	return m.Close(ctx)
}

// fuelSample is how many events are folded for what one costs.
const fuelSample = 1000

// tryOut loads the module and folds a sample.
func (a *app) tryOut(ctx context.Context, file string, limits wasm.Limits, o inspectOptions, out *inspection) (err error) {
	happened, types, err := a.eventSources(ctx, o.events, o.catalog)
	if err != nil {
		return err
	}
	parts, err := a.openPlugins(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, parts.close(context.WithoutCancel(ctx))) }()
	m, err := parts.host.LoadMeasured(ctx, file, limits)
	if err != nil {
		out.Loads, out.Refusal = false, err.Error()
		return nil
	}
	defer func() { err = errors.Join(err, m.Close(context.WithoutCancel(ctx))) }()
	described := m.Manifest()
	out.Manifest = &described
	p := projection.New(m, o.key)
	log := plugincheck.NewVocabulary(p, happened, types).Sample(fuelSample)
	if len(happened) > 0 {
		log = logOf(happened[:min(fuelSample, len(happened))])
	}
	spent, err := p.Fuel(ctx, log)
	if err != nil || len(spent) == 0 {
		return err
	}
	slices.Sort(spent)
	out.Fuel = &fuelLine{len(spent), spent[len(spent)/2], spent[len(spent)-1]}
	return nil
}

// logOf is a log of events that happened.
func logOf(happened []event.Event) (log projection.Log) {
	versions := map[event.Aggregate]event.Version{}
	for i, e := range happened {
		versions[e.Aggregate]++
		log.Events = append(log.Events, event.Recorded{Event: e, Position: event.Position(i + 1), Version: versions[e.Aggregate]})
	}
	return log
}
