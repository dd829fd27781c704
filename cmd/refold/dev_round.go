package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/refold-dev/refold/domain/catalog"
	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/engine/datadir"
	"github.com/refold-dev/refold/eventstore/jsonl"
	"github.com/refold-dev/refold/eventstore/memory"
	"github.com/refold-dev/refold/eventstore/upcast"
	"github.com/refold-dev/refold/runtime/plugintest"
	"github.com/refold-dev/refold/sdk/toolchain"
)

// round builds, tests and folds. What goes wrong is in the report.
func (d *development) round(ctx context.Context) *report {
	d.rounds++
	r := &report{Round: d.rounds, Changed: d.changed}
	if !d.json && len(d.changed) > 0 {
		fmt.Fprintf(d.out, "\n%s changed\n", strings.Join(d.changed, ", "))
	}
	if err := d.roundIn(ctx, r); err != nil {
		r.errs = append(r.errs, err)
	}
	return r
}

// roundIn does so in a folder that is removed.
func (d *development) roundIn(ctx context.Context, r *report) (err error) {
	dir, err := os.MkdirTemp("", "refold-dev-*")
	if err != nil {
		return fmt.Errorf("making a folder for the read model: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	parts, err := newParts(ctx, datadir.At(dir), d.logger)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, parts.close(context.WithoutCancel(ctx))) }()
	if err := d.buildAll(ctx, parts, r); err != nil {
		return err
	}
	c, err := config.Load(d.file)
	if err != nil {
		return err
	}
	if err := parts.check(ctx, c); err != nil {
		return err
	}
	if d.rounds == 1 && !d.json {
		d.printDifferences(c.Pipelines)
	}
	if err := d.tryCases(ctx, parts, r); err != nil {
		r.errs = append(r.errs, err) // and yet the fold is of interest
	}
	now, err := d.fold(ctx, parts, c, r)
	if err != nil {
		return err
	}
	r.Folded, r.Changes = true, now.since(d.before)
	d.before = now
	return nil
}

// printDifferences says what will be otherwise where the pipelines run.
func (d *development) printDifferences(pipelines []config.Pipeline) {
	for _, p := range pipelines {
		if slices.ContainsFunc(p.Executors, asksPostgres) {
			fmt.Fprintf(d.out, "%s: what it asks PostgreSQL is asked of tables in SQLite here: types and functions may differ\n", p.Name)
		}
	}
}

func asksPostgres(x config.Executor) bool {
	at := x.Innermost().Postgres
	return at != nil && at.Queries != nil
}

func (d *development) buildAll(ctx context.Context, parts *parts, r *report) error {
	r.errs = append(r.errs, d.sources.unclear...)
	for _, p := range d.sources.projects {
		b, err := parts.build(ctx, toolchain.Options{Dir: p.dir, Module: p.module, Output: d.err})
		if err != nil {
			return fmt.Errorf("building %s: %w", relative(p.dir), err)
		}
		b.Path = relative(b.Path)
		r.Built = append(r.Built, b)
		if !d.json {
			fmt.Fprintln(d.out, b)
		}
	}
	return nil
}

// tryCases runs the files of cases in the projects' folders.
func (d *development) tryCases(ctx context.Context, parts *parts, r *report) error {
	var run []caseFile
	for _, p := range d.sources.projects {
		for _, file := range p.caseFiles() {
			ran, err := runCases(ctx, parts, file, caseOptions{built: p.module})
			if err != nil {
				return err
			}
			run = append(run, ran)
		}
	}
	if len(run) == 0 {
		return nil
	}
	failed := 0
	r.Cases, failed = caseLines(run)
	if err := wrongFiles(run); err != nil {
		r.errs = append(r.errs, err)
	}
	switch {
	case d.json:
	case failed > 0:
		d.printFailures(run)
	case len(r.Cases) > 0:
		fmt.Fprintln(d.out, counted(len(r.Cases), "case"), "passed")
	}
	return failedCases(failed, len(r.Cases))
}

// caseFiles are those that lie in the project's folder itself.
func (p project) caseFiles() []string {
	entries, err := os.ReadDir(p.dir)
	if err != nil {
		return nil // the build has told
	}
	var files []string
	for _, entry := range entries {
		if strings.HasSuffix(entry.Name(), config.CasesSuffix) {
			files = append(files, relative(filepath.Join(p.dir, entry.Name())))
		}
	}
	return files
}

// printFailures prints the cases that failed.
func (d *development) printFailures(run []caseFile) {
	for _, f := range run {
		f.results = slices.DeleteFunc(slices.Clone(f.results), func(r plugintest.Result) bool { return r.Passed() })
		d.printFile(f)
	}
}

// fold folds the sample events from the first on, and reads what came of them.
func (d *development) fold(ctx context.Context, parts *parts, c *config.Config, r *report) (m readModel, err error) {
	types, err := c.EventCatalog()
	if err != nil {
		return nil, err
	}
	log, err := d.sample(ctx, types)
	if err != nil {
		return nil, err
	}
	head, err := log.Head(ctx)
	if err != nil {
		return nil, err
	}
	r.Events = int(head)
	pipelines := harmless(c.Pipelines)
	e, err := engine.Open(ctx, engine.Options{
		Log: log, Answers: answers{log, types}, Dir: parts.dir.PipelinesPath(), OpenPlugin: parts.plugin, OpenExecutor: parts.executor,
		Logger: d.app.logger(slog.LevelWarn), Now: time.Now,
	}, pipelines)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, e.Close(context.WithoutCancel(ctx))) }()
	if err := catchUp(ctx, e, log); err != nil {
		return nil, err
	}
	return readModels(ctx, parts.dir, e, pipelines)
}

