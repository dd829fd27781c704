package main

import (
	"fmt"
	"time"

	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/engine/job"
)

// showReplay returns what shows progress, a bar for people or a line of JSON for
// machines, and what ends that.
func (a *app) showReplay(doing string) (show func(job.Job), end func()) {
	if a.json {
		return func(p job.Job) { _ = a.printJSON(p) }, func() {}
	}
	bar := a.bar(-1, doing)
	show = func(p job.Job) {
		bar.ChangeMax64(int64(p.Target))
		_ = bar.Set64(int64(p.Position))
	}
	return show, func() { _ = bar.Finish() }
}

// printReplayed prints what has become of a job that nobody works any more. The error
// is the job's.
func (a *app) printReplayed(s *session, last job.Job) error {
	if err := last.Err(); err != nil {
		return err
	}
	if a.json {
		return a.printJSON(last)
	}
	if last.State == job.Paused {
		_, err := fmt.Fprintf(a.out, "%s: job %s is paused at position %d of %d\n", last.Pipeline, last.ID, last.Position, last.Target)
		return err
	}
	if last.Kept {
		return a.printKept(s, last)
	}
	_, err := fmt.Fprintf(a.out, "%s: generation %d serves, rebuilt from %d events at %.0f events/s\n", last.Pipeline, last.Generation, last.Position, last.EventsPerSecond)
	return err
}

// printKept says where a read model is that was built as it had been; of an engine
// elsewhere not, which alone knows what its executors write to.
func (a *app) printKept(s *session, last job.Job) error {
	spec, err := a.declared(s.dir, last.Pipeline)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(a.out, "%s: generation %d is the read model as of position %d\n", last.Pipeline, last.Generation, last.Position); err != nil {
		return err
	}
	for i := range spec.Executors {
		var where string
		var tables []config.Table
		switch x := spec.Executors[i].Innermost(); {
		case x.SQLite != nil:
			where, tables = s.dir.Resolve(x.SQLite.Path), x.SQLite.Tables
		case x.Postgres != nil:
			where, tables = "postgres", x.Postgres.Tables
		}
		for _, t := range tables { // as those executors name what does not serve
			if _, err := fmt.Fprintf(a.out, "  %s: table %s__g%d\n", where, t.Name, last.Generation); err != nil {
				return err
			}
		}
	}
	_, err = fmt.Fprintf(a.out, "  `refold replay drop %s --generation %d` removes it\n", last.Pipeline, last.Generation)
	return err
}

func (a *app) printSubmitted(one job.Job) error {
	if a.json {
		return a.printJSON(one)
	}
	_, err := fmt.Fprintf(a.out, "%s: job %s\n", one.Pipeline, one.ID)
	return err
}

// printJobs prints jobs, one a line.
func (a *app) printJobs(list []job.Job) error {
	if a.json {
		return a.printJSON(list)
	}
	rows := [][]any{{"JOB", "PIPELINE", "STATE", "GENERATION", "POSITION", "TARGET", "EVENTS/S", "LEFT", "SUBMITTED"}}
	for i := range list {
		one := &list[i]
		left := "-"
		if one.ETA > 0 {
			left = time.Duration(one.ETA * float64(time.Second)).Round(time.Second).String()
		}
		rows = append(rows, []any{one.ID, one.Pipeline, one.State, one.Generation, one.Position, one.Target,
			fmt.Sprintf("%.0f", one.EventsPerSecond), left, one.Submitted.UTC().Format(time.RFC3339)})
	}
	if err := a.table(rows); err != nil {
		return err
	}
	for i := range list {
		if list[i].Error == "" {
			continue
		}
		if _, err := fmt.Fprintf(a.out, "%s: %s\n", list[i].ID, printable(list[i].Error)); err != nil {
			return err
		}
	}
	return nil
}
