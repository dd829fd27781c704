package engine

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/refold-dev/refold/domain/effect"
	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine/delivery"
	"github.com/refold-dev/refold/engine/internal/checkpoint"
	"github.com/refold-dev/refold/sdk/manifest"
)

// Failure is what could not be done, and why.
type Failure = checkpoint.Failure

// DeadLetters is what a pipeline has not folded, or not performed, in its turn.
type DeadLetters struct {
	Pipeline string `json:"pipeline"`
	// Parked are keys whose events wait, Letters what was left out.
	Parked  []ParkedKey `json:"parked"`
	Letters []Letter    `json:"letters"`
}

// ParkedKey is a key whose events wait, and why.
type ParkedKey struct {
	Key string `json:"key"`
	checkpoint.Parked
}

// Letter is an event that was left out or, with the name of an executor, one of
// its effects, and why.
type Letter struct {
	ID string `json:"id"`
	checkpoint.Letter
}

// Choice says which dead letters are meant: those of a parked key, one letter by
// its id, or, as the zero value, all.
type Choice struct {
	Key    *string `json:"key,omitempty"`
	Letter string  `json:"letter,omitempty"`
}

// NotAsideError is a choice of what is not among the dead letters.
type NotAsideError struct {
	Pipeline string
	Choice   Choice
}

func (e *NotAsideError) Error() string {
	if e.Choice.Key != nil {
		return fmt.Sprintf("pipeline %s: the key %q is not parked", e.Pipeline, *e.Choice.Key)
	}
	return fmt.Sprintf("pipeline %s: there is no dead letter %s", e.Pipeline, e.Choice.Letter)
}

// OutOfTurnError refuses to fold an event behind later ones that its state includes
// already.
type OutOfTurnError struct {
	Pipeline, Letter string
	State            manifest.State
}

func (e *OutOfTurnError) Error() string {
	return fmt.Sprintf("pipeline %s: the event of the dead letter %s was left out of a %s projection, whose state includes later ones: a replay with a mended projection folds it in its turn",
		e.Pipeline, e.Letter, e.State)
}

// deadLetters reads what is aside, as it was stored last.
func deadLetters(pipeline string, kept *checkpoint.Generation) (d DeadLetters, err error) {
	d = DeadLetters{Pipeline: pipeline, Parked: []ParkedKey{}, Letters: []Letter{}}
	parked, err := kept.Parked()
	if err != nil {
		return d, err
	}
	for _, key := range slices.Sorted(maps.Keys(parked)) {
		d.Parked = append(d.Parked, ParkedKey{key, *parked[key]})
	}
	letters, err := kept.Letters()
	if err != nil {
		return d, err
	}
	for id, l := range letters {
		d.Letters = append(d.Letters, Letter{id, *l})
	}
	slices.SortFunc(d.Letters, func(a, b Letter) int {
		return cmp.Or(cmp.Compare(a.Position, b.Position), cmp.Compare(a.Executor, b.Executor), cmp.Compare(a.Ordinal, b.Ordinal))
	})
	return d, nil
}

// Only keeps what is chosen. The error is a *NotAsideError.
func (d DeadLetters) Only(c Choice) (DeadLetters, error) {
	if c.Key == nil && c.Letter == "" {
		return d, nil
	}
	d.Parked = slices.DeleteFunc(d.Parked, func(p ParkedKey) bool { return c.Key == nil || p.Key != *c.Key })
	d.Letters = slices.DeleteFunc(d.Letters, func(l Letter) bool { return c.Key != nil || l.ID != c.Letter })
	if len(d.Parked)+len(d.Letters) == 0 {
		return d, &NotAsideError{d.Pipeline, c}
	}
	return d, nil
}

// retry folds, or performs, what is chosen of the dead letters. What fails again
// stays. Nothing else must be folding.
func (g *generation) retry(ctx context.Context, c Choice) error {
	chosen, err := g.chosen(ctx, c)
	if err != nil {
		return err
	}
	var keys []string
	for _, p := range chosen.Parked {
		keys = append(keys, p.Key)
	}
	if err := g.heal(ctx, keys); err != nil {
		return err
	}
	for i := range chosen.Letters {
		err := g.retryLetter(ctx, &chosen.Letters[i])
		var refused *OutOfTurnError
		if err != nil && (c.Letter != "" || !errors.As(err, &refused)) {
			return err
		}
	}
	return nil
}

// errDropped is why an event is left out that an operator has dropped.
var errDropped = errors.New("an operator has dropped it")

