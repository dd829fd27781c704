package main

import (
	"errors"
	"fmt"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/sdk/gen"
)

func (a *app) sdkCommand() *cobra.Command {
	return a.group("sdk", "Generate code for the kits", a.sdkGenCommand())
}

// generation is what sdk gen is asked for.
type generation struct {
	lang   string
	output string
	only   []string
	gen.Options
}

func (a *app) sdkGenCommand() *cobra.Command {
	var g generation
	c := &cobra.Command{
		Use:   "gen --lang LANGUAGE CATALOG.yaml",
		Short: "Write a catalog's event types as types of a language",
		Long: "Write the event types that a YAML file declares under `catalog:` as structs, classes or constants\n" +
			"of a language. The same catalog gives the same text.",
		Example: "  refold sdk gen --lang go -o events.go pipeline.yaml\n  refold sdk gen --lang c --events order_placed,order_paid pipeline.yaml",
		Args:    args(cobra.ExactArgs(1)),
		RunE:    func(_ *cobra.Command, args []string) error { return a.sdkGen(args[0], g) },
	}
	languageFlag(c, &g.lang, gen.Languages())
	c.Flags().StringVarP(&g.output, "output", "o", "", "the `file` to write; default: standard output")
	c.Flags().StringSliceVar(&g.only, "events", nil, "only these event `types`")
	c.Flags().BoolVar(&g.Partial, "partial", false, "leave out fields that the language has no form for, with a comment in their places")
	c.Flags().StringVar(&g.Package, "package", "main", "the `package` of Go code")
	return c
}

func (a *app) sdkGen(file string, g generation) error {
	lang, err := parseLanguage(g.lang, gen.Languages())
	if err != nil {
		return err
	}
	if !token.IsIdentifier(g.Package) {
		return &usageError{fmt.Errorf("%q cannot name a package of Go", g.Package)}
	}
	events, err := catalogEvents(file)
	if err != nil {
		return err
	}
	if events, err = onlyEvents(events, g.only); err != nil {
		return err
	}
	text, err := gen.Generate(lang, events, g.Options)
	if errors.Is(err, gen.ErrNoEvents) {
		return &config.Error{Pos: config.Pos{File: file, Line: 1, Column: 1}, Message: err.Error(), Hint: "add a `catalog:` list of event types with their fields: docs/EVENT_SOURCING.md"}
	}
	var unfit *gen.UnfitError
	if errors.As(err, &unfit) {
		return &config.Error{Pos: config.Pos{File: file, Line: 1, Column: 1}, Message: err.Error(), Hint: "rename the fields by an upcaster, or leave them out with --partial"}
	}
	if err != nil {
		return err
	}
	if g.output == "" {
		_, err := a.out.Write(text)
		return err
	}
	if old, err := os.ReadFile(g.output); err == nil && len(old) > 0 && !gen.IsGenerated(old) {
		return &hinted{fmt.Errorf("%s is no generated file", g.output), "write to another file, or remove this one"}
	}
	if err := replaceFile(g.output, text); err != nil {
		return err
	}
	if a.json {
		return a.printJSON(map[string]any{"language": lang, "file": g.output, "events": len(events)})
	}
	_, err = fmt.Fprintf(a.out, "%s: %d event types in %s\n", g.output, len(events), lang.Title())
	return err
}

// catalogEvents reads the current versions that a file's catalog declares, in
// its order. There may be pipelines beside it, or not.
func catalogEvents(file string) ([]gen.Event, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("reading the catalog: %w", err)
	}
	c, mistakes := config.Parse(file, text, os.LookupEnv)
	if len(mistakes) > 0 {
		return nil, mistakes
	}
	if _, err := c.EventCatalog(); err != nil {
		return nil, err
	}
	events := make([]gen.Event, len(c.Catalog))
	for i, t := range c.Catalog {
		events[i] = gen.Event{Type: t.Type, Version: uint32(max(t.Version, 1))}
		for _, f := range t.Fields {
			kind, optional := strings.CutPrefix(f.Type, "optional ")
			if kind == "forbidden" {
				continue
			}
			events[i].Fields = append(events[i].Fields, gen.Field{Name: f.Name, Kind: gen.Kind(kind), Optional: optional})
		}
	}
	return events, nil
}

// onlyEvents leaves those that are named, in the catalog's order.
func onlyEvents(events []gen.Event, only []string) ([]gen.Event, error) {
	if len(only) == 0 {
		return events, nil
	}
	known := make([]string, len(events))
	for i, e := range events {
		known[i] = e.Type
	}
	for _, name := range only {
		if !slices.Contains(known, name) {
			return nil, &usageError{fmt.Errorf("the catalog has no event type %q, %s", name, config.Closest(name, known))}
		}
	}
	return slices.DeleteFunc(events, func(e gen.Event) bool { return !slices.Contains(only, e.Type) }), nil
}

// replaceFile writes a file in one step.
func replaceFile(path string, text []byte) (err error) {
	draft, err := os.CreateTemp(filepath.Dir(path), ".refold-*")
	if err != nil {
		return fmt.Errorf("writing %s: %w", path, err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("writing %s: %w", path, err), os.Remove(draft.Name()))
		}
	}()
	if _, err := draft.Write(text); err != nil {
		return errors.Join(err, draft.Close())
	}
	if err := errors.Join(draft.Chmod(0o644), draft.Close()); err != nil {
		return err
	}
	return os.Rename(draft.Name(), path)
}
