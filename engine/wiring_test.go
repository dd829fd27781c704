package engine_test

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/plugins/filter"
	logexec "github.com/refold-dev/refold/plugins/log"
	"github.com/refold-dev/refold/plugins/postgres"
	"github.com/refold-dev/refold/plugins/rows"
	"github.com/refold-dev/refold/plugins/sqlite"
)

// openPlugin makes an instance of a guest, or a pool of them.
func openPlugin(ctx context.Context, spec config.Projection) (engine.Plugin, error) {
	module, ok := modules.list[spec.WASM]
	if !ok {
		return nil, fmt.Errorf("there is no guest %s", spec.WASM)
	}
	if spec.Workers > 1 {
		return module.Pool(ctx, spec.Workers)
	}
	return module.Instantiate(ctx)
}

// openExecutor opens the executors whose files are in dir.
func openExecutor(dir string) func(context.Context, config.Executor, string, uint64) (engine.Executor, error) {
	return func(ctx context.Context, spec config.Executor, pipeline string, generation uint64) (engine.Executor, error) {
		if spec.Filter != nil {
			x, err := openExecutor(dir)(ctx, *spec.Filter.Executor, pipeline, generation)
			if err != nil {
				return nil, err
			}
			return filter.New(x, filter.Rule{Collections: spec.Filter.Collections}), nil
		}
		if spec.Log != nil {
			return logexec.New(slog.New(slog.DiscardHandler)), nil
		}
		if spec.Postgres != nil {
			x, err := postgres.Open(ctx, postgres.Config{URL: string(spec.Postgres.URL), Schema: spec.Postgres.Schema, Tables: tablesIn(spec.Postgres.Tables)}, pipeline, generation)
			if err != nil {
				return nil, err
			}
			return x, nil
		}
		x, err := sqlite.Open(ctx, sqliteConfig(dir, spec.SQLite), pipeline, generation)
		if err != nil { // not x: an interface around a nil pointer is not nil
			return nil, err
		}
		return x, nil
	}
}

// sqliteConfig is that of an executor whose file is in dir, if its path is not absolute.
func sqliteConfig(dir string, spec *config.SQLite) sqlite.Config {
	c := sqlite.Config{Path: spec.Path, Tables: tablesIn(spec.Tables)}
	if !filepath.IsAbs(c.Path) {
		c.Path = filepath.Join(dir, c.Path)
	}
	if spec.Queries != nil {
		c.Queries = &rows.Queries{}
	}
	return c
}

// tablesIn are declared tables as executors have them.
func tablesIn(declared []config.Table) (list []rows.Table) {
	for _, t := range declared {
		table := rows.Table{Name: t.Name, PrimaryKey: t.PrimaryKey}
		for _, column := range t.Columns {
			table.Columns = append(table.Columns, rows.Column{Name: column.Name, Type: rows.Type(column.Type)})
		}
		list = append(list, table)
	}
	return list
}

// sqliteFile is an executor with one table in the file <table>.db.
func sqliteFile(table, key string, columns ...string) config.Executor {
	t := config.Table{Name: table, PrimaryKey: []string{key}, Columns: config.Columns{{Name: key, Type: "text"}}}
	for _, c := range columns {
		t.Columns = append(t.Columns, config.Column{Name: c, Type: "integer"})
	}
	return config.Executor{SQLite: &config.SQLite{Path: table + ".db", Tables: []config.Table{t}}}
}

// The pipelines of the tests.

func lines() config.Pipeline {
	return config.Pipeline{
		Name:       "lines",
		Projection: config.Projection{WASM: guestPath("lines_by_dir")},
		Executors:  []config.Executor{sqliteFile("lines_by_dir", "dir", "additions", "deletions", "changes")},
	}
}

func commits() config.Pipeline {
	return config.Pipeline{Name: "commits", Projection: config.Projection{WASM: guestPath("commits_by_author")}}
}

func fickle() config.Pipeline {
	return config.Pipeline{
		Name:       "fickle",
		OnError:    "halt",
		Projection: config.Projection{WASM: guestPath("fickle")},
		Executors:  []config.Executor{sqliteFile("counters", "name", "count", "last")},
	}
}

func moody() config.Pipeline {
	x := sqliteFile("passed", "position", "nth")
	x.SQLite.Tables[0].Columns[0].Type = "integer"
	return config.Pipeline{
		Name:       "moody",
		Projection: config.Projection{WASM: guestPath("moody")},
		Executors:  []config.Executor{x},
	}
}

// asker is a pipeline with two tables in the file asked.db, which answers queries.
func asker() config.Pipeline {
	x := sqliteFile("asked", "name", "n")
	x.SQLite.Tables = append(x.SQLite.Tables, sqliteFile("heard", "place", "sum").SQLite.Tables...)
	x.SQLite.Queries = &config.Queries{}
	return config.Pipeline{
		Name:       "asker",
		Projection: config.Projection{WASM: guestPath("asker")},
		Executors:  []config.Executor{x},
	}
}

// filtered is a pipeline whose executor stands behind a filter, which lets its
// table's rows through.
func filtered(p config.Pipeline) config.Pipeline {
	behind := p.Executors[0]
	f := &config.Filter{Collections: config.Names{behind.SQLite.Tables[0].Name}, Executor: &behind}
	p.Executors = []config.Executor{{Filter: f}}
	return p
}

func herald() config.Pipeline {
	return config.Pipeline{
		Name:       "herald",
		Projection: config.Projection{WASM: guestPath("herald")},
		Executors:  []config.Executor{{Log: &config.Log{}}},
	}
}

// meddler stands before an executor and does what a test wants, before or in
// place of it.
type meddler struct {
	engine.Executor
	generation uint64
	execute    func(x *meddler, ctx context.Context, b effect.Batch) error
	activate   func(x *meddler, ctx context.Context) error
}

func (x *meddler) Keeps() bool { return x.Executor.(engine.Keeper).Keeps() }

func (x *meddler) Serving() uint64 { return x.Executor.(engine.Keeper).Serving() }

func (x *meddler) Retain(ctx context.Context, generations []uint64) error {
	return x.Executor.(engine.Keeper).Retain(ctx, generations)
}

func (x *meddler) Execute(ctx context.Context, b effect.Batch) error {
	if x.execute == nil {
		return x.Executor.Execute(ctx, b)
	}
	return x.execute(x, ctx, b)
}

func (x *meddler) Activate(ctx context.Context) error {
	if x.activate == nil {
		return x.Executor.Activate(ctx)
	}
	return x.activate(x, ctx)
}

// meddle has every executor of a rig stand behind a copy of m.
func (r *rig) meddle(m meddler) {
	r.opts.OpenExecutor = func(ctx context.Context, spec config.Executor, pipeline string, generation uint64) (engine.Executor, error) {
		x, err := openExecutor(r.dir)(ctx, spec, pipeline, generation)
		if err != nil {
			return nil, err
		}
		behind := m
		behind.Executor, behind.generation = x, generation
		return &behind, nil
	}
}
