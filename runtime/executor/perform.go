package executor

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/runtime"
	"github.com/refold-dev/refold/sdk/frame"
)

// maxText is how much of what a guest says is kept, in bytes.
const maxText = 4 << 10

// SaidError is what a guest says of effects that it has not performed.
type SaidError struct {
	Plugin string
	Text   string
	// Err is what was not granted to it; nil if nothing was refused.
	Err error
}

func (e *SaidError) Error() string {
	text := e.Text
	if text == "" {
		text = "gives no reason"
	}
	if e.Err != nil && !strings.Contains(text, e.Err.Error()) {
		text += ": " + e.Err.Error()
	}
	return fmt.Sprintf("plugin %s: %s", e.Plugin, text)
}

func (e *SaidError) Unwrap() error { return e.Err }

// perform performs effects, frame by frame, and returns how many are done. A guest
// that fails gets a successor, which performs the rest, once for each effect.
func (e *Executor) perform(ctx context.Context, b *effect.Batch, effects []*effect.Effect) (done int, err error) {
	failed := false // at the first effect that is not done
	for done < len(effects) {
		if err := e.ready(ctx); err != nil {
			return done, err
		}
		batch, count, err := e.write(b, effects[done:])
		if err != nil {
			return done, err
		}
		n, err := e.call(ctx, batch, effects[done:done+count])
		done += n
		failed = failed && n == 0
		var guest *runtime.GuestError
		switch isGuests := errors.As(err, &guest); {
		case err == nil:
			continue
		case !isGuests || ctx.Err() != nil:
			return done, err
		case n == count: // it failed behind the last one
		case failed:
			return done, condemned(err, guest, effects[done])
		default:
			failed = true
		}
		e.Logger.WarnContext(ctx, "an executor's module failed; a fresh instance goes on",
			"plugin", e.Name, "pipeline", b.Pipeline, "error", err)
	}
	return done, nil
}

// condemned is the error of a guest that failed twice at an effect. One that marks
// none may have failed at any.
func condemned(err error, guest *runtime.GuestError, f *effect.Effect) error {
	if _, marked := guest.EffectIndex(); !marked {
		return err
	}
	return &effect.PoisonError{Cause: f.Cause, Ordinal: f.Ordinal, Err: err}
}

// call has the guest perform the effects of a frame and returns how many it says are
// done. The error is a *runtime.GuestError if the guest failed.
func (e *Executor) call(ctx context.Context, batch []byte, effects []*effect.Effect) (done int, err error) {
	said, err := e.guest.Execute(ctx, batch)
	if err != nil {
		return min(before(err), len(effects)), errors.Join(err, e.discard(ctx))
	}
	o, err := frame.OpenOutcome(said, len(effects))
	if err != nil {
		fault := &runtime.GuestError{Code: runtime.BadOutcome, Plugin: e.Name, Executor: true, Event: runtime.NoEvent,
			Reason: "its outcome is wrong: " + err.Error(), Err: err}
		return 0, errors.Join(fault, e.discard(ctx))
	}
	return o.Performed, e.told(&o, effects)
}

// before is how many effects are done according to an error that says at which one
// it was.
func before(err error) int {
	var at interface {
		error
		EffectIndex() (int, bool)
	}
	if !errors.As(err, &at) {
		return 0
	}
	index, _ := at.EffectIndex()
	return max(index, 0)
}

// told is what can be done about an outcome.
func (e *Executor) told(o *frame.Outcome, effects []*effect.Effect) error {
	if o.Status == frame.Performed {
		return nil
	}
	text := strings.ToValidUTF8(string(o.Text[:min(len(o.Text), maxText)]), "\uFFFD")
	said := &SaidError{Plugin: e.Name, Text: e.World.Redact(text), Err: e.World.Refused()}
	switch o.Status {
	case frame.Retry:
		return &effect.RetryError{After: time.Duration(o.After) * time.Millisecond, Err: said}
	case frame.Poison:
		return &effect.PoisonError{Cause: effects[o.Poison].Cause, Ordinal: effects[o.Poison].Ordinal, Err: said}
	}
	return said
}
