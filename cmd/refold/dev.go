package main

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
)

func (a *app) devCommand() *cobra.Command {
	var events string
	c := &cobra.Command{
		Use:   "dev [PIPELINE.yaml]",
		Short: "Build, test and fold sample events anew at every change, and show what changed",
		Long: "Watch the sources of the projections that PIPELINE.yaml names (pipeline.yaml, if none is given).\n" +
			"At every change build them, run their cases, fold the sample events from the first on into a\n" +
			"read model that is thrown away, and print how it differs from the one before. No data directory\n" +
			"is touched, and nothing is performed outside of that read model. Ctrl-C ends it.",
		Example: "  refold dev\n  refold dev pipelines/shop.yaml --events history.jsonl",
		Args:    args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, args []string) error {
			file := "pipeline.yaml"
			if len(args) > 0 {
				file = args[0]
			}
			if _, err := os.Stat(file); err != nil {
				return &hinted{fmt.Errorf("reading the pipeline: %w", err), "name its YAML file, or make a project: refold plugin new"}
			}
			return a.dev(cmd.Context(), file, events)
		},
	}
	c.Flags().StringVar(&events, "events", "", "JSON Lines `file` of sample events; default: events.jsonl beside the YAML")
	return c
}

// dev runs rounds until it is interrupted, one at the start and one at each
// change.
func (a *app) dev(ctx context.Context, file, events string) error {
	d := &development{app: a, file: file, events: events, logger: a.logger(slog.LevelInfo)}
	if d.events == "" {
		d.events = filepath.Join(filepath.Dir(file), "events.jsonl")
	}
	for ctx.Err() == nil {
		d.sources = d.findSources()
		before := d.sources.look()
		d.print(d.round(ctx), ctx.Err() != nil)
		d.changed = d.sources.wait(ctx, before)
	}
	return nil
}

// development is what lasts from round to round.
type development struct {
	*app
	file, events string
	logger       *slog.Logger
	sources      sources
	changed      []string  // since the round before
	before       readModel // of the last round that folded all events
	rounds       int
}

// report is what a round found.
type report struct {
	Round   int         `json:"round"`
	Changed []string    `json:"changed,omitempty"` // files
	Built   []built     `json:"built"`
	Cases   []caseLine  `json:"cases"`
	Events  int         `json:"events"`
	Folded  bool        `json:"folded"`
	Changes []rowChange `json:"changes"`
	Errors  []errorLine `json:"errors,omitempty"`

	errs []error
}

// print shows a round; one that was interrupted says nothing of what it missed.
func (d *development) print(r *report, interrupted bool) {
	if interrupted {
		return
	}
	if d.json {
		for _, err := range r.errs {
			r.Errors = append(r.Errors, errorLines(err)...)
		}
		_ = d.printJSON(r)
		return
	}
	for _, err := range r.errs {
		d.printInColour(err)
	}
	if r.Folded {
		d.printChanges(r)
	}
	if r.Round == 1 {
		fmt.Fprintf(d.out, "watching %s; Ctrl-C ends it\n", strings.Join(d.sources.names(), ", "))
	}
}

func (d *development) printChanges(r *report) {
	fmt.Fprintf(d.out, "%s folded: %s\n", counted(r.Events, "event"), summary(r.Changes))
	for i, c := range r.Changes {
		if i == shownChanges {
			fmt.Fprintf(d.out, "  and %d more\n", len(r.Changes)-i)
			return
		}
		fmt.Fprintln(d.out, coloured(d.out, c.Change.colour(), c.String()))
	}
}

// summary counts the rows of each kind of change.
func summary(changes []rowChange) string {
	var parts []string
	for _, kind := range []change{added, altered, removed} {
		n := 0
		for _, c := range changes {
			if c.Change == kind {
				n++
			}
		}
		if n > 0 {
			parts = append(parts, counted(n, "row")+" "+string(kind))
		}
	}
	if len(parts) == 0 {
		return "nothing changed"
	}
	return strings.Join(parts, ", ")
}

// shownChanges bounds what is printed of a round.
const shownChanges = 40

// printInColour prints an error as any command does, in red on a terminal.
func (d *development) printInColour(err error) {
	var text strings.Builder
	(&app{err: &text}).printError(err)
	fmt.Fprintln(d.err, coloured(d.err, red, strings.TrimSuffix(text.String(), "\n")))
}
