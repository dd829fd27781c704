package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/refold-dev/refold/engine/config"
	"github.com/refold-dev/refold/engine/internal/checkpoint"
	"github.com/refold-dev/refold/sdk/manifest"
)

// What becomes of a read model of another declaration: Pipeline.OnChange, but for the
// last one, which is while a rollback holds.
const (
	changeRebuild  = "rebuild"
	changeContinue = "continue"
	changeRefuse   = "refuse"
	changeRollback = "rollback"
)

// Change is why a pipeline serves a read model of another declaration than its present
// one.
type Change struct {
	// Policy is the pipeline's on_change, or "rollback" while one holds.
	Policy string `json:"policy"`
	// From is the generation that was rolled back from, Since when that was.
	From  uint64    `json:"from,omitempty"`
	Since time.Time `json:"since,omitzero"`
	// Error is why the present declaration's has not been built.
	Error string `json:"error,omitempty"`
}

// ChangedError is a pipeline that does not fold because it has been declared otherwise
// since its read model was made, or its projection is another one.
type ChangedError struct {
	Pipeline   string
	Generation uint64 // which serves
	Reason     string
}

func (e *ChangedError) Error() string {
	return fmt.Sprintf("pipeline %s: its declaration or its projection has changed since generation %d was made, which serves as it is: %s",
		e.Pipeline, e.Generation, e.Reason)
}

// decide says with which declaration the active generation is opened: nil where it is not.
// The error is of this pipeline alone where it is a *ChangedError or a *GoneError.
func (p *pipeline) decide(ctx context.Context, kept *checkpoint.Generation) (*declaration, error) {
	p.setChange(false, nil)
	if kept.Mark().Identity == noIdentity {
		return nil, nil
	}
	back, err := p.store.Rollback()
	if err != nil {
		return nil, err
	}
	switch holds := back != nil && back.Identity == p.declared.identity; {
	case kept.Mark().Identity == p.declared.identity:
		return p.declared, p.endRollback(back)
	case holds:
		p.setChange(false, rolledBack(back))
		return p.declared.of(ctx, kept)
	}
	if err := p.endRollback(back); err != nil {
		return nil, err
	}
	switch p.declared.spec.OnChange {
	case changeContinue:
		return p.goOn(ctx, kept)
	case changeRefuse:
		return nil, p.refuse(ctx, kept, "on_change: refuse keeps it so")
	}
	return p.outdate(ctx, kept)
}

// redeclare has the pipeline go on by another declaration from now on, from what there is,
// as a start would. A paused one stays so. No live run is under way.
func (p *pipeline) redeclare(ctx context.Context, d *declaration) error {
	shut := p.store.WhyShut() != nil // and what it remembers not known
	if !shut {
		if err := p.life.ask(inRedeclare, ""); err != nil {
			return err
		}
	}
	p.mu.Lock()
	p.declared, p.stale = d, true
	p.mu.Unlock()
	p.snapshots.follow(&d.spec.Snapshots, p.opts)
	if shut {
		if err := p.reopenState(); err != nil {
			return p.faultUnopened(err)
		}
	}
	if p.life.state() == Paused {
		return p.openReader(context.WithoutCancel(ctx))
	}
	if err := p.reopen(ctx); err != nil {
		if ctx.Err() != nil {
			return nil // the next run does it
		}
		return err
	}
	if p.live != nil && p.live.folds && !p.outdated { // nothing is to be built
		p.callChangeOff()
		return p.dropSurplus(ctx)
	}
	return nil
}

// rolledBack is what is told of a rollback that holds; nil is none.
func rolledBack(r *checkpoint.Rollback) *Change {
	if r == nil {
		return nil
	}
	return &Change{Policy: changeRollback, From: r.From, Since: r.At}
}

func (p *pipeline) endRollback(back *checkpoint.Rollback) error {
	if back == nil {
		return nil
	}
	return p.store.SetRollback(nil)
}

func (p *pipeline) setChange(outdated bool, c *Change) {
	p.outdated, p.tried = outdated, false
	p.mu.Lock()
	defer p.mu.Unlock()
	p.change = c
}

// outdate has the active generation go on by its own declaration until the present one's
// has been built. Where the events are not what they were it serves as it is; where its
// code is gone its tables alone do.
func (p *pipeline) outdate(ctx context.Context, kept *checkpoint.Generation) (*declaration, error) {
	p.setChange(true, &Change{Policy: changeRebuild})
	d, err := p.declared.of(ctx, kept)
	var gone *GoneError
	switch {
	case errors.As(err, &gone):
		p.opts.Logger.Warn("what serves does not fold on while its successor is built", "pipeline", p.name, "error", err)
		return nil, nil
	case err != nil:
		return nil, err
	case d.catalog != p.declared.catalog:
		p.opts.Logger.Info("what serves does not fold on while its successor is built", "pipeline", p.name, "error", errOtherCatalog)
		return nil, p.read(ctx, kept)
	}
	return d, nil
}

