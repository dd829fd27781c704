package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine/internal/checkpoint"
	"github.com/refold-dev/refold/engine/internal/root"
	"github.com/refold-dev/refold/sdk/manifest"
)

// Prove folds a pipeline's log again in the shadow, from its beginning and by the
// generation's own code, and compares that with every root that is kept, and with what
// the pipeline serves. It disturbs nobody: whoever folds goes on. progress, which may be
// nil, is told how far it is. A difference is no error.
func (e *Engine) Prove(ctx context.Context, name string, progress func(at, target event.Position)) (Proof, error) {
	p, ctx, release, err := e.use(ctx, name)
	if err != nil {
		return Proof{}, err
	}
	defer release()
	o, live, err := p.served(ctx)
	if err != nil {
		return Proof{}, err
	}
	v := &verification{origin: o, answer: live.answerAt, progress: progress}
	return v.run(ctx)
}

// Prove is as Engine.Prove. It needs a plugin, and of the options what a fold takes, with
// OpenExecutor and Models.
func (k *Kept) Prove(ctx context.Context, opts Options, progress func(at, target event.Position)) (Proof, error) {
	o, err := k.origin(ctx, &opts)
	if err != nil {
		return Proof{}, err
	}
	v := &verification{origin: o, answer: k.g.answerAt, progress: progress}
	return v.run(ctx)
}

// origin is what the generation comes from: the pipeline as it is declared, if that is
// what has made it, or as it was then.
func (k *Kept) origin(ctx context.Context, opts *Options) (origin, error) {
	if k.g == nil {
		return origin{}, fmt.Errorf("pipeline %s: its state was opened without its projection", k.spec.Name)
	}
	noted, err := k.kept.Declaration()
	if err != nil {
		return origin{}, err
	}
	d := &declaration{spec: k.spec, catalog: noted.Catalog, open: k.openPlugin}
	if err := d.load(ctx); err != nil {
		return origin{}, err
	}
	d, err = d.of(ctx, k.kept)
	return origin{d, k.kept, opts}, err
}

// verification compares a generation with a shadow of it.
type verification struct {
	origin
	// answer is what a resident projection answers, and where it is.
	answer   func(context.Context) (json.RawMessage, event.Position, error)
	progress func(at, target event.Position)

	proof    Proof
	shadow   *shadow
	scratch  *scratch
	departed *checkpoint.Departure
	answered event.Position // the last one at which a stored root's answer was the same
}

func (v *verification) run(ctx context.Context) (proof Proof, err error) {
	m := v.kept.Mark()
	v.departed = v.kept.Departed()
	v.proof = Proof{Pipeline: v.spec.Name, Generation: v.kept.Number(), Module: m.Module, ReadModels: []ProvenModel{}}
	cleaning := context.WithoutCancel(ctx)
	if v.scratch, err = v.openScratch(ctx); err != nil {
		return v.proof, err
	}
	defer func() { err = errors.Join(err, v.scratch.drop(cleaning)) }()
	if v.shadow, err = v.openShadow(ctx, v.scratch.executors...); err != nil {
		return v.proof, err
	}
	defer func() { err = errors.Join(err, v.shadow.close(cleaning)) }()
	for _, compare := range []func(context.Context) error{v.compareRoots, v.compareAnswer, v.compareModels} {
		if err := compare(ctx); err != nil {
			return v.proof, err
		}
		if v.proof.Difference != nil || v.proof.Unproven != nil {
			break
		}
	}
	return v.proof, nil
}

// foldTo brings the shadow to a position.
func (v *verification) foldTo(ctx context.Context, at event.Position) error {
	if v.progress != nil {
		v.progress(v.shadow.position(), max(at, v.kept.Mark().Position))
	}
	return v.shadow.foldTo(ctx, at)
}

// compareRoots compares each root that is kept with the shadow's.
func (v *verification) compareRoots(ctx context.Context) error {
	roots, err := v.kept.Roots()
	if err != nil {
		return err
	}
	for _, r := range roots {
		if v.departed != nil && r.Position >= v.departed.Position {
			break
		}
		if err := v.foldTo(ctx, r.Position); err != nil {
			return err
		}
		own := v.shadow.kept.Root()
		if !own.Is(r.Root, v.kept.Mark().Identity) {
			v.proof.Difference, err = v.bisect(ctx, v.proof.Position, own, r.Root)
			return err
		}
		if own.Answer == r.Answer && !own.Answer.IsZero() {
			v.proof.Answers++
			v.answered = r.Position
		}
		v.proof.Position, v.proof.Root = r.Position, r.Sum.String()
		v.proof.Roots++
	}
	if v.departed != nil {
		v.proof.Unproven = &Unproven{v.proof.Position, v.departed.Reason}
	}
	return nil
}

// part says in what two roots of one position differ.
func part(expected, found root.Root) (in, want, got string) {
	switch {
	case expected.Effects != found.Effects:
		return InEffects, expected.Effects.String(), found.Effects.String()
	case expected.States != found.States:
		return InStates, expected.States.String(), found.States.String()
	case expected.Aside != found.Aside:
		return InAside, expected.Aside.String(), found.Aside.String()
	case expected.Answer != found.Answer:
		return InAnswer, expected.Answer.String(), found.Answer.String()
	}
	return InEffects, expected.Sum.String(), found.Sum.String() // its sum alone is another
}

// compareAnswer compares what a resident projection answers with what the shadow does.
func (v *verification) compareAnswer(ctx context.Context) error {
	if v.shadow.manifest.State != manifest.Resident {
		return nil
	}
	found, at, err := v.answer(ctx)
	if err != nil {
		return nil // it has none: roots and rows have to do
	}
	if err := v.foldTo(ctx, at); err != nil {
		return err
	}
	expected, err := v.shadow.ask(ctx, "")
	if err != nil {
		return err
	}
	if string(expected) != string(found) {
		d := &Difference{In: InAnswer, Cause: Stored, After: v.answered, Position: at, Expected: shortened(string(expected)), Found: shortened(string(found))}
		v.proof.Difference, err = v.bisectTrials(ctx, d.After, at, d, root.Digest{})
		return err
	}
	v.proof.Position = max(v.proof.Position, at)
	v.proof.Answers++
	return nil
}

// answerAt is what the plugin answers to the query for all of its state, and where it is.
func (g *generation) answerAt(ctx context.Context) (json.RawMessage, event.Position, error) {
	if g.manifest.State != manifest.Resident {
		return nil, 0, fmt.Errorf("pipeline %s: its projection is not resident", g.pipeline)
	}
	return g.askAt(ctx, "")
}
