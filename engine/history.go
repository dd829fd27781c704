package engine

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"slices"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine/delivery"
	"github.com/refold-dev/refold/sdk/manifest"
)

// KeyChange is one change of a key's state.
type KeyChange struct {
	Position event.Position `json:"position"`
	Event    EventName      `json:"event"`
	// State is what it is behind the event; nil if the key has none any more.
	State json.RawMessage `json:"state"`
	// Error is why the event could not be folded. The key's state ends here: the events
	// behind wait.
	Error string `json:"error,omitempty"`
}

// ByID is a Log that finds the events of an aggregate without being read.
type ByID interface {
	// ReadID returns all events of the aggregates of an id, whatever their type, by
	// position.
	ReadID(ctx context.Context, id uuid.UUID) ([]event.Recorded, error)
}

// History tells each change of a key of a keyed projection, from the first on. Where keys
// are aggregates, and the log finds theirs, no other events are read; else all are.
func (e *Engine) History(ctx context.Context, name, key string, tell func(KeyChange) error) error {
	p, ctx, release, err := e.use(ctx, name)
	if err != nil {
		return err
	}
	defer release()
	o, _, err := p.served(ctx)
	if err != nil {
		return err
	}
	return o.history(ctx, key, tell)
}

// History is as Engine.History. It needs a plugin, and of the options what a fold takes.
func (k *Kept) History(ctx context.Context, opts Options, key string, tell func(KeyChange) error) error {
	o, err := k.origin(ctx, &opts)
	if err != nil {
		return err
	}
	return o.history(ctx, key, tell)
}

func (o *origin) history(ctx context.Context, key string, tell func(KeyChange) error) (err error) {
	if o.manifest.State != manifest.Keyed {
		return fmt.Errorf("pipeline %s: its projection is %s, and has no keys", o.spec.Name, o.manifest.State)
	}
	s, err := o.openShadow(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close(context.WithoutCancel(ctx))) }()
	d := delivery.NewDispatch(ctx, nil)
	defer d.Stop()
	told := false
	for e, err := range o.eventsOf(ctx, s, key) {
		if err != nil {
			return err
		}
		c, changed, err := s.change(ctx, d, key, e)
		if err != nil {
			return err
		}
		if changed {
			told = true
			if err := tell(c); err != nil || c.Error != "" {
				return err
			}
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if !told {
		return fmt.Errorf("pipeline %s, key %q: %w", o.spec.Name, key, ErrNoKey)
	}
	return nil
}

// change folds an event of a key, and reports whether that has changed its state.
func (s *shadow) change(ctx context.Context, d *delivery.Dispatch, key string, e event.Recorded) (c KeyChange, changed bool, err error) {
	before, had := s.changes[key]
	if err := s.fold(ctx, d, []event.Recorded{e}); err != nil {
		return c, false, err
	}
	if err := s.land(); err != nil {
		return c, false, err
	}
	after, has := s.changes[key]
	c = KeyChange{Position: e.Position, Event: *nameOf(&e), State: stateText(after)}
	if p, parked := s.aside.parked[key]; parked {
		c.Error = p.Error
		return c, true, nil
	}
	return c, had != has || (before == nil) != (after == nil) || string(before) != string(after), nil
}

// eventsOf are the events of a key, in order, up to where the log ends now.
func (o *origin) eventsOf(ctx context.Context, s *shadow, key string) iter.Seq2[event.Recorded, error] {
	return func(yield func(event.Recorded, error) bool) {
		head, err := o.opts.Log.Head(ctx)
		var events iter.Seq2[event.Recorded, error]
		if err == nil {
			events, err = o.candidates(ctx, key, head)
		}
		if err != nil {
			yield(event.Recorded{}, err)
			return
		}
		for e, err := range events {
			if err == nil && !s.isOf(&e, key) {
				continue
			}
			if !yield(e, err) || err != nil {
				return
			}
		}
	}
}

// isOf reports whether an event belongs to a key. One that cannot be put into a batch
// belongs to none.
func (s *shadow) isOf(e *event.Recorded, key string) bool {
	b, err := s.builder.Build([]event.Recorded{*e}, func([]byte) ([]byte, bool) { return nil, false })
	return err == nil && b.Frame != nil && string(b.Keys[0]) == key
}

// candidates are events up to a position that have all of a key's among them.
func (o *origin) candidates(ctx context.Context, key string, head event.Position) (iter.Seq2[event.Recorded, error], error) {
	byID, finds := o.opts.Log.(ByID)
	pager, pages := o.opts.Log.(Pager)
	id, err := uuid.Parse(key)
	if o.key() != "" || !finds || !pages || err != nil {
		return o.all(ctx, head), nil
	}
	found, err := byID.ReadID(ctx, id)
	if err != nil {
		return nil, err
	}
	answers, err := o.answers(ctx, pager, head)
	if err != nil {
		return nil, err
	}
	found = append(found, answers...)
	slices.SortFunc(found, func(a, b event.Recorded) int { return cmp.Compare(a.Position, b.Position) })
	found = slices.CompactFunc(found, func(a, b event.Recorded) bool { return a.Position == b.Position })
	return func(yield func(event.Recorded, error) bool) {
		for _, e := range found {
			if e.Position > head || !yield(e, nil) {
				return
			}
		}
	}, nil
}

// answers are the answers to queries, which go to the keys that have asked.
func (o *origin) answers(ctx context.Context, pager Pager, head event.Position) (found []event.Recorded, err error) {
	after := event.Position(0)
	for after < head {
		var p event.Page // of its own: its events are kept
		if err := pager.ReadPage(ctx, &p, after, 1024, effect.QueryAnswered); err != nil {
			return nil, err
		}
		if p.Through == after {
			break
		}
		after = p.Through
		for i := range p.Events {
			if p.Events[i].Type == effect.QueryAnswered {
				found = append(found, p.Events[i])
			}
		}
	}
	if after >= head {
		return found, nil
	}
	for events, err := range o.opts.Log.Follow(ctx, after) {
		if err != nil {
			return nil, err
		}
		for i := range events {
			if events[i].Type == effect.QueryAnswered {
				found = append(found, events[i])
			}
		}
		if events[len(events)-1].Position >= head {
			break
		}
	}
	return found, ctx.Err()
}

// all are the log's events up to a position.
func (o *origin) all(ctx context.Context, head event.Position) iter.Seq2[event.Recorded, error] {
	return func(yield func(event.Recorded, error) bool) {
		if head == 0 {
			return
		}
		for events, err := range o.opts.Log.Follow(ctx, 0) {
			if err != nil {
				yield(event.Recorded{}, err)
				return
			}
			for _, e := range events {
				if e.Position > head || !yield(e, nil) || e.Position == head {
					return
				}
			}
		}
	}
}
