package main

import (
	"context"
	"errors"
	"log/slog"
	"sync"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/engine/journal"
	"github.com/refold-dev/refold/eventstore"
	"github.com/refold-dev/refold/eventstore/jetstream"
)

// systemOf is where what becomes of the pipelines over a log is kept: a stream of
// its own, on the same server.
func systemOf(store config.Store) config.Store {
	store.Prefix += "_system"
	if store.Stream != "" {
		store.Stream += "_SYSTEM"
	}
	return store
}

// openSystem opens that stream, which is made if it is not there.
func (s *session) openSystem(ctx context.Context, logger *slog.Logger) (*jetstream.Store, error) {
	cfg, err := s.logConfig(systemOf(s.kept), logger)
	if err != nil {
		return nil, err
	}
	return jetstream.Open(ctx, cfg)
}

// journal begins to record what becomes of pipelines, until the session is
// closed.
func (s *session) journal(logger *slog.Logger) *journal.Journal {
	system := &systemLog{open: func(ctx context.Context) (*jetstream.Store, error) { return s.openSystem(ctx, logger) }}
	j := journal.Open(journal.Options{Append: system.append, NewID: func() uuid.UUID { return uuid.Must(uuid.NewV7()) }, Logger: logger})
	s.closers = append(s.closers, func() error { return errors.Join(j.Close(), system.close()) })
	return j
}

// systemLog opens the stream when there is something for it: no command waits
// for that, and none fails for it.
type systemLog struct {
	open func(context.Context) (*jetstream.Store, error)

	mu  sync.Mutex
	log *jetstream.Store
}

func (l *systemLog) append(ctx context.Context, e event.Event) (err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.log == nil {
		if l.log, err = l.open(ctx); err != nil {
			l.log = nil // not a pointer that is not nil beside an error
			return err
		}
	}
	_, err = l.log.Append(ctx, e.Aggregate, event.Any(), e)
	return err
}

func (l *systemLog) close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.log == nil {
		return nil
	}
	return l.log.Close()
}

// history are the latest transitions of a pipeline, or of all if none is named,
// oldest first.
func (a *app) history(ctx context.Context, pipeline string, limit int) (list []engine.Transition, err error) {
	logger := a.logger(slog.LevelWarn)
	s, err := a.openExisting(ctx, opening{}, logger)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	if pipeline != "" {
		if _, err := a.declared(s.dir, pipeline); err != nil {
			return nil, err
		}
	}
	if s.control != nil {
		return s.control.Latest(ctx, pipeline, limit)
	}
	return transitions{s, logger}.Latest(ctx, pipeline, limit)
}

// transitions are what has become of the pipelines over a session's log.
type transitions struct {
	*session
	logger *slog.Logger
}

// Latest implements control.Journal.
func (t transitions) Latest(ctx context.Context, pipeline string, limit int) (list []engine.Transition, err error) {
	system, err := t.openSystem(ctx, t.logger)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, system.Close()) }()
	events, err := latest(ctx, system, pipeline, limit)
	list = []engine.Transition{}
	for i := range events {
		step, parseErr := journal.Parse(&events[i])
		if parseErr != nil {
			return nil, parseErr
		}
		list = append(list, step)
	}
	return list, err
}

func latest(ctx context.Context, system eventstore.Log, pipeline string, limit int) ([]event.Recorded, error) {
	if pipeline == "" {
		head, err := system.Head(ctx)
		if err != nil {
			return nil, err
		}
		return system.ReadAll(ctx, head-min(head, event.Position(limit))+1, limit)
	}
	of := journal.Aggregate(pipeline)
	last, err := system.Version(ctx, of)
	if err != nil {
		return nil, err
	}
	return system.Read(ctx, of, last-min(last, event.Version(limit))+1)
}

func (a *app) printHistory(list []engine.Transition) error {
	if a.json {
		return a.printJSON(list)
	}
	rows := [][]any{{"TIME", "PIPELINE", "FROM", "TO", "BY", "REASON"}}
	for _, t := range list {
		rows = append(rows, []any{t.At.Format("2006-01-02T15:04:05.000Z07:00"), t.Pipeline, t.From, t.To, t.By, t.Reason})
	}
	return a.table(rows)
}
