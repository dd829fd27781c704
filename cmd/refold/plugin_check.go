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
	fuel                       int64
	laws                       []string
}

func (a *app) pluginCheckCommand() *cobra.Command {
	var o checkOptions
	c := &cobra.Command{
		Use:   "check [FILE.wasm|DIR]",
		Short: "Look for events that show that a projection is no pure fold",
		Long: `Look for events that show that a projection is no pure fold.

Logs of events are drawn, and folded in other batches, with other instances, key by
key and again. Where the outcome differs, or an event makes the projection fail, the
log is made as small as it gets and printed as a case for "refold plugin test",
which fails until the projection is mended.

Events are made up from the projection's manifest, or from a catalog, and taken from
a file of events that happened, as "refold event export" writes it. Without FILE, the
module is that of the project in DIR, or here.`,
		Example: `  refold plugin check
  refold plugin check orders.wasm --events events.jsonl --save orders_laws_test.yaml
  refold plugin check orders.wasm --catalog pipeline.yaml --law split,isolation --cases 1000`,
		Args: args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.cases < 1 {
				return &usageError{fmt.Errorf("--cases must be 1 or more, not %d", o.cases)}
			}
			if err := knownLaws(o.laws); err != nil {
				return err
			}
			if err := checkFuel(cmd, o.fuel); err != nil {
				return err
			}
			return a.checkPlugin(cmd.Context(), args, o)
		},
	}
	c.Flags().StringVar(&o.events, "events", "", "a JSON Lines `file` with events that happened, plain or gzip")
	c.Flags().StringVar(&o.catalog, "catalog", "", "a YAML `file` with a catalog of event types")
	c.Flags().StringVar(&o.key, "key", "", "the payload `field` that the pipeline keys the projection by, if not the manifest's")
	c.Flags().IntVar(&o.cases, "cases", 100, "how many logs each law is tried on")
	c.Flags().Uint64Var(&o.seed, "seed", 1, "what the logs are drawn from")
	fuelFlag(c, &o.fuel)
	c.Flags().StringSliceVar(&o.laws, "law", nil, "try only the law with this `name`; may be given several times")
	c.Flags().StringVar(&o.save, "save", "", "write the cases to a new `file`, too")
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

func (a *app) checkPlugin(ctx context.Context, args []string, o checkOptions) (err error) {
	module, err := moduleFile(args)
	if err != nil {
		return err
	}
	if _, err := os.Lstat(o.save); o.save != "" && err == nil { // nobody waits for that in vain
		return &hinted{fmt.Errorf("%s exists already", o.save), "name another file with --save, or remove it"}
	}
	happened, types, err := a.eventSources(ctx, o.events, o.catalog)
	if err != nil {
		return err
	}
	parts, err := a.openPlugins(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, parts.close(context.WithoutCancel(ctx))) }()
	report, t, err := runCheck(ctx, parts, module, happened, types, o)
	if err != nil {
		return err
	}
	cases, err := caseFileOf(module, t, o, report)
	if err != nil {
		return err
	}
	if o.save != "" && cases != "" {
		if err := replaceFile(o.save, []byte(cases)); err != nil {
			return err
		}
	}
	return a.printCheck(report, t, cases)
}

func runCheck(ctx context.Context, parts *parts, module string, happened []event.Event, types []config.EventType, o checkOptions) (*plugincheck.Report, tried, error) {
	t, err := parts.tried(ctx, module, o.key, o.fuel)
	var guest *runtime.GuestError
	if errors.As(err, &guest) && guest.Code != runtime.NotWasm {
		return plugincheck.Refused(guest), t, nil
	}
	if err != nil {
		return nil, t, withGuestHint(err)
	}
	v := plugincheck.NewVocabulary(t.Projection, happened, types)
	report, err := plugincheck.Check(ctx, t.Projection, v, plugincheck.Options{Cases: o.cases, Seed: o.seed, Laws: o.laws})
	return report, t, err
}

// caseFileOf is the text of a file of cases that show what is broken, for a folder
// to be saved in or else the working directory; empty if no law is broken by
// events.
func caseFileOf(module string, t tried, o checkOptions, report *plugincheck.Report) (string, error) {
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
	return string(plugintest.Write(plugintest.Suite{Module: module, Key: t.key, FuelPerEvent: o.fuel}, list)), nil
}
