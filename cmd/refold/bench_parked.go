package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

const (
	parkedRounds = 3
	parkedKeys   = 10_000
	parkedEvery  = 100 // of so many events one is of the parked key
)

// parkedProjection counts events by key, and fails at one of a negative number.
const parkedProjection = `options({ key: "dir" });
fromAll().when({
  $init: () => ({ n: 0 }),
  file_modified(state, e) {
    if (e.data.additions < 0) throw new Error("it is poison");
    state.n++;
    effects.insert("lines_by_dir", { dir: e.data.dir, changes: state.n });
  },
});
`

const parkedConfig = `pipelines:
  - name: counts
    projection: {wasm: %q}
    on_error: quarantine
    executors:
      - sqlite:
          path: visible.db
          tables: [{name: lines_by_dir, columns: {dir: text, changes: integer}, primary_key: [dir]}]
`

// parked measures how soon rows are visible while one of many keys is parked, and
// its events wait, against the same log without poison.
func (b *bench) parked(ctx context.Context) error {
	module := filepath.Join(b.dir, "counts.js")
	if err := os.WriteFile(module, []byte(parkedProjection), 0o600); err != nil {
		return err
	}
	side := func(poison bool) benchSide {
		return func(ctx context.Context, round int) (time.Duration, error) {
			r := &visibleRun{
				events: b.size(parkedKeys, 200), dir: filepath.Join(b.dir, fmt.Sprintf("parked-%v-%d", poison, round)), pipeline: "counts",
				config: fmt.Sprintf(parkedConfig, module),
			}
			r.data = func(i int) string {
				key, additions := i%parkedKeys, 1
				if i%parkedEvery == 0 {
					key = 0
				}
				if i == 0 && poison {
					additions = -1
				}
				return fmt.Sprintf(`{"dir":"dir%d","additions":%d}`, key, additions)
			}
			if poison {
				r.parked = (r.events + parkedEvery - 1) / parkedEvery
			}
			delays, err := r.run(ctx, b, parkedVsNone)
			if err != nil {
				return 0, err
			}
			return quantile(delays, 0.99), nil
		}
	}
	medians, err := b.takeTurns(ctx, parkedVsNone, parkedRounds, side(true), side(false))
	if err != nil {
		return err
	}
	b.found(parkedVsNone, medians[1].Seconds()/medians[0].Seconds())
	b.found(parkedP99, milliseconds(medians[0]))
	return nil
}
