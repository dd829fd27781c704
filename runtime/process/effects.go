package process

import (
	"context"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/runtime"
	"github.com/refold-dev/refold/sdk/process/wire"
)

// FencedError is an executor that may not write any more: another has been opened
// for its generation, or a later generation has replaced it.
type FencedError struct{ Plugin, Reason string }

func (e *FencedError) Error() string { return fmt.Sprintf("plugin %s: %s", e.Plugin, e.Reason) }

// Fenced tells a caller that knows only the method.
func (e *FencedError) Fenced() bool { return true }

// requestOf puts the effects of a batch that the plugin handles into a message. The
// error is an effect.PoisonError for one that does not fit.
func (x *Executor) requestOf(b effect.Batch) (*wire.ExecuteRequest, error) {
	r := &wire.ExecuteRequest{
		After: uint64(b.After), Through: uint64(b.Through), Late: b.Late,
		Effects: make([]*wire.Effect, 0, len(b.Effects)),
	}
	for i := range b.Effects {
		if !x.Handles(b.Effects[i].Kind) {
			continue
		}
		e, err := effectOf(x.opening, &b.Effects[i])
		if err != nil {
			return nil, err
		}
		r.Effects = append(r.Effects, e)
	}
	return r, nil
}

func effectOf(o Opening, e *effect.Effect) (*wire.Effect, error) {
	if !utf8.ValidString(e.Name) || !utf8.ValidString(e.Key) {
		return nil, &effect.PoisonError{Cause: e.Cause, Ordinal: e.Ordinal, Err: errors.New("its name or its key is not UTF-8")}
	}
	sent := &wire.Effect{
		Kind: wire.Kind(e.Kind), Cause: uint64(e.Cause), Ordinal: e.Ordinal, Level: wire.Level(e.Level),
		Name: e.Name, Key: e.Key, Body: e.Body,
		Id:      effect.ID(o.Pipeline, o.Generation, e.Cause, e.Ordinal).String(),
		CauseId: e.CauseID.String(), CorrelationId: e.CorrelationID.String(), CauseTime: e.CauseTime.UnixNano(),
	}
	if e.Kind == effect.EmitEvent {
		sent.EventId = effect.EventID(o.Pipeline, e.Cause, e.Ordinal).String()
	}
	return sent, nil
}

// maxRetryAfter bounds how long a plugin may put its caller off.
const maxRetryAfter = time.Hour

// failed is the error that a plugin's failure stands for. effects are those that it
// may blame. A failure that cannot be true is a *runtime.GuestError.
func (x *executable) failed(ctx context.Context, f *wire.Failure, effects []effect.Effect) error {
	reason := oneLine(f.GetReason())
	if reason == "" {
		reason = "it does not say why"
	}
	said := x.complain(runtime.Failed, reason, "")
	var err error
	switch f.GetClass() {
	case wire.Failure_RETRY:
		after := min(f.GetRetryAfterMs(), uint64(maxRetryAfter.Milliseconds()))
		err = &effect.RetryError{After: time.Duration(after) * time.Millisecond, Err: said}
	case wire.Failure_POISON:
		if !has(effects, f.GetCause(), f.GetOrdinal()) {
			return x.complain(runtime.BadReply, fmt.Sprintf("condemns effect %d of the event at position %d, which the batch does not have: %s",
				f.GetOrdinal(), f.GetCause(), reason), "")
		}
		err = &effect.PoisonError{Cause: event.Position(f.GetCause()), Ordinal: f.GetOrdinal(), Err: said}
	case wire.Failure_FENCED:
		return &FencedError{x.name, reason}
	case wire.Failure_CANCELLED:
		if ctx.Err() == nil {
			return &effect.RetryError{Err: said} // nobody has asked for it
		}
		err = fmt.Errorf("calling plugin %s: %w", x.name, ctx.Err())
	default:
		err = said
	}
	if done := f.GetDone(); done != nil {
		if !has(effects, done.GetCause(), done.GetOrdinal()) {
			return x.complain(runtime.BadReply, fmt.Sprintf("says that effect %d of the event at position %d is next, which the batch does not have: %s",
				done.GetOrdinal(), done.GetCause(), reason), "")
		}
		return &effect.PartialError{Cause: event.Position(done.GetCause()), Ordinal: done.GetOrdinal(), Err: err}
	}
	return err
}

func has(effects []effect.Effect, cause uint64, ordinal uint32) bool {
	for i := range effects {
		if uint64(effects[i].Cause) == cause && effects[i].Ordinal == ordinal {
			return true
		}
	}
	return false
}
