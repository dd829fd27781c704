package engine

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/engine/internal/checkpoint"
	"github.com/refold-dev/refold/engine/job"
)

// Rollback has a generation that is kept serve again in the place of the present one,
// once it has been brought to where that one is, by what it was built with; 0 means the
// one that has served last. The present one is kept. Later starts go on with what serves
// then, until the pipeline is declared otherwise again, or replayed. The error may be a
// *NotKeptError or a *GoneError.
func (e *Engine) Rollback(ctx context.Context, name string, generation uint64) error {
	return e.ask(ctx, name, request{input: inRollback, generation: generation})
}

// DropGeneration removes a generation that is kept. The error may be a *NotKeptError.
func (e *Engine) DropGeneration(ctx context.Context, name string, generation uint64) error {
	return e.ask(ctx, name, request{input: inDiscard, generation: generation})
}

// Generations lists a pipeline's generations, in the order of their numbers.
func (e *Engine) Generations(name string) ([]Generation, error) {
	p, _, release, err := e.use(context.Background(), name)
	if err != nil {
		return nil, err
	}
	defer release()
	return generationsOf(p.store)
}

// NotKeptError is a generation that a pipeline does not keep, or, of number 0, that it
// keeps none.
type NotKeptError struct {
	Pipeline   string
	Generation uint64
}

func (e *NotKeptError) Error() string {
	if e.Generation == 0 {
		return fmt.Sprintf("pipeline %s keeps no generation that has served before", e.Pipeline)
	}
	return fmt.Sprintf("pipeline %s keeps no generation %d beside the one that serves", e.Pipeline, e.Generation)
}

// Generation is one build of a read model, as it is kept.
type Generation struct {
	Number   uint64         `json:"generation"`
	Position event.Position `json:"position"`
	Module   string         `json:"module"`
	Made     time.Time      `json:"made,omitzero"`
	// Serves says that readers see it; Until is when one that is kept has ended to.
	// One that neither serves nor has served is being built, or what is left of that.
	Serves bool      `json:"serves"`
	Until  time.Time `json:"until,omitzero"`
	// Continued are the positions from which another module has gone on.
	Continued []event.Position `json:"continued,omitempty"`
}

func generationsOf(store *checkpoint.Store) ([]Generation, error) {
	active, _, err := store.Generations()
	if err != nil {
		return nil, err
	}
	all, err := store.All()
	if err != nil {
		return nil, err
	}
	list := make([]Generation, 0, len(all))
	for _, number := range all {
		kept, err := store.Generation(number)
		if err != nil {
			return nil, err
		}
		d, err := kept.Declaration()
		if err != nil {
			return nil, err
		}
		until, _, err := kept.Served()
		if err != nil {
			return nil, err
		}
		m := kept.Mark()
		g := Generation{Number: number, Position: m.Position, Module: m.Module, Made: d.Made, Serves: number == active, Until: until}
		for _, c := range d.Continued {
			g.Continued = append(g.Continued, c.Position)
		}
		list = append(list, g)
	}
	return list, nil
}

// rollback puts a kept generation in the place of the live one, which goes on until the
// other one has come to where it is. live may be nil, when none runs.
func (p *pipeline) rollback(ctx context.Context, number uint64, live *liveRun) error {
	next, err := p.openKept(ctx, number)
	if err != nil {
		return err
	}
	cleaning := context.WithoutCancel(ctx)
	err = p.fill(ctx, next, live, nil)
	if err == nil {
		err = p.noteRollback(next)
	}
	if err != nil {
		return fmt.Errorf("pipeline %s: rolling back to generation %d: %w", p.name, next.kept.Number(), errors.Join(err, next.close(cleaning)))
	}
	p.callChangeOff()
	if err := p.swap(cleaning, next); err != nil {
		return p.fault(fmt.Errorf("pipeline %s: rolling back, which the next start finishes: %w", p.name, errors.Join(err, next.close(cleaning))))
	}
	return nil
}

// callChangeOff cancels the job that would build what is not wanted any more. The swap
// removes what it has built.
func (p *pipeline) callChangeOff() {
	for _, one := range p.jobs.open(p.name) {
		if one.Why != job.Change {
			continue
		}
		if _, err := p.jobs.step(one.ID, job.Cancel, errJobCancelled); err != nil { // it may have ended
			p.opts.Logger.Warn("a job that a rollback calls off", "pipeline", p.name, "job", one.ID.String(), "error", err)
		}
	}
}

// openKept opens a generation that is kept, 0 for the one that has served last.
func (p *pipeline) openKept(ctx context.Context, number uint64) (*generation, error) {
	former, _, err := p.others()
	if err != nil {
		return nil, err
	}
	for _, f := range former {
		if number != 0 && f.number != number {
			continue
		}
		kept, err := p.store.Generation(f.number)
		if err != nil {
			return nil, err
		}
		d, err := p.declared.of(ctx, kept)
		if err != nil {
			return nil, err
		}
		if d.catalog != p.declared.catalog {
			return nil, &GoneError{p.name, f.number, errOtherCatalog}
		}
		g, err := p.openGeneration(ctx, kept, d)
		if isFenced(err) {
			return nil, &GoneError{p.name, f.number, err}
		}
		return g, err
	}
	return nil, &NotKeptError{p.name, number}
}

// noteRollback has the next start go on with what is rolled back to. It comes before the
// swap: should that never begin, the next start finds the declared read model serve, and
// the note means nothing.
func (p *pipeline) noteRollback(next *generation) error {
	if next.kept.Mark().Identity == p.declared.identity {
		return nil // which ends whatever rollback holds
	}
	active, _, err := p.store.Generations()
	if err != nil {
		return err
	}
	return p.store.SetRollback(&checkpoint.Rollback{Identity: p.declared.identity, From: active, At: p.opts.Now()})
}

// dropKept removes a generation that an operator does not want kept.
func (p *pipeline) dropKept(ctx context.Context, number uint64) error {
	holder, held, ok := p.jobs.holder(p.name, number)
	if ok && !held {
		return fmt.Errorf("pipeline %s: generation %d is what job %s builds: cancel that", p.name, number, holder)
	}
	kept, rest, err := p.others()
	if err != nil {
		return err
	}
	for _, f := range kept {
		rest = append(rest, f.number)
	}
	for _, n := range rest {
		if n != number {
			continue
		}
		if err := p.discard(context.WithoutCancel(ctx), number); err != nil || !held {
			return err
		}
		return p.jobs.note(holder, func(one *job.Job) { one.Kept = false })
	}
	return &NotKeptError{p.name, number}
}
