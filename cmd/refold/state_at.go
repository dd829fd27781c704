package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/control"
)

// parseMoment reads a position or a time.
func parseMoment(flag, text string) (m engine.Moment, err error) {
	if n, err := strconv.ParseUint(text, 10, 64); err == nil && n > 0 {
		return engine.Moment{Position: event.Position(n)}, nil
	}
	if m.Time, err = time.Parse(time.RFC3339Nano, text); err != nil {
		return m, &usageError{fmt.Errorf("--%s %q: write a position, from 1 on, or a time, such as 2026-01-31T12:00:00Z", flag, text)}
	}
	return m, nil
}

// stateAt prints a pipeline's state as it was.
func (a *app) stateAt(ctx context.Context, pipeline, text string, key *string) (err error) {
	m, err := parseMoment("at", text)
	if err != nil {
		return err
	}
	s, err := a.openExisting(ctx, opening{archived: true}, a.logger(slog.LevelWarn))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	if _, err := a.declared(s.dir, pipeline); err != nil {
		return err
	}
	var state json.RawMessage
	if s.control != nil {
		state, err = s.control.StateAt(ctx, pipeline, m, key)
		err = withAheadHint(ctx, s.control, m, err)
	} else {
		err = a.withKept(ctx, s, pipeline, func(kept *engine.Kept, opts engine.Options) error {
			state, _, err = kept.StateAt(ctx, opts, m, key)
			return err
		})
	}
	if err != nil {
		return err
	}
	return a.printState(state)
}

// withAheadHint says what to do about an engine's refusal of a position that its log has not
// come to.
func withAheadHint(ctx context.Context, running *control.Client, m engine.Moment, err error) error {
	var answer *control.AnswerError
	if !errors.As(err, &answer) {
		return err
	}
	log, failed := running.LogStatus(ctx)
	if failed != nil || m.Position <= log.Head {
		return err
	}
	return &hinted{err, adviceOn(&engine.AheadError{Position: m.Position, Head: log.Head})}
}
