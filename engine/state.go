package engine

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/engine/internal/checkpoint"
	"github.com/refold-dev/refold/sdk/manifest"
)

// State returns a pipeline's state as JSON: what the projection answers to a
// query, if it is resident; the state of one key or, without a key, an object
// of all by key, if it is keyed. key is nil for none.
func (e *Engine) State(ctx context.Context, name string, key *string) (json.RawMessage, error) {
	p, ctx, release, err := e.use(ctx, name)
	if err != nil {
		return nil, err
	}
	defer release()
	return reading(p, func(live *generation) (json.RawMessage, error) { return live.stateJSON(ctx, key) })
}

// reading reads something of the generation that serves.
func reading[T any](p *pipeline, read func(live *generation) (T, error)) (found T, err error) {
	for {
		live := p.serving()
		if live == nil {
			return found, p.noState()
		}
		if found, err = read(live); err == nil || p.serving() == live {
			return found, err
		} // else a replay has dropped it meanwhile
	}
}

// noState is why there is nothing to read.
func (p *pipeline) noState() error {
	switch state := p.life.state(); state {
	case Rebuilding, CatchingUp, Live:
		return fmt.Errorf("pipeline %s: its read model is being rebuilt", p.name)
	default:
		return fmt.Errorf("pipeline %s is %s, and has no read model of its present declaration", p.name, state)
	}
}

// Kept is what a pipeline remembers, read without running it.
type Kept struct {
	store *checkpoint.Store
	spec  config.Pipeline
	at    checkpoint.Life
	kept  *checkpoint.Generation // nil if it has no state
	g     *generation            // nil without a plugin

	openPlugin func(context.Context, config.Projection) (Plugin, error)
	snapshots  string // where those for time travel are
}

// OpenKept opens what a pipeline that no engine runs remembers in dir.
// openPlugin may be nil if only the status is wanted.
func OpenKept(ctx context.Context, dir string, spec config.Pipeline, openPlugin func(context.Context, config.Projection) (Plugin, error)) (*Kept, error) {
	store, err := checkpoint.Open(statePath(dir, spec.Name))
	if err != nil {
		return nil, err
	}
	k := &Kept{store: store, spec: spec, openPlugin: openPlugin, snapshots: snapshotsPath(dir, spec.Name)}
	if err := k.open(ctx, openPlugin); err != nil {
		return nil, errors.Join(fmt.Errorf("pipeline %s: %w", spec.Name, err), k.Close(ctx))
	}
	return k, nil
}

func (k *Kept) open(ctx context.Context, openPlugin func(context.Context, config.Projection) (Plugin, error)) (err error) {
	if k.at, err = remembered(k.store); err != nil {
		return err
	}
	if k.kept, err = served(k.store); err != nil || openPlugin == nil {
		return err
	}
	if k.kept == nil {
		return ErrNoState
	}
	spec, _, noted, err := specOf(k.kept)
	if err != nil {
		return err
	}
	if !noted {
		spec = k.spec
	}
	k.g, err = newReader(ctx, k.spec.Name, k.kept, func(ctx context.Context) (Plugin, error) {
		return openPlugin(ctx, spec.Projection)
	})
	return err
}

// served is the generation that readers see; nil if there is none, or if a reset
// has been interrupted.
func served(store *checkpoint.Store) (*checkpoint.Generation, error) {
	active, _, err := store.Generations()
	if err != nil || active == 0 {
		return nil, err
	}
	kept, err := store.Generation(active)
	if err != nil || kept.Mark().Identity == noIdentity {
		return nil, err
	}
	return kept, nil
}

// newReader opens a stored generation to read its state, and no more: it has no
// executors, and does not fold.
func newReader(ctx context.Context, pipeline string, kept *checkpoint.Generation, instantiate func(context.Context) (Plugin, error)) (*generation, error) {
	if err := verify(kept); err != nil {
		return nil, err
	}
	plugin, err := instantiate(ctx)
	if err != nil {
		return nil, err
	}
	g := &generation{
		pipeline:    pipeline,
		opts:        &Options{},
		manifest:    plugin.Manifest(),
		instantiate: instantiate,
		asking:      make(chan struct{}, 1),
		plugin:      plugin,
		kept:        kept,
	}
	if err := g.restore(ctx); err != nil {
		return nil, errors.Join(err, g.close(ctx))
	}
	return g, nil
}

// Generations lists the pipeline's generations, as Engine.Generations does.
func (k *Kept) Generations() ([]Generation, error) { return generationsOf(k.store) }

// Declarations are what the pipeline's generations were built with, as far as that was
// noted.
func (k *Kept) Declarations() ([]config.Pipeline, error) { return declarationsOf(k.store) }

// Verify reads the whole state. It is a *DamagedStateError if that is not what was
// written.
func (k *Kept) Verify() error {
	if k.kept == nil {
		return nil
	}
	return verify(k.kept)
}

func verify(kept *checkpoint.Generation) error {
	_, err := kept.Snapshot()
	return errors.Join(kept.Verify(), err)
}

// State is as Engine.State. It needs a plugin.
func (k *Kept) State(ctx context.Context, key *string) (json.RawMessage, error) {
	if k.g == nil {
		return nil, fmt.Errorf("pipeline %s: its state was opened without its projection", k.spec.Name)
	}
	return k.g.stateJSON(ctx, key)
}

// Pause holds the pipeline until a Resume, as Engine.Pause does.
func (k *Kept) Pause(reason string, at time.Time) (Transition, error) {
	return k.step(inPause, reason, at)
}

