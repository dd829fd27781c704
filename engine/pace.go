package engine

import (
	"context"
	"fmt"
	"runtime"

	"golang.org/x/time/rate"

	"github.com/refold-dev/refold/engine/job"
	"github.com/refold-dev/refold/sdk/manifest"
)

// pace is how fast a job is worked.
type pace struct {
	workers int // instances of the projection
	limit   *rate.Limiter
	size    int // of a batch, in events
}

// paceOf is what a job wants and, where it does not say, what the pipeline and the
// engine do.
func (p *pipeline) paceOf(one job.Job) pace {
	at := pace{workers: one.Workers, size: p.opts.BatchSize}
	if at.workers == 0 {
		at.workers = p.workers()
	}
	perSecond := one.Rate
	if perSecond == 0 {
		perSecond = p.opts.ReplayRate
	}
	if perSecond > 0 { // about ten batches a second, so that it does not go by jerks
		at.size = min(at.size, max(perSecond/10, 1))
		at.limit = rate.NewLimiter(rate.Limit(perSecond), at.size)
	}
	return at
}

// workers is how many instances build a read model if nobody says: as many as there are
// cores, where the projection's state allows it.
func (p *pipeline) workers() int {
	spec := &p.declared.spec.Projection
	if spec.Workers > 0 || spec.Process != nil || p.declared.manifest.State != manifest.Keyed {
		return spec.Workers
	}
	return min(runtime.GOMAXPROCS(0), job.MaxWorkers)
}

// declaredFor is the pipeline's declaration with a job's workers: they change nothing of
// what is built.
func (p *pipeline) declaredFor(at pace) *declaration {
	if at.workers == p.declared.spec.Projection.Workers {
		return p.declared
	}
	d := *p.declared
	d.spec.Projection.Workers = at.workers
	return &d
}

// slowDown has a generation be read at a pace.
func (g *generation) slowDown(at pace) { g.limit, g.size = at.limit, at.size }

// settle has what a job has built go on as the pipeline is declared: at no pace, and with
// its own workers, whose number matters only where the state is the engine's.
func (p *pipeline) settle(ctx context.Context, g *generation, at pace) error {
	g.limit, g.size = nil, p.opts.BatchSize
	if at.workers == p.declared.spec.Projection.Workers {
		return nil
	}
	plugin, err := p.declared.instantiate(ctx)
	if err != nil {
		return err
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	old := g.plugin
	g.plugin, g.instantiate = plugin, p.declared.instantiate
	if err := old.Close(ctx); err != nil {
		return fmt.Errorf("pipeline %s: closing the workers of its replay: %w", p.name, err)
	}
	return nil
}
