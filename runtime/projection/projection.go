package projection

import (
	"context"
	"errors"

	"github.com/refold-dev/refold/engine/feed"
	"github.com/refold-dev/refold/runtime/wasm"
	"github.com/refold-dev/refold/sdk/manifest"
)

// Projection is a module and how its pipeline keys it.
type Projection struct {
	module   *wasm.Module
	manifest manifest.Manifest
	key      string
}

// New returns the projection of a module. key is the payload field that a
// pipeline keys it by; empty means the manifest's.
func New(m *wasm.Module, key string) *Projection {
	return &Projection{module: m, manifest: m.Manifest(), key: key}
}

// Module is the projection's module.
func (p *Projection) Module() *wasm.Module { return p.module }

// Manifest is what the projection says about itself.
func (p *Projection) Manifest() manifest.Manifest { return p.manifest }

// KeyPath is the payload field that the projection is keyed by; empty is the
// aggregate's id.
func (p *Projection) KeyPath() string {
	if p.key != "" {
		return p.key
	}
	return p.manifest.Key
}

func (p *Projection) keyed() bool    { return p.manifest.State == manifest.Keyed }
func (p *Projection) resident() bool { return p.manifest.State == manifest.Resident }

// answers reports whether the projection has a state that it answers for.
func (p *Projection) answers() bool { return p.resident() && p.module.CanQuery() }

// Start begins a run with a fresh instance, to be closed after use.
func (p *Projection) Start(ctx context.Context) (*Run, error) {
	selection := feed.Select(p.manifest.Events, nil, nil)
	r := &Run{projection: p, builder: feed.NewBuilder(&p.manifest, selection, p.key)}
	r.reset()
	var err error
	r.instance, err = p.module.Instantiate(ctx)
	return r, err
}

// Fold folds a log with a fresh instance.
func (p *Projection) Fold(ctx context.Context, log Log) (*Outcome, error) {
	_, out, err := with(ctx, p, log, nil)
	return out, err
}

// Fuel folds a log and returns what each event took that was folded, of a module
// that was loaded to be measured. The events of one that does not mark them are
// folded one by one.
func (p *Projection) Fuel(ctx context.Context, log Log) (spent []int64, err error) {
	r, err := p.Start(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, r.Close(ctx)) }()
	r.measured = true
	log.Batches = nil
	size := 64
	if !p.module.Marks() {
		size = 1
	}
	for range (len(log.Events) - 1) / size {
		log.Batches = append(log.Batches, size)
	}
	if _, err := r.all(ctx, log, nil); err != nil {
		return nil, err
	}
	return r.spent, nil
}