// Resume lets the next engine run a pipeline that is paused or faulted.
func (k *Kept) Resume(at time.Time) (Transition, error) { return k.step(inResume, "", at) }

// Retire notes that the configuration has the pipeline no more. A paused one
// stays paused. From and To are the same where there was nothing to note.
func (k *Kept) Retire(at time.Time) (Transition, error) { return k.step(inRetire, "", at) }

func (k *Kept) step(in Input, reason string, at time.Time) (t Transition, err error) {
	l := life{pipeline: k.spec.Name, store: k.store, now: func() time.Time { return at }, at: k.at}
	t, err = l.step(in, reason, nil)
	k.at, _ = l.look()
	return t, err
}

// Status is the pipeline's status, with a log that ends at head.
func (k *Kept) Status(head event.Position) Status {
	s := Status{Pipeline: k.spec.Name}
	s.setLife(k.at)
	s.setStored(k.kept, head)
	return s
}

// UnreadStatus is the status of a pipeline that no engine runs, and of which an error keeps
// anybody from reading what it remembers.
func UnreadStatus(pipeline string, err error, hint string, head event.Position) Status {
	return Status{Pipeline: pipeline, State: Faulted, Error: err.Error(), Hint: hint, Unread: true, Head: head}
}

// Close closes the files and the plugin.
func (k *Kept) Close(ctx context.Context) error {
	var err error
	if k.g != nil {
		err = k.g.close(ctx)
	}
	return errors.Join(err, k.store.Close())
}

func (p *pipeline) status(head event.Position) Status {
	at, _ := p.life.look()
	open := p.jobs.open(p.name)
	p.mu.Lock()
	defer p.mu.Unlock()
	s := Status{Pipeline: p.name, Head: head, Module: p.declared.module, Jobs: open}
	s.setLife(at)
	if p.change != nil {
		s.Change = new(*p.change)
	}
	if p.live == nil {
		p.setUnopened(&s, head)
		return s
	}
	s.Generation = p.live.kept.Number()
	s.fill(*p.live.passed.Load(), head)
	s.countAside(p.live.kept)
	s.Checkpoint = p.live.lag.status()
	s.Dropped = p.live.dropped()
	s.Executors = p.live.executorStatus()
	return s
}

// setUnopened fills the status of a pipeline that has nothing open. One that an error has
// stopped, or that is being opened, is where it was stored last; of others what serves is to
// be built.
func (p *pipeline) setUnopened(s *Status, head event.Position) {
	s.Lag = uint64(head)
	if opening := s.State == Loading && s.Change == nil; !opening && s.State != Faulted && s.State != Paused {
		return
	}
	kept, err := served(p.store)
	if err != nil {
		s.Unread, s.Lag = true, 0
		return
	}
	module := s.Module
	s.setStored(kept, head)
	s.Module = cmp.Or(s.Module, module)
}

// setStored fills it from what is stored of what serves; nil is nothing.
func (s *Status) setStored(kept *checkpoint.Generation, head event.Position) {
	if kept == nil {
		s.fill(checkpoint.Mark{}, head)
		return
	}
	s.Generation = kept.Number()
	s.fill(kept.Mark(), head)
	s.countAside(kept)
}

func (s *Status) fill(m checkpoint.Mark, head event.Position) {
	s.Position, s.Delivered, s.Filtered, s.Module = m.Position, m.Delivered, m.Filtered, m.Module
	s.Parked, s.DeadLettered = m.Parked, m.DeadLettered
	s.Head = max(head, m.Position) // the head was asked for first
	s.Lag = uint64(s.Head - s.Position)
}

func (g *generation) stateJSON(ctx context.Context, key *string) (json.RawMessage, error) {
	switch g.manifest.State {
	case manifest.Resident:
		query := ""
		if key != nil {
			query = *key
		}
		return g.ask(ctx, query)
	case manifest.Keyed:
		g.mu.Lock()
		defer g.mu.Unlock()
		if key != nil {
			return g.keyJSON(*key)
		}
		return g.allJSON()
	}
	return nil, fmt.Errorf("pipeline %s: its projection is stateless: it has effects only", g.pipeline)
}

func (g *generation) keyJSON(key string) (text json.RawMessage, err error) {
	state, changed := g.changed(key)
	if changed && state != nil {
		return stateText(state), nil
	}
	if !changed {
		err = g.kept.Read(func(get func([]byte) ([]byte, bool)) error {
			if state, ok := get([]byte(key)); ok {
				text = stateText(state)
			}
			return nil
		})
	}
	if err == nil && text == nil {
		err = fmt.Errorf("pipeline %s, key %q: %w", g.pipeline, key, ErrNoKey)
	}
	return text, err
}

func (g *generation) allJSON() (json.RawMessage, error) {
	all := map[string]json.RawMessage{}
	err := g.kept.Each(func(key, state []byte) error {
		all[string(key)] = stateText(state)
		return nil
	})
	if g.sealed != nil {
		for key, state := range g.sealed.changes {
			all[key] = stateText(state)
		}
	}
	for key, state := range g.changes {
		all[key] = stateText(state)
	}
	maps.DeleteFunc(all, func(_ string, text json.RawMessage) bool { return text == nil })
	if err != nil {
		return nil, err
	}
	return json.Marshal(all)
}

// stateText returns a copy of a state as JSON: as it is, if it is JSON, or in
// base64. It returns nil for a removed key's.
func stateText(state []byte) json.RawMessage {
	if state == nil {
		return nil
	}
	if json.Valid(state) {
		return slices.Clone(state)
	}
	return json.RawMessage(`{"$base64":"` + base64.StdEncoding.EncodeToString(state) + `"}`)
}
