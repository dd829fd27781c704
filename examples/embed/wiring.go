package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/refold-dev/refold/domain/compute"
	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/engine/datadir"
	"github.com/refold-dev/refold/eventstore/jetstream"
	"github.com/refold-dev/refold/eventstore/jetstream/embedded"
	"github.com/refold-dev/refold/eventstore/repository"
	"github.com/refold-dev/refold/eventstore/snapshot"
	"github.com/refold-dev/refold/plugins/rows"
	"github.com/refold-dev/refold/plugins/sqlite"
	"github.com/refold-dev/refold/runtime/wasm"
)

type resources = repository.Repository[compute.State, compute.Command, compute.Event]

// refold is all parts of Refold, wired.
type refold struct {
	store     *jetstream.Store
	engine    *engine.Engine
	resources *resources
	reader    *sql.DB // on the read model, as any other program would open it
	closers   []func() error
}

// open wires an engine over an embedded log in folder. The pipelines are those
// of examples/fleet/pipelines.yaml.
func open(ctx context.Context, folder string) (r *refold, err error) {
	r = &refold{}
	defer func() {
		if err != nil {
			err = errors.Join(err, r.close())
		}
	}()
	logger := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	c, err := config.Load("examples/fleet/pipelines.yaml")
	if err != nil {
		return r, err
	}
	dir := datadir.At(folder)
	release, err := dir.Acquire()
	if err != nil {
		return r, err
	}
	r.closers = append(r.closers, release)
	if err := r.openLog(ctx, dir, logger); err != nil {
		return r, err
	}
	if err := r.openEngine(ctx, dir, c.Pipelines, logger); err != nil {
		return r, err
	}
	r.reader, err = sql.Open("sqlite", "file:"+dir.Path("fleet.db")+"?mode=ro")
	if err != nil {
		return r, err
	}
	r.closers = append(r.closers, r.reader.Close)
	return r, nil
}

func (r *refold) openLog(ctx context.Context, dir datadir.Dir, logger *slog.Logger) error {
	prefix := "infrastructure"
	if err := dir.SetStore(config.Store{Prefix: prefix}); err != nil {
		return err
	}
	server, err := embedded.Start(embedded.Options{Dir: dir.LogPath(), Logger: logger})
	if err != nil {
		return err
	}
	r.closers = append(r.closers, server.Close)
	r.store, err = jetstream.Open(ctx, jetstream.Config{URL: server.URL(), Token: server.Token(), StreamsDir: server.StreamsDir(), Prefix: prefix, Logger: logger})
	if err != nil {
		return err
	}
	r.closers = append(r.closers, r.store.Close)
	r.resources = repository.New(r.store, compute.Definition(), repository.Options{
		Snapshots: snapshot.At(dir.SnapshotsPath()), Logger: logger,
	})
	return nil
}

func (r *refold) openEngine(ctx context.Context, dir datadir.Dir, pipelines []config.Pipeline, logger *slog.Logger) error {
	host, err := wasm.NewHost(ctx, wasm.Options{Logger: logger})
	if err != nil {
		return err
	}
	r.closers = append(r.closers, func() error { return host.Close(context.WithoutCancel(ctx)) })
	modules := map[string]*wasm.Module{}
	for i, p := range pipelines {
		if pipelines[i], err = dir.Adopt(p); err != nil {
			return err
		}
		path := pipelines[i].Projection.WASM
		if modules[path], err = host.Load(ctx, path, wasm.Limits{}); err != nil {
			return err
		}
	}
	r.engine, err = engine.Open(ctx, engine.Options{
		Log: r.store,
		Dir: dir.PipelinesPath(),
		OpenPlugin: func(ctx context.Context, spec config.Projection) (engine.Plugin, error) {
			return modules[spec.WASM].Instantiate(ctx)
		},
		OpenExecutor: func(ctx context.Context, spec config.Executor, pipeline string, generation uint64) (engine.Executor, error) {
			if spec.SQLite == nil { // a program may have executors of its own, or collect
				return nil, fmt.Errorf("this program has no executor of kind %s", spec.Kind())
			}
			return sqlite.Open(ctx, tables(dir, spec.SQLite), pipeline, generation)
		},
		Logger: logger,
		Now:    time.Now,
	}, pipelines)
	if err != nil {
		return err
	}
	r.closers = append(r.closers, func() error { return r.engine.Close(context.WithoutCancel(ctx)) })
	return nil
}

func tables(dir datadir.Dir, declared *config.SQLite) sqlite.Config {
	c := sqlite.Config{Path: dir.Resolve(declared.Path)}
	for _, t := range declared.Tables {
		table := rows.Table{Name: t.Name, PrimaryKey: t.PrimaryKey}
		for _, column := range t.Columns {
			table.Columns = append(table.Columns, rows.Column{Name: column.Name, Type: rows.Type(column.Type)})
		}
		c.Tables = append(c.Tables, table)
	}
	return c
}

// close closes the parts in reverse order.
func (r *refold) close() error {
	var errs []error
	for i := len(r.closers) - 1; i >= 0; i-- {
		errs = append(errs, r.closers[i]())
	}
	return errors.Join(errs...)
}

// caughtUp waits until every pipeline includes the log's last event.
func (r *refold) caughtUp(ctx context.Context) error {
	for {
		list, err := r.engine.Status(ctx)
		if err != nil {
			return err
		}
		behind := false
		for _, s := range list {
			if s.Error != "" {
				return errors.New(s.Error)
			}
			behind = behind || s.Lag > 0
		}
		if !behind {
			return nil
		}
		select {
		case <-time.After(time.Millisecond):
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// show prints the resident state and the table's first rows.
func (r *refold) show(ctx context.Context) error {
	state, err := r.engine.State(ctx, "fleet_status", nil)
	if err != nil {
		return err
	}
	counts := map[string]int{}
	if err := json.Unmarshal(state, &counts); err != nil {
		return err
	}
	fmt.Printf("   fleet_status: %s\n", state)
	w := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "   HOSTNAME\tTYPE\tSTATUS\tUPDATED")
	rows, err := r.reader.QueryContext(ctx, "SELECT hostname, type, status, updated FROM fleet ORDER BY updated DESC, hostname LIMIT 8")
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		var hostname, kind, status, updated string
		if err := rows.Scan(&hostname, &kind, &status, &updated); err != nil {
			return err
		}
		fmt.Fprintf(w, "   %s\t%s\t%s\t%s\n", hostname, kind, status, updated)
	}
	return errors.Join(rows.Err(), w.Flush())
}

// rows returns the whole table as text.
func (r *refold) rows(ctx context.Context) (string, error) {
	rows, err := r.reader.QueryContext(ctx, "SELECT json_array(id, hostname, type, status, updated) FROM fleet ORDER BY id")
	if err != nil {
		return "", err
	}
	defer rows.Close()
	var all strings.Builder
	for rows.Next() {
		var row string
		if err := rows.Scan(&row); err != nil {
			return "", err
		}
		all.WriteString(row + "\n")
	}
	return all.String(), rows.Err()
}
