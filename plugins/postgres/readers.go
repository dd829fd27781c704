package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/refold-dev/refold/domain/effect"
)

// patience is how long to wait for readers.
type patience time.Duration

const (
	// readersPatience is that of what has to be done.
	readersPatience = patience(time.Minute)
	// dropPatience is that of tables that are dropped: they stay where it does not do.
	dropPatience = patience(10 * time.Second)
	// tidyPatience is that of what can be done later.
	tidyPatience = patience(time.Second)
	// quickLock is how long a change of a view waits at a time for a reader who has it:
	// others wait behind it.
	quickLock = 100 * time.Millisecond
)

// analyze has the server know what the tables hold, or their first readers would
// wait for badly planned queries.
func (e *Executor) analyze(ctx context.Context) error {
	for _, t := range e.tables {
		if err := e.session.perform(ctx, "ANALYZE "+t.stored); err != nil {
			return e.session.explain(ctx, fmt.Errorf("analyze table %s: %w", t.stored, err))
		}
	}
	return nil
}

// quickly runs f in a transaction that holds the fence and waits for readers only
// for moments, again and again.
func (e *Executor) quickly(ctx context.Context, patience patience, f func(ctx context.Context) error) error {
	return patiently(ctx, patience, func() error {
		if err := e.ready(ctx); err != nil {
			return err
		}
		return e.session.within(ctx, func(ctx context.Context) error {
			if err := e.session.perform(ctx, fmt.Sprintf("SET LOCAL lock_timeout = %d", quickLock.Milliseconds())); err != nil {
				return err
			}
			if err := e.holdFence(ctx); err != nil {
				return err
			}
			return f(ctx)
		})
	})
}

// outlive waits until all snapshots of the database have ended that there are now.
func (e *Executor) outlive(ctx context.Context, patience patience) error {
	old, err := e.session.column(ctx, `SELECT l.virtualtransaction FROM pg_locks l JOIN pg_stat_activity a USING (pid)
		WHERE l.locktype = 'virtualxid' AND l.granted AND l.virtualxid = l.virtualtransaction
			AND a.datname = current_database() AND a.backend_type = 'client backend'
			AND a.backend_xmin IS NOT NULL AND a.pid <> pg_backend_pid()`)
	if err != nil {
		return e.session.explain(ctx, fmt.Errorf("look for snapshots: %w", err))
	}
	return patiently(ctx, patience, func() error {
		left, err := e.session.column(ctx, `SELECT format('%s (%s)', a.pid, a.application_name) FROM pg_locks l JOIN pg_stat_activity a USING (pid)
			WHERE l.locktype = 'virtualxid' AND l.granted AND l.virtualxid = l.virtualtransaction AND l.virtualtransaction = ANY ($1)`, old)
		if err == nil && len(left) > 0 {
			return &effect.RetryError{Err: fmt.Errorf("these processes read with a snapshot that is too old: %q", left)}
		}
		return e.session.explain(ctx, err)
	})
}

// patiently tries again what passes, for a while.
func patiently(ctx context.Context, patience patience, try func() error) error {
	pause := backoff.NewExponentialBackOff()
	pause.InitialInterval, pause.MaxInterval = 5*time.Millisecond, time.Second
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		err := try()
		var passes *effect.RetryError
		if err != nil && !errors.As(err, &passes) {
			err = backoff.Permanent(err)
		}
		return struct{}{}, err
	}, backoff.WithBackOff(pause), backoff.WithMaxElapsedTime(time.Duration(patience)))
	return err
}
