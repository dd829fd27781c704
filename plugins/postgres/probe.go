package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Server is what a database's server says of itself.
type Server struct {
	Version string
	// Ahead is how far its clock is before this machine's; less than nothing where it
	// is behind. Asking takes time: it is as exact as that is short.
	Ahead time.Duration
	// ReadOnly is of a copy, and of a role or a database that writes nothing.
	ReadOnly bool
}

// Probe connects as an executor does, and changes nothing. The schema need not be there.
// Its errors are those of Open about the server.
func Probe(ctx context.Context, cfg Config) (seen Server, err error) {
	s, _, err := sessionOf(cfg, "doctor", 1)
	if err != nil {
		return seen, fmt.Errorf("ask a database: %w", err)
	}
	if _, err := s.connected(ctx); err != nil {
		return seen, err
	}
	defer func() { err = errors.Join(err, s.close(ctx)) }()
	var now time.Time
	asked := time.Now()
	err = s.conn.QueryRow(ctx, "SELECT current_setting('server_version'), clock_timestamp(), current_setting('transaction_read_only') = 'on'").Scan(&seen.Version, &now, &seen.ReadOnly)
	if err != nil {
		return seen, explain(ctx, fmt.Errorf("ask the server: %w", err))
	}
	middle := asked.Add(time.Since(asked) / 2)
	seen.Ahead = now.Sub(middle)
	return seen, nil
}
