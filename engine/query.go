package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/refold-dev/refold/domain/event"
	"github.com/refold-dev/refold/sdk/manifest"
)

// Query is what a resident projection answers to a query, which is for it alone to read.
func (e *Engine) Query(ctx context.Context, name string, query []byte) (json.RawMessage, error) {
	p, ctx, release, err := e.use(ctx, name)
	if err != nil {
		return nil, err
	}
	defer release()
	return reading(p, func(live *generation) (json.RawMessage, error) {
		if live.manifest.State != manifest.Resident {
			return nil, fmt.Errorf("pipeline %s: its projection is %s, and answers no queries: read its state by key", name, live.manifest.State)
		}
		return live.ask(ctx, string(query))
	})
}

// ask queries a copy of the plugin, as of now. So a query changes nothing, however
// it ends, and does not stop the fold, however long it takes. One copy at a time is
// made: it is as large as the plugin.
func (g *generation) ask(ctx context.Context, query string) (answer json.RawMessage, err error) {
	answer, _, err = g.askAt(ctx, query)
	return answer, err
}

// askAt is ask, and says at which position that is.
func (g *generation) askAt(ctx context.Context, query string) (answer json.RawMessage, at event.Position, err error) {
	select {
	case g.asking <- struct{}{}:
		defer func() { <-g.asking }()
	case <-ctx.Done():
		return nil, at, fmt.Errorf("pipeline %s: waiting for another query to end: %w", g.pipeline, ctx.Err())
	}
	snapshot, at, err := g.snapshot(ctx)
	if err != nil {
		return nil, at, fmt.Errorf("pipeline %s: copying the state for a query: %w", g.pipeline, err)
	}
	copied, err := g.instantiate(ctx)
	if err != nil {
		return nil, at, err
	}
	defer func() { err = errors.Join(err, copied.Close(context.WithoutCancel(ctx))) }()
	if err := copied.Restore(ctx, snapshot); err != nil {
		return nil, at, fmt.Errorf("pipeline %s: copying the state for a query: %w", g.pipeline, err)
	}
	text, err := copied.Query(ctx, []byte(query))
	if err != nil {
		return nil, at, fmt.Errorf("pipeline %s: %w", g.pipeline, err)
	}
	if !json.Valid(text) {
		return nil, at, fmt.Errorf("pipeline %s: the projection refuses the query %q, or does not answer with JSON", g.pipeline, query)
	}
	return slices.Clone(text), at, nil
}

// snapshot is the plugin's, between two folds, and where that is.
func (g *generation) snapshot(ctx context.Context) ([]byte, event.Position, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	snapshot, err := g.plugin.Snapshot(ctx)
	return snapshot, g.mark.Position, err
}