// drop throws chosen letters away, and leaves out the event that a parked key waits
// for: those behind it are folded.
func (g *generation) drop(ctx context.Context, c Choice) error {
	chosen, err := g.chosen(ctx, c)
	if err != nil {
		return err
	}
	var keys []string
	for _, p := range chosen.Parked {
		keys = append(keys, p.Key)
		g.aside.dead[p.Position] = fmt.Errorf("%w; it failed because of: %s", errDropped, p.Error)
	}
	if err := g.heal(ctx, keys); err != nil {
		return err
	}
	for i := range chosen.Letters {
		put(&g.aside.change.Letters, chosen.Letters[i].ID, nil)
		if chosen.Letters[i].Executor == "" {
			g.aside.change.Departs = "an operator has dropped a dead letter"
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.storeNow(g.mark)
}

func (g *generation) chosen(ctx context.Context, c Choice) (DeadLetters, error) {
	if err := g.settled(ctx); err != nil {
		return DeadLetters{}, err
	}
	all, err := deadLetters(g.pipeline, g.kept)
	if err != nil {
		return all, err
	}
	return all.Only(c)
}

func (g *generation) retryLetter(ctx context.Context, l *Letter) error {
	if l.Executor != "" {
		return g.performLetter(ctx, l)
	}
	if g.manifest.State != manifest.Stateless {
		return &OutOfTurnError{g.pipeline, l.ID, g.manifest.State}
	}
	return errors.Join(g.foldLetter(ctx, l), g.replacePlugin(ctx)) // it may have trapped
}

// performLetter has the executor that has left out an effect perform it.
func (g *generation) performLetter(ctx context.Context, l *Letter) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	at := slices.Index(g.names, l.Executor)
	if at < 0 {
		return fmt.Errorf("pipeline %s: the dead letter %s is of an executor that the pipeline no longer has", g.pipeline, l.ID)
	}
	f, err := loadEffect(l.Effect)
	if err != nil {
		return fmt.Errorf("pipeline %s: reading the dead letter %s: %w", g.pipeline, l.ID, err)
	}
	put(&g.aside.change.Letters, l.ID, nil) // unless the executor leaves it out again
	if err := g.outlets[at].Perform(ctx, ctx, g.lateBatch([]effect.Effect{f})); err != nil {
		delete(g.aside.change.Letters, l.ID)
		return g.failAgain(l, err)
	}
	return g.storeNow(g.mark)
}

// foldLetter folds an event that was left out. A stateless projection does not
// mind when.
func (g *generation) foldLetter(ctx context.Context, l *Letter) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	delete(g.aside.dead, l.Position)
	e, err := g.eventAt(ctx, l.Position)
	if err != nil {
		return err
	}
	batch, result, err := g.effectsOf(ctx, []event.Recorded{e})
	if err == nil {
		err = g.performLate(ctx, g.effects)
	}
	if err != nil {
		return g.failAgain(l, err)
	}
	g.accept(batch, result)
	put(&g.aside.change.Letters, l.ID, nil)
	g.aside.change.Departs = "an event that was left out has been folded later than in its turn"
	next := g.mark
	next.DeadLettered--
	next.Delivered++
	return g.storeNow(next)
}

// failAgain counts a failure like the one before, and returns any other.
func (g *generation) failAgain(l *Letter, err error) error {
	var fold *FoldError
	_, _, poisoned := delivery.Poisoned(err)
	if !poisoned && (!errors.As(err, &fold) || !isPoison(fold.Err)) {
		return err
	}
	again := l.Letter
	again.Attempts++
	again.Error, again.At, again.Module = shortened(err.Error()), g.opts.Now().UTC(), g.aside.module
	put(&g.aside.change.Letters, l.ID, &again)
	return g.storeNow(g.mark)
}

// eventAt reads one event of the log.
func (g *generation) eventAt(ctx context.Context, at event.Position) (event.Recorded, error) {
	for events, err := range g.opts.Log.Follow(ctx, at-1) {
		if err != nil {
			return event.Recorded{}, err
		}
		if len(events) > 0 {
			return events[0], nil
		}
	}
	return event.Recorded{}, ctx.Err()
}

// DeadLetters returns what a pipeline has set aside, as it was stored last.
func (e *Engine) DeadLetters(name string) (DeadLetters, error) {
	p, _, release, err := e.use(context.Background(), name)
	if err != nil {
		return DeadLetters{}, err
	}
	defer release()
	active, _, err := p.store.Generations()
	if err != nil || active == 0 {
		return DeadLetters{Pipeline: name, Parked: []ParkedKey{}, Letters: []Letter{}}, err
	}
	kept, err := p.store.Generation(active)
	if err != nil {
		return DeadLetters{}, err
	}
	return deadLetters(name, kept)
}

// DeadLetters is as Engine.DeadLetters.
func (k *Kept) DeadLetters() (DeadLetters, error) {
	if k.kept == nil {
		return DeadLetters{Pipeline: k.spec.Name, Parked: []ParkedKey{}, Letters: []Letter{}}, nil
	}
	return deadLetters(k.spec.Name, k.kept)
}

// Retry folds, or performs, chosen dead letters again. What fails again stays.
func (e *Engine) Retry(ctx context.Context, name string, c Choice) error {
	return e.ask(ctx, name, request{input: inRetry, letters: func(ctx context.Context, g *generation) error { return g.retry(ctx, c) }})
}

// Drop gives chosen dead letters up: of a parked key the event that failed, behind
// which the others are folded then.
func (e *Engine) Drop(ctx context.Context, name string, c Choice) error {
	return e.ask(ctx, name, request{input: inDrop, letters: func(ctx context.Context, g *generation) error { return g.drop(ctx, c) }})
}

// aboutDeadLetters does something about what is aside. The caller holds the token of
// work, and nothing folds.
func (p *pipeline) aboutDeadLetters(ctx context.Context, do func(context.Context, *generation) error) error {
	live := p.live
	if live == nil {
		return fmt.Errorf("pipeline %s: %w", p.name, ErrNoState)
	}
	if !live.folds {
		return &ChangedError{p.name, live.kept.Number(), "it has no dead letters seen to any more"}
	}
	if err := do(ctx, live); err != nil {
		return errors.Join(about(p.name, err), live.rewind(context.WithoutCancel(ctx)))
	}
	return nil
}

// about names the pipeline that an error is about, unless the error does.
func about(pipeline string, err error) error {
	if prefix := "pipeline " + pipeline + ": "; !strings.HasPrefix(err.Error(), prefix) {
		return fmt.Errorf("%s%w", prefix, err)
	}
	return err
}
