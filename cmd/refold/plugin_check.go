package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/runtime"
	"github.com/refold-dev/refold/runtime/plugincheck"
	"github.com/refold-dev/refold/runtime/plugintest"
	"github.com/refold-dev/refold/runtime/projection"
)

// checkOptions are the flags of plugin check.
type checkOptions struct {
	events, catalog, key, save string
	cases                      int
	seed                       uint64
	laws                       []string
}

func (a *app) pluginCheckCommand() *cobra.Command {
	var o checkOptions
	c := &cobra.Command{
		Use:   "check FILE.wasm",
		Short: "Look for events that show that a projection is no pure fold",
		Long: `Look for events that show that a projection is no pure fold.

Logs of events are drawn, and folded in other batches, with other instances, key by
key and again. Where the outcome differs, or an event makes the projection fail, the
log is made as small as it gets and printed as a case for "refold plugin test",
which fails until the projection is mended.

Events are made up from the projection's manifest, or from a catalog, and taken from
a file of events that happened, as "refold event export" writes it.`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.cases < 1 {
				return &usageError{fmt.Errorf("--cases must be 1 or more, not %d", o.cases)}
			}
			if err := knownLaws(o.laws); err != nil {
				return err
			}
			return a.checkPlugin(cmd.Context(), args[0], o)
		},
	}
	c.Flags().StringVar(&o.events, "events", "", "a JSON Lines `file` with events that happened, plain or gzip")
	c.Flags().StringVar(&o.catalog, "catalog", "", "a YAML `file` with a catalog of event types")
	c.Flags().StringVar(&o.key, "key", "", "the payload `field` that the pipeline keys the projection by, if not the manifest's")
	c.Flags().IntVar(&o.cases, "cases", 100, "how many logs each law is tried on")
	c.Flags().Uint64Var(&o.seed, "seed", 1, "what the logs are drawn from")
	c.Flags().StringSliceVar(&o.laws, "law", nil, "try only the law with this `name`; may be given several times")
	c.Flags().StringVar(&o.save, "save", "", "write the cases to a `file`, too")
	return c
}

// knownLaws refuses names that no law has.
func knownLaws(names []string) error {
	var known []string
	for _, law := range projection.Laws() {
		known = append(known, law.Name)
	}
	for _, name := range names {
		if !slices.Contains(known, name) {
			return &usageError{fmt.Errorf("there is no law %q: %s", name, config.Closest(name, known))}
		}
	}
	return nil
}

func (a *app) checkPlugin(ctx context.Context, module string, o checkOptions) (err error) {
	happened, types, err := a.eventSources(ctx, o.events, o.catalog)
	if err != nil {
		return err
	}
	parts, err := a.openPlugins(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, parts.close(context.WithoutCancel(ctx))) }()
	report, err := runCheck(ctx, parts, module, happened, types, o)
	if err != nil {
		return err
	}
	cases, err := caseFileOf(module, o, report)
	if err != nil {
		return err
	}
	if o.save != "" && cases != "" {
		if err := os.WriteFile(o.save, []byte(cases), 0o644); err != nil {
			return fmt.Errorf("saving the cases: %w", err)
		}
	}
	return a.printCheck(report, cases)
}

func runCheck(ctx context.Context, parts *parts, module string, happened []event.Event, types []config.EventType, o checkOptions) (*plugincheck.Report, error) {
	p, err := parts.projection(ctx, module, o.key)
	var guest *runtime.GuestError
	if errors.As(err, &guest) {
		return plugincheck.Refused(guest), nil
	}
	if err != nil {
		return nil, err
	}
	v := plugincheck.NewVocabulary(p, happened, types)
	return plugincheck.Check(ctx, p, v, plugincheck.Options{Cases: o.cases, Seed: o.seed, Laws: o.laws})
}

// caseFileOf is the text of a file of cases that show what is broken, for a folder
// to be saved in or else the working directory; empty if no law is broken by
// events.
func caseFileOf(module string, o checkOptions, report *plugincheck.Report) (string, error) {
	list := report.Counterexamples()
	if len(list) == 0 {
		return "", nil
	}
	from, err := filepath.Abs(filepath.Dir(o.save))
	if err != nil {
		return "", err
	}
	if module, err = filepath.Abs(module); err != nil {
		return "", err
	}
	if short, err := filepath.Rel(from, module); err == nil {
		module = filepath.ToSlash(short)
	}
	return string(plugintest.Write(module, o.key, list)), nil
}
