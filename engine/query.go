package engine

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
)

// ask queries a copy of the plugin, as of now. So a query changes nothing, however
// it ends, and does not stop the fold, however long it takes. One copy at a time is
// made: it is as large as the plugin.
func (g *generation) ask(ctx context.Context, query string) (answer json.RawMessage, err error) {
	select {
	case g.asking <- struct{}{}:
		defer func() { <-g.asking }()
	case <-ctx.Done():
		return nil, fmt.Errorf("pipeline %s: waiting for another query to end: %w", g.pipeline, ctx.Err())
	}
	snapshot, err := g.snapshot(ctx)
	if err != nil {
		return nil, fmt.Errorf("pipeline %s: copying the state for a query: %w", g.pipeline, err)
	}
	copied, err := g.instantiate(ctx)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, copied.Close(context.WithoutCancel(ctx))) }()
	if err := copied.Restore(ctx, snapshot); err != nil {
		return nil, fmt.Errorf("pipeline %s: copying the state for a query: %w", g.pipeline, err)
	}
	text, err := copied.Query(ctx, []byte(query))
	if err != nil {
		return nil, fmt.Errorf("pipeline %s: %w", g.pipeline, err)
	}
	if !json.Valid(text) {
		return nil, fmt.Errorf("pipeline %s: the projection refuses the query %q, or does not answer with JSON", g.pipeline, query)
	}
	return slices.Clone(text), nil
}

// snapshot is the plugin's, between two folds.
func (g *generation) snapshot(ctx context.Context) ([]byte, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.plugin.Snapshot(ctx)
}
