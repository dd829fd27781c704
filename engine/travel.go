package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine/internal/checkpoint"
)

// Moment is a position of the log, or, if that is 0, a time.
type Moment struct {
	Position event.Position
	Time     time.Time
}

// Timed is a Log that finds what had happened at a time without being read.
type Timed interface {
	// At is the position of the last event that had happened at a time, or 0.
	At(ctx context.Context, t time.Time) (event.Position, error)
}

// AheadError is a position that the log has not come to.
type AheadError struct{ Position, Head event.Position }

func (e *AheadError) Error() string {
	return fmt.Sprintf("the log ends at position %d, before %d", e.Head, e.Position)
}

// resolve is a moment's position: of a time that of the last event that had happened
// then, by the events' own times.
func (m Moment) resolve(ctx context.Context, log Log) (at event.Position, err error) {
	head, err := log.Head(ctx)
	switch timed, ok := log.(Timed); {
	case err != nil:
		return 0, err
	case m.Position > head:
		return 0, &AheadError{m.Position, head}
	case m.Position > 0 || m.Time.IsZero():
		return m.Position, nil
	case ok:
		return timed.At(ctx, m.Time)
	case head == 0:
		return 0, nil
	}
	for events, err := range log.Follow(ctx, 0) {
		if err != nil {
			return 0, err
		}
		for i := range events {
			if !events[i].Time.After(m.Time) {
				at = events[i].Position
			}
			if events[i].Position == head {
				return at, nil
			}
		}
	}
	return 0, ctx.Err()
}

// StateAt is State, as it was at a moment, and the position of that. It is folded in the
// shadow, from the last snapshot before, by the generation's own code.
func (e *Engine) StateAt(ctx context.Context, name string, m Moment, key *string) (json.RawMessage, event.Position, error) {
	p, ctx, release, err := e.use(ctx, name)
	if err != nil {
		return nil, 0, err
	}
	defer release()
	o, _, err := p.served(ctx)
	if err != nil {
		return nil, 0, err
	}
	return o.stateAt(ctx, p.snapshots, m, key)
}

// served is the generation that readers see, and what it comes from.
func (p *pipeline) served(ctx context.Context) (o origin, live *generation, err error) {
	if live = p.serving(); live == nil {
		return o, nil, p.noState()
	}
	kept, err := p.store.Generation(live.kept.Number()) // to read beside who folds
	if err != nil {
		return o, nil, err
	}
	d, err := p.declaration().of(ctx, kept)
	return origin{d, kept, p.opts}, live, err
}

// StateAt is as Engine.StateAt. It needs a plugin, and of the options what a fold takes.
func (k *Kept) StateAt(ctx context.Context, opts Options, m Moment, key *string) (json.RawMessage, event.Position, error) {
	o, err := k.origin(ctx, &opts)
	if err != nil {
		return nil, 0, err
	}
	return o.stateAt(ctx, &snapshots{dir: k.snapshots}, m, key)
}

func (o *origin) stateAt(ctx context.Context, from *snapshots, m Moment, key *string) (text json.RawMessage, at event.Position, err error) {
	if at, err = m.resolve(ctx, o.opts.Log); err != nil {
		return nil, 0, fmt.Errorf("pipeline %s: %w", o.spec.Name, err)
	}
	s, err := o.shadowBefore(ctx, from, at)
	if err != nil {
		return nil, at, err
	}
	defer func() { err = errors.Join(err, s.close(context.WithoutCancel(ctx))) }()
	if err := s.foldTo(ctx, at); err != nil {
		return nil, at, err
	}
	text, err = s.stateJSON(ctx, key)
	return text, at, err
}

// shadowBefore makes a shadow that is at a position or before, from what is stored or the
// last snapshot. A snapshot that is damaged is passed over, with a warning.
func (o *origin) shadowBefore(ctx context.Context, from *snapshots, at event.Position) (*shadow, error) {
	if m := o.kept.Mark(); m.Position <= at && m.Position > 0 {
		s, err := o.openShadowOf(ctx, o.copyState)
		if err != nil || s.position() <= at {
			return s, err
		}
		if err := s.close(ctx); err != nil { // it has been stored anew meanwhile
			return nil, err
		}
	}
	files, err := from.before(o.kept.Number(), at)
	if err != nil {
		return nil, err
	}
	for _, f := range files {
		s, err := o.openShadowOf(ctx, func(s *checkpoint.Store) (*checkpoint.Generation, error) { return f.load(s) })
		if err == nil && s.kept.Mark().Identity == o.kept.Mark().Identity && s.position() == f.position {
			return s, nil
		}
		if err == nil {
			err = errors.Join(errors.New("it is of another declaration, or position"), s.close(ctx))
		}
		o.opts.Logger.Warn("a snapshot for time travel is passed over", "file", f.path, "error", err)
	}
	return o.openShadow(ctx)
}

// copyState takes over what is stored.
func (o *origin) copyState(s *checkpoint.Store) (*checkpoint.Generation, error) {
	r, w := io.Pipe()
	go func() {
		_, err := o.kept.Export(w)
		w.CloseWithError(err)
	}()
	g, err := s.Import(r, o.kept.Number())
	return g, errors.Join(err, r.Close())
}

// load takes a snapshot over.
func (f *snapshotFile) load(s *checkpoint.Store) (*checkpoint.Generation, error) {
	file, err := os.Open(f.path)
	if err != nil {
		return nil, err
	}
	g, err := s.Import(file, f.generation)
	return g, errors.Join(err, file.Close())
}
