package main

import (
	"context"
	"errors"

	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/plugins/postgres"
)

// openPostgres opens an executor that keeps rows in PostgreSQL.
func (p *parts) openPostgres(ctx context.Context, spec config.Executor, pipeline string, generation uint64) (engine.Executor, error) {
	c := postgresConfig(spec.Postgres)
	var err error
	if c.URL, err = databaseURL(spec.Postgres); err != nil {
		return nil, err
	}
	x, err := postgres.Open(ctx, c, pipeline, generation)
	if errors.Is(err, postgres.ErrURL) {
		return nil, &config.Error{Pos: spec.Postgres.Where(urlKey(spec.Postgres)), Message: postgres.ErrURL.Error()}
	}
	if err != nil { // not x: an interface around a nil pointer is not nil
		return nil, err
	}
	return x, nil
}

// postgresConfig is all but the URL, which is read when the executor is opened.
func postgresConfig(spec *config.Postgres) postgres.Config {
	return postgres.Config{Schema: spec.Schema, ExistingTables: spec.ExistingTables, Tables: tables(spec.Tables), Queries: queries(spec.Queries)}
}

// urlKey is the key that says where the URL is.
func urlKey(spec *config.Postgres) string {
	switch {
	case spec.URLEnv != "":
		return "url_env"
	case spec.URLFile != "":
		return "url_file"
	}
	return "url"
}

// databaseURL reads the URL from where it is. Its errors have nothing of it.
func databaseURL(spec *config.Postgres) (string, error) {
	if key := urlKey(spec); key != "url" {
		return keptText(spec.URLEnv, spec.URLFile, "the database's URL", spec.Where(key))
	}
	return string(spec.URL), nil
}
