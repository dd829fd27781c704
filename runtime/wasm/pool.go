package wasm

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/refold-dev/refold/sdk/frame"
	"github.com/refold-dev/refold/sdk/manifest"
)

// MaxWorkers bounds the workers of a pool.
const MaxWorkers = 64

// minPart is how many events a part must have to be worth the hand-over to
// another worker.
const minPart = 16

// Pool is a plugin with several instances, its workers. Each folds a part of a
// batch, at the same time as the others, and the results become one. A batch that
// any worker fails at is folded by one instance instead, whose error, or result,
// is the pool's. It is used like an Instance: not concurrently.
type Pool struct {
	module  *Module
	workers []worker
	parts   []frame.Part
	merged  frame.ResultWriter
	closed  bool
}

// worker is an instance and what it folds.
type worker struct {
	instance *Instance // nil: not started yet, or its last one has failed
	input    []byte
	result   frame.Result
	ok       bool
}

// WorkersError is a number of workers that a plugin cannot have.
type WorkersError struct {
	Plugin  string
	Workers int
	Reason  string
}

func (e *WorkersError) Error() string {
	return fmt.Sprintf("plugin %s: %d workers: %s", e.Plugin, e.Workers, e.Reason)
}

// CheckWorkers returns a *WorkersError unless the plugin can have a pool of so
// many workers.
func (m *Module) CheckWorkers(workers int) error {
	switch {
	case workers < 1 || workers > MaxWorkers:
		return &WorkersError{m.name, workers, fmt.Sprintf("there can be 1 to %d", MaxWorkers)}
	case m.manifest.State == manifest.Resident:
		return &WorkersError{m.name, workers, "it is resident: its state is the memory of one instance"}
	}
	return nil
}

// Pool starts a pool of at most so many workers, to be closed after use. One is
// started at once, the others when a batch is large enough for them.
func (m *Module) Pool(ctx context.Context, workers int) (*Pool, error) {
	if err := m.CheckWorkers(workers); err != nil {
		return nil, err
	}
	if err := m.hold(); err != nil {
		return nil, err
	}
	p := &Pool{module: m, workers: make([]worker, workers)}
	if _, err := p.first(ctx); err != nil {
		if unfreed := m.release(ctx); unfreed != nil {
			err = errors.Join(err, unfreed)
		}
		return nil, err
	}
	return p, nil
}

// first is the instance that works alone.
func (p *Pool) first(ctx context.Context) (*Instance, error) {
	w := &p.workers[0]
	err := w.start(ctx, p.module)
	return w.instance, err
}

// Fold is as that of an Instance; after an error the pool goes on. The result is
// valid until the next call of any method.
func (p *Pool) Fold(ctx context.Context, batch []byte) ([]byte, error) {
	if result, ok := p.foldParts(ctx, batch); ok {
		return result, nil
	}
	i, err := p.first(ctx)
	if err != nil {
		return nil, err
	}
	return i.Fold(ctx, batch)
}

// foldParts folds a batch in parts, if it has several and no worker fails.
func (p *Pool) foldParts(ctx context.Context, batch []byte) ([]byte, bool) {
	n := min(len(p.workers), frame.EventCount(batch)/minPart)
	if n < 2 {
		return nil, false
	}
	whole, err := frame.OpenBatch(batch)
	if err != nil {
		return nil, false // the guest may say why
	}
	if p.parts = whole.AppendParts(p.parts[:0], n); len(p.parts) < 2 {
		return nil, false
	}
	var others sync.WaitGroup
	for n, part := range p.parts[1:] {
		others.Go(func() { p.workers[n+1].fold(ctx, p.module, whole, part) })
	}
	p.workers[0].fold(ctx, p.module, whole, p.parts[0])
	others.Wait()
	return p.merge()
}

// start starts an instance unless a live one is there.
func (w *worker) start(ctx context.Context, m *Module) error {
	if w.instance != nil && w.instance.dead == nil {
		return nil
	}
	if err := w.close(ctx); err != nil {
		return err
	}
	i, err := m.Instantiate(ctx)
	w.instance = i
	return err
}

func (w *worker) close(ctx context.Context) error {
	if w.instance == nil {
		return nil
	}
	i := w.instance
	w.instance = nil
	return i.Close(ctx)
}

// fold folds a part. The result lies in the instance's memory.
func (w *worker) fold(ctx context.Context, m *Module, whole frame.Batch, part frame.Part) {
	w.ok = false
	if err := w.start(ctx, m); err != nil {
		return
	}
	w.input = whole.AppendPart(w.input[:0], part)
	output, err := w.instance.Fold(ctx, w.input)
	if err != nil {
		return
	}
	batch, err := frame.TrustBatch(w.input)
	if err != nil {
		return
	}
	if w.result, err = frame.OpenResult(output, batch); err == nil {
		_, _, rejected := w.result.Rejected()
		w.ok = !rejected
	}
}

// merge puts the results of the parts together, if all are there and they are not
// larger than one may be.
func (p *Pool) merge() ([]byte, bool) {
	p.merged.Reset()
	for n, part := range p.parts {
		w := &p.workers[n]
		if !w.ok {
			return nil, false
		}
		for e := range w.result.Effects() {
			e.Cause += part.Event
			p.merged.AddEffect(&e)
		}
		for g := range w.result.Groups() {
			p.mergeGroup(part.Group+g.Group, g)
		}
	}
	out := p.merged.Finish()
	return out, len(out) <= p.module.limits.OutputBytes
}

func (p *Pool) mergeGroup(index int, g frame.GroupResult) {
	switch g.Disposition {
	case frame.Set:
		p.merged.SetState(index, g.State)
	case frame.Remove:
		p.merged.RemoveState(index)
	case frame.Keep: // as if it were not there
	}
}

// Manifest is what the plugin says about itself.
func (p *Pool) Manifest() manifest.Manifest { return p.module.manifest }

// Digest identifies the plugin's module: "sha256:" and 64 hex digits.
func (p *Pool) Digest() string { return p.module.Digest() }

// Query is as that of an Instance.
func (p *Pool) Query(ctx context.Context, query []byte) ([]byte, error) {
	i, err := p.first(ctx)
	if err != nil {
		return nil, err
	}
	return i.Query(ctx, query)
}

// CanQuery reports whether the plugin answers queries.
func (p *Pool) CanQuery() bool { return p.module.CanQuery() }

// Snapshot is as that of an Instance. What it holds of a pool of several workers
// is of no use: between two calls they remember nothing that counts.
func (p *Pool) Snapshot(ctx context.Context) ([]byte, error) {
	i, err := p.first(ctx)
	if err != nil {
		return nil, err
	}
	return i.Snapshot(ctx)
}

// Restore is as that of an Instance.
func (p *Pool) Restore(ctx context.Context, taken []byte) error {
	i, err := p.first(ctx)
	if err != nil {
		return err
	}
	return i.Restore(ctx, taken)
}

// Used is as that of an Instance, of all workers together.
func (p *Pool) Used() (fuel, memory uint64) {
	for n := range p.workers {
		if i := p.workers[n].instance; i != nil {
			f, m := i.Used()
			fuel, memory = fuel+f, memory+m
		}
	}
	return fuel, memory
}

// Close frees the instances. A second Close does nothing.
func (p *Pool) Close(ctx context.Context) error {
	if p.closed {
		return nil
	}
	p.closed = true
	var errs []error
	for n := range p.workers {
		errs = append(errs, p.workers[n].close(ctx))
	}
	return errors.Join(append(errs, p.module.release(ctx))...)
}
