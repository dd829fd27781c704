package engine

import (
	"context"
	"crypto/sha256"
	"fmt"
	"time"

	"github.com/refold-dev/refold/engine/internal/checkpoint"
	"github.com/refold-dev/refold/engine/internal/root"
	"github.com/refold-dev/refold/sdk/manifest"
)

// The memory of a resident projection depends on how events were batched. So what
// stands for it in a root is what it answers to the query for all of its state.

// answerShare bounds what asking at checkpoints takes, as a part of the time that passes:
// an answer that takes long makes checkpoints rarer, and none of them is without it.
const answerShare = 1.0 / 20

// image is the plugin's memory between two folds, with what that answers. Afterwards the
// plugin is as it was before, or another one is in its place that is. It is for who
// holds mu.
func (g *generation) image(ctx context.Context) (*checkpoint.Image, error) {
	snapshot, err := g.plugin.Snapshot(ctx)
	if err != nil || !g.isAskable() {
		return &checkpoint.Image{Snapshot: snapshot}, err
	}
	began := g.opts.Now()
	answer, reason, err := g.answer(ctx, snapshot)
	if answer.IsZero() && err == nil {
		g.mute = true
	}
	if reason != nil && err == nil {
		g.opts.Logger.Warn("a projection does not answer the empty query: from here on its state is in no root", "pipeline", g.pipeline, "position", uint64(g.mark.Position), "error", reason)
	}
	now := g.opts.Now()
	g.rested = now.Add(time.Duration(float64(now.Sub(began)) / answerShare))
	return &checkpoint.Image{Snapshot: snapshot, Answer: answer}, err
}

// rests reports whether it is too early for a checkpoint.
func (g *generation) rests() bool { return g.opts.Now().Before(g.rested) }

func (g *generation) isAskable() bool {
	a, ok := g.plugin.(Askable)
	return ok && a.CanQuery() && !g.mute && !g.opts.WithoutRoots
}

// answer digests what the plugin, which is as in a snapshot, answers to the query for all
// of its state, and brings it back to that. The digest is zero if there is no answer;
// reason is why, if the plugin has not just refused.
func (g *generation) answer(ctx context.Context, snapshot []byte) (digest root.Digest, reason, err error) {
	text, reason := g.plugin.Query(ctx, nil)
	switch {
	case ctx.Err() != nil:
		return digest, nil, ctx.Err()
	case reason != nil: // it is of no use any more
		if err := g.renewPlugin(ctx); err != nil {
			return digest, reason, err
		}
	case len(text) > 0:
		digest = sha256.Sum256(text)
	}
	if m, ok := g.plugin.(Metered); ok {
		m.Used() // which is no fold's
	}
	return digest, reason, g.plugin.Restore(ctx, snapshot)
}

// restoreImage brings the plugin to what is stored, and holds it to its root.
func (g *generation) restoreImage(ctx context.Context) error {
	if g.manifest.State != manifest.Resident {
		return nil
	}
	snapshot, err := g.restoreSnapshot(ctx)
	if err != nil || g.kept.Answer().IsZero() || !g.isAskable() {
		return err
	}
	answer, reason, err := g.answer(ctx, snapshot)
	if err == nil {
		err = g.kept.CheckAnswer(answer)
	}
	switch {
	case err == nil:
		return nil
	case reason != nil:
		return fmt.Errorf("pipeline %s: %w: %w", g.pipeline, err, reason)
	}
	return fmt.Errorf("pipeline %s: %w", g.pipeline, err)
}

// restoreSnapshot brings the plugin of a resident projection to what is stored, which
// this process has stored itself, or looks at next.
func (g *generation) restoreSnapshot(ctx context.Context) (snapshot []byte, err error) {
	if snapshot, err = g.kept.Snapshot(); err != nil || snapshot == nil {
		return nil, err
	}
	if err := g.plugin.Restore(ctx, snapshot); err != nil {
		return nil, fmt.Errorf("pipeline %s: restoring the snapshot at position %d: %w", g.pipeline, g.mark.Position, err)
	}
	return snapshot, nil
}
