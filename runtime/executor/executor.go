package executor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/sdk/frame"
)

// Guest performs effects. It is used by one goroutine.
type Guest interface {
	// Execute performs the effects of a frame and returns its outcome, a frame that
	// is valid until the next call. After an error the guest is of no more use, but
	// for being closed.
	Execute(ctx context.Context, effects []byte) (outcome []byte, err error)
	Close(ctx context.Context) error
}

// World is what the guests of one executor reach.
type World interface {
	// Redact takes secrets that they have read out of a text.
	Redact(text string) string
	// Refused is the first thing that the last batch asked for and was not granted,
	// or nil.
	Refused() error
	// Close closes what is open. Closing twice is fine.
	Close() error
}

// Options are what an executor is made of.
type Options struct {
	// Name is the guest's, for errors and the log.
	Name string
	// Kinds are the kinds of effect that it performs.
	Kinds []effect.Kind
	// Start starts a fresh guest.
	Start  func(ctx context.Context) (Guest, error)
	World  World
	Logger *slog.Logger
}

// Executor performs effects by a guest.
type Executor struct {
	Options
	guest  Guest // nil: one has to be started
	writer frame.EffectBatchWriter
	closed bool
}

// Open starts the first guest. On an error, World is closed.
func Open(ctx context.Context, o Options) (*Executor, error) {
	e := &Executor{Options: o}
	if err := e.ready(ctx); err != nil {
		return nil, errors.Join(err, e.Close())
	}
	return e, nil
}

// Handles reports whether the guest performs effects of kind k.
func (e *Executor) Handles(k effect.Kind) bool { return slices.Contains(e.Kinds, k) }

// Position returns ok = false: the executor is not transactional.
func (e *Executor) Position() (p event.Position, ok bool) { return 0, false }

// Active returns true: the executor has no generations.
func (e *Executor) Active() bool { return true }

// Activate does nothing: the executor has no generations.
func (e *Executor) Activate(context.Context) error { return nil }

// Discard closes the executor. What was performed cannot be taken back.
func (e *Executor) Discard(context.Context) error { return e.Close() }

// Close closes the guest and what it reaches. Closing twice is fine.
func (e *Executor) Close() error {
	if e.closed {
		return nil
	}
	e.closed = true
	return errors.Join(e.discard(context.Background()), e.World.Close())
}

// ErrClosed is an executor that is used after it was closed.
var ErrClosed = errors.New("the executor is closed")

// ready sees to it that there is a guest.
func (e *Executor) ready(ctx context.Context) error {
	if e.closed {
		return ErrClosed
	}
	if e.guest != nil {
		return nil
	}
	guest, err := e.Start(ctx)
	if err != nil {
		return err
	}
	e.guest = guest
	return nil
}

// discard closes the guest.
func (e *Executor) discard(ctx context.Context) error {
	if e.guest == nil {
		return nil
	}
	err := e.guest.Close(context.WithoutCancel(ctx))
	e.guest = nil
	return err
}

// Execute performs the batch's effects of the kinds that the guest performs.
func (e *Executor) Execute(ctx context.Context, b effect.Batch) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	effects := e.handled(b.Effects)
	done, err := e.perform(ctx, &b, effects)
	if err != nil && 0 < done && done < len(effects) {
		return &effect.PartialError{Cause: effects[done].Cause, Ordinal: effects[done].Ordinal, Err: err}
	}
	return err
}

func (e *Executor) handled(all []effect.Effect) (list []*effect.Effect) {
	for i := range all {
		if e.Handles(all[i].Kind) {
			list = append(list, &all[i])
		}
	}
	return list
}

// write makes a frame of as many effects as fit, and returns their number: one at
// least, or none with an error.
func (e *Executor) write(b *effect.Batch, effects []*effect.Effect) (batch []byte, n int, err error) {
	e.writer.Reset(frame.EffectBatchHeader{Pipeline: b.Pipeline, Generation: b.Generation, After: uint64(b.After), Through: uint64(b.Through)})
	for _, f := range effects {
		out := frame.BatchedEffect{
			Kind: frame.EffectKind(f.Kind), Level: uint16(f.Level), Cause: uint64(f.Cause), Ordinal: f.Ordinal, ID: b.ID(f),
			CauseID: f.CauseID, CorrelationID: f.CorrelationID, Time: f.CauseTime.UnixNano(),
			Name: []byte(f.Name), Key: []byte(f.Key), Body: f.Body,
		}
		if !e.writer.Fits(&out) {
			break
		}
		e.writer.Add(&out)
	}
	if n = e.writer.Count(); n == 0 {
		return nil, 0, &effect.PoisonError{Cause: effects[0].Cause, Ordinal: effects[0].Ordinal,
			Err: fmt.Errorf("plugin %s: the effect is larger than %d bytes", e.Name, frame.MaxSize)}
	}
	batch, err = e.writer.Finish()
	return batch, n, err
}
