package process

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/sdk/process/wire"
)

// maxText bounds what is said for people, in bytes.
const maxText = 8 << 10

// text makes a text fit a message.
func text(s string) string { return strings.ToValidUTF8(s[:min(len(s), maxText)], "�") }

// failureOf puts into a message what an executor's error says; nil for none.
func failureOf(err error) *wire.Failure {
	if err == nil {
		return nil
	}
	f := &wire.Failure{Reason: text(err.Error())}
	var partial interface {
		error
		Partial() (event.Position, uint32)
	}
	if errors.As(err, &partial) {
		cause, ordinal := partial.Partial()
		f.Done = &wire.Done{Cause: uint64(cause), Ordinal: ordinal}
	}
	classify(f, err)
	return f
}

func classify(f *wire.Failure, err error) {
	var fenced interface {
		error
		Fenced() bool
	}
	var poison interface {
		error
		Poison() (event.Position, uint32)
	}
	var passing interface {
		error
		Retryable() (time.Duration, bool)
	}
	switch {
	case errors.As(err, &fenced) && fenced.Fenced():
		f.Class = wire.Failure_FENCED
	case errors.As(err, &poison):
		f.Class = wire.Failure_POISON
		cause, ordinal := poison.Poison()
		f.Cause, f.Ordinal = uint64(cause), ordinal
		var own *effect.PoisonError
		if errors.As(err, &own) { // the host says again which effect it is
			f.Reason = text(own.Err.Error())
		}
	case errors.Is(err, context.Canceled):
		f.Class = wire.Failure_CANCELLED
	case errors.As(err, &passing):
		if after, ok := passing.Retryable(); ok {
			f.Class = wire.Failure_RETRY
			f.RetryAfterMs = uint64(max(after, 0).Milliseconds())
		}
	}
}
