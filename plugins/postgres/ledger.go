package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/refold-dev/refold/plugins/claim"
	"github.com/refold-dev/refold/plugins/rows"
)

// format is the version of the tables below.
const format = 1

// The bookkeeping. Epochs are counted for each pipeline and never go back, so that
// a generation that was discarded and begun anew does not meet its own past.
const (
	formats     = "_refold_format"
	epochs      = "_refold_epochs"
	checkpoints = "_refold_checkpoints"
	built       = "_refold_tables"
)

// ledgerTables create what is missing. A checkpoint changes with every batch, which
// needs room on its page.
func (s *session) ledgerTables() []string {
	return []string{
		`CREATE TABLE IF NOT EXISTS ` + s.name(formats) + ` (
			version integer NOT NULL
		)`,
		`CREATE TABLE IF NOT EXISTS ` + s.name(epochs) + ` (
			pipeline text COLLATE "C" PRIMARY KEY,
			epoch bigint NOT NULL
		)`,
		`CREATE TABLE IF NOT EXISTS ` + s.name(checkpoints) + ` (
			pipeline text COLLATE "C" NOT NULL,
			generation bigint NOT NULL,
			position bigint NOT NULL,
			epoch bigint NOT NULL,
			active boolean NOT NULL,
			existing_tables boolean NOT NULL,
			PRIMARY KEY (pipeline, generation)
		) WITH (fillfactor = 50)`,
		`CREATE UNIQUE INDEX IF NOT EXISTS _refold_one_active
			ON ` + s.name(checkpoints) + ` (pipeline) WHERE active`,
		`CREATE TABLE IF NOT EXISTS ` + s.name(built) + ` (
			pipeline text COLLATE "C" NOT NULL,
			generation bigint NOT NULL,
			name text COLLATE "C" NOT NULL,
			declaration json NOT NULL,
			PRIMARY KEY (pipeline, generation, name)
		)`,
		`INSERT INTO ` + s.name(formats) + ` SELECT 1 WHERE NOT EXISTS (SELECT FROM ` + s.name(formats) + `)`,
	}
}

// name is that of something in the schema, as it is written in a statement.
func (s *session) name(of string) string { return pgx.Identifier{s.schema, of}.Sanitize() }

// perform runs a statement.
func (s *session) perform(ctx context.Context, statement string, args ...any) error {
	_, err := s.conn.Exec(ctx, statement, args...)
	return err
}

// ensureLedger creates the bookkeeping, if it is not there. It belongs into a
// transaction that holds the lock: see [session.alone].
func (s *session) ensureLedger(ctx context.Context) error {
	there, err := s.column(ctx, `SELECT to_regclass($1)::text WHERE to_regclass($1) IS NOT NULL`, s.name(formats))
	if err != nil {
		return fmt.Errorf("look for the bookkeeping tables: %w", err)
	}
	if len(there) == 0 {
		for _, statement := range s.ledgerTables() {
			if err := s.perform(ctx, statement); err != nil {
				return fmt.Errorf("create the bookkeeping tables: %w", err)
			}
		}
	}
	var version int
	if err := s.conn.QueryRow(ctx, `SELECT version FROM `+s.name(formats)).Scan(&version); err != nil {
		return fmt.Errorf("read the bookkeeping's version: %w", err)
	}
	if version != format {
		return fmt.Errorf("the bookkeeping tables have version %d, this program knows version %d", version, format)
	}
	return nil
}

// alone waits until nobody else creates, opens, activates or discards anything in
// the schema, and keeps them out until the transaction ends.
func (s *session) alone(ctx context.Context) error {
	if err := s.perform(ctx, `SELECT pg_advisory_xact_lock(hashtextextended('refold ' || $1::text, 0))`, s.schema); err != nil {
		return fmt.Errorf("wait for others that open or activate: %w", err)
	}
	return nil
}

// checkpoint is what the ledger has of a generation.
type checkpoint struct {
	claim.Checkpoint
	existingTables bool
}

// checkpointOf reads a generation's checkpoint, and keeps others from changing it
// until the transaction ends; exists is false if there is none.
func (s *session) checkpointOf(ctx context.Context, c *claim.Claim) (found checkpoint, exists bool, err error) {
	err = s.conn.QueryRow(ctx,
		`SELECT position, epoch, active, existing_tables FROM `+s.name(checkpoints)+`
			WHERE pipeline = $1 AND generation = $2 FOR UPDATE`,
		c.Pipeline, c.Generation).Scan(&found.Position, &found.Epoch, &found.Active, &found.existingTables)
	switch {
	case errors.Is(err, pgx.ErrNoRows):
		return checkpoint{}, false, nil
	case err != nil:
		return checkpoint{}, false, fmt.Errorf("read the checkpoint: %w", err)
	}
	return found, true, nil
}

// generation is a line of the ledger.
type generation struct {
	number         int64
	active         bool
	existingTables bool
}

// generations are all of a pipeline, which stay as they are until the transaction
// ends.
func (s *session) generations(ctx context.Context, pipeline string) ([]generation, error) {
	found, err := s.conn.Query(ctx,
		`SELECT generation, active, existing_tables FROM `+s.name(checkpoints)+`
			WHERE pipeline = $1 ORDER BY generation FOR UPDATE`, pipeline)
	if err != nil {
		return nil, fmt.Errorf("list the generations: %w", err)
	}
	all, err := pgx.CollectRows(found, func(row pgx.CollectableRow) (g generation, err error) {
		return g, row.Scan(&g.number, &g.active, &g.existingTables)
	})
	if err != nil {
		return nil, fmt.Errorf("list the generations: %w", err)
	}
	return all, nil
}

// nextEpoch takes the pipeline's next epoch.
func (s *session) nextEpoch(ctx context.Context, pipeline string) (epoch int64, err error) {
	err = s.conn.QueryRow(ctx,
		`INSERT INTO `+s.name(epochs)+` AS e (pipeline, epoch) VALUES ($1, 1)
			ON CONFLICT (pipeline) DO UPDATE SET epoch = e.epoch + 1
			RETURNING epoch`, pipeline).Scan(&epoch)
	if err != nil {
		return 0, fmt.Errorf("take an epoch: %w", err)
	}
	return epoch, nil
}

// owner is the pipeline other than the given one that has a table of the name, if
// any.
func (s *session) owner(ctx context.Context, table, pipeline string) (string, error) {
	owners, err := s.column(ctx,
		`SELECT pipeline FROM `+s.name(built)+` WHERE name = $1 AND pipeline <> $2 LIMIT 1`, table, pipeline)
	if err != nil {
		return "", fmt.Errorf("read the owner of table %s: %w", table, err)
	}
	if len(owners) == 0 {
		return "", nil
	}
	return owners[0], nil
}

// tablesOf are the declarations that a generation was built with, by name.
func (s *session) tablesOf(ctx context.Context, pipeline string, generation int64) (map[string]rows.Table, error) {
	found, err := s.conn.Query(ctx,
		`SELECT declaration FROM `+s.name(built)+` WHERE pipeline = $1 AND generation = $2`, pipeline, generation)
	if err != nil {
		return nil, fmt.Errorf("read the recorded tables: %w", err)
	}
	list, err := pgx.CollectRows(found, pgx.RowTo[rows.Table])
	if err != nil {
		return nil, fmt.Errorf("read the recorded tables: %w", err)
	}
	all := make(map[string]rows.Table, len(list))
	for _, t := range list {
		all[t.Name] = t
	}
	return all, nil
}
