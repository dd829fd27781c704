package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
)

const benchLong = `Measures both sides of each comparison in one run, in turns, and prints the
ratio of their medians. A ratio above 1 says that refold is faster than what it
is held against. Figures depend on the machine; ratios much less so.

All files are in a folder of their own under the system's one for temporary
files, which TMPDIR names, and are removed in the end.

Only with --long, or by name: `

// benchFlags are what bench is asked for.
type benchFlags struct {
	only   []string
	long   bool
	events int
	module string
}

const (
	benchEvents    = 1_000_000
	minBenchEvents = 1000
)

func (a *app) benchCommand() *cobra.Command {
	var f benchFlags
	c := &cobra.Command{
		Use:   "bench",
		Short: "Measure this machine, as ratios against stated baselines",
		Long:  benchLong + strings.Join(longMeasures, ", ") + ".",
		Args:  args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.check(); err != nil {
				return &usageError{err}
			}
			return a.bench(cmd.Context(), f)
		},
	}
	c.Flags().StringSliceVar(&f.only, "only", nil, "measure only these `names`, separated by commas")
	c.Flags().BoolVar(&f.long, "long", false, "measure also what takes many minutes, in part over ten times the events and some GB of disk")
	c.Flags().IntVar(&f.events, "events", benchEvents, "the log's number of `events`; the other sizes shrink with it, and below ten thousand the rounds")
	c.Flags().StringVar(&f.module, "module", "", "guest lines_by_dir of examples/git-history, a `file`, for what begins with visible_")
	return c
}

func (f *benchFlags) check() error {
	known := benchNames()
	for _, name := range f.only {
		if !slices.Contains(known, name) {
			return fmt.Errorf("there is no measurement %q; there are %s", name, strings.Join(known, ", "))
		}
	}
	if f.events < minBenchEvents {
		return fmt.Errorf("--events %d: at least %d are needed", f.events, minBenchEvents)
	}
	return nil
}

// bench runs what is wanted, one subject after the other, and then prints.
func (a *app) bench(ctx context.Context, f benchFlags) (err error) {
	if f.module != "" { // before minutes have passed
		if _, err := os.Stat(f.module); err != nil {
			return err
		}
	}
	dir, err := os.MkdirTemp("", "refold-bench-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	b := &bench{dir: dir, flags: f, logger: a.logger(slog.LevelWarn), progress: a.terminal(), values: map[string]float64{}}
	defer func() { err = errors.Join(err, b.close()) }()
	for _, subject := range benchSubjects {
		if !slices.ContainsFunc(subject.measures, b.wants) {
			continue
		}
		if err := subject.run(b, ctx); err != nil {
			return fmt.Errorf("measuring %s: %w", subject.what, err)
		}
	}
	return a.printBench(b)
}

// bench is one run: its files, and what it has found out.
type bench struct {
	dir      string
	flags    benchFlags
	logger   *slog.Logger
	progress io.Writer
	log      *benchLog          // of flags.events events, once somebody has needed it
	values   map[string]float64 // by name
}

func (b *bench) wants(m measure) bool { return b.wantsName(m.name) }

func (b *bench) wantsName(name string) bool {
	if len(b.flags.only) > 0 {
		return slices.Contains(b.flags.only, name)
	}
	return b.flags.long || !slices.Contains(longMeasures, name)
}

// found keeps a value, if it is wanted.
func (b *bench) found(name string, value float64) {
	if b.wantsName(name) {
		b.values[name] = value
	}
}

func (b *bench) say(format string, args ...any) {
	fmt.Fprintf(b.progress, format+"\n", args...)
}

// size is n in a run of the default size, less in a smaller one, and never
// less than least.
func (b *bench) size(n, least int) int {
	return max(least, min(n, n*b.flags.events/benchEvents))
}

// sharedLog returns the log of full size, which is made once.
func (b *bench) sharedLog(ctx context.Context) (*benchLog, error) {
	if b.log == nil {
		l, err := b.newLog(ctx, b.flags.events)
		if err != nil {
			return nil, err
		}
		b.log = l
	}
	return b.log, nil
}

func (b *bench) close() error {
	if b.log == nil {
		return nil
	}
	return b.log.close()
}
