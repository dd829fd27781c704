package main

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"strings"

	"github.com/spf13/cobra"

	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/engine/datadir"
)

const doctorLong = `Look at a data directory and at its log, and say what is in order, what may cost
you events, and what to do about it. Nothing is changed: a directory whose last
process did not end in order is copied, and the copy is looked at, since opening
it would mend it.

An external server does not tell its clients when it flushes events to the disk.
Its monitoring port does: name it with --monitor, once for each server of a
cluster.

The exit code is 1 if there is a fault; warnings are none.`

// doctorFlags are what doctor is asked for.
type doctorFlags struct {
	config   string
	monitors []string
}

func (a *app) doctorCommand() *cobra.Command {
	var f doctorFlags
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Check a data directory, its log and what a power failure would cost",
		Long:  doctorLong,
		Args:  args(cobra.NoArgs),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := f.check(); err != nil {
				return &usageError{err}
			}
			return a.doctor(cmd.Context(), f)
		},
	}
	c.Flags().StringVarP(&f.config, "config", "c", "", "the engine's `file` or folder of YAML, for a directory that is not there yet and for pipelines that have not run")
	c.Flags().StringArrayVar(&f.monitors, "monitor", nil, "the monitoring `URL` of the log's server, such as http://host:8222; again for each server of a cluster")
	return c
}

func (f *doctorFlags) check() error {
	for _, m := range f.monitors {
		if u, err := url.Parse(m); err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return fmt.Errorf("--monitor %q: must be a URL such as http://host:8222", m)
		}
	}
	return nil
}

// Statuses of a check.
const (
	statusOK      = "ok"
	statusWarning = "warning"
	statusFault   = "fault"
)

// check is one line of the doctor's table.
type check struct {
	Name   string `json:"name"`
	Status string `json:"status"`
	Detail string `json:"detail"`
	Hint   string `json:"hint,omitempty"`
}

// diagnosis is what has been found so far.
type diagnosis struct {
	Checks []check `json:"checks"`
}

func (d *diagnosis) ok(name, detail string) { d.add(name, statusOK, detail, "") }
func (d *diagnosis) warn(name, detail, hint string) {
	d.add(name, statusWarning, detail, hint)
}
func (d *diagnosis) fault(name, detail, hint string) { d.add(name, statusFault, detail, hint) }

func (d *diagnosis) add(name, status, detail, hint string) {
	d.Checks = append(d.Checks, check{name, status, detail, hint})
}

// failed adds a check that could not be made, with the advice on its error if
// there is some, or else with hint.
func (d *diagnosis) failed(name string, err error, hint string) {
	d.fault(name, err.Error(), cmp.Or(adviceOn(err), hint))
}

func (a *app) doctor(ctx context.Context, f doctorFlags) error {
	var c *config.Config
	if f.config != "" {
		loaded, err := config.Load(f.config)
		if err != nil {
			return err
		}
		c = loaded
	}
	d := &diagnosis{Checks: []check{}}
	if err := a.examine(ctx, d, c, f.monitors); err != nil {
		return err
	}
	return a.printDiagnosis(d)
}

// examine makes all checks that make sense after those before.
func (a *app) examine(ctx context.Context, d *diagnosis, c *config.Config, monitors []string) error {
	dir := datadir.At(a.data)
	d.versions()
	there := d.directory(dir, c)
	if !there && c == nil {
		return nil
	}
	d.executors(ctx, dir, c)
	store, sound := d.store(dir, c)
	if !sound {
		return nil
	}
	if store.URL != "" && !d.external(ctx, dir, store, monitors) || !there {
		return nil
	}
	s, release, err := a.lookInto(ctx, d, dir, store)
	if err != nil || s == nil {
		return err
	}
	d.log(ctx, s, store)
	d.archive(ctx, s)
	d.pipelines(ctx, s, dir, c)
	return release()
}

func (a *app) printDiagnosis(d *diagnosis) error {
	if err := a.printChecks(d); err != nil {
		return err
	}
	faults := 0
	for _, c := range d.Checks {
		if c.Status == statusFault {
			faults++
		}
	}
	if faults > 0 {
		return fmt.Errorf("%d of %d checks found a fault", faults, len(d.Checks))
	}
	return nil
}

func (a *app) printChecks(d *diagnosis) error {
	if a.json {
		return a.printJSON(d)
	}
	rows := [][]any{{"CHECK", "STATUS", "DETAIL"}}
	var advice []string
	for _, c := range d.Checks {
		rows = append(rows, []any{c.Name, c.Status, c.Detail})
		if c.Hint != "" {
			advice = append(advice, c.Name+": "+c.Hint)
		}
	}
	if err := a.table(rows); err != nil || len(advice) == 0 {
		return err
	}
	_, err := fmt.Fprintf(a.out, "\nWhat to do:\n  %s\n", strings.Join(advice, "\n  "))
	return err
}

// quiet is the logger of what the doctor opens: what matters is in its table.
func (a *app) quiet() *slog.Logger {
	if a.verb {
		return a.logger(slog.LevelDebug)
	}
	return slog.New(slog.DiscardHandler)
}
