package main

import (
	"context"
	"errors"
	"path/filepath"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/plugins/file"
	"github.com/refold-dev/refold/plugins/postgres"
	"github.com/refold-dev/refold/plugins/sqlite"
)

// models compares the read models of those executors that keep some.
func (p *parts) models() engine.Models {
	return engine.Models{Scratch: p.scratch, Read: p.readModel}
}

// scratch declares an executor like another one, whose read model goes away again.
func (p *parts) scratch(ctx context.Context, spec config.Executor, dir string) (config.Executor, func(context.Context) error, error) {
	switch nothing := func(context.Context) error { return nil }; {
	case spec.Filter != nil:
		behind, drop, err := p.scratch(ctx, *spec.Filter.Executor, dir)
		f := *spec.Filter
		f.Executor = &behind
		return config.Executor{Filter: &f}, drop, err
	case spec.SQLite != nil:
		s := *spec.SQLite
		s.Path, s.Queries = filepath.Join(dir, "scratch.db"), nil
		return config.Executor{SQLite: &s}, nothing, nil
	case spec.File != nil && spec.File.Keep == 0:
		return config.Executor{File: &config.File{Folder: filepath.Join(dir, "scratch"), MaxSize: spec.File.MaxSize}}, nothing, nil
	case spec.Postgres != nil:
		return scratchPostgres(ctx, spec)
	}
	return spec, nil, errors.ErrUnsupported
}

func scratchPostgres(ctx context.Context, spec config.Executor) (config.Executor, func(context.Context) error, error) {
	c := postgresConfig(spec.Postgres)
	var err error
	if c.URL, err = databaseURL(spec.Postgres); err != nil {
		return spec, nil, err
	}
	c, drop, err := postgres.Scratch(ctx, c)
	if err != nil {
		return spec, nil, err
	}
	s := *spec.Postgres
	s.Schema, s.Queries = c.Schema, nil
	return config.Executor{Postgres: &s}, drop, nil
}

// readModel reads what an executor keeps, without taking it over.
func (p *parts) readModel(ctx context.Context, spec config.Executor, pipeline string, generation uint64, at func(event.Position) error, row func(table, key, text string) error) error {
	switch x := spec.Innermost(); {
	case x.SQLite != nil:
		return sqlite.Read(ctx, sqliteConfig(p.dir, x.SQLite), pipeline, generation, at, row)
	case x.File != nil:
		return file.Read(ctx, fileConfig(p.dir, x.File), pipeline, generation, at, row)
	case x.Postgres != nil:
		c := postgresConfig(x.Postgres)
		var err error
		if c.URL, err = databaseURL(x.Postgres); err != nil {
			return err
		}
		return postgres.Read(ctx, c, pipeline, generation, at, row)
	}
	return errors.ErrUnsupported
}