// noteUnbuilt tells of a rebuild that has failed, and leaves what serves to go on.
func (p *pipeline) noteUnbuilt(err error) {
	if !p.outdated {
		return
	}
	p.opts.Logger.Error("the read model of the present declaration is not built", "pipeline", p.name, "error", err)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.change = &Change{Policy: changeRebuild, Error: err.Error()}
}

// refuse has the active generation serve as it is, and says why.
func (p *pipeline) refuse(ctx context.Context, kept *checkpoint.Generation, reason string) error {
	p.setChange(false, &Change{Policy: p.declared.spec.OnChange})
	if err := p.read(ctx, kept); err != nil {
		return err
	}
	return &ChangedError{p.name, kept.Number(), reason}
}

// read opens a generation to be read, by what it was built with, and has it serve; where
// that is gone nothing does.
func (p *pipeline) read(ctx context.Context, kept *checkpoint.Generation) error {
	d, err := p.declared.of(ctx, kept)
	var reader *generation
	if err == nil {
		reader, err = newReader(ctx, p.name, kept, d.instantiate)
	}
	var gone *GoneError
	if errors.As(err, &gone) {
		p.opts.Logger.Warn("what serves has no state to read", "pipeline", p.name, "error", err)
	} else if err != nil {
		return err
	}
	p.release(ctx, p.serve(reader))
	return nil
}

// goOn has the present declaration go on from the state of another one.
func (p *pipeline) goOn(ctx context.Context, kept *checkpoint.Generation) (*declaration, error) {
	before, err := kept.Declaration()
	if err != nil {
		return nil, err
	}
	if reason := p.unlike(before); reason != "" {
		return nil, p.refuse(ctx, kept, "on_change: continue cannot go on from it: "+reason)
	}
	if err := p.settleBefore(ctx, kept); err != nil {
		return nil, err
	}
	n, err := p.note()
	if err != nil {
		return nil, err
	}
	m := kept.Mark()
	n.Made, n.Continued = before.Made, append(before.Continued, checkpoint.Continuation{Position: m.Position, Module: m.Module, At: p.opts.Now()})
	if err := kept.Continue(p.declared.identity, p.declared.module, n); err != nil {
		return nil, err
	}
	p.opts.Logger.Info("goes on from the state of another declaration", "pipeline", p.name, "position", uint64(m.Position), "module", p.declared.module)
	return p.declared, nil
}

// unlike says why the state that another declaration has left is none that the present
// one can go on from.
func (p *pipeline) unlike(before checkpoint.Declaration) string {
	var spec config.Pipeline
	if before.Pipeline == nil || json.Unmarshal(before.Pipeline, &spec) != nil {
		return errNoNote.Error()
	}
	now := p.declared.manifest.State
	switch {
	case now == manifest.Resident:
		return "a resident projection's snapshot belongs to the module that made it"
	case before.State != string(now):
		return fmt.Sprintf("its state is %s, and that of the projection %s", before.State, now)
	case before.Key != p.declared.key():
		return fmt.Sprintf("its states are keyed by %q, and those of the projection by %q", before.Key, p.declared.key())
	case !sameExecutors(spec, p.declared.spec):
		return "its executors, or their tables, are others"
	}
	return ""
}

// sameExecutors reports whether two declarations make the same tables.
func sameExecutors(a, b config.Pipeline) bool {
	one, err := json.Marshal(a.Identified("").Executors)
	if err != nil {
		return false
	}
	other, err := json.Marshal(b.Identified("").Executors)
	return err == nil && string(one) == string(other)
}

// settleBefore brings the state to where the executors are, by the code that has had
// their effects performed, should a crash have left it behind. Where that code is gone
// the new one folds those events, and what they have written stays.
func (p *pipeline) settleBefore(ctx context.Context, kept *checkpoint.Generation) error {
	d, err := p.declared.of(ctx, kept)
	var gone *GoneError
	if errors.As(err, &gone) || err == nil && d.catalog != p.declared.catalog {
		return nil
	}
	if err != nil {
		return err
	}
	g, err := p.openActive(ctx, kept, d)
	if err != nil {
		return err
	}
	if at := g.furthest(); at > g.position() {
		err = g.follow(ctx, at, 0, nil)
	}
	return errors.Join(err, g.close(ctx))
}
