package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"github.com/google/uuid"

	"github.com/refold-dev/refold/engine"
	"github.com/refold-dev/refold/engine/job"
)

const (
	besideRounds = 3
	besideRate   = 10_000 // events a second of a rebuild that is bounded
)

// besideConfig adds a pipeline that is replayed, with a read model of its own.
const besideConfig = visibleConfig + `  - name: rebuilt
    projection: {wasm: %[1]q}
    executors:
      - sqlite:
          path: rebuilt.db
          tables:
            - name: lines_by_dir
              columns: {dir: text, additions: integer, deletions: integer, changes: integer}
              primary_key: [dir]
`

// besides measures how soon rows are visible while the rows of another pipeline are
// rebuilt, over and over, against the same without.
func (b *bench) besides(ctx context.Context) error {
	if b.flags.module == "" {
		b.logger.WarnContext(ctx, "what is visible beside a rebuild is left out: name its guest with --module")
		return nil
	}
	module, err := filepath.Abs(b.flags.module)
	if err != nil {
		return err
	}
	side := func(name string, meanwhile func(context.Context, *engine.Engine) error) benchSide {
		return func(ctx context.Context, round int) (time.Duration, error) {
			r := &visibleRun{
				events: b.size(4000, 100), before: b.size(200_000, 1000), pipeline: "lines_by_dir",
				dir:       filepath.Join(b.dir, fmt.Sprintf("beside-%s-%d", name, round)),
				config:    fmt.Sprintf(besideConfig, module),
				data:      func(i int) string { return fmt.Sprintf(`{"dir":"dir%d","additions":1,"deletions":0}`, i%100) },
				meanwhile: meanwhile,
			}
			delays, err := r.run(ctx, b, besideRebuild)
			if err != nil {
				return 0, err
			}
			return quantile(delays, 0.99), nil
		}
	}
	medians, err := b.takeTurns(ctx, besideRebuild, b.size(besideRounds, 1), side("none", nil), side("rebuild", replaying(0)), side("rate", replaying(besideRate)))
	if err != nil {
		return err
	}
	none, fast, slow := medians[0], medians[1], medians[2]
	b.found(besideRebuild, none.Seconds()/fast.Seconds())
	b.found(besideSlowRebuild, none.Seconds()/slow.Seconds())
	b.found(besideP99, milliseconds(fast))
	return nil
}

// replaying has replay jobs worked, one after the other; the last one is cancelled.
func replaying(rate int) func(context.Context, *engine.Engine) error {
	return func(ctx context.Context, e *engine.Engine) error {
		for {
			one, err := e.Submit(ctx, job.Request{Pipeline: "rebuilt", Rate: rate})
			if err != nil {
				return err
			}
			err = e.Work(ctx, one.ID)
			if ctx.Err() != nil {
				return cancelled(context.WithoutCancel(ctx), e, one.ID)
			}
			if err != nil {
				return err
			}
		}
	}
}

// cancelled cancels a job, if it has not ended.
func cancelled(ctx context.Context, e *engine.Engine, id uuid.UUID) error {
	_, err := e.CancelJob(ctx, id)
	var ended *job.RefusedError
	if errors.As(err, &ended) {
		return nil
	}
	return err
}