// maxAnswers bounds how many rounds of answers are folded behind the sample: a
// projection may ask for ever.
const maxAnswers = 100

// catchUp folds the log, and the answers to queries, which come to its end meanwhile.
func catchUp(ctx context.Context, e *engine.Engine, log engine.Log) error {
	for range maxAnswers {
		before, err := log.Head(ctx)
		if err != nil {
			return err
		}
		if err := e.CatchUp(ctx); err != nil {
			return err
		}
		if after, err := log.Head(ctx); err != nil || after == before {
			return err
		}
	}
	return fmt.Errorf("the answers to queries lead to more queries, for more than %d rounds", maxAnswers)
}

// sample is a log of the sample events, as the catalog has them.
func (d *development) sample(ctx context.Context, types *catalog.Catalog) (*upcast.Log, error) {
	file, err := os.Open(d.events)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &hinted{fmt.Errorf("reading the sample events: %w", err), "name a file with --events; `refold event export` makes one of a log"}
	}
	if err != nil {
		return nil, fmt.Errorf("reading the sample events: %w", err)
	}
	defer file.Close()
	log := upcast.Wrap(memory.New(), types)
	bulk, err := log.Bulk(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := jsonl.Import(ctx, file, bulk, jsonl.Options{}); err != nil {
		var line *jsonl.LineError
		if errors.As(err, &line) {
			err = &config.Error{Pos: config.Pos{File: d.events, Line: line.Line, Column: 1}, Message: line.Err.Error()}
		}
		return nil, errors.Join(err, bulk.Close())
	}
	return log, bulk.Close()
}

// harmless are pipelines whose tables lie in files of their own within the data
// directory, that perform nothing else but to log, and that stop at poison: it is to
// be seen.
func harmless(pipelines []config.Pipeline) []config.Pipeline {
	out := make([]config.Pipeline, len(pipelines))
	for i, p := range pipelines {
		out[i] = p
		out[i].OnError = "halt"
		out[i].Executors = make([]config.Executor, len(p.Executors))
		for j, x := range p.Executors {
			out[i].Executors[j] = harmlessly(x, fmt.Sprintf("%s-%d.db", p.Name, j))
		}
	}
	return out
}

func harmlessly(x config.Executor, path string) config.Executor {
	switch {
	case x.SQLite != nil:
		tables := *x.SQLite
		tables.Path = path
		return config.Executor{SQLite: &tables}
	case x.Postgres != nil:
		return config.Executor{SQLite: &config.SQLite{Path: path, Tables: x.Postgres.Tables, Queries: x.Postgres.Queries}}
	case x.Filter != nil:
		filter := *x.Filter
		behind := harmlessly(*x.Filter.Executor, path)
		filter.Executor = &behind
		return config.Executor{Filter: &filter}
	case x.Log != nil:
		return x
	}
	return config.Executor{Null: &config.Null{}}
}
