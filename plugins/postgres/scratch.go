package postgres

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// scratchSchema begins the names of schemas that are dropped again.
const scratchSchema = "refold_scratch_"

// Scratch returns a configuration like another, in a schema of its own, which drop
// removes again with all that is in it. One with existing tables has none: what the
// user's migrations make cannot be made again.
//
// A connection holds a lock on the schema until then. What no process holds, because it
// was killed, the next Scratch drops.
func Scratch(ctx context.Context, cfg Config) (scratch Config, drop func(context.Context) error, err error) {
	if cfg.ExistingTables {
		return cfg, nil, errors.ErrUnsupported
	}
	var suffix [8]byte
	_, _ = rand.Read(suffix[:]) // which never fails
	cfg.Schema, cfg.Queries = scratchSchema+hex.EncodeToString(suffix[:]), nil
	s, _, err := sessionOf(cfg, "scratch", 1)
	if err != nil {
		return cfg, nil, err
	}
	if err := s.holdScratch(ctx); err != nil {
		return cfg, nil, errors.Join(fmt.Errorf("holding the schema %s: %w", cfg.Schema, err), s.close(ctx))
	}
	return cfg, func(ctx context.Context) error {
		_, err := s.connected(ctx)
		if err == nil {
			err = s.explain(ctx, s.dropSchema(ctx, cfg.Schema))
		}
		if err = errors.Join(err, s.close(ctx)); err != nil {
			return fmt.Errorf("drop schema %s: %w", cfg.Schema, err)
		}
		return nil
	}, nil
}

// holdScratch takes the lock of the session's schema, which is not there yet, and drops
// those that nobody holds.
func (s *session) holdScratch(ctx context.Context) error {
	if _, err := s.connected(ctx); err != nil {
		return err
	}
	if _, err := s.conn.Exec(ctx, "SELECT pg_advisory_lock(hashtextextended($1, 0))", s.schema); err != nil {
		return s.explain(ctx, err)
	}
	found, err := s.conn.Query(ctx, "SELECT nspname::text FROM pg_namespace WHERE starts_with(nspname::text, $1) AND pg_get_userbyid(nspowner) = current_user", scratchSchema)
	if err != nil {
		return s.explain(ctx, err)
	}
	left, err := pgx.CollectRows(found, pgx.RowTo[string])
	for _, schema := range left {
		err = errors.Join(err, s.dropLeft(ctx, schema))
	}
	return s.explain(ctx, err)
}

// dropLeft drops a schema unless a process holds it.
func (s *session) dropLeft(ctx context.Context, schema string) error {
	var free bool
	if err := s.conn.QueryRow(ctx, "SELECT pg_try_advisory_lock(hashtextextended($1, 0))", schema).Scan(&free); err != nil || !free {
		return err
	}
	err := s.dropSchema(ctx, schema)
	_, unlocking := s.conn.Exec(ctx, "SELECT pg_advisory_unlock(hashtextextended($1, 0))", schema)
	return errors.Join(err, unlocking)
}

func (s *session) dropSchema(ctx context.Context, schema string) error {
	_, err := s.conn.Exec(ctx, "DROP SCHEMA IF EXISTS "+pgx.Identifier{schema}.Sanitize()+" CASCADE")
	return err
}
