package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

// column is what the server says of a column.
type column struct {
	Name string
	// Type is as the server writes it, with its length or precision.
	Type string
	// Optional columns have a value where a statement gives none: null or a default.
	Optional bool
	// Computed columns take none.
	Computed bool
	// Equates says that its collation takes different texts for the same.
	Equates bool
}

// columnsOf are the columns of a table or view, in order; none if there is none by
// that name, which is quoted.
func (s *session) columnsOf(ctx context.Context, name string) ([]column, error) {
	found, err := s.conn.Query(ctx, `SELECT a.attname::text AS name, format_type(a.atttypid, a.atttypmod) AS type,
			NOT a.attnotnull OR a.atthasdef OR a.attidentity <> '' AS optional,
			a.attgenerated <> '' OR a.attidentity = 'a' AS computed,
			NOT coalesce(c.collisdeterministic, true) AS equates
		FROM pg_attribute a LEFT JOIN pg_collation c ON c.oid = a.attcollation
		WHERE a.attrelid = to_regclass($1) AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum`, name)
	if err != nil {
		return nil, fmt.Errorf("read the columns of %s: %w", name, err)
	}
	list, err := pgx.CollectRows(found, pgx.RowToStructByName[column])
	if err != nil {
		return nil, fmt.Errorf("read the columns of %s: %w", name, err)
	}
	return list, nil
}

// shows reports whether the view by one name reads the table by another.
func (s *session) shows(ctx context.Context, view, table string) (yes bool, err error) {
	err = s.conn.QueryRow(ctx, `SELECT EXISTS (SELECT FROM pg_rewrite r JOIN pg_depend d
			ON d.classid = 'pg_rewrite'::regclass AND d.objid = r.oid
		WHERE r.ev_class = to_regclass($1) AND d.refclassid = 'pg_class'::regclass AND d.refobjid = to_regclass($2))`,
		view, table).Scan(&yes)
	if err != nil {
		return false, fmt.Errorf("look at view %s: %w", view, err)
	}
	return yes, nil
}
