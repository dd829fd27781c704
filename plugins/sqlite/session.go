package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v5"
	sqlitedriver "modernc.org/sqlite"
)

// session is the one connection through which an executor writes.
type session struct {
	db   *sql.DB
	conn *sql.Conn
}

// openSession opens the file, creating it and its folder when missing.
func openSession(ctx context.Context, path string, busy time.Duration) (*session, error) {
	if err := createFile(path); err != nil {
		return nil, err
	}
	name, err := dataSource(path, busy)
	if err != nil {
		return nil, err
	}
	connector, err := sqlitedriver.NewConnector(name)
	if err != nil {
		return nil, err
	}
	s := &session{db: sql.OpenDB(connector)}
	s.db.SetMaxOpenConns(1)
	if s.conn, err = s.db.Conn(ctx); err != nil {
		return nil, errors.Join(explain(err), s.db.Close())
	}
	if err := s.configure(ctx, busy); err != nil {
		return nil, errors.Join(err, s.close())
	}
	return s, nil
}

func (s *session) configure(ctx context.Context, busy time.Duration) error {
	mode, err := s.switchToWAL(ctx, busy)
	if err != nil {
		return fmt.Errorf("switch to WAL: %w", err)
	}
	if mode != "wal" {
		return fmt.Errorf("switch to WAL: the file system allows journal mode %s only", mode)
	}
	for _, pragma := range []string{
		"synchronous=FULL",
		"fullfsync=ON",
		"trusted_schema=OFF",
		"cache_size=-16384", // KiB
		// Pages: 16 MiB. A page that comes often is copied from the log the less
		// often.
		"wal_autocheckpoint=4096",
		// Renaming a table must leave the views that read it as they are.
		"legacy_alter_table=ON",
	} {
		if _, err := s.conn.ExecContext(ctx, "PRAGMA "+pragma); err != nil {
			return fmt.Errorf("set %s: %w", pragma, explain(err))
		}
	}
	return nil
}

// switchToWAL waits for other connections itself: two that switch at the same
// moment hold what the other one waits for, which SQLite's busy timeout leaves
// to the caller.
func (s *session) switchToWAL(ctx context.Context, busy time.Duration) (mode string, err error) {
	pause := backoff.NewExponentialBackOff()
	pause.InitialInterval, pause.MaxInterval = time.Millisecond, 100*time.Millisecond
	return backoff.Retry(ctx, func() (string, error) {
		err := explain(s.conn.QueryRowContext(ctx, "PRAGMA journal_mode=WAL").Scan(&mode))
		if err != nil && !errors.Is(err, ErrLocked) {
			err = backoff.Permanent(err)
		}
		return mode, err
	}, backoff.WithBackOff(pause), backoff.WithMaxElapsedTime(busy))
}

// within runs f in a transaction that holds the write lock from its first
// statement on. It commits if f succeeds and ctx still stands.
func (s *session) within(ctx context.Context, f func(ctx context.Context) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	_, err := s.conn.ExecContext(ctx, "BEGIN IMMEDIATE")
	if err == nil {
		err = f(ctx)
	}
	if err == nil {
		_, err = s.exec(ctx, "COMMIT")
	}
	if err == nil {
		return nil
	}
	// A BEGIN that ctx cut short may have begun all the same, and a COMMIT
	// may have ended the transaction, so that there is nothing to roll back.
	_, _ = s.conn.ExecContext(context.WithoutCancel(ctx), "ROLLBACK")
	return explain(err)
}

// exec looks at ctx before the statement and lets the statement run to its
// end: watching ctx during each would cost more than a row does.
func (s *session) exec(ctx context.Context, query string, args ...any) (changed int64, err error) {
	if err := ctx.Err(); err != nil {
		return 0, err
	}
	result, err := s.conn.ExecContext(context.WithoutCancel(ctx), query, args...)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// column reads the only column of a query's rows.
func (s *session) column(ctx context.Context, query string, args ...any) ([]string, error) {
	list, err := s.conn.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer list.Close()
	var all []string
	for list.Next() {
		var one string
		if err := list.Scan(&one); err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, list.Err()
}

func (s *session) close() error {
	return errors.Join(s.conn.Close(), s.db.Close())
}
