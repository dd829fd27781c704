package engine

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/refold-dev/refold/sdk/manifest"
)

// Watch says what of a pipeline's read model is watched.
type Watch struct {
	// Key is the only key of interest, Prefix what those begin with; of a resident
	// projection Key is the query whose answer is watched. nil and empty mean all.
	Key    *string
	Prefix string
	// After is the last notice that the watcher has had; nil for none.
	After *Point
}

// What a notice is about.
const (
	// Ready: what has changed behind this point will be told.
	Ready = "ready"
	// Changed: a checkpoint has changed something.
	Changed = "change"
	// Missed: something has changed, and it is not known what. Whoever keeps a copy reads
	// it again, and goes on from here.
	Missed = "gap"
)

// Notice is what a watcher is told.
type Notice struct {
	Kind string `json:"-"`
	// Point is what readers see then; a resident projection's answer may be of a later
	// position.
	Point
	// Keys are those that have changed, in order, with their states, as they are then. Of
	// Ready it is the one that is watched.
	Keys []KeyState `json:"keys,omitempty"`
	// Answer is what a resident projection answers now.
	Answer json.RawMessage `json:"answer,omitempty"`
	// Reason is why something was missed.
	Reason string `json:"reason,omitempty"`
}

// KeyState is the state of a key; nil where it has none any more.
type KeyState struct {
	Key   string          `json:"key"`
	State json.RawMessage `json:"state"`
}

// Watcher is told what changes of a read model that others see: behind each checkpoint,
// and when another generation serves.
type Watcher struct {
	engine *Engine
	p      *pipeline
	want   Watch
	state  manifest.State // of the projection
	at     Point
	number uint64   // of the news that have been looked at
	first  []Notice // before those
	answer json.RawMessage
}

// Watch begins to watch a pipeline, whose projection has a state. It ends with Close.
func (e *Engine) Watch(ctx context.Context, name string, want Watch) (x *Watcher, err error) {
	p, ctx, release, err := e.use(ctx, name)
	if err != nil {
		return nil, err
	}
	defer release()
	x = &Watcher{engine: e, p: p, want: want}
	if x.at, err = reading(p, x.enter); err != nil {
		return nil, err
	}
	if err := x.begin(ctx); err != nil {
		x.Close()
		return nil, err
	}
	return x, nil
}

// errReplaced is a generation that does not serve any more.
var errReplaced = errors.New("another generation serves")

// enter has changes be kept from now on.
func (x *Watcher) enter(live *generation) (now Point, err error) {
	if x.state = live.manifest.State; x.state == manifest.Stateless {
		return now, fmt.Errorf("pipeline %s: its projection is stateless: it has effects only", live.pipeline)
	}
	live.mu.Lock()
	defer live.mu.Unlock()
	now = Point{live.kept.Number(), live.kept.Mark().Position}
	if !x.p.watch.enter(now) {
		return now, errReplaced
	}
	return now, nil
}

// begin has the watcher go on from where it was, or from now on.
func (x *Watcher) begin(ctx context.Context) error {
	w := &x.p.watch
	ready := Notice{Kind: Ready, Point: x.at}
	number, known := w.behind(x.at)
	if after := x.want.After; after != nil {
		if number, known = w.behind(*after); known {
			x.at, ready.Point = *after, *after
		} else {
			number, _ = w.behind(x.at)
			x.first = append(x.first, Notice{Kind: Missed, Point: x.at, Reason: "what has changed since is not kept"})
		}
	}
	x.number = number
	if err := x.present(ctx, &ready); err != nil {
		return err
	}
	x.first = append([]Notice{ready}, x.first...)
	return nil
}

// present adds what is watched, as it is now, where that is one thing.
func (x *Watcher) present(ctx context.Context, n *Notice) (err error) {
	switch {
	case x.state == manifest.Resident:
		n.Answer, err = x.ask(ctx)
		x.answer = n.Answer
	case x.want.Key != nil:
		var state json.RawMessage
		state, err = reading(x.p, func(live *generation) (json.RawMessage, error) { return live.stateJSON(ctx, x.want.Key) })
		if errors.Is(err, ErrNoKey) {
			state, err = nil, nil
		}
		n.Keys = []KeyState{{*x.want.Key, state}}
	}
	return err
}

func (x *Watcher) ask(ctx context.Context) (json.RawMessage, error) {
	_, ctx, release, err := x.engine.use(ctx, x.p.name)
	if err != nil {
		return nil, err
	}
	defer release()
	return reading(x.p, func(live *generation) (json.RawMessage, error) {
		if live.manifest.State != x.state {
			return nil, x.otherwise(live)
		}
		query := ""
		if x.want.Key != nil {
			query = *x.want.Key
		}
		return live.ask(ctx, query)
	})
}

// otherwise is that another projection serves, which cannot be watched as the one before.
func (x *Watcher) otherwise(live *generation) error {
	return fmt.Errorf("pipeline %s: its projection is %s now, and not %s: watch it anew", live.pipeline, live.manifest.State, x.state)
}

// At is how far the watcher has come: where it can go on from, once it has been closed.
func (x *Watcher) At() Point { return x.at }

// Next waits for the next notice, until ctx is done, which leaves the watcher as it is.
// Who is slow misses something, and holds up nobody.
func (x *Watcher) Next(ctx context.Context) (Notice, error) {
	if len(x.first) > 0 {
		n := x.first[0]
		x.first = x.first[1:]
		return n, nil
	}
	for {
		item, next, more := x.p.watch.after(x.number)
		if more == nil {
			if x.state == manifest.Resident { // one answer for all that there are
				item, next = x.p.watch.latest()
			}
			n, told, err := x.notice(ctx, item)
			if err != nil {
				return n, err
			}
			x.number, x.at = next, item.at
			if told {
				return n, nil
			}
			continue
		}
		select {
		case <-more:
		case <-x.p.there.Done():
			return Notice{}, &RefusedError{Pipeline: x.p.name, State: Retired, Rule: ruleRetired, Reason: notDeclared}
		case <-ctx.Done():
			return Notice{}, ctx.Err()
		}
	}
}

// notice is what a watcher is told of some news; told is false where there is nothing.
func (x *Watcher) notice(ctx context.Context, item news) (n Notice, told bool, err error) {
	if x.state == manifest.Resident { // whatever has been missed: the answer says all
		n = Notice{Kind: Changed, Point: item.at}
		switch n.Answer, err = x.ask(ctx); {
		case err != nil && x.p.serving() == nil: // what serves next is news
			return n, false, nil
		case err != nil:
			return n, false, err
		}
		told = !bytes.Equal(n.Answer, x.answer)
		x.answer = n.Answer
		return n, told, nil
	}
	if item.gap != "" {
		if live := x.p.serving(); live != nil && live.manifest.State != x.state {
			return n, false, x.otherwise(live)
		}
		return Notice{Kind: Missed, Point: item.at, Reason: item.gap}, true, nil
	}
	n = Notice{Kind: Changed, Point: item.at}
	if key := x.want.Key; key != nil {
		if state, ok := item.changes[*key]; ok {
			n.Keys = append(n.Keys, KeyState{*key, stateText(state)})
		}
		return n, len(n.Keys) > 0, nil
	}
	for key, state := range item.changes {
		if strings.HasPrefix(key, x.want.Prefix) {
			n.Keys = append(n.Keys, KeyState{key, stateText(state)})
		}
	}
	slices.SortFunc(n.Keys, func(a, b KeyState) int { return strings.Compare(a.Key, b.Key) })
	return n, len(n.Keys) > 0, nil
}

// Close ends the watching.
func (x *Watcher) Close() { x.p.watch.leave() }
