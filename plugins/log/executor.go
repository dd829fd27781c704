package log

import (
	"context"
	"log/slog"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
)

// Executor writes the Log effects of one pipeline's generation.
type Executor struct {
	logger *slog.Logger
}

// New returns an executor that writes to logger.
func New(logger *slog.Logger) *Executor { return &Executor{logger: logger} }

// Handles reports whether k is [effect.Log].
func (e *Executor) Handles(k effect.Kind) bool { return k == effect.Log }

// Position returns ok = false: the executor is not transactional.
func (e *Executor) Position() (p event.Position, ok bool) { return 0, false }

// Active returns true: a log has no generations.
func (e *Executor) Active() bool { return true }

// Execute logs the batch's Log effects in order. It stops when ctx is done,
// and then returns ctx's error.
func (e *Executor) Execute(ctx context.Context, b effect.Batch) error {
	for i := range b.Effects {
		f := &b.Effects[i]
		if f.Kind != effect.Log {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		level := severity(f.Level)
		if !e.logger.Enabled(ctx, level) {
			continue
		}
		e.logger.LogAttrs(ctx, level, message(f.Body),
			slog.String("pipeline", b.Pipeline), slog.Uint64("position", uint64(f.Cause)))
	}
	return ctx.Err()
}

// severity takes a level that is not known for an error, so that it is seen.
func severity(l effect.Level) slog.Level {
	switch l {
	case effect.Debug:
		return slog.LevelDebug
	case effect.Info:
		return slog.LevelInfo
	case effect.Warn:
		return slog.LevelWarn
	}
	return slog.LevelError
}

// Activate does nothing: a log has no generations.
func (e *Executor) Activate(context.Context) error { return nil }

// Discard does nothing: what is logged stays.
func (e *Executor) Discard(context.Context) error { return nil }

// Close does nothing: the logger belongs to the caller.
func (e *Executor) Close() error { return nil }
