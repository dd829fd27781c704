package refold

import (
	"errors"

	"github.com/refold-dev/refold/sdk/frame"
)

// rejection is an event that a projection could not fold.
type rejection struct {
	event int // index in the batch
	err   error
}

func (r *rejection) Error() string { return r.err.Error() }

var errNoKey = errors.New("RemoveState: the projection has no keyed state")

func foldUnkeyed(b *batch, out *Effects, fold func(Event, *Effects) error) error {
	for g := range b.frame.Groups() {
		for view := range g.Events() {
			out.begin(view.Index)
			err := fold(Event{view, b}, out)
			if err == nil && out.removeState {
				err = errNoKey
			}
			if err != nil {
				return &rejection{view.Index, err}
			}
		}
	}
	return nil
}

// foldGroup folds the events of one key: its state is decoded once before
// them, and encoded once behind them.
func foldGroup[S any](b *batch, g frame.Group, out *Effects, fold func(*S, Event, *Effects) error) error {
	if g.EventCount() == 0 {
		return nil
	}
	out.begin(g.FirstEvent()) // decoding the state is part of it
	b.key = string(g.Key())
	s := new(S)
	if text, ok := g.State(); ok {
		if err := decodeState(text, s); err != nil {
			return &rejection{g.FirstEvent(), errors.New("state of key " + b.key + ": " + err.Error())}
		}
	}
	for view := range g.Events() {
		if view.Index != g.FirstEvent() {
			out.begin(view.Index)
		}
		if err := fold(s, Event{view, b}, out); err != nil {
			return &rejection{view.Index, err}
		}
		if out.removeState {
			*s = *new(S)
		}
	}
	if out.removeState {
		out.result.RemoveState(g.Index)
		return nil
	}
	text, err := encodeState(out.scratch[:0], s)
	if err != nil {
		return &rejection{g.FirstEvent() + g.EventCount() - 1, errors.New("state of key " + b.key + ": " + err.Error())}
	}
	out.scratch = text
	out.result.SetState(g.Index, text)
	return nil
}
