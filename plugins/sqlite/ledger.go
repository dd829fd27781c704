package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/refold-dev/refold/plugins/claim"
)

// format is the version of the tables below.
const format = 1

// ledgerTables is the bookkeeping. Epochs are counted per pipeline and never
// go back, so that a generation that was discarded and begun anew does not
// meet its own past.
func ledgerTables() []string {
	return []string{
		`CREATE TABLE IF NOT EXISTS _refold_format (
			version INTEGER NOT NULL
		) STRICT`,
		`CREATE TABLE IF NOT EXISTS _refold_epochs (
			pipeline TEXT NOT NULL PRIMARY KEY,
			epoch INTEGER NOT NULL
		) STRICT`,
		`CREATE TABLE IF NOT EXISTS _refold_checkpoints (
			pipeline TEXT NOT NULL,
			generation INTEGER NOT NULL,
			position INTEGER NOT NULL,
			epoch INTEGER NOT NULL,
			active INTEGER NOT NULL CHECK (active IN (0, 1)),
			PRIMARY KEY (pipeline, generation)
		) STRICT`,
		`CREATE UNIQUE INDEX IF NOT EXISTS _refold_one_active
			ON _refold_checkpoints (pipeline) WHERE active`,
		`CREATE TABLE IF NOT EXISTS _refold_tables (
			pipeline TEXT NOT NULL,
			generation INTEGER NOT NULL,
			name TEXT NOT NULL,
			declaration TEXT NOT NULL,
			PRIMARY KEY (pipeline, generation, name)
		) STRICT`,
		`INSERT INTO _refold_format SELECT 1 WHERE NOT EXISTS (SELECT * FROM _refold_format)`,
	}
}

func (s *session) ensureLedger(ctx context.Context) error {
	for _, statement := range ledgerTables() {
		if _, err := s.exec(ctx, statement); err != nil {
			return fmt.Errorf("create the bookkeeping tables: %w", err)
		}
	}
	var version int
	if err := s.conn.QueryRowContext(ctx, `SELECT version FROM _refold_format`).Scan(&version); err != nil {
		return fmt.Errorf("read the bookkeeping's version: %w", err)
	}
	if version != format {
		return fmt.Errorf("the bookkeeping tables have version %d, this program knows version %d", version, format)
	}
	return nil
}

// checkpointOf reads a generation's checkpoint; found is false if there is none.
func (s *session) checkpointOf(ctx context.Context, pipeline string, generation int64) (c claim.Checkpoint, found bool, err error) {
	row := s.conn.QueryRowContext(ctx,
		`SELECT position, epoch, active FROM _refold_checkpoints WHERE pipeline = ? AND generation = ?`,
		pipeline, generation)
	switch err := row.Scan(&c.Position, &c.Epoch, &c.Active); {
	case errors.Is(err, sql.ErrNoRows):
		return claim.Checkpoint{}, false, nil
	case err != nil:
		return claim.Checkpoint{}, false, fmt.Errorf("read the checkpoint: %w", err)
	}
	return c, true, nil
}

// activeGeneration is the generation that readers see; found is false if the
// pipeline has none.
func (s *session) activeGeneration(ctx context.Context, pipeline string) (generation int64, found bool, err error) {
	row := s.conn.QueryRowContext(ctx,
		`SELECT generation FROM _refold_checkpoints WHERE pipeline = ? AND active`, pipeline)
	switch err := row.Scan(&generation); {
	case errors.Is(err, sql.ErrNoRows):
		return 0, false, nil
	case err != nil:
		return 0, false, fmt.Errorf("read the active generation: %w", err)
	}
	return generation, true, nil
}

// tablesOf are the declared names of a generation's tables.
func (s *session) tablesOf(ctx context.Context, pipeline string, generation int64) ([]string, error) {
	names, err := s.column(ctx, `SELECT name FROM _refold_tables WHERE pipeline = ? AND generation = ? ORDER BY name`, pipeline, generation)
	if err != nil {
		return nil, fmt.Errorf("list the tables of generation %d: %w", generation, err)
	}
	return names, nil
}

// nextEpoch takes the pipeline's next epoch.
func (s *session) nextEpoch(ctx context.Context, pipeline string) (epoch int64, err error) {
	err = s.conn.QueryRowContext(ctx,
		`INSERT INTO _refold_epochs (pipeline, epoch) VALUES (?, 1)
			ON CONFLICT (pipeline) DO UPDATE SET epoch = epoch + 1
			RETURNING epoch`, pipeline).Scan(&epoch)
	if err != nil {
		return 0, fmt.Errorf("take an epoch: %w", err)
	}
	return epoch, nil
}

// owner is the pipeline other than the given one that has a table of the name,
// if any.
func (s *session) owner(ctx context.Context, table, pipeline string) (string, error) {
	owners, err := s.column(ctx,
		`SELECT pipeline FROM _refold_tables WHERE name = ? AND pipeline <> ? LIMIT 1`, table, pipeline)
	if err != nil || len(owners) == 0 {
		return "", err
	}
	return owners[0], nil
}
